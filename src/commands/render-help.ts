import type { Answer } from '../text/answer.ts';
import type { Verb } from './command.ts';
import type { CommandName } from './parse-command.ts';
import { authorize, type PermissionLevel } from './permission.ts';
import type { FlagName } from './read-flags.ts';

/** What each flag does, after how it is written. */
export const FLAG_USAGE: Record<FlagName, string> = {
  reason: '`--reason "…"` why, for the audit',
  'if-version': '`--if-version N` only if the rollout is still at the version that you saw',
  at: '`--at <percent>` begin lower',
  window: '`--window 24h` another span of time',
  duration: '`--duration 62h` how long it lasts',
  cron: '`--cron "0 18 * * 5"` when it begins, again and again',
  start: '`--start 2026-12-20T00:00:00Z` when it begins, once',
  timezone: '`--timezone Europe/Berlin` of the cron times',
  kind: '`--kind deny|allow` no increases in it, or increases in it alone',
  scope: '`--scope all|automatic` for everybody, or for the guard alone',
  force: '`--force` over closed gates; needs `--reason`',
  'dry-run': '`--dry-run` show what would happen, change nothing',
  'cancel-runs': '`--cancel-runs` cancel the runs that are going on, too',
  critical: '`--critical` before all other work, and never in GitHub Actions',
};

/** The help of one verb, or of all: made from the registry, so that it can't differ from what is done. */
export function renderHelp(
  name: CommandName,
  options: { verbs: readonly Verb<never>[]; word: string | null; level: PermissionLevel; where: string },
): Answer {
  const { verbs, where, level } = options;
  const verb = verbs.find((candidate) => candidate.verb === options.word?.toLowerCase());
  if (verb) {
    return {
      ok: true,
      reasonCode: 'help',
      headline: verb.summary,
      table: [
        ['Usage', `\`/${name} ${verb.usage}\``],
        ['Needs', `${verb.needs} permission in ${where}; yours is ${level}`],
        ...(verb.flags.length === 0
          ? []
          : [['Flags', verb.flags.map((flag) => FLAG_USAGE[flag]).join('; ')] as const]),
        ['Examples', verb.examples.map((example) => `\`/${name} ${example}\``).join(', ')],
      ],
      body: [],
    };
  }
  return {
    ok: true,
    reasonCode: 'help',
    headline: `Verbs of \`/${name}\`, and the permission in ${where} that each needs`,
    table: verbs.map(
      ({ usage, summary, needs }) =>
        [
          `\`/${name} ${usage}\``,
          `${summary} (${needs}${authorize(level, needs) ? '' : '; not you'})`,
        ] as const,
    ),
    body: [`More about one of them: \`/${name} help <verb>\``],
  };
}
