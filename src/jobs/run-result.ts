import type { Job, JobRun } from './job.ts';

/** What a run did. */
export interface RunResult {
  pullRequests: number;
  rows: number;
  points: number;
  requests: number;
  seconds: number;
  /** False: something could not be fetched, `gaps` says how much. */
  complete: boolean;
  gaps: number;
}

/** What a run has done in all: its last part, and what it did before it was paused. */
export function totalOf(job: Job, run: JobRun, last: RunResult | null): RunResult | null {
  const before = run.pauses > 0 ? (job.result as RunResult | null) : null;
  if (!before || !last) return last ?? before;
  return {
    ...last,
    pullRequests: before.pullRequests + last.pullRequests,
    rows: before.rows + last.rows,
    points: before.points + last.points,
    requests: before.requests + last.requests,
    seconds: before.seconds + last.seconds,
  };
}

/** The columns of `job_runs` that tell it. */
export function resultColumns(result: RunResult | null) {
  return {
    points: result?.points ?? null,
    requests: result?.requests ?? null,
    rows_stored: result?.rows ?? null,
  };
}
