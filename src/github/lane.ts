import { GitHubError } from './errors.ts';
import {
  bookRequest,
  cancelRequest,
  endRequest,
  type LaneLimits,
  limitGovernor,
  silence,
  startGovernor,
} from './governor.ts';

export interface LaneOptions {
  /** Milliseconds since 1970. */
  now: () => number;
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Requests under way at once. */
  atOnce: number;
}

/** A request would have to wait longer for its lane than its sender wants to wait without looking at its share again. */
export class LaneBusyError extends Error {
  override name = 'LaneBusyError';
  readonly waitMs: number;

  constructor(waitMs: number) {
    super(`the lane is busy for ${Math.ceil(waitMs / 1000)} s`);
    this.waitMs = waitMs;
  }
}

/** Sends the requests of one API: in the order in which they came, so many at once, when the governor lets them. */
export interface Lane {
  /**
   * @param work sends one request and tells how long it took
   * @throws GitHubError `rate_limited` when it would have to wait longer than `maxWaitMs`
   * @throws LaneBusyError when it would have to wait longer than `maxLaneWaitMs`, or has no share for now
   */
  run<T>(
    work: () => Promise<{ result: T; durationMs: number }>,
    options: { maxWaitMs: number; maxLaneWaitMs?: number; signal?: AbortSignal },
  ): Promise<T>;
  limit(limits: LaneLimits): void;
  silence(until: number): void;
}

export function createLane(limits: LaneLimits, { now, sleep, atOnce }: LaneOptions): Lane {
  let governor = startGovernor(limits);
  let underWay = 0;
  const waiting: (() => void)[] = [];

  async function takeSlot(): Promise<void> {
    if (underWay >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else underWay += 1;
  }

  /** The slot goes to the next in line, if there is one. */
  function giveSlot(): void {
    const next = waiting.shift();
    if (next) next();
    else underWay -= 1;
  }

  return {
    async run(work, { maxWaitMs, maxLaneWaitMs, signal }) {
      await takeSlot();
      let booked: number | null = null;
      try {
        signal?.throwIfAborted();
        const booking = bookRequest(governor, now());
        const waitMs = booking === null ? Number.POSITIVE_INFINITY : Math.ceil(booking.startAt - now());
        if (maxLaneWaitMs !== undefined && waitMs > maxLaneWaitMs) throw new LaneBusyError(waitMs);
        if (booking === null || waitMs > maxWaitMs) {
          const retryAt = new Date(now() + Math.min(waitMs, 60_000));
          throw new GitHubError('rate_limited', 'This run may ask GitHub nothing more for now', { retryAt });
        }
        governor = booking.governor;
        booked = booking.id;
        if (waitMs > 0) await sleep(waitMs, signal);
        signal?.throwIfAborted();
        const { result, durationMs } = await work();
        governor = endRequest(governor, booked, now(), durationMs);
        booked = null;
        return result;
      } finally {
        if (booked !== null) governor = cancelRequest(governor, booked);
        giveSlot();
      }
    },
    limit: (next) => {
      governor = limitGovernor(governor, next);
    },
    silence: (until) => {
      governor = silence(governor, until);
    },
  };
}
