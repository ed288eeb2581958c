import type { BudgetShare } from '../jobs-api/protocol.ts';

/** Nothing for now: what a run has that can't ask for its share. */
export const NO_SHARE: BudgetShare = {
  points: 0,
  reserve: 0,
  restRequests: 0,
  restReserve: 0,
  graphqlMsPerMinute: 0,
  restMsPerMinute: 0,
};
