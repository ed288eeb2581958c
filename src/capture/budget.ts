import type { GitHubClient, Usage } from '../github/client.ts';
import { BUDGET_SHARE_HOLDS_MS, type BudgetShare } from '../jobs-api/protocol.ts';

type Api = 'graphql' | 'rest';
/** What is used of a share. */
type Used = Pick<Usage, 'points' | 'restRequests' | 'pointsLeft' | 'resetAt' | 'restLeft' | 'restResetAt'>;

export type BudgetJudgement =
  | { kind: 'go' }
  /** The share is used up, or there was none yet: whoever gave it must give another. */
  | { kind: 'renew' }
  /** What GitHub's window still has is for live work, or for others; it begins anew then. */
  | { kind: 'wait'; until: Date };

/**
 * Whether a capture may send another request of that API, by its share and by what GitHub's window has left: as the run
 * itself has seen it, and as whoever gave the share knows it from others.
 */
export function judgeBudget(
  api: Api,
  share: BudgetShare,
  usedBefore: Pick<Used, 'points' | 'restRequests'>,
  usage: Used,
  now: Date,
): BudgetJudgement {
  const { used, allowed, left, reserve, resetAt, toldResetAt, msPerMinute } =
    api === 'graphql'
      ? {
          used: usage.points - usedBefore.points,
          allowed: share.points,
          left: usage.pointsLeft,
          reserve: share.reserve,
          resetAt: usage.resetAt,
          toldResetAt: share.pointsResetAt,
          msPerMinute: share.graphqlMsPerMinute,
        }
      : {
          used: usage.restRequests - usedBefore.restRequests,
          allowed: share.restRequests,
          left: usage.restLeft,
          reserve: share.restReserve,
          resetAt: usage.restResetAt,
          toldResetAt: share.restResetAt,
          msPerMinute: share.restMsPerMinute,
        };
  const seenMs = left !== null && left <= reserve ? (resetAt?.getTime() ?? 0) : 0;
  const toldMs = Date.parse(toldResetAt ?? '') || 0;
  // A second more: the clocks' seconds need not begin together.
  const until = new Date(Math.max(seenMs, toldMs) + 1_000);
  if (until > now) return { kind: 'wait', until };
  return used >= allowed || msPerMinute <= 0 ? { kind: 'renew' } : { kind: 'go' };
}

export interface Budget {
  /** Replaces the share: the client's lanes follow it. */
  renew(share: BudgetShare, now: Date): void;
  /** Whoever gives shares has none but the one before, which goes on. */
  keep(now: Date): void;
  judge(api: Api, now: Date): BudgetJudgement;
  /** Milliseconds that one GraphQL request should stay below: a share of few seconds a minute is made of small ones. */
  roomMs(): number;
}

/** GitHub ends a request after 10 s; below half of that there is room for a page that is heavier than the last. */
const ROOM_MS = 5_000;

/**
 * The share of a capture's run; without one the run has all that GitHub allows.
 * @param isRenewable shares are given for a time, and others can be asked for
 */
export function createBudget(
  github: GitHubClient,
  given: BudgetShare | undefined,
  { isRenewable, now }: { isRenewable: boolean; now: Date },
): Budget {
  let share: BudgetShare | null = null;
  let before = github.usage();
  let givenAt = now;
  const budget: Budget = {
    renew(next, at) {
      share = next;
      givenAt = at;
      before = github.usage();
      github.limit(next);
    },
    keep(at) {
      givenAt = at;
    },
    judge(api, at) {
      if (share === null) return { kind: 'go' };
      if (isRenewable && at.getTime() - givenAt.getTime() > BUDGET_SHARE_HOLDS_MS) return { kind: 'renew' };
      return judgeBudget(api, share, before, github.usage(), at);
    },
    roomMs: () => (share === null ? ROOM_MS : Math.min(ROOM_MS, share.graphqlMsPerMinute / 2)),
  };
  if (given !== undefined) budget.renew(given, now);
  return budget;
}
