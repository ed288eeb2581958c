import type { Database } from '../store/database.ts';
import { inTransaction } from '../store/in-transaction.ts';
import type { Job } from './job.ts';
import { lockCurrentRun } from './lock-run.ts';
import { type RunResult, resultColumns, totalOf } from './run-result.ts';

/** The reason of a job that GitHub refuses until its `not_before`: running, its run is paused; queued, it was not sent. */
export const WAITING_FOR_GITHUB = 'waiting_for_github';

/** Whether the job's run waits for GitHub's limits: nobody works on it now, and no sign of life is to be expected. */
export function isPaused({ status, statusReason }: { status: string; statusReason: string | null }): boolean {
  return status === 'running' && statusReason === WAITING_FOR_GITHUB;
}

export interface PauseRunOptions {
  jobId: string;
  run: number;
  /** The execution that holds the run, and lets go of it. */
  holder: string;
  /** What it did since it began, or went on. */
  result: RunResult | null;
  /** When GitHub's limit is over. */
  until: Date;
  /** Milliseconds after that within which the run has to go on. */
  leaseMs: number;
  /** Runs of one installation that may wait at a time. */
  perInstallation: number;
  now?: Date;
}

/**
 * Lets a running run wait: it stays the job's run, nobody holds it, and whoever carries it out starts it again at that
 * time (`startRun`). False: nothing was written, since the run is not held any more, or enough runs of the installation
 * wait; then it has to be ended.
 */
export async function pauseRun(db: Database, options: PauseRunOptions): Promise<boolean> {
  const { until, now = new Date() } = options;
  return inTransaction(db, async (trx) => {
    const found = await lockCurrentRun(trx, options.jobId, options.run);
    if (!found) return false;
    const { job, run } = found;
    if (job.status !== 'running' || job.lease_holder !== options.holder || run.state !== 'running')
      return false;
    if ((await countPaused(trx, job)) >= options.perInstallation) return false;

    const result = totalOf(job, run, options.result);
    await trx
      .updateTable('job_runs')
      .set({ ...resultColumns(result), pauses: run.pauses + 1, paused_at: now })
      .where('job_id', '=', job.id)
      .where('run', '=', run.run)
      .execute();
    await trx
      .updateTable('progressive_capture_jobs')
      .set({
        status_reason: WAITING_FOR_GITHUB,
        not_before: until,
        lease_holder: null,
        lease_expires_at: new Date(until.getTime() + options.leaseMs),
        heartbeat_at: now,
        updated_at: now,
        // Also where there is none: what stands there may be of the run before.
        result: result ? JSON.stringify(result) : null,
      })
      .where('id', '=', job.id)
      .execute();
    return true;
  });
}

/** Until when a paused run waits; null: it is not paused. */
export async function findPausedUntil(db: Database, jobId: string, run: number): Promise<Date | null> {
  const job = await db
    .selectFrom('progressive_capture_jobs')
    .select('not_before')
    .where('id', '=', jobId)
    .where('run', '=', run)
    .where('status', '=', 'running')
    .where('status_reason', '=', WAITING_FOR_GITHUB)
    .executeTakeFirst();
  return job?.not_before ?? null;
}

async function countPaused(trx: Database, { installation_id }: Job): Promise<number> {
  const { count } = await trx
    .selectFrom('progressive_capture_jobs')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    // `dispatched` as well, so that the partial index is seen to fit.
    .where('status', 'in', ['dispatched', 'running'])
    .where('status_reason', '=', WAITING_FOR_GITHUB)
    .where('installation_id', '=', installation_id)
    .executeTakeFirstOrThrow();
  return count;
}
