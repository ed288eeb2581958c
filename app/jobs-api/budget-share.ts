import { BudgetShare } from '../../src/jobs-api/protocol.ts';

/**
 * GraphQL points an hour that every installation has at least; larger ones have up to 12,500.
 * Source: docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
 */
const LEAST_POINTS_PER_HOUR = 5_000;
/** Points that bulk work leaves alone, for live work. */
const RESERVE_POINTS = 500;

/**
 * What one bulk run may use of its installation's GraphQL points: an equal part for each run that may go at the same time,
 * of what is left in GitHub's window above the reserve. `pointsLeft` is null until GitHub has told it.
 */
export function shareBudget(pointsLeft: number | null, runsAtOnce: number): BudgetShare {
  const spendable = Math.max(0, (pointsLeft ?? LEAST_POINTS_PER_HOUR) - RESERVE_POINTS);
  return BudgetShare.parse({ points: Math.floor(spendable / runsAtOnce), reserve: RESERVE_POINTS });
}
