import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bucketOf } from '../../src/rollout/bucket.ts';
import { CATEGORIES, type Category, categorize } from '../../src/rollout/category.ts';
import {
  CATEGORY_CUT_OFFS,
  evaluateEnrolment,
  type RolloutState,
} from '../../src/rollout/evaluate-enrolment.ts';

const STATE: RolloutState = {
  featureName: 'hybrid_progressive_capture',
  salt: '0123456789abcdef',
  percentage: 50,
  strategy: 'percentage',
  isActive: true,
  emergencyStop: false,
  state: 'running',
  include: [],
  exclude: [],
  epoch: 3,
  phase: 2,
  version: 17,
};
/** Of the vectors: buckets 2330, 8432, 9999 and 0. */
const LOW = 1296269;
const HIGH = 41881900;
const LAST = 218;
const FIRST = 8237;

type Case = [
  state: string,
  changes: Partial<RolloutState>,
  id: number | null,
  category: Category | null,
  reason: string,
];

const OUT: Case[] = [
  ['stopped', { emergencyStop: true }, LOW, 'test', 'emergency_stop'],
  ['stopped by its state', { state: 'stopped' }, LOW, 'test', 'emergency_stop'],
  [
    'stopped, on the include list, at 100 %',
    { emergencyStop: true, include: [LOW], percentage: 100 },
    LOW,
    'test',
    'emergency_stop',
  ],
  [
    'stopped before rolled back',
    { emergencyStop: true, state: 'rolled_back' },
    LOW,
    'test',
    'emergency_stop',
  ],
  ['rolled back', { state: 'rolled_back', include: [LOW] }, LOW, 'test', 'rolled_back'],
  ['inactive', { isActive: false, include: [LOW] }, LOW, 'test', 'inactive'],
  ['a draft', { state: 'draft', percentage: 100 }, LOW, 'test', 'inactive'],
  ['inactive before excluded', { isActive: false, exclude: [LOW] }, LOW, 'test', 'inactive'],
  ['excluded', { exclude: [LOW] }, LOW, 'test', 'excluded'],
  ['excluded at 100 %', { exclude: [LOW], percentage: 100 }, LOW, 'test', 'excluded'],
  ['excluded although included', { exclude: [LOW], include: [LOW] }, LOW, 'test', 'excluded'],
  ['excluded before 0 %', { exclude: [LOW], percentage: 0 }, LOW, 'test', 'excluded'],
  ['0 %', { percentage: 0 }, FIRST, 'test', 'zero_percent'],
  ['0 % although included', { percentage: 0, include: [LOW] }, LOW, 'test', 'zero_percent'],
  [
    '0 % of a whitelist although included',
    { percentage: 0, include: [LOW], strategy: 'whitelist' },
    LOW,
    'test',
    'zero_percent',
  ],
  ['without an id', {}, null, 'test', 'missing_id'],
  ['without an id at 100 %', { percentage: 100 }, null, 'test', 'missing_id'],
  ['not on the whitelist', { strategy: 'whitelist', percentage: 100 }, LOW, 'test', 'not_on_list'],
  ['above the percentage', {}, HIGH, 'test', 'out_of_share'],
  ['at the percentage', { percentage: 23.3 }, LOW, 'test', 'out_of_share'],
  ['the last bucket at 99.99 %', { percentage: 99.99 }, LAST, 'test', 'out_of_share'],
  ['of unknown size', { strategy: 'repository_size', percentage: 99.99 }, FIRST, null, 'category_unknown'],
  [
    'of a size that is not reached',
    { strategy: 'repository_size', percentage: 50 },
    FIRST,
    'large',
    'category_not_reached',
  ],
  [
    'above the part of its size',
    { strategy: 'repository_size', percentage: 30 },
    LOW,
    'medium',
    'category_out_of_share',
  ],
];

