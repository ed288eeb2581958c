import { sql } from 'kysely';
import type { Database } from '../store/database.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { insertMetrics } from './record-outcome.ts';

export interface CancelledJob {
  id: string;
  /** Still going on in GitHub Actions, where it learns of this by its next call. */
  workflowRunId: number | null;
}

/** What loses its jobs: a repository, an installation, or some repositories of an installation. */
export type CancelScope =
  | { repositoryId: number }
  | { installationId: number; repositoryIds?: readonly number[] };

/**
 * Cancels all live jobs of a repository or of an installation, with as many statements for thousands as for one; a run
 * in progress is told to stop by its next heartbeat.
 */
export async function cancelJobs(
  db: Database,
  scope: CancelScope,
  reason: string,
  now: Date = new Date(),
): Promise<CancelledJob[]> {
  return inTransaction(db, async (trx) => {
    let live = trx
      .selectFrom('progressive_capture_jobs')
      .selectAll()
      .where('status', 'in', ['queued', 'dispatched', 'running'])
      .orderBy('id')
      .forUpdate();
    if ('repositoryId' in scope) live = live.where('repository_id', '=', scope.repositoryId);
    else {
      live = live.where('installation_id', '=', scope.installationId);
      const { repositoryIds } = scope;
      if (repositoryIds)
        live = live.where('repository_id', '=', sql<number>`ANY(${[...repositoryIds]}::bigint[])`);
    }
    const jobs = await live.execute();
    const isOneOfThem = sql<string>`ANY(${jobs.map((job) => job.id)}::uuid[])`;
    await trx
      .updateTable('job_runs')
      .set({ state: 'ended', conclusion: 'cancelled', error: reason, ended_at: now })
      .where('job_id', '=', isOneOfThem)
      .where('state', '!=', 'ended')
      .execute();
    // The rows are locked, and every live job may be cancelled.
    const cancelled = await trx
      .updateTable('progressive_capture_jobs')
      .set({
        status: 'cancelled',
        status_reason: reason,
        lease_holder: null,
        lease_expires_at: null,
        completed_at: now,
        updated_at: now,
      })
      .where('id', '=', isOneOfThem)
      .returningAll()
      .execute();
    await insertMetrics(trx, cancelled, now);
    return jobs.map((job) => ({
      id: job.id,
      workflowRunId: job.status === 'queued' ? null : job.workflow_run_id,
    }));
  });
}
