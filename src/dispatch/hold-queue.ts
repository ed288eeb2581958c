import type { Config } from '../config/config.ts';
import { limitOf } from '../cost/budgets.ts';
import { monthOf } from '../cost/month.ts';
import { countMonth } from '../cost/read-usage.ts';
import type { Processor } from '../route/decide-route.ts';
import type { Database } from '../store/database.ts';

/** Status reason of a job that waits because the month's budget of its processor is used up. */
export const BUDGET_EXHAUSTED = 'budget_exhausted';

/** What this month has cost on a processor, and its limit; null: there is none. */
export async function readMonthBudget(
  db: Database,
  processor: Processor,
  budgets: Config['budgets'],
  now: Date,
): Promise<{ used: number; limit: number } | null> {
  const limit = limitOf(processor, budgets);
  if (limit === null) return null;
  return { used: await countMonth(db, processor, now), limit };
}

export function isUsedUp(budget: { used: number; limit: number } | null): boolean {
  return budget !== null && budget.used >= budget.limit;
}

/**
 * Puts what is due on a processor off to the next month; ids of the jobs for which that is new. `exceptUrgent` leaves
 * critical work and what a person asked for due, unless it is bulk work: somebody else is there to do it.
 */
export async function holdDueJobs(
  db: Database,
  processor: Processor,
  now: Date,
  { exceptUrgent }: { exceptUrgent: boolean },
): Promise<string[]> {
  let holding = db
    .updateTable('progressive_capture_jobs')
    .set({ status_reason: BUDGET_EXHAUSTED, not_before: monthOf(now).to, updated_at: now })
    .where('status', '=', 'queued')
    .where('processor_type', '=', processor)
    .where('not_before', '<=', now)
    .where((eb) => eb.or([eb('lease_expires_at', 'is', null), eb('lease_expires_at', '<', now)]));
  if (exceptUrgent) {
    holding = holding.where((eb) =>
      eb.or([
        eb('is_bulk', '=', true),
        eb.and([eb('is_critical', '=', false), eb('reason', '!=', 'manual')]),
      ]),
    );
  }
  const held = await holding.returning('id').execute();
  return held.map(({ id }) => id);
}

/** Makes due again what was held on a processor: its limit was raised, or lifted. */
export async function releaseHeldJobs(db: Database, processor: Processor, now: Date): Promise<string[]> {
  const released = await db
    .updateTable('progressive_capture_jobs')
    .set({ status_reason: null, not_before: now, updated_at: now })
    .where('status', '=', 'queued')
    .where('processor_type', '=', processor)
    .where('status_reason', '=', BUDGET_EXHAUSTED)
    .returning('id')
    .execute();
  return released.map(({ id }) => id);
}

/** How many jobs wait for a new budget, by processor. */
export async function countHeldJobs(db: Database): Promise<Map<Processor, number>> {
  const rows = await db
    .selectFrom('progressive_capture_jobs')
    .select((eb) => ['processor_type', eb.fn.countAll<number>().as('count')])
    .where('status', '=', 'queued')
    .where('status_reason', '=', BUDGET_EXHAUSTED)
    .groupBy('processor_type')
    .execute();
  return new Map(rows.map(({ processor_type, count }) => [processor_type, Number(count)]));
}
