import { sql, type Transaction } from 'kysely';
import type { Progress } from '../jobs-api/protocol.ts';
import { FEATURE_NAME } from '../rollout/evaluate-enrolment.ts';
import type { DB } from '../store/database.generated.ts';
import type { Database } from '../store/database.ts';
import { inTransaction } from '../store/in-transaction.ts';
import type { Job, Worker } from './job.ts';
import { findRun, lockCurrentRun } from './lock-run.ts';
import { moveJob } from './move-job.ts';

export { cancelJobs } from './cancel-jobs.ts';
export { endRun } from './end-run.ts';
export { requeueLostRuns } from './lost-runs.ts';
export { pauseRun } from './pause-run.ts';
export { startRun } from './start-run.ts';

/** Milliseconds that a dispatcher holds a job while it sends; after that another one may try. */
const DISPATCH_LEASE_MS = 60_000;

export interface ReserveOptions {
  now?: Date;
  leaseMs?: number;
  /** Bulk runs that one installation may have at a time; needed for jobs that go to GitHub Actions. */
  bulkPerInstallation: number;
}

/**
 * Takes a due job for dispatching and gives its run a number, or returns null: not due, held by another dispatcher, or,
 * on its way to GitHub Actions, its installation has all the bulk runs that it may have, or the rollout has changed (a
 * stop!) since it was routed, so that it must be routed again first. A reserved run that was never sent keeps its number.
 */
export async function reserveRun(
  db: Database,
  jobId: string,
  holder: string,
  { now = new Date(), leaseMs = DISPATCH_LEASE_MS, bulkPerInstallation }: ReserveOptions,
): Promise<{ job: Job; run: number } | null> {
  return inTransaction(db, async (trx) => {
    const due = trx
      .selectFrom('progressive_capture_jobs')
      .selectAll()
      .where('id', '=', jobId)
      .where('status', '=', 'queued')
      .where('not_before', '<=', now)
      .where((eb) => eb.or([eb('lease_expires_at', 'is', null), eb('lease_expires_at', '<', now)]));
    const seen = await due.executeTakeFirst();
    if (!seen) return null;
    if (seen.processor_type === 'github_actions') {
      if (!(await isRoutedAsOfNow(trx, seen))) return null;
      const running = await countBulkRuns(trx, seen.installation_id, jobId, now);
      if (running >= bulkPerInstallation) return null;
    }
    const job = await due.forUpdate().skipLocked().executeTakeFirst();
    if (!job || job.processor_type !== seen.processor_type) return null;

    const run = await takeRunNumber(trx, job, now);
    const reserved = await trx
      .updateTable('progressive_capture_jobs')
      .set({
        run,
        lease_holder: holder,
        lease_expires_at: new Date(now.getTime() + leaseMs),
        updated_at: now,
      })
      .where('id', '=', jobId)
      .returningAll()
      .executeTakeFirstOrThrow();
    return { job: reserved, run };
  });
}

async function isRoutedAsOfNow(trx: Transaction<DB>, job: Job): Promise<boolean> {
  const rollout = await trx
    .selectFrom('rollout_configuration')
    .select('version')
    .where('feature_name', '=', FEATURE_NAME)
    .executeTakeFirst();
  return rollout?.version === job.rollout_version;
}

