import type { Month } from './month.ts';

/** How the month goes: what a projection to its end goes by, or why there is none. */
export type Pace =
  | { kind: 'over' }
  /** Less than 2 days are measured: one large history would decide it all. */
  | { kind: 'too_early' }
  | {
      kind: 'known';
      /** The month's beginning, or the first run of all. */
      since: Date;
      elapsedMs: number;
      leftMs: number;
    };

const MIN_MEASURED_MS = 2 * 86_400_000;

/** By the time that is measured of a month. Pure. */
export function judgePace(month: Month, { now, firstRunAt }: { now: Date; firstRunAt: Date | null }): Pace {
  if (now >= month.to) return { kind: 'over' };
  if (firstRunAt === null) return { kind: 'too_early' };
  const since = firstRunAt > month.from ? firstRunAt : month.from;
  const elapsedMs = now.getTime() - since.getTime();
  if (elapsedMs < MIN_MEASURED_MS) return { kind: 'too_early' };
  return { kind: 'known', since, elapsedMs, leftMs: month.to.getTime() - now.getTime() };
}

/** What will be used by the month's end if it goes on as it did. Pure. */
export function project(used: number, { elapsedMs, leftMs }: Extract<Pace, { kind: 'known' }>): number {
  return used * (1 + leftMs / elapsedMs);
}

/** When so much will be used if it goes on as it did; null: not in this month, or it is already. Pure. */
export function findReached(
  amount: number,
  used: number,
  { elapsedMs, leftMs }: Extract<Pace, { kind: 'known' }>,
  now: Date,
): Date | null {
  const waitMs = ((amount - used) / used) * elapsedMs;
  return waitMs > 0 && waitMs < leftMs ? new Date(now.getTime() + waitMs) : null;
}
