import type { Transaction } from 'kysely';
import { type PlannedJob, planWork } from '../../jobs/plan-work.ts';
import { describeActor } from '../../rollout/describe-rollout.ts';
import { readRollout } from '../../rollout/rollout-store.ts';
import type { DB } from '../../store/database.generated.ts';
import { inTransaction } from '../../store/in-transaction.ts';
import { type Answer, refuse } from '../../text/answer.ts';
import { formatTime } from '../../text/format-time.ts';
import { describeRange } from '../../work-item/describe-range.ts';
import type { WorkItem } from '../../work-item/work-item.ts';
import type { CaptureContext } from '../command.ts';
import { authorize } from '../permission.ts';
import { refuseLevel } from '../refuse-level.ts';

/** What a person asks to be captured. */
interface Wanted {
  /** For people, such as `the last 24 hours`. */
  what: string;
  /** At the time when it is planned: what begins 24 hours before another `now` would have a past of some milliseconds. */
  item: (now: Date) => Pick<WorkItem, 'type' | 'items' | 'range'>;
  /** Why it is not captured now; null: it is. */
  refuse?: (trx: Transaction<DB>) => Promise<Answer | null>;
}

/**
 * Makes the jobs that a person asks for, by the same planning as all others. The permission and the comment are asked
 * for once more before; jobs and answer are one transaction.
 */
export async function planCapture(context: CaptureContext, wanted: Wanted): Promise<Answer> {
  const { db, verb, repository, actor, planning, environmentStop, flags, include } = context;
  const [level, objection] = await Promise.all([context.permission(), context.confirm?.() ?? null]);
  if (objection) return objection;
  if (!authorize(level, verb.needs)) return refuseLevel(verb, level);
  const answer = await inTransaction(db, async (trx) => {
    const refusal = await wanted.refuse?.(trx);
    if (refusal) return refusal;
    const now = context.now();
    const asked = wanted.item(now);
    const item: WorkItem = {
      ...asked,
      repository,
      include: asked.items.length > 0 ? ['pull-requests'] : include,
      reason: 'manual',
      ...(actor.type === 'user' ? { actor: { id: actor.id, login: actor.login } } : {}),
      isCritical: flags.critical === true,
    };
    const rollout = await readRollout(trx, { environmentStop });
    const planned = await planWork(trx, [item], { ...planning, now, rollout });
    const made = describe(context, wanted.what, planned);
    await context.note?.(trx, made);
    return made;
  });
  if (answer.ok) context.onChanged?.();
  return answer;
}

function describe({ actor }: CaptureContext, what: string, planned: readonly PlannedJob[]): Answer {
  const jobs = planned.filter((plan) => plan.outcome !== 'skipped');
  const skipped = planned.find((plan) => plan.outcome === 'skipped');
  if (jobs.length === 0) return refuse(skipped?.reason ?? 'nothing_to_do', `Nothing was queued for ${what}.`);
  return {
    ok: true,
    reasonCode: 'queued',
    headline: `Queued: ${what}, by ${describeActor(actor)}`,
    table: jobs.flatMap((plan, index) => {
      const { job, route, outcome } = plan;
      const number = jobs.length === 1 ? '' : ` ${index + 1} of ${jobs.length}`;
      const joined = outcome === 'coalesced' ? ' (joins one that was waiting)' : '';
      const waits = job.status_reason ? ` (\`${job.status_reason}\`)` : '';
      return [
        [`Job${number}`, `\`${job.id}\`${joined}`],
        ['What', describeRange({ ...plan.item, ...plan.item.range })],
        ['Runs in', `${route.processor}, rule \`${route.rule}\`: ${plan.message}`],
        [
          'Begins',
          `${job.not_before <= new Date() ? 'now' : `from ${formatTime(job.not_before)} on`}${waits}`,
        ],
      ] as const;
    }),
    body: ['How it goes: `/capture status`'],
  };
}
