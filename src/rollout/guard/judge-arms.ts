import type { Rollout } from '../rollout-store.ts';
import type { ArmEvidence } from './evidence.ts';
import { sampleOf } from './evidence.ts';
import { breachLevel, evidenceAgainst, type Sample } from './statistics.ts';

/** With fewer enrolled repositories than this, one of them may well be all there is. */
const MANY_REPOSITORIES = 5;
/** Errors that one of many repositories adds to the sequential test in one monitoring window. */
const REPOSITORY_CAP = 2;
/** Of many repositories so many must fail before the sequential test rolls back. */
const MIN_FAILING_REPOSITORIES = 2;

/** The documented rule: more than `minJobs` jobs in the window, and an error rate above the limit. */
export interface ThresholdVerdict extends Sample {
  breached: boolean;
}

/** The anytime-valid test on the whole epoch. */
export interface SequentialVerdict extends Sample {
  /** The wealth of the bet against "the error rate is within the limit". */
  e: number;
  /** The wealth at which it breaches. */
  breachAt: number;
  /** Errors that were left out, of jobs and errors both, because one repository had too many of them. */
  capped: number;
  failingRepositories: number;
  breached: boolean;
}

export interface ArmVerdicts {
  threshold: ThresholdVerdict;
  sequential: SequentialVerdict;
}

export type JudgedSettings = Pick<Rollout, 'maxErrorRate' | 'minJobs' | 'sequentialAlpha' | 'epoch'>;

/** Both verdicts on one arm, whichever of them is obeyed. */
export function judgeArm(
  arm: ArmEvidence,
  settings: JudgedSettings,
  { repositories }: { repositories: number },
): ArmVerdicts {
  return {
    threshold: judgeThreshold(sampleOf(arm.window), settings),
    sequential: judgeSequential(sampleOf(arm.epoch), settings, {
      repositories,
      errorsOf: arm.repositoryErrors,
    }),
  };
}

/** Both comparisons are strict: 11 jobs with 1 error breach a limit of 5 %, 10 jobs never do, 5 % exactly never does. */
export function judgeThreshold(
  sample: Sample,
  { maxErrorRate, minJobs }: Pick<JudgedSettings, 'maxErrorRate' | 'minJobs'>,
): ThresholdVerdict {
  const isEnough = sample.jobs > minJobs;
  return { ...sample, breached: isEnough && sample.errors * 100 > maxErrorRate * sample.jobs };
}

export function judgeSequential(
  sample: Sample,
  { maxErrorRate, minJobs, sequentialAlpha, epoch }: JudgedSettings,
  { repositories, errorsOf }: { repositories: number; errorsOf: ArmEvidence['repositoryErrors'] },
): SequentialVerdict {
  const isMany = repositories >= MANY_REPOSITORIES;
  const capped = isMany
    ? errorsOf.reduce((sum, { errors }) => sum + Math.max(0, errors - REPOSITORY_CAP), 0)
    : 0;
  const jobs = sample.jobs - capped;
  const errors = sample.errors - capped;
  const e = evidenceAgainst({ jobs, errors }, maxErrorRate / 100);
  const breachAt = breachLevel(sequentialAlpha, epoch);
  const failing = new Set(errorsOf.filter((one) => one.errors > 0).map((one) => one.repositoryId)).size;
  const areEnough = !isMany || failing >= MIN_FAILING_REPOSITORIES;
  return {
    jobs,
    errors,
    capped,
    e,
    breachAt,
    failingRepositories: failing,
    breached: jobs > minJobs && areEnough && e >= breachAt,
  };
}
