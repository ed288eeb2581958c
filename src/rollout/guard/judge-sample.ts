import { evaluateEnrolment } from '../evaluate-enrolment.ts';
import { nextPhase, soakHoursBefore } from '../phases.ts';
import type { Rollout } from '../rollout-store.ts';
import { countEnded, type GuardEvidence, sampleOf } from './evidence.ts';
import { jobsNeeded, upperBound } from './statistics.ts';

/** A phase that would need longer than this for its sample is starved. */
const PATIENCE_HOURS = 30 * 24;

/** Whether a phase has the jobs that it takes to say that its error rate is within the limit. */
export interface SampleVerdict {
  /**
   * - `enough`: the upper bound is within the limit;
   * - `empty`: nobody is enrolled, so there will be no sample, and none is needed;
   * - `no_repositories`: the App serves none yet;
   * - `inconclusive`: more jobs are needed; `starved`: and they will not come in time.
   */
  status: 'enough' | 'empty' | 'no_repositories' | 'inconclusive' | 'starved';
  jobs: number;
  errors: number;
  /** One-sided 95 % bound of the error rate, percent. */
  upperBoundPercent: number;
  /** Jobs still to come, were none of them an error; null: no number would do. */
  missing: number | null;
  /** When they will have come at the present rate; null: at no known time. */
  expectedAt: Date | null;
  /** The lowest whole percentage at which a phase would get its sample within 30 days; null: none, or not asked. */
  reachableAt: number | null;
}

export function judgeSample(rollout: Rollout, evidence: GuardEvidence): SampleVerdict {
  const sample = sampleOf(evidence.phase.counts);
  const upperBoundPercent = upperBound(sample) * 100;
  const verdict = { ...sample, upperBoundPercent, missing: 0, expectedAt: null, reachableAt: null };
  const { served, enrolled } = evidence.repositories;
  if (upperBoundPercent <= rollout.maxErrorRate) return { ...verdict, status: 'enough' };
  if (served.length === 0) return { ...verdict, status: 'no_repositories' };
  if (enrolled === 0) return { ...verdict, status: 'empty' };

  const needed = jobsNeeded(sample.errors, rollout.maxErrorRate / 100);
  if (needed === null) return { ...verdict, missing: null, status: 'inconclusive' };
  const missing = needed - sample.jobs;
  const hours = hoursSince(rollout.phaseStartedAt, evidence.at);
  const hoursLeft =
    sample.jobs === 0 || hours === 0 ? Number.POSITIVE_INFINITY : (missing * hours) / sample.jobs;
  const isSoaked = hours >= soakHoursBefore(nextPhase(rollout), rollout);
  if (hoursLeft <= PATIENCE_HOURS || !isSoaked) {
    const expectedAt = Number.isFinite(hoursLeft)
      ? new Date(evidence.at.getTime() + hoursLeft * 3_600_000)
      : null;
    return { ...verdict, missing, expectedAt, status: 'inconclusive' };
  }
  return { ...verdict, missing, reachableAt: findReachable(rollout, evidence), status: 'starved' };
}

/** By the jobs that a repository has had in this epoch, whichever arm it was in. */
function findReachable(
  rollout: Rollout,
  { at, enrolled, control, repositories }: GuardEvidence,
): number | null {
  const hours = hoursSince(rollout.epochStartedAt, at);
  const ended = countEnded(enrolled.epoch) + countEnded(control.epoch);
  const needed = jobsNeeded(0, rollout.maxErrorRate / 100);
  if (hours === 0 || needed === null) return null;
  const perRepository = (ended / repositories.served.length / hours) * PATIENCE_HOURS;
  const suffices = (percentage: number) =>
    perRepository *
      repositories.served.filter((one) => evaluateEnrolment(one, { ...rollout, percentage }).eligible)
        .length >=
    needed;
  if (!suffices(100)) return null;
  let low = Math.floor(rollout.percentage);
  let high = 100;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (suffices(middle)) high = middle;
    else low = middle;
  }
  return high;
}

export function hoursSince(start: Date, now: Date): number {
  return Math.max(0, now.getTime() - start.getTime()) / 3_600_000;
}
