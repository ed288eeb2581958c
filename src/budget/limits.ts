/**
 * What all holders of one installation use together, below GitHub's secondary limits: 60 s of GraphQL and 90 s of
 * everything in any 60 s, for which the response time is GitHub's own rough estimate. A tenth is left for what the
 * estimate misses. Source: docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api, "About secondary rate limits"
 */
export const INSTALLATION_MS_PER_MINUTE = { graphqlMs: 54_000, restMs: 27_000 } as const;

/**
 * GraphQL points and REST requests an hour that every installation has at least, until GitHub has told what is left; larger
 * ones have up to 12,500. Source: docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
 */
export const INSTALLATION_PER_HOUR = { points: 5_000, restRequests: 5_000 } as const;

/** Smaller shares than this are of no use: not one request would fit. */
export const LEAST_MS_PER_MINUTE = { graphqlMs: 1_000, restMs: 500 } as const;

/** GitHub's windows of 60 s, and a second for clocks that differ. */
export const WINDOW_MS = 61_000;

/** GitHub's hourly budgets are whole again after this time at the latest. */
export const HOUR_MS = 3_600_000;

/** Response time of the two lanes, milliseconds. */
export interface ResponseTimes {
  graphqlMs: number;
  restMs: number;
}
export type Lane = keyof ResponseTimes;

/** `bulk` leaves the reserve alone, which is kept for `live`. */
export type HolderKind = 'bulk' | 'live';
