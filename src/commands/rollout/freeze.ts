import { FreezeWindow, openUntil } from '../../rollout/freeze-windows.ts';
import { readRollout } from '../../rollout/rollout-store.ts';
import { type Answer, refuse } from '../../text/answer.ts';
import { formatTime } from '../../text/format-time.ts';
import type { RolloutContext, RolloutVerb } from '../command.ts';
import { applyChange } from './apply-change.ts';

/** More windows than this are no calendar but a mistake. */
const MOST_WINDOWS = 50;

export const freezeVerb: RolloutVerb = {
  verb: 'freeze',
  usage: 'freeze list | rm <name> | add <name> --duration <time> (--cron "…" | --start <time>)',
  summary: 'Windows of time without increases. Lowering, rollback and stop always pass.',
  needs: 'admin',
  isWrite: true,
  flags: ['cron', 'start', 'duration', 'timezone', 'kind', 'scope', 'reason', 'if-version', 'dry-run'],
  examples: [
    'freeze list',
    'freeze add weekends --cron "0 18 * * 5" --duration 62h --timezone Europe/Berlin',
    'freeze add holidays --start 2026-12-20T00:00:00Z --duration 14d --reason "nobody is there"',
    'freeze rm weekends',
  ],
  run: async (context) => {
    const [action, name = '', ...rest] = context.words;
    if (action === 'list' && name === '') return listWindows(context);
    if (rest.length > 0) return notUnderstood(context, 'Too many words.');
    if (action === 'rm') return removeWindow(context, name);
    if (action === 'add') return addWindow(context, name);
    return notUnderstood(context, 'Say `list`, `add` or `rm`.');
  },
};

async function listWindows({ db, environmentStop, now }: RolloutContext): Promise<Answer> {
  const { freezeWindows } = await readRollout(db, { environmentStop });
  return {
    ok: true,
    reasonCode: 'freeze_list',
    headline:
      freezeWindows.length === 0 ? 'There is no freeze window' : `Freeze windows: ${freezeWindows.length}`,
    table: freezeWindows.map((window) => [`\`${window.name}\``, describeWindow(window, now())] as const),
    body: [],
  };
}

function describeWindow(window: FreezeWindow, now: Date): string {
  const { kind, scope, cron, start, durationMinutes, timezone } = window;
  const begins = cron === null ? `once at ${start}` : `at \`${cron}\` (${timezone})`;
  const until = openUntil(window, now);
  const what = kind === 'deny' ? 'no increases' : 'increases only then';
  const whom = scope === 'all' ? 'for everybody' : 'for the guard alone';
  return `${what}, ${whom}; ${begins}, for ${describeMinutes(durationMinutes)}; ${until ? `open until ${formatTime(until)}` : 'not open now'}`;
}

function describeMinutes(minutes: number): string {
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`;
}

async function removeWindow(context: RolloutContext, name: string): Promise<Answer> {
  return applyChange(context, {
    action: 'freeze',
    reason: context.flags.reason ?? null,
    decide: ({ rollout }) => {
      const kept = rollout.freezeWindows.filter((window) => window.name !== name);
      if (kept.length < rollout.freezeWindows.length)
        return { patch: { freezeWindows: kept }, reasonCode: 'freeze_removed' };
      return refuse(
        'freeze_unknown',
        'There is no freeze window of this name.',
        'Those there are: `/rollout freeze list`',
      );
    },
    describe: ({ after }) => ({
      headline: `${after.featureName}: the freeze window \`${name}\` is removed`,
    }),
    unchanged: { reasonCode: 'unchanged', headline: 'Nothing was changed.' },
  });
}

async function addWindow(context: RolloutContext, name: string): Promise<Answer> {
  const { flags } = context;
  const window = FreezeWindow.safeParse({
    name,
    kind: flags.kind ?? 'deny',
    scope: flags.scope ?? 'all',
    timezone: flags.timezone ?? 'UTC',
    cron: flags.cron ?? null,
    start: flags.start ?? null,
    durationMinutes: flags.durationMinutes,
    reason: flags.reason?.slice(0, 280) ?? null,
  });
  if (!window.success) {
    const field = String(window.error.issues[0]?.path[0] ?? 'when');
    return notUnderstood(context, PROBLEMS[field] ?? `\`--${field}\` can't be understood.`);
  }
  return applyChange(context, {
    action: 'freeze',
    reason: flags.reason ?? null,
    decide: ({ rollout }) => {
      if (rollout.freezeWindows.some((one) => one.name === name)) {
        return refuse(
          'freeze_exists',
          `There is a freeze window \`${name}\` already.`,
          `First: \`/rollout freeze rm ${name}\``,
        );
      }
      if (rollout.freezeWindows.length >= MOST_WINDOWS) {
        return refuse('too_many_windows', `There are ${MOST_WINDOWS} freeze windows; remove one first.`);
      }
      return {
        patch: { freezeWindows: [...rollout.freezeWindows, window.data] },
        reasonCode: 'freeze_added',
      };
    },
    describe: ({ after }) => ({
      headline: `${after.featureName}: the freeze window \`${name}\` is added`,
      rows: [['Window', describeWindow(window.data, context.now())]],
      body: [`Undo: \`/rollout freeze rm ${name}\``],
    }),
    unchanged: { reasonCode: 'unchanged', headline: 'Nothing was changed.' },
  });
}

const PROBLEMS: Record<string, string> = {
  name: 'Name the window: small letters, digits and `-`, at most 40.',
  kind: '`--kind` is `deny` or `allow`.',
  scope: '`--scope` is `all` or `automatic`.',
  timezone: '`--timezone` is no time zone; one is Europe/Berlin.',
  cron: '`--cron` is five fields that meet some time, in quotation marks: minute, hour, day, month, day of the week.',
  start: '`--start` is a time with its zone, such as 2026-12-20T00:00:00Z.',
  durationMinutes: 'How long it lasts is missing: `--duration 62h`.',
  when: 'Say when it begins: either `--cron "…"` or `--start <time>`.',
};

function notUnderstood(context: RolloutContext, problem: string): Answer {
  return {
    ...refuse('not_understood', problem, `Usage: \`/rollout ${context.verb.usage}\``),
    quoted: context.words.join(' '),
  };
}
