import { type Config, loadConfig } from '../../src/config/config.ts';
import { VARIABLES } from '../../src/config/variables.ts';
import type { Service } from './context.ts';
import { type Finding, failed, ok } from './finding.ts';

const CURE =
  'Correct it in the environment or in .env, and start the app again; docs/configuration.md tells what is legal.';

type Environment = Readonly<Record<string, string | undefined>>;

/** One of them is nothing without the others, so they are left out together. */
const TOGETHER = [
  ['APP_ID', 'PRIVATE_KEY', 'PRIVATE_KEY_PATH'],
  [
    'INNGEST_EVENT_KEY',
    'INNGEST_SIGNING_KEY',
    'INNGEST_PRODUCTION_EVENT_KEY',
    'INNGEST_PRODUCTION_SIGNING_KEY',
  ],
];

/** What can't be left out: with these instead, the rest can be looked at. */
const STAND_INS: Readonly<Record<string, Environment>> = {
  DATABASE_URL: { ALLOW_EMBEDDED: '1' },
  WEBHOOK_SECRET: { WEBHOOK_SECRET: 'not looked at' },
};

/** Where each service is. Without one of these another would be asked, with the secrets that are meant for this one. */
const PLACES: Readonly<Record<Service, readonly string[]>> = {
  github: ['GHE_HOST', 'GHE_PROTOCOL'],
  inngest: ['INNGEST_BASE_URL', 'INNGEST_DEV'],
  database: ['DATABASE_URL', 'DATABASE_CA', 'DATABASE_SCHEMA'],
};

export interface ReadConfiguration {
  /** Null: nothing usable is left. */
  config: Config | null;
  /** Services that must not be asked, each with the reason in one sentence. */
  notAsked: Partial<Record<Service, string>>;
  findings: Finding[];
}

/**
 * The configuration, and a finding for each of its problems. Where there are some, the variables that they name are left
 * out and the rest is used, so that one wrong line does not hide what else is wrong.
 */
export function readConfiguration(env: Environment): ReadConfiguration {
  const loaded = loadConfig(env);
  if (loaded.ok) {
    return {
      config: loaded.config,
      notAsked: {},
      findings: [ok('configuration', 'Every variable is right.')],
    };
  }
  return { ...loadWithout(env, loaded.problems), findings: loaded.problems.map(describe) };
}

/** Each problem says in one line what is wrong and what is right; that of a key has a code of its own. */
function describe(problem: string): Finding {
  const code = /^PRIVATE_KEY/.test(problem) ? 'private_key_malformed' : 'invalid';
  return failed('configuration', code, problem, CURE);
}

/** Leaving one out can make another one wrong (an address without its keys), so it is done until nothing is wrong. */
function loadWithout(env: Environment, problems: string[]): Omit<ReadConfiguration, 'findings'> {
  const wrong = new Set<string>();
  for (let told = problems; ; ) {
    const before = wrong.size;
    for (const name of told.flatMap(namesIn)) wrong.add(name);
    if (wrong.size === before) return { config: null, notAsked: {} };
    const loaded = loadConfig(leaveOut(env, wrong));
    if (loaded.ok) return { config: loaded.config, notAsked: judgePlaces(env, wrong) };
    told = loaded.problems;
  }
}

function namesIn(problem: string): string[] {
  const named = problem.match(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\b/g) ?? [];
  return named
    .filter((name) => name in VARIABLES)
    .flatMap((name) => TOGETHER.find((names) => names.includes(name)) ?? [name]);
}

function leaveOut(env: Environment, wrong: ReadonlySet<string>): Environment {
  const left = Object.entries(env).filter(([name]) => !wrong.has(name));
  return Object.assign(Object.fromEntries(left), ...[...wrong].map((name) => STAND_INS[name] ?? {}));
}

function judgePlaces(env: Environment, wrong: ReadonlySet<string>): ReadConfiguration['notAsked'] {
  const reasons = Object.entries(PLACES).flatMap(([service, names]) => {
    const [name] = names.filter((each) => env[each]?.trim() && wrong.has(each));
    return name
      ? [[service, `${name} can not be used (the check "configuration"), so it is not asked.`]]
      : [];
  });
  return Object.fromEntries(reasons);
}
