/** What the monitor looks for: the newest jobs, those that run, and those that went wrong. */
export const sql = /* sql */ `
CREATE INDEX progressive_capture_jobs_created ON progressive_capture_jobs (created_at, id);
CREATE INDEX progressive_capture_jobs_wrong ON progressive_capture_jobs (completed_at)
  WHERE status IN ('failed', 'timed_out', 'lost', 'blocked');
CREATE INDEX progressive_capture_jobs_live ON progressive_capture_jobs (status, created_at)
  WHERE status IN ('queued', 'dispatched', 'running');
`;
