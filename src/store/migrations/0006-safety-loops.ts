/** What the safety loops remember between passes, and what people should know now: alarms. */
export const sql = /* sql */ `
-- Webhook deliveries that failed at every attempt so far. A row goes when one came through, or GitHub has dropped it.
CREATE TABLE failed_deliveries (
  guid text PRIMARY KEY,
  -- GitHub's number of the newest attempt.
  delivery_id bigint NOT NULL,
  event text NOT NULL,
  status text NOT NULL,
  -- 0: there was no answer.
  status_code integer NOT NULL,
  first_delivered_at timestamptz NOT NULL,
  -- The newest attempt, or when the newest one was asked for.
  last_tried_at timestamptz NOT NULL,
  requests integer NOT NULL DEFAULT 0 CHECK (requests >= 0)
);

-- One row for each thing that can be wrong and that nobody would notice; cleared_at is set while it is right again.
CREATE TABLE alarms (
  name text PRIMARY KEY,
  level text NOT NULL CHECK (level IN ('notice', 'alarm')),
  code text NOT NULL,
  message text NOT NULL,
  raised_at timestamptz NOT NULL,
  checked_at timestamptz NOT NULL,
  cleared_at timestamptz
);

-- Pruning goes by age.
CREATE INDEX progressive_capture_jobs_ended ON progressive_capture_jobs (completed_at) WHERE completed_at IS NOT NULL;
CREATE INDEX oidc_tokens_expires ON oidc_tokens (expires_at);
CREATE INDEX repositories_removed ON repositories (removed_at) WHERE removed_at IS NOT NULL;
`;
