import { executionsOf } from '../cost/executions.ts';

/**
 * What capturing a whole history takes. Estimates, by measurements against a model of GitHub's API with the densities of a
 * public history (`npm run bench:capture`).
 */
export interface HistoryCost {
  /** GraphQL points of the installation's hourly budget. */
  points: number;
  /** REST requests, of an hourly budget of their own. */
  requests: number;
  /** Hours of capture: GitHub's own time is what bounds it. Captures of one installation share that time. */
  hours: number;
  /** Minutes that a runner in GitHub Actions is billed for, each begun one whole. */
  minutes: number;
  /** Executions of Inngest, where it does it in slices: a run and its step for each. */
  executions: number;
  /** Rows with their indexes. */
  databaseBytes: number;
}

/** A page of 49 with three flat connections costs one point, overflowing ones some more. */
const POINTS_PER_1000 = 25;
const REQUESTS_PER_1000 = 45;
/** GitHub's GraphQL time, of which it allows 60 s a minute; its REST time fits beside it. */
const SECONDS_PER_PULL_REQUEST = 0.051;
/** 7,818 measured (`npm run bench:capture -- --only store-rate`, PostgreSQL 15): 23 rows and their indexes. */
export const BYTES_PER_PULL_REQUEST = 8_000;

export function estimateHistory(pullRequests: number): HistoryCost {
  const seconds = pullRequests * SECONDS_PER_PULL_REQUEST;
  return {
    points: Math.ceil((pullRequests * POINTS_PER_1000) / 1000),
    requests: Math.ceil((pullRequests * REQUESTS_PER_1000) / 1000),
    hours: seconds / 3600,
    minutes: Math.ceil(seconds / 60),
    executions: executionsOf(seconds),
    databaseBytes: pullRequests * BYTES_PER_PULL_REQUEST,
  };
}
