import type { Database } from '../store/database.ts';
import { inTransaction } from '../store/in-transaction.ts';
import type { Job, JobRun, Worker } from './job.ts';
import { lockCurrentRun } from './lock-run.ts';
import { moveJob } from './move-job.ts';

export interface StartRunOptions {
  jobId: string;
  run: number;
  worker: Worker;
  /** Names this very execution; a heartbeat with another holder is told to stop. */
  holder?: string;
  workflowRunId?: number;
  workflowRunAttempt?: number;
  inngestRunId?: string;
  sessionTokenHash?: string;
  billing?: JobRun['billing'];
  leaseMs: number;
  now?: Date;
}

/**
 * Begins a run, or goes on with one that was paused. Null: it is not the job's current run, it has ended, or somebody else
 * carries it out. The same workflow run (in this attempt or a higher one) and the same Inngest run take a running run
 * over: their platform started them again because the execution before is gone.
 */
export async function startRun(db: Database, options: StartRunOptions): Promise<Job | null> {
  const { now = new Date() } = options;
  return inTransaction(db, async (trx) => {
    const found = await lockCurrentRun(trx, options.jobId, options.run);
    if (!found || found.run.state === 'ended') return null;
    const { run } = found;
    let { job } = found;
    const columns = {
      attempt: run.attempt,
      started_at: job.started_at ?? now,
      heartbeat_at: now,
      lease_holder: options.holder ?? options.worker,
      lease_expires_at: new Date(now.getTime() + options.leaseMs),
      ...(options.workflowRunId !== undefined ? { workflow_run_id: options.workflowRunId } : {}),
    };

    if (job.status === 'running') {
      if (!mayTakeOver(run, options)) return null;
      job = await trx
        .updateTable('progressive_capture_jobs')
        .set({ ...columns, status_reason: null, updated_at: now })
        .where('id', '=', job.id)
        .returningAll()
        .executeTakeFirstOrThrow();
    } else {
      if (run.workflow_run_id !== null && run.workflow_run_id !== (options.workflowRunId ?? null))
        return null;
      // The worker may be faster than the dispatcher's own note that it has sent the run.
      if (job.status === 'queued') {
        job = await moveJob(trx, job, 'dispatched', { now, dispatched_at: now, status_reason: null });
      }
      job = await moveJob(trx, job, 'running', { now, ...columns, status_reason: null, error: null });
    }
    await trx
      .updateTable('job_runs')
      .set({
        state: 'running',
        worker: options.worker,
        started_at: run.started_at ?? now,
        paused_at: null,
        paused_seconds: run.paused_seconds + secondsSince(run.paused_at, now),
        workflow_run_id: options.workflowRunId ?? run.workflow_run_id,
        workflow_run_attempt: options.workflowRunAttempt ?? run.workflow_run_attempt,
        inngest_run_id: options.inngestRunId ?? run.inngest_run_id,
        session_token_hash: options.sessionTokenHash ?? run.session_token_hash,
        billing: options.billing ?? run.billing,
      })
      .where('job_id', '=', job.id)
      .where('run', '=', run.run)
      .execute();
    return job;
  });
}

function secondsSince(time: Date | null, now: Date): number {
  return time ? Math.max(0, now.getTime() - time.getTime()) / 1_000 : 0;
}

function mayTakeOver(run: JobRun, by: StartRunOptions): boolean {
  if (by.worker === 'inngest') return by.inngestRunId !== undefined && by.inngestRunId === run.inngest_run_id;
  if (by.worker !== 'workflow' || by.workflowRunId !== run.workflow_run_id) return false;
  return (by.workflowRunAttempt ?? 0) >= (run.workflow_run_attempt ?? 0);
}