const IN: Case[] = [
  ['included at 0.01 %', { percentage: 0.01, include: [HIGH] }, HIGH, 'enterprise', 'included'],
  ['on the whitelist', { strategy: 'whitelist', include: [HIGH] }, HIGH, null, 'included'],
  ['included, of unknown size', { strategy: 'repository_size', include: [HIGH] }, HIGH, null, 'included'],
  ['held, not stopped', { state: 'held' }, LOW, 'test', 'in_share'],
  ['completed', { state: 'completed', percentage: 100 }, LAST, 'enterprise', 'everybody'],
  ['100 % by percentage', { percentage: 100 }, LAST, null, 'everybody'],
  [
    '100 % by size, of unknown size',
    { strategy: 'repository_size', percentage: 100 },
    LAST,
    null,
    'everybody',
  ],
  ['below the percentage', { percentage: 23.31 }, LOW, 'test', 'in_share'],
  ['the first bucket at 0.01 %', { percentage: 0.01 }, FIRST, 'test', 'in_share'],
  [
    'of a size that is in',
    { strategy: 'repository_size', percentage: 50 },
    LAST,
    'medium',
    'category_enrolled',
  ],
  ['of a smaller size', { strategy: 'repository_size', percentage: 50 }, LAST, 'test', 'category_enrolled'],
  // 31 % is 6 of the 25 points of `medium`: buckets below 2400.
  [
    'within the part of its size',
    { strategy: 'repository_size', percentage: 31 },
    LOW,
    'medium',
    'category_in_share',
  ],
];

describe('a repository is out', () => {
  test.each(OUT)('%s', (_, changes, id, category, reason) => {
    expect(evaluateEnrolment({ id, category }, { ...STATE, ...changes })).toMatchObject({
      eligible: false,
      reason,
    });
  });
});

describe('a repository is in', () => {
  test.each(IN)('%s', (_, changes, id, category, reason) => {
    expect(evaluateEnrolment({ id, category }, { ...STATE, ...changes })).toMatchObject({
      eligible: true,
      reason,
    });
  });
});

test('the answer carries the bucket where one was needed, and the epoch, phase and version that it was read at', () => {
  expect(evaluateEnrolment({ id: LOW, category: null }, STATE)).toEqual({
    eligible: true,
    reason: 'in_share',
    bucket: 2330,
    epoch: 3,
    phase: 2,
    version: 17,
  });
  expect(evaluateEnrolment({ id: LOW, category: null }, { ...STATE, percentage: 100 }).bucket).toBeNull();
});

describe('by size', () => {
  test.each([
    [10, ['test']],
    [25, ['test', 'small']],
    [50, ['test', 'small', 'medium']],
    [75, ['test', 'small', 'medium', 'large']],
    [100, ['test', 'small', 'medium', 'large', 'enterprise']],
  ])('%i %% enrols exactly %j, whatever the bucket', (percentage, expected) => {
    for (const id of [FIRST, LAST]) {
      const rollout = { ...STATE, strategy: 'repository_size' as const, percentage };
      expect(CATEGORIES.filter((category) => evaluateEnrolment({ id, category }, rollout).eligible)).toEqual(
        expected,
      );
    }
  });

  test.each([
    ['test', 5, 0.5],
    ['small', 13, 0.2],
    ['medium', 30, 0.2],
    ['large', 60, 0.4],
    ['enterprise', 99, 0.96],
  ] as const)('%s repositories at %i %% are in by a share of %f', (category, percentage, share) => {
    const rollout = { ...STATE, strategy: 'repository_size' as const, percentage };
    const ids = Array.from({ length: 20_000 }, (_, index) => index + 1);
    const enrolled = ids.filter((id) => evaluateEnrolment({ id, category }, rollout).eligible).length;
    // 5 standard deviations of a binomial share of 20,000.
    expect(Math.abs(enrolled / 20_000 - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / 20_000));
  });
});

const anyPercentage = fc.integer({ min: 0, max: 10_000 }).map((hundredths) => hundredths / 100);
const anyId = fc.integer({ min: 1, max: 2 ** 40 });
const anyCategory = fc.option(fc.constantFrom(...CATEGORIES));
const anyStrategy = fc.constantFrom('percentage' as const, 'whitelist' as const, 'repository_size' as const);

