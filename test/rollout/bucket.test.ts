import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bucketOf, isInShare } from '../../src/rollout/bucket.ts';

const vectors: { salt: string; featureName: string; repositoryId: number; bucket: number }[] = JSON.parse(
  readFileSync(new URL('./bucket-vectors.json', import.meta.url), 'utf8'),
);

describe('a bucket', () => {
  test.each(vectors)('of $repositoryId for $featureName is $bucket', ({ bucket, ...key }) => {
    expect(bucketOf(key)).toBe(bucket);
  });

  test('is one of 10,000', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.maxSafeNat(), (salt, featureName, repositoryId) => {
        const bucket = bucketOf({ salt, featureName, repositoryId });
        expect(Number.isInteger(bucket) && bucket >= 0 && bucket <= 9999).toBe(true);
      }),
    );
  });
});

describe('a share', () => {
  test.each([
    [0, 0, false],
    [0, 0.01, true],
    [1, 0.01, false],
    [1249, 12.5, true],
    [1250, 12.5, false],
    [9998, 99.99, true],
    [9999, 99.99, false],
    [9999, 100, true],
    // 0.29 * 100 is 28.999999999999996
    [28, 0.29, true],
  ])('bucket %i at %f %%: %s', (bucket, percentage, expected) => {
    expect(isInShare(bucket, percentage)).toBe(expected);
  });
});
