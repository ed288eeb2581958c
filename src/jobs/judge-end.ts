import type { JobStatus } from './transitions.ts';

/** How a run ended. `lost`: no life sign past its lease. `continue`: stopped cleanly with work left. */
export type RunOutcome =
  | 'success'
  | 'failure'
  | 'timed_out'
  | 'lost'
  | 'cancelled'
  | 'skipped'
  | 'blocked'
  | 'continue';

export interface EndedRun {
  outcome: RunOutcome;
  /** Number of the attempt that the run was, from 1. */
  attempt: number;
  maxAttempts: number;
  /** The run has taken its job up; false: it ended before it reported anything. */
  hasBegun: boolean;
  /** The run stored rows. */
  hasProgress: boolean;
  /** With `continue`: not before this time; null is at once. */
  continueAt: Date | null;
  now: Date;
}

export interface Verdict {
  status: JobStatus;
  /** Attempts that count as used from now on. */
  attempt: number;
  /** When the job is due again; null once it has ended. */
  notBefore: Date | null;
  statusReason: string;
}

const FINAL = {
  success: 'completed',
  failure: 'failed',
  timed_out: 'timed_out',
  lost: 'lost',
  cancelled: 'cancelled',
  skipped: 'skipped',
  blocked: 'blocked',
} as const;

/**
 * What becomes of a job when a run of it ends. A failure, time-out or loss uses up its attempt and the job waits for
 * the next one, until the last. A continuation uses none; one that stored rows gives back those used before, since
 * attempts bound failures in a row, not the hiccups of a capture of many hours.
 *
 * Runs that fail before they begin have causes outside (spending limit, a workflow file that can't run): after the last
 * attempt that is `blocked`, which says nothing about the rollout, while a cause that passes by itself loses no work.
 */
export function judgeEnd(run: EndedRun): Verdict {
  const { outcome, attempt, now } = run;
  if (outcome === 'continue') {
    const notBefore = run.continueAt && run.continueAt > now ? run.continueAt : now;
    return {
      status: 'queued',
      attempt: run.hasProgress ? 0 : attempt - 1,
      notBefore,
      statusReason: 'continuation',
    };
  }
  const isRetryable = outcome === 'failure' || outcome === 'timed_out' || outcome === 'lost';
  if (isRetryable && attempt < run.maxAttempts) {
    const delayMs = outcome === 'lost' ? 0 : retryDelayMs(attempt);
    return {
      status: 'queued',
      attempt,
      notBefore: new Date(now.getTime() + delayMs),
      statusReason: `retry_after_${outcome}`,
    };
  }
  const final = outcome === 'failure' && !run.hasBegun ? 'blocked' : outcome;
  return { status: FINAL[final], attempt, notBefore: null, statusReason: final };
}

/** Milliseconds to wait after the attempt of this number: 30 s, 2 min, 8 min, then 15 min. */
export function retryDelayMs(attempt: number): number {
  return Math.min(30_000 * 4 ** (attempt - 1), 900_000);
}
