import { sql } from 'kysely';
import type { Database } from '../../../src/store/database.ts';

/** Texts of strangers that try to be more than text. */
export const HOSTILE = {
  repository: `acme/<img src=x onerror=alert(1)>"'&\u202egnp.exe`,
  error:
    '</p></section><script>window.pwned = true</script> ::error::x \u001b[31mred\u001b[0m ' +
    'long'.repeat(200),
  event: '"><svg onload=window.pwned=true>',
};

export interface Seed {
  installationId: number;
  /** Of repositories that are there already; the hostile one is made where it is not. */
  repositoryIds: readonly number[];
  hostileId: number;
  /** Ended jobs, spread over the last 24 hours. */
  jobs: number;
  /** One in so many of them went wrong. */
  wrongEvery: number;
}

export const RUNNING_JOB_ID = '00000000-0000-4000-8000-000000000001';

/** Fills the tables that the monitor reads with a day's work, in a handful of statements. */
export async function seedMonitor(db: Database, seed: Seed): Promise<void> {
  const { installationId, jobs, wrongEvery, hostileId } = seed;
  await sql`INSERT INTO repositories (id, full_name, installation_id, pull_requests_count)
    VALUES (${hostileId}, ${HOSTILE.repository}, ${installationId}, 12)
    ON CONFLICT (id) DO UPDATE SET full_name = excluded.full_name, installation_id = excluded.installation_id`.execute(
    db,
  );
  const ids = [...seed.repositoryIds, hostileId];
  await sql`
    WITH made AS (
      INSERT INTO progressive_capture_jobs (repository_id, installation_id, job_type, target, items, include, reason,
        processor_type, rule, enrolment_reason, is_exposed, is_bulk, arm, rollout_epoch, rollout_phase, rollout_version,
        status, error, attempt, run, created_at, started_at, completed_at)
      SELECT (${ids}::bigint[])[1 + n % ${ids.length}::integer], ${installationId},
        CASE WHEN n % 5 = 0 THEN 'history' ELSE 'pull_requests' END, 'seed ' || n,
        CASE WHEN n % 5 = 0 THEN '{}'::integer[] ELSE ARRAY[n % 4000 + 1] END, '{pull-requests}',
        CASE WHEN n % 5 = 0 THEN 'installation' ELSE 'webhook' END,
        CASE WHEN n % 5 = 0 THEN 'github_actions' ELSE 'inngest' END,
        CASE WHEN n % 5 = 0 THEN 'historical' ELSE 'small_batch' END, 'share', n % 5 = 0, n % 5 = 0, 'enrolled', 1, 0, 1,
        CASE WHEN n % ${wrongEvery}::integer = 0 THEN 'failed' ELSE 'completed' END,
        CASE WHEN n % ${wrongEvery}::integer = 0 THEN ${HOSTILE.error} END, 1, 1,
        at, at + interval '1 second', at + interval '2 seconds' + (n % 40) * interval '0.1 second'
      FROM (SELECT n, now() - interval '23 hours' * n / ${jobs} - interval '10 seconds' AS at
        FROM generate_series(1, ${jobs}::integer) AS n) AS spread
      RETURNING id, repository_id, processor_type, status, is_exposed, created_at, started_at, completed_at),
    runs AS (
      INSERT INTO job_runs (job_id, run, attempt, processor_type, worker, state, conclusion, rows_stored, points, requests,
        created_at, started_at, ended_at, workflow_run_id, inngest_run_id)
      SELECT id, 1, 1, processor_type, CASE processor_type WHEN 'inngest' THEN 'inngest' ELSE 'workflow' END, 'ended',
        CASE status WHEN 'failed' THEN 'failure' ELSE 'success' END, 40, 3, 5, created_at, started_at, completed_at,
        CASE processor_type WHEN 'github_actions' THEN 8800000000 END, CASE processor_type WHEN 'inngest' THEN 'RUN' END
      FROM made)
    INSERT INTO rollout_metrics (job_id, repository_id, processor_type, outcome, exposed, arm, epoch, phase, success_count,
      error_count, average_processing_time, created_at)
    SELECT id, repository_id, processor_type, CASE status WHEN 'failed' THEN 'failure' ELSE 'success' END, is_exposed,
      'enrolled', 1, 0, (status = 'completed')::integer, (status = 'failed')::integer, 2, completed_at FROM made`.execute(
    db,
  );
  await sql`INSERT INTO progressive_capture_jobs (id, repository_id, installation_id, job_type, target, include, reason,
      processor_type, rule, enrolment_reason, is_exposed, is_bulk, arm, rollout_epoch, rollout_phase, rollout_version, status,
      attempt, run, started_at, dispatched_at, heartbeat_at, lease_expires_at, lease_holder, workflow_run_id, progress)
    VALUES (${RUNNING_JOB_ID}, ${hostileId}, ${installationId}, 'history', 'all', '{pull-requests}',
      'installation', 'github_actions', 'historical', 'included', true, true, 'enrolled', 1, 0, 1, 'running', 1, 1,
      now() - interval '4 minutes', now() - interval '5 minutes', now(), now() + interval '1 hour', 'run', 8800000001,
      '{"done": 4200, "total": 6375, "points": 900, "requests": 880, "rows": 51000, "pointsLeft": 4100, "restLeft": 4800}')`.execute(
    db,
  );
  await sql`INSERT INTO job_runs (job_id, run, attempt, processor_type, worker, state, started_at, workflow_run_id)
    VALUES (${RUNNING_JOB_ID}, 1, 1, 'github_actions', 'workflow', 'running',
      now() - interval '4 minutes', 8800000001)`.execute(db);
  await sql`INSERT INTO installation_budgets (installation_id, points_left, points_told_at, points_reset_at, rest_left,
      rest_told_at, rest_reset_at)
    VALUES (${installationId}, 4100, now(), now() + interval '40 minutes', 4800, now(), now() + interval '40 minutes')
    ON CONFLICT (installation_id) DO NOTHING`.execute(db);
  await sql`INSERT INTO deliveries (id, event, action, repository_id, outcome, job_ids, received_at)
    SELECT 'seed ' || job.target, 'pull_request', 'edited', job.repository_id, 'planned', ARRAY[job.id], job.created_at
    FROM progressive_capture_jobs job WHERE job.target LIKE 'seed %'`.execute(db);
  await sql`INSERT INTO deliveries (id, event, repository_id, outcome)
    VALUES ('hostile', ${HOSTILE.event}, ${hostileId}, 'done')`.execute(db);
  await sql`INSERT INTO failed_deliveries (guid, delivery_id, event, status, status_code, first_delivered_at,
      last_tried_at, requests)
    VALUES ('failed', 1, 'pull_request', ${HOSTILE.event}, 503, now() - interval '1 hour', now(), 3)`.execute(
    db,
  );
}
