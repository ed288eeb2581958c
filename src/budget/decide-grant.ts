import type { BudgetShare } from '../jobs-api/protocol.ts';
import { divideBudget } from './divide-budget.ts';
import { GRANT_LASTS_MS, type Grant } from './grant.ts';
import type { HolderKind, ResponseTimes } from './limits.ts';
import { summarizeGrants } from './summarize-grants.ts';

export interface GrantRequest {
  holder: string;
  kind: HolderKind;
  /** Response time that the holder's requests took since it began; null when it does not tell. */
  used: ResponseTimes | null;
  /** Percent that bulk work leaves alone for live work. */
  reservePercent: number;
  now: Date;
}

/** The share that a holder gets, and the grant that the ledger keeps of it. */
export function decideGrant(
  ledger: { grants: readonly Grant[]; pointsLeft: number | null; restLeft: number | null },
  request: GrantRequest,
): { share: BudgetShare; grant: Grant } {
  const { holder, kind, used, reservePercent, now } = request;
  const { grants, pointsLeft, restLeft } = ledger;
  const share = divideBudget({
    kind,
    reservePercent,
    ...summarizeGrants(grants, request),
    pointsLeft,
    restLeft,
  });
  const grant: Grant = {
    holder,
    kind,
    graphqlMs: share.graphqlMsPerMinute,
    restMs: share.restMsPerMinute,
    grantedAt: now,
    usableUntil: new Date(now.getTime() + GRANT_LASTS_MS),
    usedBefore: used,
    isReleased: false,
  };
  return { share, grant };
}
