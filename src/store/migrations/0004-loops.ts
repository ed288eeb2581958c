/**
 * What the loops need: when a pass under a lease last came through, and how they find histories that are under way, and
 * those that were captured completely, without reading the other jobs of a repository.
 */
export const sql = /* sql */ `
ALTER TABLE leases ADD COLUMN passed_at timestamptz;

CREATE INDEX progressive_capture_jobs_live_history ON progressive_capture_jobs (repository_id)
  WHERE job_type = 'history' AND status IN ('queued', 'dispatched', 'running');
CREATE INDEX progressive_capture_jobs_captures ON progressive_capture_jobs (repository_id, started_at)
  WHERE job_type = 'history' AND status = 'completed' AND result ->> 'complete' = 'true';
`;
