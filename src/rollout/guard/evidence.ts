import type { Category } from '../category.ts';
import type { Sample } from './statistics.ts';

export const OUTCOMES = [
  'success',
  'failure',
  'timed_out',
  'lost',
  'cancelled',
  'skipped',
  'blocked',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Jobs that ended, by how. */
export type OutcomeCounts = Readonly<Record<Outcome, number>>;

export const NO_OUTCOMES: OutcomeCounts = {
  success: 0,
  failure: 0,
  timed_out: 0,
  lost: 0,
  cancelled: 0,
  skipped: 0,
  blocked: 0,
};

/** Ended jobs of one arm: all of them exposed, so that the rollout alone makes the difference. */
export interface ArmEvidence {
  /** Of the monitoring window, within the epoch. */
  window: OutcomeCounts;
  /** Of the epoch. */
  epoch: OutcomeCounts;
  /** Errors of the epoch by repository and monitoring window: how often a repository had so many in one window. */
  repositoryErrors: readonly { repositoryId: number; errors: number }[];
}

/** All that the guard goes by, read at one time. */
export interface GuardEvidence {
  at: Date;
  enrolled: ArmEvidence;
  control: ArmEvidence;
  /** The enrolled arm in the present phase. */
  phase: {
    counts: OutcomeCounts;
    /** Dispatched or running. */
    underWay: number;
    lastEndedAt: Date | null;
  };
  /** Where the present phase's time-outs are compared: the phase before, or the control arm in the first. */
  before: OutcomeCounts;
  /** The newest ended jobs of the enrolled arm that were blocked, without another outcome between them. */
  blockedInARow: { count: number; cure: string | null };
  /** That the App serves; those enrolled among them by the function that enrols. */
  repositories: {
    served: readonly { id: number; category: Category | null }[];
    enrolled: number;
  };
  /** Actions minutes of this calendar month (UTC), each run rounded up as it is billed. */
  actionsMinutes: number;
}

/** Errors are failures, time-outs and losses; cancelled, skipped and blocked jobs say nothing about a path. */
function countErrors(counts: OutcomeCounts): number {
  return counts.failure + counts.timed_out + counts.lost;
}

export function sampleOf(counts: OutcomeCounts): Sample {
  const errors = countErrors(counts);
  return { errors, jobs: errors + counts.success };
}

export function countEnded(counts: OutcomeCounts): number {
  return OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0);
}
