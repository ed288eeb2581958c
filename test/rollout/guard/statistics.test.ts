import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeSequential, judgeThreshold } from '../../../src/rollout/guard/judge-arms.ts';
import {
  breachLevel,
  evidenceAgainst,
  interval95,
  jobsNeeded,
  lowerBound,
  upperBound,
} from '../../../src/rollout/guard/statistics.ts';

const SETTINGS = { maxErrorRate: 5, minJobs: 10, sequentialAlpha: 0.05, epoch: 1 };

describe('the evidence against an error rate of at most 5 %', () => {
  test.each([
    [0, 10, 0.4737],
    [1, 11, 0.9237],
    [3, 11, 8.7441],
    [4, 11, 42.0971],
    [5, 20, 34.5121],
    [12, 100, 17.507],
    [13, 100, 45.1378],
  ])('of %i errors in %i jobs is %f', (errors, jobs, expected) => {
    expect(evidenceAgainst({ errors, jobs }, 0.05)).toBeCloseTo(expected, 3);
  });

  test('is 1 before there is any job', () => {
    expect(evidenceAgainst({ errors: 0, jobs: 0 }, 0.05)).toBeCloseTo(1, 12);
  });

  test('rises with each error and falls with each success', () => {
    fc.assert(
      fc.property(fc.nat(400), fc.nat(100), (successes, errors) => {
        const sample = { errors, jobs: errors + successes };
        const e = evidenceAgainst(sample, 0.05);
        expect(evidenceAgainst({ errors: errors + 1, jobs: sample.jobs + 1 }, 0.05)).toBeGreaterThan(e);
        expect(evidenceAgainst({ errors, jobs: sample.jobs + 1 }, 0.05)).toBeLessThan(e);
      }),
    );
  });

  test('has no limit above, and no NaN', () => {
    expect(evidenceAgainst({ errors: 2_000, jobs: 5_000 }, 0.05)).toBe(Number.POSITIVE_INFINITY);
    expect(evidenceAgainst({ errors: 0, jobs: 100_000 }, 0.05)).toBe(0);
    expect(evidenceAgainst({ errors: 1, jobs: 1 }, 0)).toBe(Number.POSITIVE_INFINITY);
    expect(evidenceAgainst({ errors: 0, jobs: 9 }, 0)).toBe(1);
    expect(evidenceAgainst({ errors: 9, jobs: 9 }, 1)).toBe(0);
  });

  // Under the hypothesis the bet's wealth is a martingale: the expected wealth after the next job is what it is now.
  test('is a fair bet where the error rate is just the limit', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(30), (successes, errors) => {
        const jobs = successes + errors;
        const next =
          0.05 * evidenceAgainst({ errors: errors + 1, jobs: jobs + 1 }, 0.05) +
          0.95 * evidenceAgainst({ errors, jobs: jobs + 1 }, 0.05);
        expect(next / evidenceAgainst({ errors, jobs }, 0.05)).toBeCloseTo(1, 6);
      }),
    );
  });
});

describe('the fewest errors that breach', () => {
  const fewest = (breaches: (errors: number) => boolean, jobs: number) =>
    Array.from({ length: jobs + 1 }, (_, errors) => errors).find(breaches);

  test.each([
    [11, 1, 4],
    [20, 2, 5],
    [50, 3, 8],
    [100, 6, 13],
    [200, 11, 21],
  ])('of %i jobs are %i by the threshold and %i by the sequential test', (jobs, threshold, sequential) => {
    expect(fewest((errors) => judgeThreshold({ jobs, errors }, SETTINGS).breached, jobs)).toBe(threshold);
    const none = { repositories: 1, errorsOf: [] };
    expect(fewest((errors) => judgeSequential({ jobs, errors }, SETTINGS, none).breached, jobs)).toBe(
      sequential,
    );
  });

  test('are none of 10 jobs, whatever they do', () => {
    expect(judgeThreshold({ jobs: 10, errors: 10 }, SETTINGS).breached).toBe(false);
    expect(
      judgeSequential({ jobs: 10, errors: 10 }, SETTINGS, { repositories: 1, errorsOf: [] }).breached,
    ).toBe(false);
  });

  test('are none at exactly the limit', () => {
    expect(judgeThreshold({ jobs: 20, errors: 1 }, SETTINGS).breached).toBe(false);
    expect(judgeThreshold({ jobs: 200, errors: 10 }, SETTINGS).breached).toBe(false);
    expect(judgeThreshold({ jobs: 400, errors: 29 }, { ...SETTINGS, maxErrorRate: 7.25 }).breached).toBe(
      false,
    );
  });
});

