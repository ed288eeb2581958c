import { countBulkUnderWay } from '../../jobs/take-back-runs.ts';
import { describeActor, formatPercent } from '../../rollout/describe-rollout.ts';
import { FEATURE_NAME } from '../../rollout/evaluate-enrolment.ts';
import { changeRollout } from '../../rollout/rollout-store.ts';
import { type Answer, refuse } from '../../text/answer.ts';
import type { RolloutVerb } from '../command.ts';
import { judgeLevel } from './apply-change.ts';
import { reasonOf } from './reason-of.ts';

const RESUME = 'Undo: `/rollout resume [reason]` (maintain)';

/**
 * It asks for as little as can be: no verdicts and no gates are read, so that it works when those can't be, and an
 * unknown flag or a comment of any age does not keep it from stopping.
 */
export const stopVerb: RolloutVerb = {
  verb: 'stop',
  usage: 'stop <reason> [--cancel-runs]',
  summary: 'Emergency stop: no more work starts in GitHub Actions; all of it goes to Inngest.',
  needs: 'write',
  isWrite: true,
  flags: ['cancel-runs', 'reason', 'dry-run'],
  isLenient: true,
  examples: ['stop bulk runs fail since noon', 'stop --cancel-runs they write nonsense'],
  run: async (context) => {
    const { db, environmentStop, actor, source, flags } = context;
    const reason = reasonOf(context);
    if (reason === null) return refuse('reason_missing', 'A stop needs a reason: `/rollout stop <reason>`.');
    if (flags.dryRun) {
      return {
        ok: true,
        reasonCode: 'dry_run',
        headline: 'Dry run of `stop`: nothing was changed',
        table: runRows(await countBulkUnderWay(db), flags.cancelRuns === true),
        body: [],
      };
    }
    let answer: Answer | null = null;
    const result = await changeRollout(db, {
      environmentStop,
      change: async () => {
        const [level, objection] = await Promise.all([context.permission(), context.confirm?.() ?? null]);
        answer = objection ?? judgeLevel(context, level);
        if (answer) return null;
        return {
          patch: { emergencyStop: true, ...(flags.cancelRuns ? { cancelRuns: true } : {}) },
          reasonCode: flags.cancelRuns ? 'stopped_runs_cancelled' : 'stopped',
        };
      },
      actor,
      source,
      action: 'emergency_stop',
      reason,
      settle: async (trx, { before, after }) => {
        const under = await countBulkUnderWay(trx);
        answer = {
          ok: true,
          reasonCode: flags.cancelRuns ? 'stopped_runs_cancelled' : 'stopped',
          headline: `${after.featureName} is stopped${before.stoppedBy.database ? ' (it was before)' : ''}, v${after.version}, by ${describeActor(actor)}`,
          table: [
            ['Percentage', `${formatPercent(after.percentage)}, kept for the time after the stop`],
            ['From now on', 'all work goes to Inngest; nothing is lost'],
            ...runRows(under, after.cancelRuns),
            ['Version', `v${after.version}, epoch ${after.epoch}`],
          ],
          body: [RESUME],
          quoted: reason,
        };
        await context.note?.(trx, answer);
      },
    });
    if (result.status === 'changed') context.onChanged?.();
    return (
      answer ?? {
        ok: true,
        reasonCode: 'already_stopped',
        headline: `${FEATURE_NAME} was stopped before; nothing was changed.`,
        table: [],
        body: [RESUME],
      }
    );
  },
};

function runRows(under: { dispatched: number; running: number }, cancelRuns: boolean): Answer['table'] {
  return [
    ['Runs that have not begun', under.dispatched === 0 ? 'none' : `${under.dispatched}, routed again`],
    [
      'Runs that are going on',
      under.running === 0
        ? 'none'
        : `${under.running}, ${cancelRuns ? 'cancelled; their jobs go on in Inngest from where they are' : 'which go on to their end'}`,
    ],
  ];
}
