import type { ResponseTimes } from './limits.ts';

/** What is remembered of a peak halves in this time, so that bulk work does not take back at once what live work needs again. */
const HALF_LIFE_MS = 180_000;

/** How much of an installation's response time live work wanted lately, milliseconds in any 60 s. */
export interface LiveDemand extends ResponseTimes {
  seenAt: Date;
}

/** What live work wants now, or what is left of an earlier peak. */
export function rememberDemand(known: LiveDemand | null, wanted: ResponseTimes, now: Date): LiveDemand {
  const ageMs = known === null ? 0 : Math.max(0, now.getTime() - known.seenAt.getTime());
  const left = 2 ** (-ageMs / HALF_LIFE_MS);
  return {
    graphqlMs: Math.max(wanted.graphqlMs, Math.floor((known?.graphqlMs ?? 0) * left)),
    restMs: Math.max(wanted.restMs, Math.floor((known?.restMs ?? 0) * left)),
    seenAt: now,
  };
}
