import { createHash } from 'node:crypto';

/** Buckets are steps of 0.01 %. */
export const BUCKETS = 10_000;

/**
 * The bucket of a repository for one feature, 0 to 9999: stable for ever (GitHub's numeric id survives renames, the
 * salt is fixed when the feature is created), and independent of every other feature.
 * `u32` is the beginning of sha256("v1:salt:feature:id"), big-endian; the product with 10,000 is exact in a double.
 * In SQL it is `rollout_bucket(salt, feature_name, repository_id)`, tested by the same vectors.
 */
export function bucketOf(key: { salt: string; featureName: string; repositoryId: number }): number {
  const digest = createHash('sha256')
    .update(`v1:${key.salt}:${key.featureName}:${key.repositoryId}`)
    .digest();
  return Math.floor((digest.readUInt32BE(0) * BUCKETS) / 2 ** 32);
}

/**
 * Whether a bucket is among the first `percentage` (0 to 100, in steps of 0.01).
 * Raising the percentage never takes a bucket out.
 */
export function isInShare(bucket: number, percentage: number): boolean {
  return bucket < Math.round(percentage * 100);
}
