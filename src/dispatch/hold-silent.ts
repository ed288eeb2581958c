import { sql } from 'kysely';
import { WAITING_FOR_GITHUB } from '../jobs/pause-run.ts';
import type { Database } from '../store/database.ts';

/**
 * Puts the due jobs of installations that GitHub refuses now off until it answers again: each would begin, be refused, and
 * cost two executions. Those of GitHub Actions are left: a run that is on its way is not sooner there. Answers their ids.
 */
export async function holdSilentJobs(db: Database, now: Date): Promise<string[]> {
  const silent = await db
    .selectFrom('installation_budgets')
    .select('installation_id')
    .where('silent_until', '>', now)
    .execute();
  // As good as always: then the jobs need not be looked at.
  if (silent.length === 0) return [];
  const { rows } = await sql<{ id: string }>`
    UPDATE progressive_capture_jobs AS job
    SET not_before = budget.silent_until, status_reason = ${WAITING_FOR_GITHUB}, updated_at = ${now}
    FROM installation_budgets AS budget
    WHERE budget.installation_id = job.installation_id
      AND budget.installation_id = ANY (${silent.map(({ installation_id: id }) => id)}::bigint[])
      AND job.status = 'queued' AND job.processor_type = 'inngest' AND job.not_before <= ${now}
      AND (job.lease_expires_at IS NULL OR job.lease_expires_at < ${now})
    RETURNING job.id`.execute(db);
  return rows.map(({ id }) => id);
}
