import { sql } from 'kysely';
import type { Database } from '../../../src/store/database.ts';

export const HOUR = 3_600_000;
const SALT = 'salt-4';

export interface EndedJobs {
  outcome: 'success' | 'failure' | 'timed_out' | 'lost' | 'cancelled' | 'skipped' | 'blocked';
  count?: number;
  repositoryId?: number;
  arm?: 'enrolled' | 'control';
  exposed?: boolean;
  epoch?: number;
  phase?: number;
  /** Default: now. */
  at?: Date;
  error?: string;
}

/** A rollout at 10 % of everybody, with repositories 1 to `repositories`, nothing captured. */
export async function resetRollout(db: Database, { repositories = 20, percentage = 10 } = {}): Promise<void> {
  await sql`DELETE FROM repositories`.execute(db);
  await sql`DELETE FROM rollout_configuration`.execute(db);
  await sql`DELETE FROM rollout_notices`.execute(db);
  await sql`DELETE FROM rollout_guard`.execute(db);
  // Always the same repositories are in, at 10 % three of 20.
  await sql`INSERT INTO rollout_configuration (feature_name, salt, rollout_percentage, rollout_strategy)
    VALUES ('hybrid_progressive_capture', ${SALT}, ${percentage}, 'percentage')`.execute(db);
  await sql`INSERT INTO repositories (id, full_name, installation_id)
    SELECT id, 'acme/r' || id, 7 FROM generate_series(1, ${repositories}::integer) AS id`.execute(db);
}

/** Sets columns of the rollout by hand, without the effects of its trigger. */
export async function force(db: Database, columns: string): Promise<void> {
  await sql
    .raw('ALTER TABLE rollout_configuration DISABLE TRIGGER rollout_configuration_version')
    .execute(db);
  await sql.raw(`UPDATE rollout_configuration SET ${columns}`).execute(db);
  await sql.raw('ALTER TABLE rollout_configuration ENABLE TRIGGER rollout_configuration_version').execute(db);
}

/** Jobs that have ended, as the product stores them. */
export async function insertEnded(db: Database, ...ended: EndedJobs[]): Promise<void> {
  for (const one of ended) {
    const { outcome, count = 1, repositoryId, arm = 'enrolled', exposed = true, epoch = 1, phase = 0 } = one;
    const status = outcome === 'success' ? 'completed' : outcome === 'failure' ? 'failed' : outcome;
    const isError = ['failure', 'timed_out', 'lost'].includes(outcome);
    const at = one.at ?? new Date();
    await sql`
      WITH numbered AS (SELECT n, coalesce(${repositoryId ?? null}::bigint, 1 + n % 20) AS repository_id
        FROM generate_series(1, ${count}::integer) AS n),
      jobs AS (
        INSERT INTO progressive_capture_jobs (repository_id, installation_id, job_type, target, include, reason,
          processor_type, rule, enrolment_reason, is_exposed, is_bulk, arm, rollout_epoch, rollout_phase, rollout_version,
          status, error, created_at, completed_at)
        SELECT repository_id, 7, 'history', 'history', '{pull-requests}', 'scheduled',
          ${arm === 'enrolled' ? 'github_actions' : 'inngest'}, 'historical', 'in_share', ${exposed}, true, ${arm},
          ${epoch}, ${phase}, 1, ${status}, ${one.error ?? null}, ${at}, ${at}
        FROM numbered RETURNING id, repository_id, processor_type)
      INSERT INTO rollout_metrics (job_id, repository_id, processor_type, outcome, exposed, arm, epoch, phase,
        success_count, error_count, average_processing_time, created_at)
      SELECT id, repository_id, processor_type, ${outcome}, ${exposed}, ${arm}, ${epoch}, ${phase},
        ${outcome === 'success' ? 1 : 0}, ${isError ? 1 : 0}, 1, ${at} FROM jobs`.execute(db);
  }
}
