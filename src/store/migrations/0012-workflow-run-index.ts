/** Most jobs never have a workflow run: each webhook wrote an entry for nothing. */
export const sql = /* sql */ `
DROP INDEX progressive_capture_jobs_workflow_run;
CREATE UNIQUE INDEX progressive_capture_jobs_workflow_run ON progressive_capture_jobs (workflow_run_id, id)
  WHERE workflow_run_id IS NOT NULL;
`;
