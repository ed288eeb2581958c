/** What capturing a whole history takes. Estimates, by measurements against a model of GitHub's API. */
export interface HistoryCost {
  /** GraphQL points of the installation's hourly budget. */
  points: number;
  /** Minutes of capture, which a runner in GitHub Actions is billed for. */
  minutes: number;
  /** Runs, where Inngest does it in slices. */
  executions: number;
}

/** Points per 1,000 pull requests: a page of 49 with three flat connections costs one, overflowing ones some more. */
const POINTS_PER_1000 = 25;
/** Seconds of GitHub's time per pull request, which is what bounds a capture. */
const SECONDS_PER_PULL_REQUEST = 0.06;
const SLICE_SECONDS = 50;

export function estimateHistory(pullRequests: number): HistoryCost {
  const seconds = pullRequests * SECONDS_PER_PULL_REQUEST;
  return {
    points: Math.ceil((pullRequests * POINTS_PER_1000) / 1000),
    minutes: Math.ceil(seconds / 60),
    executions: Math.max(1, Math.ceil(seconds / SLICE_SECONDS)),
  };
}