/** Locks the installation first, so that two dispatchers can't each start the last run that is allowed. */
async function countBulkRuns(trx: Transaction<DB>, installationId: number, jobId: string, now: Date) {
  await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`bulk:${installationId}`}, 0))`.execute(trx);
  const { count } = await trx
    .selectFrom('progressive_capture_jobs')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('installation_id', '=', installationId)
    .where('processor_type', '=', 'github_actions')
    .where('id', '!=', jobId)
    .where((eb) =>
      eb.or([
        eb('status', 'in', ['dispatched', 'running']),
        eb.and([eb('status', '=', 'queued'), eb('lease_expires_at', '>=', now)]),
      ]),
    )
    .executeTakeFirstOrThrow();
  return count;
}

async function takeRunNumber(trx: Transaction<DB>, job: Job, now: Date): Promise<number> {
  const last = await findRun(trx, job.id, job.run);
  if (last?.state === 'reserved') {
    if (last.processor_type === job.processor_type) return last.run;
    await trx
      .updateTable('job_runs')
      .set({ state: 'ended', conclusion: 'rerouted', ended_at: now })
      .where('job_id', '=', job.id)
      .where('run', '=', last.run)
      .execute();
  }
  const run = job.run + 1;
  await trx
    .insertInto('job_runs')
    .values({
      job_id: job.id,
      run,
      attempt: job.attempt + 1,
      processor_type: job.processor_type,
      created_at: now,
    })
    .execute();
  return run;
}

export interface SentRun {
  jobId: string;
  run: number;
  worker: Worker;
  workflowRunId?: number | undefined;
  /** Until when the run has to give a sign of life, in milliseconds from now. */
  leaseMs: number;
  now?: Date;
}

/**
 * Notes that a reserved run was sent. One that has begun by now stays as it is, but learns its workflow run's id where
 * it has none: a dispatch whose answer was lost may have started another workflow run, which was the faster one.
 */
export async function markSent(db: Database, sent: SentRun): Promise<void> {
  const { now = new Date() } = sent;
  await inTransaction(db, async (trx) => {
    const found = await lockCurrentRun(trx, sent.jobId, sent.run);
    if (!found || found.run.state === 'ended') return;
    const { job, run } = found;
    const workflowRunId = run.workflow_run_id ?? sent.workflowRunId ?? null;
    await trx
      .updateTable('job_runs')
      .set({
        state: run.state === 'reserved' ? 'sent' : run.state,
        worker: run.worker ?? sent.worker,
        workflow_run_id: workflowRunId,
      })
      .where('job_id', '=', job.id)
      .where('run', '=', run.run)
      .execute();
    if (job.status === 'queued') {
      await moveJob(trx, job, 'dispatched', {
        now,
        dispatched_at: now,
        status_reason: null,
        error: null,
        workflow_run_id: workflowRunId,
        lease_holder: sent.worker,
        lease_expires_at: new Date(now.getTime() + sent.leaseMs),
      });
    } else if (workflowRunId !== null) {
      await trx
        .updateTable('progressive_capture_jobs')
        .set({ workflow_run_id: workflowRunId })
        .where('id', '=', job.id)
        .execute();
    }
  });
}

/** Lets go of a run that could not be sent: the job stays queued, keeps its run number and is tried again at `notBefore`. */
export async function releaseUnsent(
  db: Database,
  unsent: { jobId: string; run: number; holder: string; error: string; notBefore: Date; now?: Date },
): Promise<void> {
  await db
    .updateTable('progressive_capture_jobs')
    .set({
      lease_holder: null,
      lease_expires_at: null,
      not_before: unsent.notBefore,
      status_reason: 'dispatch_failed',
      error: unsent.error,
      updated_at: unsent.now ?? new Date(),
    })
    .where('id', '=', unsent.jobId)
    .where('run', '=', unsent.run)
    .where('status', '=', 'queued')
    .where('lease_holder', '=', unsent.holder)
    .execute();
}

/**
 * Renews the lease of a running run. `stop`: the job was cancelled, ended or given to somebody else; stop at once and
 * don't report.
 */
export async function heartbeat(
  db: Database,
  beat: {
    jobId: string;
    run: number;
    progress: Progress | null;
    leaseMs: number;
    holder?: string;
    now?: Date;
  },
): Promise<'continue' | 'stop'> {
  const { now = new Date() } = beat;
  let update = db
    .updateTable('progressive_capture_jobs')
    .set({
      heartbeat_at: now,
      lease_expires_at: new Date(now.getTime() + beat.leaseMs),
      ...(beat.progress ? { progress: JSON.stringify(beat.progress) } : {}),
    })
    .where('id', '=', beat.jobId)
    .where('run', '=', beat.run)
    .where('status', '=', 'running');
  if (beat.holder !== undefined) update = update.where('lease_holder', '=', beat.holder);
  const { numUpdatedRows } = await update.executeTakeFirstOrThrow();
  return numUpdatedRows === 1n ? 'continue' : 'stop';
}
