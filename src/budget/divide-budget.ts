import type { BudgetShare } from '../jobs-api/protocol.ts';
import {
  type HolderKind,
  INSTALLATION_MS_PER_MINUTE,
  INSTALLATION_PER_HOUR,
  type Lane,
  LEAST_MS_PER_MINUTE,
} from './limits.ts';

/** What a live holder takes first, as a part of the whole: enough for some pull requests. */
const FIRST_LIVE_PART = 0.1;

/** One lane as it stands when a holder asks for its share; milliseconds in any 60 s. */
export interface LaneState {
  /** What the holder has, 0 when it is new. */
  held: number;
  /** What it used of the last minute; null when it did not tell. */
  used: number | null;
  /** What others may use, or may have used in the last minute, by their kind. */
  committed: Record<HolderKind, number>;
  /** What live work has, waits for, or wanted lately. */
  wantedByLive: number;
}

export interface BudgetState {
  kind: HolderKind;
  /** Percent of everything that bulk work leaves alone for live work. */
  reservePercent: number;
  /** Holders that are there now, this one among them. */
  active: Record<HolderKind, number>;
  lanes: Record<Lane, LaneState>;
  /** Points and REST requests left in GitHub's current hours; null while not known. */
  pointsLeft: number | null;
  restLeft: number | null;
}

/**
 * The share of one holder of an installation's budget. Response time: a fair part, but never more than others have not been
 * promised, so that all together stay inside at every moment; once each of them has asked again, all parts are fair.
 * Points and requests of the hour: a fair part of what is left above the reserve, or all of it for live work.
 */
export function divideBudget(state: BudgetState): BudgetShare {
  return {
    ...divideHour(state),
    graphqlMsPerMinute: divideLane(state, 'graphqlMs'),
    restMsPerMinute: divideLane(state, 'restMs'),
  };
}

function divideLane(state: BudgetState, lane: Lane): number {
  const part = state.kind === 'bulk' ? bulkPart(state, lane) : livePart(state, lane);
  return part < LEAST_MS_PER_MINUTE[lane] ? 0 : Math.floor(part);
}

/**
 * Bulk holders share evenly what live work leaves: all but what it wants, with the reserve on top, so that there is room for
 * the next live job too. They step back to half of it all, or, where more live holders are there than bulk ones, to an equal
 * part each; live work that really uses more comes first.
 */
function bulkPart({ active, lanes, reservePercent }: BudgetState, lane: Lane): number {
  const { committed, wantedByLive } = lanes[lane];
  const { spendable } = sizesOf(lane, reservePercent);
  const fair = Math.max(
    (spendable - wantedByLive) / active.bulk,
    spendable / (active.bulk + Math.max(active.bulk, active.live)),
    LEAST_MS_PER_MINUTE[lane],
  );
  return Math.min(fair, spendable - committed.bulk - committed.live);
}

/**
 * Live holders come and go within seconds: each begins small, doubles its share while it uses it, up to an equal part of
 * everything, and takes at most half of what is free, so that the next one does not find nothing.
 */
function livePart({ active, lanes, reservePercent }: BudgetState, lane: Lane): number {
  const { held, used, committed } = lanes[lane];
  const { total, spendable, firstLive } = sizesOf(lane, reservePercent);
  const free = total - committed.bulk - committed.live;
  const isPressed = used === null || used >= held / 2;
  const wanted = held === 0 ? firstLive : isPressed ? held * 2 : held;
  // Beside bulk work the reserve stays for those who come new.
  const fair = (active.bulk === 0 ? total : spendable) / (active.bulk + active.live);
  const leavingHalf = Math.max(held + (free - held) / 2, LEAST_MS_PER_MINUTE[lane]);
  return Math.min(wanted, fair, leavingHalf, free);
}

/** Of a lane: everything, what bulk work may have of it, and what a live holder begins with. */
function sizesOf(lane: Lane, reservePercent: number) {
  const total = INSTALLATION_MS_PER_MINUTE[lane];
  const reserve = reserveOf(total, reservePercent);
  return { total, spendable: total - reserve, firstLive: Math.max(reserve, total * FIRST_LIVE_PART) };
}

function divideHour({ kind, active, reservePercent, pointsLeft, restLeft }: BudgetState) {
  const { points, restRequests } = INSTALLATION_PER_HOUR;
  // What live work may spend to the last one, bulk work leaves alone.
  const reserve = kind === 'bulk' ? reserveOf(points, reservePercent) : 0;
  const restReserve = kind === 'bulk' ? reserveOf(restRequests, reservePercent) : 0;
  const parts = kind === 'bulk' ? active.bulk : 1;
  const part = (left: number, kept: number) => Math.max(0, Math.floor((left - kept) / parts));
  return {
    points: part(pointsLeft ?? points, reserve),
    reserve,
    restRequests: part(restLeft ?? restRequests, restReserve),
    restReserve,
  };
}

function reserveOf(total: number, reservePercent: number): number {
  return Math.round((total * reservePercent) / 100);
}
