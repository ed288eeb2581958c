import { isEnded, type JobStatus } from '../../src/jobs/transitions.ts';
import type { RefusalCode } from './refused-error.ts';

/** What the store says about the job that a run claims. */
export interface ClaimedJob {
  id: string;
  status: JobStatus;
  processorType: string;
  /** The job's newest `job_runs` row; null when it never had one. */
  run: {
    state: string;
    workflowRunId: number | null;
    workflowRunAttempt: number | null;
  } | null;
}

/** Who claims: a workflow run, proven by its OIDC token. */
export interface ClaimingRun {
  runId: number;
  runAttempt: number;
}

export type ClaimJudgement =
  | { kind: 'accept' }
  /** The job's run id is not known yet: GitHub must say whether this run was started for this job. */
  | { kind: 'ask_github' }
  | { kind: 'refuse'; code: RefusalCode; message: string };

/**
 * Whether a workflow run may carry out this job. `isProven`: GitHub itself has said that the run was started for this job.
 */
export function judgeClaim(job: ClaimedJob, claiming: ClaimingRun, isProven: boolean): ClaimJudgement {
  const refuse = (code: RefusalCode, message: string): ClaimJudgement => ({ kind: 'refuse', code, message });

  if (isEnded(job.status)) {
    return refuse(
      'already_finished',
      `Job ${job.id} has already ended: ${job.status}. There is nothing to do.`,
    );
  }
  const known = job.run?.workflowRunId ?? null;
  if (known !== null && known !== claiming.runId) {
    return refuse(
      'wrong_run',
      `Job ${job.id} belongs to the workflow run ${known}, not to ${claiming.runId}. End this run; nothing is lost.`,
    );
  }
  const isRunOpen = job.run !== null && job.run.state !== 'ended';
  if (job.processorType !== 'github_actions' || !isRunOpen) {
    return refuse(
      'not_dispatched',
      `Job ${job.id} waits to be started by the app. End this run; nothing is lost.`,
    );
  }
  if (known === null && !isProven) return { kind: 'ask_github' };
  const attempt = job.run?.workflowRunAttempt ?? 0;
  if (claiming.runAttempt < attempt) {
    return refuse(
      'stale_attempt',
      `Attempt ${attempt} of this workflow run has taken over job ${job.id}; this is attempt ${claiming.runAttempt}. End it.`,
    );
  }
  return { kind: 'accept' };
}
