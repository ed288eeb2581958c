/** What each pass of the dispatcher asks of the queue, so that its cost does not grow with what waits. */
export const sql = /* sql */ `
DROP INDEX progressive_capture_jobs_due;
CREATE INDEX progressive_capture_jobs_due ON progressive_capture_jobs (not_before, processor_type) WHERE status = 'queued';
CREATE INDEX progressive_capture_jobs_queued_bulk ON progressive_capture_jobs (id) WHERE status = 'queued' AND is_bulk;
CREATE INDEX progressive_capture_jobs_held ON progressive_capture_jobs (status_reason)
  WHERE status = 'queued' AND status_reason IS NOT NULL;
`;
