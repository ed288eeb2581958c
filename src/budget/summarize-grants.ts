import type { LaneState } from './divide-budget.ts';
import type { Grant } from './grant.ts';
import { type HolderKind, type Lane, LEAST_MS_PER_MINUTE, type ResponseTimes, WINDOW_MS } from './limits.ts';

export interface GrantSummary {
  /** Holders that are there now, the asking one among them. */
  active: Record<HolderKind, number>;
  lanes: Record<Lane, LaneState>;
}

/** Whether what was used of the grant may still count in a window of GitHub's. */
export function isInForce({ usableUntil }: Pick<Grant, 'usableUntil'>, now: Date): boolean {
  return usableUntil.getTime() + WINDOW_MS > now.getTime();
}

/**
 * How the ledger of an installation looks to one holder that asks for its share. Another holder may use the largest of its
 * grants that are in force: it need not have heard of a later, smaller one.
 */
export function summarizeGrants(
  grants: readonly Grant[],
  asking: { holder: string; kind: HolderKind; used: ResponseTimes | null; now: Date },
): GrantSummary {
  const { holder, kind, used, now } = asking;
  const inForce = grants.filter((grant) => isInForce(grant, now));
  const own = inForce.filter((grant) => grant.holder === holder && !grant.isReleased);
  const others = inForce.filter((grant) => grant.holder !== holder && !grant.isReleased);
  const released = inForce.filter((grant) => grant.isReleased);
  const holders = [...Map.groupBy(others, (grant) => grant.holder).values()];
  const present = holders.map(latestOf).filter((grant) => grant.usableUntil > now);

  const active = { bulk: 0, live: 0 };
  for (const grant of [{ kind }, ...present]) active[grant.kind] += 1;
  const stateOf = (lane: Lane): LaneState => {
    const committed = { bulk: 0, live: 0 };
    for (const grant of [...released, ...holders.map((its) => largestOf(its, lane))]) {
      committed[grant.kind] += grant[lane];
    }
    const waiting = present.filter((grant) => grant.kind === 'live' && grant[lane] === 0);
    return {
      held: heldOf(own, lane, now),
      used: usedOf(own, lane, used, now),
      committed,
      wantedByLive: committed.live + waiting.length * LEAST_MS_PER_MINUTE[lane],
    };
  };
  return { active, lanes: { graphqlMs: stateOf('graphqlMs'), restMs: stateOf('restMs') } };
}

/**
 * What stays of a holder that is gone: how much it used in each stretch between two grants, so that it fades as it does at
 * GitHub; where it did not tell, all that it might have used up to now. One that had nothing in the end keeps its place for as
 * long as it would have held: others' parts must shrink for longer than some holders can wait, and it comes again.
 */
export function summarizeReleased(
  grants: readonly Grant[],
  { holder, used, now }: { holder: string; used: ResponseTimes | null; now: Date },
): Grant[] {
  const own = grants
    .filter((grant) => grant.holder === holder && !grant.isReleased && isInForce(grant, now))
    .sort(byTime);
  const [first] = own;
  const last = own.at(-1);
  if (first === undefined || last === undefined) return [];
  const most = {
    graphqlMs: largestOf(own, 'graphqlMs').graphqlMs,
    restMs: largestOf(own, 'restMs').restMs,
  };
  const end = { ...last, isReleased: true, usableUntil: new Date(Math.min(+last.usableUntil, +now)) };
  const place = last.graphqlMs + last.restMs === 0 ? [last] : [];
  if (used === null) return [{ ...end, ...most }, ...place];

  const told = own.slice(1).filter((grant) => grant.usedBefore !== null);
  let before = first.usedBefore ?? { graphqlMs: 0, restMs: 0 };
  const stretches = [first, ...told].map((grant, index) => {
    const next = told[index];
    const after = next?.usedBefore ?? used;
    const usedIn = (lane: Lane) => Math.min(most[lane], Math.max(0, after[lane] - before[lane]));
    const stretch = {
      ...end,
      graphqlMs: usedIn('graphqlMs'),
      restMs: usedIn('restMs'),
      grantedAt: grant.grantedAt,
      usableUntil: next?.grantedAt ?? end.usableUntil,
    };
    before = after;
    return stretch;
  });
  return [...stretches.filter(({ graphqlMs, restMs }) => graphqlMs + restMs > 0), ...place];
}

function heldOf(own: readonly Grant[], lane: Lane, now: Date): number {
  if (own.length === 0) return 0;
  const latest = latestOf(own);
  return latest.usableUntil > now ? latest[lane] : 0;
}

/** Of the last minute, or of the whole run while it is younger. */
function usedOf(own: readonly Grant[], lane: Lane, used: ResponseTimes | null, now: Date): number | null {
  const since = now.getTime() - WINDOW_MS;
  const earliest = own.filter(({ grantedAt }) => grantedAt.getTime() >= since).sort(byTime)[0];
  if (used === null || earliest === undefined || earliest.usedBefore === null) return null;
  return used[lane] - earliest.usedBefore[lane];
}

function byTime(a: Grant, b: Grant): number {
  return a.grantedAt.getTime() - b.grantedAt.getTime();
}

function latestOf(grants: readonly Grant[]): Grant {
  return grants.reduce((latest, grant) => (byTime(latest, grant) <= 0 ? grant : latest));
}

function largestOf(grants: readonly Grant[], lane: Lane): Grant {
  return grants.reduce((largest, grant) => (grant[lane] > largest[lane] ? grant : largest));
}
