import betainc from '@stdlib/math-base-special-betainc';
import betaincinv from '@stdlib/math-base-special-betaincinv';
import betaln from '@stdlib/math-base-special-betaln';

/** Errors among jobs that ended with success or an error. */
export interface Sample {
  jobs: number;
  errors: number;
}

/** Beta prior of the error rate under the alternative, cut off below the limit. */
const PRIOR = { a: 1, b: 9 };

/**
 * The evidence against "the error rate is at most `limit`", as a bet's wealth that began with 1: under that hypothesis
 * it exceeds 1/α at *any* time with probability α at most (Ville's inequality), however often it is looked at.
 * A mixture of likelihood ratios over Beta(1,9) truncated to (limit, 1).
 *
 * @param limit error rate, 0 to 1
 * @returns 0 or more, also Infinity
 */
export function evidenceAgainst({ jobs, errors }: Sample, limit: number): number {
  if (limit <= 0) return errors > 0 ? Number.POSITIVE_INFINITY : 1;
  if (limit >= 1) return 0;
  const { a, b } = PRIOR;
  const successes = jobs - errors;
  const logMass = (x: number, y: number) => betaln(x, y) + Math.log(betainc(limit, x, y, true, true));
  return Math.exp(
    logMass(a + errors, b + successes) -
      logMass(a, b) -
      errors * Math.log(limit) -
      successes * Math.log(1 - limit),
  );
}

/**
 * The wealth at which the test of an epoch rejects: 1/α in the first; a test that starts anew has α_k = α·6/(π²k²) in
 * the k-th epoch, so that however many follow, all of them together err with probability 1.4 α at most.
 */
export function breachLevel(alpha: number, epoch: number): number {
  return epoch <= 1 ? 1 / alpha : (Math.PI ** 2 * epoch ** 2) / (6 * alpha);
}

/**
 * One-sided upper confidence bound of the error rate (Clopper and Pearson), 0 to 1. Valid at one look at the end,
 * not under peeking.
 */
export function upperBound({ jobs, errors }: Sample, confidence = 0.95): number {
  return errors >= jobs ? 1 : betaincinv(confidence, errors + 1, jobs - errors);
}

/** The matching lower bound. */
export function lowerBound({ jobs, errors }: Sample, confidence = 0.95): number {
  return errors === 0 || jobs === 0 ? 0 : betaincinv(1 - confidence, errors, jobs - errors + 1);
}

/** Two-sided 95 % interval, for people to look at. */
export function interval95(sample: Sample): { low: number; high: number } {
  return { low: lowerBound(sample, 0.975), high: upperBound(sample, 0.975) };
}

/** More jobs than any rollout has. */
const MAX_JOBS = 2 ** 24;

/**
 * How many jobs it takes, with so many errors among them, until the upper bound is at most `limit` (0 to 1):
 * 59, 93, 124, 153 for 0 to 3 errors at 5 %. Null: never.
 */
export function jobsNeeded(errors: number, limit: number): number | null {
  const suffices = (jobs: number) => upperBound({ jobs, errors }) <= limit;
  if (!suffices(MAX_JOBS)) return null;
  let low = errors;
  let high = MAX_JOBS;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (suffices(middle)) high = middle;
    else low = middle;
  }
  return high;
}
