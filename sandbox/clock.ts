import { setImmediate, setTimeout } from 'node:timers/promises';

export interface Clock {
  /** Milliseconds since 1970 as the local GitHub sees it, whole. */
  now(): number;
  /** Waits `ms` of the clock's own time. */
  sleep(ms: number): Promise<void>;
  /** Waits until the clock shows `at` or later; at once when it does already. */
  sleepUntil(at: number): Promise<void>;
  /** Lets `ms` of the clock's time pass at once, e.g. to get beyond a rate limit's reset. */
  advance(ms: number): void;
  /** When it was started, milliseconds since 1970, and how many times as fast as real time it runs. */
  readonly startedAt: number;
  readonly speed: number;
}

/** Real time to a fraction of a millisecond, which is much on a clock that runs fast. */
const realNow = () => performance.timeOrigin + performance.now();
/** Real milliseconds by which the event loop's timers come late. */
const TIMER_SLACK_MS = 1.5;

/**
 * A clock that runs `speed` times as fast as the real one: at 1,000 a service time of 2 s takes 2 ms.
 * Everything that GitHub says about time (Date, x-ratelimit-reset, updatedAt) is read from it.
 */
export function createClock(speed = 1): Clock {
  const startedAt = realNow();
  let skipped = 0;
  const exact = () => startedAt + (realNow() - startedAt) * speed + skipped;
  async function sleepUntil(at: number): Promise<void> {
    const leftMs = (at - exact()) / speed;
    if (leftMs > TIMER_SLACK_MS) await setTimeout(leftMs - TIMER_SLACK_MS);
    // The last bit by turns of the event loop: a timer's whole millisecond would be 20 of a clock at speed 20.
    while (exact() < at) await setImmediate();
  }
  return {
    startedAt,
    speed,
    now: () => Math.floor(exact()),
    sleep: (ms) => sleepUntil(exact() + ms),
    sleepUntil,
    advance: (ms) => {
      skipped += ms;
    },
  };
}

/** A time as GitHub writes it: UTC, whole seconds. */
export const isoSeconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