test('later epochs need more evidence, so that all of them together err rarely', () => {
  expect(breachLevel(0.05, 1)).toBe(20);
  expect(breachLevel(0.05, 2)).toBeCloseTo(131.5947, 4);
  expect(breachLevel(0.05, 3)).toBeCloseTo(296.0881, 4);
  const all = Array.from({ length: 100_000 }, (_, index) => 1 / breachLevel(0.05, index + 1));
  expect(all.reduce((sum, alpha) => sum + alpha)).toBeLessThan(0.05 * 1.4);
});

describe('one repository of many', () => {
  const errorsOf = [
    { repositoryId: 1, errors: 9 },
    { repositoryId: 2, errors: 1 },
  ];
  const sample = { jobs: 40, errors: 10 };

  test('counts two errors in a window at most; those above leave jobs and errors', () => {
    expect(judgeSequential(sample, SETTINGS, { repositories: 5, errorsOf })).toMatchObject({
      jobs: 33,
      errors: 3,
      capped: 7,
      failingRepositories: 2,
      breached: false,
    });
  });

  test('counts all of them where there are only four', () => {
    expect(judgeSequential(sample, SETTINGS, { repositories: 4, errorsOf })).toMatchObject({
      jobs: 40,
      errors: 10,
      capped: 0,
      breached: true,
    });
  });

  test('is not enough for a rollback when it alone fails', () => {
    const alone = [1, 2, 3, 4, 5].map(() => ({ repositoryId: 1, errors: 2 }));
    const two = [...alone.slice(1), { repositoryId: 2, errors: 2 }];
    const judge = (errors: typeof alone) =>
      judgeSequential({ jobs: 20, errors: 10 }, SETTINGS, { repositories: 5, errorsOf: errors });
    expect(judge(alone)).toMatchObject({ errors: 10, failingRepositories: 1, breached: false });
    expect(judge(two)).toMatchObject({ errors: 10, failingRepositories: 2, breached: true });
  });
});

describe('bounds', () => {
  test.each([
    [0, 59],
    [1, 93],
    [2, 124],
    [3, 153],
  ])('with %i errors it takes %i jobs to show an error rate of at most 5 %%', (errors, jobs) => {
    expect(jobsNeeded(errors, 0.05)).toBe(jobs);
    expect(upperBound({ jobs, errors })).toBeLessThanOrEqual(0.05);
    expect(upperBound({ jobs: jobs - 1, errors })).toBeGreaterThan(0.05);
  });

  test('no number of jobs shows an error rate of 0', () => {
    expect(jobsNeeded(0, 0)).toBeNull();
  });

  test('hold the rate between them', () => {
    expect(upperBound({ jobs: 0, errors: 0 })).toBe(1);
    expect(upperBound({ jobs: 5, errors: 5 })).toBe(1);
    expect(lowerBound({ jobs: 5, errors: 0 })).toBe(0);
    // Clopper and Pearson's own table: 95 % for 3 of 10.
    const { low, high } = interval95({ jobs: 10, errors: 3 });
    expect([low, high].map((bound) => bound.toFixed(4))).toEqual(['0.0667', '0.6525']);
  });
});
