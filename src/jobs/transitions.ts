/** The life of a job. `queued`, `dispatched` and `running` are live; in every other status the job has ended. */
export const JOB_STATUSES = [
  'queued',
  'dispatched',
  'running',
  'completed',
  'failed',
  'cancelled',
  'timed_out',
  'lost',
  'skipped',
  'blocked',
] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/**
 * From each status, those that may follow.
 * - A live job goes back to `queued` for a continuation, for another attempt, or to be routed again.
 * - `completed` needs a run that was seen running; a run that never reported can fail, be lost or be blocked.
 * - What has ended stays as it is: work that is wanted again is a new job.
 */
const JOB_TRANSITIONS: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  queued: ['dispatched', 'cancelled', 'skipped', 'blocked'],
  dispatched: ['running', 'queued', 'failed', 'cancelled', 'timed_out', 'lost', 'skipped', 'blocked'],
  running: ['queued', 'completed', 'failed', 'cancelled', 'timed_out', 'lost', 'skipped', 'blocked'],
  completed: [],
  failed: [],
  cancelled: [],
  timed_out: [],
  lost: [],
  skipped: [],
  blocked: [],
};

export function canTransition(from: JobStatus, to: JobStatus): boolean {
  return JOB_TRANSITIONS[from].includes(to);
}

/** Whether the job is over: nothing may follow. */
export function isEnded(status: JobStatus): boolean {
  return JOB_TRANSITIONS[status].length === 0;
}
