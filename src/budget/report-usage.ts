import type { Usage } from '../github/client.ts';
import type { Progress } from '../jobs-api/protocol.ts';

/** What a run tells of the budget: GitHub's numbers for its hours, and what the run itself has used. */
export type BudgetReport = Partial<
  Pick<Progress, 'pointsLeft' | 'pointsResetAt' | 'restLeft' | 'restResetAt' | 'graphqlMs' | 'restMs'>
>;

/** What a run's GitHub client knows of the budget. */
export function reportUsage(usage: Usage) {
  const { seconds, restSeconds, pointsLeft, resetAt, restLeft, restResetAt } = usage;
  return {
    pointsLeft,
    pointsResetAt: resetAt?.toISOString() ?? null,
    graphqlMs: Math.ceil(seconds * 1000),
    restLeft,
    restResetAt: restResetAt?.toISOString() ?? null,
    restMs: Math.ceil(restSeconds * 1000),
  } satisfies BudgetReport;
}
