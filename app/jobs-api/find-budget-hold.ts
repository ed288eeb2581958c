import { BUDGET_EXHAUSTED, isUsedUp, readMonthBudget } from '../../src/dispatch/hold-queue.ts';
import type { JobOffer } from '../../src/jobs-api/protocol.ts';
import type { Database } from '../../src/store/database.ts';
import type { JobsApiContext } from './context.ts';
import type { RunClaims } from './oidc.ts';

/**
 * Why a workflow run gets no job though there may be one: its minutes are billed, and the month's are used up. Null: it
 * may have one.
 */
export async function findBudgetHold(
  db: Database,
  { config, now }: Pick<JobsApiContext, 'config' | 'now'>,
  { billing }: RunClaims,
): Promise<JobOffer | null> {
  if (billing === 'free_public' || billing === 'free_self_hosted') return null;
  const budget = await readMonthBudget(db, 'github_actions', config.budgets, now());
  if (!isUsedUp(budget)) return null;
  return {
    job: null,
    reason: BUDGET_EXHAUSTED,
    message:
      "This month's Actions minutes (MAX_ACTIONS_MINUTES_PER_MONTH) are used up. The work waits until the next month, or until the limit is raised.",
  };
}
