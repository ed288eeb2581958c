/**
 * A run that is with Inngest can wait there for GitHub's limits, and go on as the same run. `paused_at` is set while it
 * waits, and stays when it ends before it goes on; `paused_seconds` is the time of the waits that are over.
 */
export const sql = /* sql */ `
ALTER TABLE job_runs
  ADD COLUMN pauses integer NOT NULL DEFAULT 0 CHECK (pauses >= 0),
  ADD COLUMN paused_at timestamptz,
  ADD COLUMN paused_seconds double precision NOT NULL DEFAULT 0 CHECK (paused_seconds >= 0);
`;