describe('for any repository, strategy and salt', () => {
  test('raising the percentage never takes it out', () => {
    fc.assert(
      fc.property(
        anyId,
        anyCategory,
        anyStrategy,
        fc.string(),
        anyPercentage,
        anyPercentage,
        (id, category, strategy, salt, a, b) => {
          const isIn = (percentage: number) =>
            evaluateEnrolment({ id, category }, { ...STATE, strategy, salt, percentage }).eligible;
          expect(isIn(Math.min(a, b)) && !isIn(Math.max(a, b))).toBe(false);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('0 % is out, whichever list it is on', () => {
    fc.assert(
      fc.property(anyId, anyCategory, anyStrategy, fc.boolean(), (id, category, strategy, isIncluded) => {
        const rollout = { ...STATE, strategy, percentage: 0, include: isIncluded ? [id] : [] };
        expect(evaluateEnrolment({ id, category }, rollout).eligible).toBe(false);
      }),
    );
  });

  test('100 % is in, but for a whitelist', () => {
    fc.assert(
      fc.property(anyId, anyCategory, anyStrategy, (id, category, strategy) => {
        const { eligible } = evaluateEnrolment({ id, category }, { ...STATE, strategy, percentage: 100 });
        expect(eligible).toBe(strategy !== 'whitelist');
      }),
    );
  });
});

describe('20,000 repositories', () => {
  const ids = Array.from({ length: 20_000 }, (_, index) => 1_000 + index * 37);
  const share = (matches: (id: number) => boolean) => ids.filter(matches).length / ids.length;
  const isIn = (id: number, featureName: string, percentage: number) =>
    evaluateEnrolment({ id, category: null }, { ...STATE, featureName, percentage }).eligible;

  test.each([1, 10, 25, 50, 75, 90])('at %i %% are in by that share, within sampling error', (percentage) => {
    const expected = percentage / 100;
    const error = Math.abs(share((id) => isIn(id, STATE.featureName, percentage)) - expected);
    expect(error).toBeLessThan(5 * Math.sqrt((expected * (1 - expected)) / ids.length));
  });

  test('are picked for two features independently', () => {
    const both = share((id) => isIn(id, 'one', 25) && isIn(id, 'two', 25));
    expect(Math.abs(both - 0.0625)).toBeLessThan(5 * Math.sqrt((0.0625 * 0.9375) / ids.length));
    expect(bucketOf({ ...STATE, featureName: 'one', repositoryId: 1 })).not.toBe(
      bucketOf({ ...STATE, featureName: 'two', repositoryId: 1 }),
    );
  });
});

describe('a category', () => {
  test.each([
    [0, 2, 10, 'test'],
    [1, 2, 10, 'small'],
    [0, 3, 10, 'small'],
    [0, 2, 11, 'small'],
    [50, 10, 100, 'small'],
    [51, 10, 100, 'medium'],
    [50, 11, 100, 'medium'],
    [50, 10, 101, 'medium'],
    [500, 50, 1_000, 'medium'],
    [501, 50, 1_000, 'large'],
    [500, 51, 1_000, 'large'],
    [500, 50, 1_001, 'large'],
    [5_000, 200, 10_000, 'large'],
    [5_001, 200, 10_000, 'enterprise'],
    [5_000, 201, 10_000, 'enterprise'],
    [5_000, 200, 10_001, 'enterprise'],
  ] as const)(
    'of %i stars, %i contributors, %i pull requests is %s',
    (stars, contributors, pullRequests, category) => {
      expect(categorize({ stars, contributors, pullRequests })).toBe(category);
    },
  );

  test.each(['stars', 'contributors', 'pullRequests'])('is unknown while nobody counted its %s', (count) => {
    expect(categorize({ stars: 0, contributors: 0, pullRequests: 0, [count]: null })).toBeNull();
  });

  test('has its cut-off at a phase', () => {
    expect(CATEGORY_CUT_OFFS).toEqual({ test: 10, small: 25, medium: 50, large: 75, enterprise: 100 });
  });
});
