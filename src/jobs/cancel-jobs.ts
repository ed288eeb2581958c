import type { Database } from '../store/database.ts';
import { inTransaction } from './in-transaction.ts';
import { moveJob } from './move-job.ts';
import { insertMetrics } from './record-outcome.ts';

export interface CancelledJob {
  id: string;
  /** Still going on in GitHub Actions, where it learns of this by its next call. */
  workflowRunId: number | null;
}

/** Cancels all live jobs of a repository or of an installation; a run in progress is told to stop by its next heartbeat. */
export async function cancelJobs(
  db: Database,
  scope: { repositoryId: number } | { installationId: number },
  reason: string,
  now: Date = new Date(),
): Promise<CancelledJob[]> {
  return inTransaction(db, async (trx) => {
    const jobs = await trx
      .selectFrom('progressive_capture_jobs')
      .selectAll()
      .where('status', 'in', ['queued', 'dispatched', 'running'])
      .where((eb) =>
        'repositoryId' in scope
          ? eb('repository_id', '=', scope.repositoryId)
          : eb('installation_id', '=', scope.installationId),
      )
      .orderBy('id')
      .forUpdate()
      .execute();
    for (const job of jobs) {
      await trx
        .updateTable('job_runs')
        .set({ state: 'ended', conclusion: 'cancelled', error: reason, ended_at: now })
        .where('job_id', '=', job.id)
        .where('state', '!=', 'ended')
        .execute();
      const cancelled = await moveJob(trx, job, 'cancelled', {
        now,
        status_reason: reason,
        lease_holder: null,
        lease_expires_at: null,
      });
      await insertMetrics(trx, cancelled, now);
    }
    return jobs.map((job) => ({
      id: job.id,
      workflowRunId: job.status === 'queued' ? null : job.workflow_run_id,
    }));
  });
}
