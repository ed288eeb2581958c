import type { RolloutStrategy } from '../config/config.ts';
import { BUCKETS, bucketOf, isInShare } from './bucket.ts';
import { CATEGORIES, type Category } from './category.ts';

/** The feature whose rollout this is: bulk capture in GitHub Actions. */
export const FEATURE_NAME = 'hybrid_progressive_capture';

export const ROLLOUT_STATES = ['draft', 'running', 'held', 'completed', 'rolled_back', 'stopped'] as const;
export type RolloutMachineState = (typeof ROLLOUT_STATES)[number];

/** What enrolment depends on, read in the transaction that uses it. */
export interface RolloutState {
  featureName: string;
  salt: string;
  /** 0 to 100, in steps of 0.01. */
  percentage: number;
  strategy: RolloutStrategy;
  isActive: boolean;
  /** In the database or by the environment: either is enough. */
  emergencyStop: boolean;
  state: RolloutMachineState;
  /** GitHub's numeric repository ids. */
  include: number[];
  exclude: number[];
  epoch: number;
  /** Index in the list of phases. */
  phase: number;
  version: number;
}

/** Why a repository is in or out, with a sentence for people. */
export const ENROLMENT_REASONS = {
  emergency_stop: 'the rollout is stopped',
  inactive: 'the rollout is not active',
  rolled_back: 'the rollout was rolled back',
  excluded: 'the repository is on the exclude list',
  zero_percent: 'the rollout is at 0 %, which is nobody',
  missing_id: 'the repository has no id',
  included: 'the repository is on the include list',
  not_on_list: 'only the include list is enrolled, and the repository is not on it',
  everybody: 'the rollout is at 100 %',
  in_share: "the repository's bucket is within the percentage",
  out_of_share: "the repository's bucket is above the percentage",
  category_unknown: "GitHub's counts of the repository are not known yet",
  category_enrolled: "the repository's whole size category is enrolled",
  category_in_share: "the repository's bucket is within the enrolled part of its size category",
  category_out_of_share: "the repository's bucket is above the enrolled part of its size category",
  category_not_reached: "the rollout has not reached the repository's size category",
} as const;
export type EnrolmentReason = keyof typeof ENROLMENT_REASONS;

export interface Enrolment {
  eligible: boolean;
  reason: EnrolmentReason;
  /** 0 to 9999; null where no bucket was needed. */
  bucket: number | null;
  epoch: number;
  phase: number;
  version: number;
}

/** Percentage at which the whole category is in; between two of them the next category is enrolled by bucket. */
export const CATEGORY_CUT_OFFS: Readonly<Record<Category, number>> = {
  test: 10,
  small: 25,
  medium: 50,
  large: 75,
  enterprise: 100,
};

/**
 * Decides whether a repository is in the rollout. Pure; the order of the questions is part of the contract.
 * Raising the percentage never takes a repository out. Out means Inngest only, never "not captured".
 */
export function evaluateEnrolment(
  repository: { id: number | null; category: Category | null },
  rollout: RolloutState,
): Enrolment {
  const answer = (eligible: boolean, reason: EnrolmentReason, bucket: number | null = null): Enrolment => ({
    eligible,
    reason,
    bucket,
    epoch: rollout.epoch,
    phase: rollout.phase,
    version: rollout.version,
  });

  if (rollout.emergencyStop || rollout.state === 'stopped') return answer(false, 'emergency_stop');
  if (rollout.state === 'rolled_back') return answer(false, 'rolled_back');
  if (!rollout.isActive || rollout.state === 'draft') return answer(false, 'inactive');
  const { id, category } = repository;
  if (id !== null && rollout.exclude.includes(id)) return answer(false, 'excluded');
  if (rollout.percentage === 0) return answer(false, 'zero_percent');
  if (id === null) return answer(false, 'missing_id');
  if (rollout.include.includes(id)) return answer(true, 'included');
  if (rollout.strategy === 'whitelist') return answer(false, 'not_on_list');
  if (rollout.percentage === 100) return answer(true, 'everybody');

  if (rollout.strategy === 'percentage') {
    const bucket = bucketOf({ ...rollout, repositoryId: id });
    const eligible = isInShare(bucket, rollout.percentage);
    return answer(eligible, eligible ? 'in_share' : 'out_of_share', bucket);
  }

  if (category === null) return answer(false, 'category_unknown');
  const share = categoryShare(category, rollout.percentage);
  if (share === 0) return answer(false, 'category_not_reached');
  if (share === BUCKETS) return answer(true, 'category_enrolled');
  const bucket = bucketOf({ ...rollout, repositoryId: id });
  const eligible = bucket < share;
  return answer(eligible, eligible ? 'category_in_share' : 'category_out_of_share', bucket);
}

/** How many of the 10,000 buckets of a category are enrolled at a percentage; never falls when it rises. */
function categoryShare(category: Category, percentage: number): number {
  const index = CATEGORIES.indexOf(category);
  const before = CATEGORIES[index - 1];
  const low = before === undefined ? 0 : CATEGORY_CUT_OFFS[before];
  const high = CATEGORY_CUT_OFFS[category];
  const share = Math.round(((percentage - low) / (high - low)) * BUCKETS);
  return Math.min(Math.max(share, 0), BUCKETS);
}
