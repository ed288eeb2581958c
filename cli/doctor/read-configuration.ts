import { type Config, loadConfig } from '../../src/config/config.ts';
import { VARIABLES } from '../../src/config/variables.ts';
import { type Finding, failed, ok } from './finding.ts';

const CURE =
  'Correct it in the environment or in .env, and start the app again; docs/configuration.md tells what is legal.';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The configuration, and a finding for each of its problems. Where there are some, the variables that they name are left
 * out and the rest is used, so that one wrong line does not hide what else is wrong. Null: nothing usable is left.
 */
export function readConfiguration(env: Environment): { config: Config | null; findings: Finding[] } {
  const loaded = loadConfig(env);
  if (loaded.ok)
    return { config: loaded.config, findings: [ok('configuration', 'Every variable is right.')] };
  return { config: loadWithout(env, loaded.problems), findings: loaded.problems.map(describe) };
}

/** Each problem says in one line what is wrong and what is right; that of a key has a code of its own. */
function describe(problem: string): Finding {
  const code = /^PRIVATE_KEY/.test(problem) ? 'private_key_malformed' : 'invalid';
  return failed('configuration', code, problem, CURE);
}

/** Leaving one out can make another one wrong (an id without its key), so it is done until nothing is wrong. */
function loadWithout(env: Environment, problems: string[]): Config | null {
  let left = { ...env };
  for (let told = problems; told.length > 0; ) {
    const named = told.flatMap((problem) => problem.match(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\b/g) ?? []);
    const wrong = named.filter((name) => name in VARIABLES && left[name] !== undefined);
    if (wrong.length === 0) return null;
    left = Object.fromEntries(Object.entries(left).filter(([name]) => !wrong.includes(name)));
    const loaded = loadConfig(left);
    if (loaded.ok) return loaded.config;
    told = loaded.problems;
  }
  return null;
}
