/**
 * GitHub allows 60 s of GraphQL CPU time in 60 s and says that the response time is a rough estimate of it
 * (docs.github.com, "About secondary rate limits").
 */
const WINDOW_MS = 60_500;
const ALLOWED_MS = 58_000;

export interface ResponseTimeWindow {
  /** How long to wait before a request that is expected to take `expectedMs`; 0 when it may go. */
  waitMs(now: number, expectedMs: number): number;
  /** Counts a request that ended at `now` and took `durationMs`. */
  add(now: number, durationMs: number): void;
}

/** Keeps the sum of response times in a sliding window below what GitHub allows. */
export function createResponseTimeWindow(
  limits: { windowMs: number; allowedMs: number } = { windowMs: WINDOW_MS, allowedMs: ALLOWED_MS },
): ResponseTimeWindow {
  const spans: { endedAt: number; durationMs: number }[] = [];
  return {
    waitMs(now, expectedMs) {
      while (spans[0] !== undefined && spans[0].endedAt <= now - limits.windowMs) spans.shift();
      let excess = spans.reduce((sum, span) => sum + span.durationMs, expectedMs) - limits.allowedMs;
      if (excess <= 0) return 0;
      for (const span of spans) {
        excess -= span.durationMs;
        if (excess <= 0) return span.endedAt + limits.windowMs - now;
      }
      return 0;
    },
    add(now, durationMs) {
      spans.push({ endedAt: now, durationMs });
    },
  };
}
