import { describeActor, formatPercent, statusTable } from '../../rollout/describe-rollout.ts';
import { evaluateEnrolment } from '../../rollout/evaluate-enrolment.ts';
import { metricsOf } from '../../rollout/guard/metrics-of.ts';
import { readHistory } from '../../rollout/history.ts';
import { type RolloutPicture, readPicture } from '../../rollout/read-picture.ts';
import { changeRollout, type Rollout, type RolloutPatch } from '../../rollout/rollout-store.ts';
import type { Database } from '../../store/database.ts';
import { type Answer, refuse } from '../../text/answer.ts';
import type { RolloutContext } from '../command.ts';
import { authorize, type PermissionLevel } from '../permission.ts';
import { refuseLevel } from '../refuse-level.ts';
import { historyDetails } from './history.ts';

/** What a verb makes of the rollout as it is under the lock: a change, or the reason why not. */
export type Decided = { patch: RolloutPatch; reasonCode: string } | Answer;

export interface Change {
  /** `rollout_history.action`. */
  action: string;
  reason: string | null;
  /** Pure: decides on the locked row, and by the level that the actor has at this moment. */
  decide: (picture: RolloutPicture, level: PermissionLevel) => Decided;
  /** What is said of a change that was made. */
  describe: (change: { before: Rollout; after: Rollout; reasonCode: string }) => {
    headline: string;
    body?: readonly string[];
    rows?: Answer['table'];
  };
  /** What is said where nothing differs. */
  unchanged: { reasonCode: string; headline: string };
}

/** Entries of the history that an answer shows. */
const SHOWN_HISTORY = 5;

/**
 * Changes the rollout for a person: under the lock of its row the permission and the comment are asked for once more,
 * the verb decides on what holds then, and change, history and answer are one transaction. With `--dry-run` nothing is
 * written, and the answer shows what would be.
 */
export async function applyChange(context: RolloutContext, change: Change): Promise<Answer> {
  if (context.flags.dryRun) return preview(context, change);
  const { db, environmentStop, flags, actor, source } = context;
  let answer: Answer | null = null;
  let reasonCode = '';
  const result = await changeRollout(db, {
    environmentStop,
    ...(flags.ifVersion === undefined ? {} : { ifVersion: flags.ifVersion }),
    change: async (current, trx) => {
      const [level, objection] = await Promise.all([context.permission(), context.confirm?.() ?? null]);
      answer = objection ?? judgeLevel(context, level);
      if (answer || level === null) return null;
      const picture = await readPicture(trx, pictureOptions(context, current));
      const decided = change.decide(picture, level);
      if ('headline' in decided) {
        answer = decided;
        return null;
      }
      reasonCode = decided.reasonCode;
      return { ...decided, metrics: metricsOf(picture.tick) };
    },
    actor,
    source,
    action: change.action,
    reason: change.reason,
    settle: async (trx, { before, after }) => {
      answer = await describeDone(trx, context, change, { before, after, reasonCode });
      await context.note?.(trx, answer);
    },
  });
  if (result.status === 'changed') context.onChanged?.();
  if (answer) return answer;
  if (result.status === 'version_conflict') {
    return refuse(
      'version_conflict',
      `The rollout is at v${result.current.version}, not at v${flags.ifVersion}: somebody changed it. Nothing was changed.`,
    );
  }
  return { ok: true, table: [], body: [], ...change.unchanged };
}

/** Null: the actor may do this now. */
export function judgeLevel({ verb }: RolloutContext, level: PermissionLevel | null): Answer | null {
  return authorize(level, verb.needs) ? null : refuseLevel(verb, level);
}

export function pictureOptions(context: RolloutContext, rollout?: Rollout) {
  const { environmentStop, costing, now } = context;
  const maxActionsMinutes = costing.budgets.actionsMinutesPerMonth;
  return { environmentStop, maxActionsMinutes, now: now(), ...(rollout ? { rollout } : {}) };
}

async function describeDone(
  trx: Database,
  context: RolloutContext,
  { describe, reason }: Change,
  done: { before: Rollout; after: Rollout; reasonCode: string },
): Promise<Answer> {
  const { headline, body = [], rows = [] } = describe(done);
  const picture = await readPicture(trx, pictureOptions(context, done.after));
  const history = await readHistory(trx, SHOWN_HISTORY);
  const entry = history[0];
  return {
    ok: true,
    reasonCode: done.reasonCode,
    headline: `${headline}, v${done.after.version}, by ${describeActor(context.actor)}`,
    table: [...rows, ...statusTable(picture)],
    body: [...body, ...(entry ? [`Audit entry ${entry.seq}: \`/rollout history\``] : [])],
    ...(reason === null ? {} : { quoted: reason }),
    details: historyDetails(history),
  };
}

/** What a change would do, without a lock and without a trace. */
async function preview(context: RolloutContext, change: Change): Promise<Answer> {
  const picture = await readPicture(context.db, pictureOptions(context));
  const decided = change.decide(picture, context.level);
  if ('headline' in decided) return decided;
  const { rollout, evidence } = picture;
  const after: Rollout = project(rollout, decided.patch);
  const { served } = evidence.repositories;
  const isIn = (of: Rollout) =>
    served.filter((one) => evaluateEnrolment(one, of).eligible).map(({ id }) => id);
  const [now, then] = [new Set(isIn(rollout)), new Set(isIn(after))];
  const joining = [...then].filter((id) => !now.has(id)).length;
  const leaving = [...now].filter((id) => !then.has(id)).length;
  return {
    ok: true,
    reasonCode: 'dry_run',
    headline: `Dry run of \`${context.verb.verb}\`: nothing was changed`,
    table: [
      ['Would be', decided.reasonCode],
      ['Percentage', arrow(formatPercent(rollout.percentage), formatPercent(after.percentage))],
      ['State', arrow(rollout.state, after.state)],
      ['Strategy', arrow(rollout.strategy, after.strategy)],
      [
        'Repositories in',
        `${arrow(String(now.size), String(then.size))} of ${served.length} (${joining} join, ${leaving} leave)`,
      ],
      ...picture.tick.gates.map(
        (gate) => [`Gate: ${gate.label}`, `${gate.isOpen ? 'open' : 'CLOSED'}: ${gate.text}`] as const,
      ),
      ['Version', `v${rollout.version}, epoch ${rollout.epoch}`],
    ],
    body: [
      `To do it: the same command without \`--dry-run\`, with \`--if-version ${rollout.version}\` if nothing else may come between.`,
    ],
  };
}

function project(rollout: Rollout, patch: RolloutPatch): Rollout {
  const isStopped = patch.emergencyStop ?? rollout.stoppedBy.database;
  return {
    ...rollout,
    ...patch,
    state: isStopped ? 'stopped' : (patch.state ?? rollout.state),
    emergencyStop: isStopped || rollout.stoppedBy.environment,
  };
}

function arrow(before: string, after: string): string {
  return before === after ? before : `${before} → ${after}`;
}
