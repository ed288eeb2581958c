import type { BudgetShare } from '../jobs-api/protocol.ts';
import { divideBudget } from './divide-budget.ts';
import { GRANT_LASTS_MS, type Grant } from './grant.ts';
import type { CurrentHour } from './hourly-budget.ts';
import type { HolderKind, ResponseTimes } from './limits.ts';
import { type LiveDemand, rememberDemand } from './live-demand.ts';
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

export interface DecidedGrant {
  share: BudgetShare;
  /** What the ledger keeps of it. */
  grant: Grant;
  /** What the ledger keeps of live work's wishes, by which bulk holders are served. */
  demand: LiveDemand;
}

/** The share that a holder gets. */
export function decideGrant(
  ledger: {
    grants: readonly Grant[];
    demand: LiveDemand | null;
    points: CurrentHour | null;
    rest: CurrentHour | null;
  },
  request: GrantRequest,
): DecidedGrant {
  const { holder, kind, used, reservePercent, now } = request;
  const { grants, points, rest } = ledger;
  const { active, lanes } = summarizeGrants(grants, request);
  const wanted = { graphqlMs: lanes.graphqlMs.wantedByLive, restMs: lanes.restMs.wantedByLive };
  const demand = rememberDemand(ledger.demand, wanted, now);
  const share = divideBudget({
    kind,
    reservePercent,
    active,
    lanes: {
      graphqlMs: { ...lanes.graphqlMs, wantedByLive: demand.graphqlMs },
      restMs: { ...lanes.restMs, wantedByLive: demand.restMs },
    },
    pointsLeft: points?.left ?? null,
    restLeft: rest?.left ?? null,
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
  return { share: { ...share, ...endOfUsedHours(share, ledger) }, grant, demand };
}

/** Who has nothing of the hour need not ask again before the next one. */
function endOfUsedHours(
  { points, restRequests }: BudgetShare,
  hours: { points: CurrentHour | null; rest: CurrentHour | null },
): Pick<BudgetShare, 'pointsResetAt' | 'restResetAt'> {
  return {
    ...(points === 0 && hours.points && { pointsResetAt: hours.points.endsAt.toISOString() }),
    ...(restRequests === 0 && hours.rest && { restResetAt: hours.rest.endsAt.toISOString() }),
  };
}
