import { sql, type Transaction } from 'kysely';
import type { Progress } from '../jobs-api/protocol.ts';
import type { DB } from '../store/database.generated.ts';
import type { Database } from '../store/database.ts';
import { inTransaction } from './in-transaction.ts';
import type { Job, JobRun, Worker } from './job.ts';
import { moveJob } from './move-job.ts';

export { type CancelledJob, cancelJobs } from './cancel-jobs.ts';
export { type EndRunOptions, endRun, type RunResult, type SettledRun } from './end-run.ts';
export { requeueLostRuns } from './lost-runs.ts';

/** Milliseconds that a dispatcher holds a job while it sends; after that another one may try. */
export const DISPATCH_LEASE_MS = 60_000;

export interface ReserveOptions {
  now?: Date;
  leaseMs?: number;
  /** Bulk runs that one installation may have at a time; needed for jobs that go to GitHub Actions. */
  bulkPerInstallation: number;
}

/**
 * Takes a due job for dispatching and gives its run a number, or returns null: not due, held by another dispatcher, or
 * its installation has all the bulk runs that it may have. A reserved run that was never sent keeps its number.
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

/** Notes that a reserved run was sent. One that has begun by now stays as it is, but learns its workflow run's id. */
export async function markSent(db: Database, sent: SentRun): Promise<void> {
  const { now = new Date() } = sent;
  await inTransaction(db, async (trx) => {
    const found = await lockCurrentRun(trx, sent.jobId, sent.run);
    if (!found || found.run.state === 'ended') return;
    const { job, run } = found;
    await trx
      .updateTable('job_runs')
      .set({
        state: run.state === 'reserved' ? 'sent' : run.state,
        worker: run.worker ?? sent.worker,
        workflow_run_id: sent.workflowRunId ?? run.workflow_run_id,
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
        workflow_run_id: sent.workflowRunId ?? null,
        lease_holder: sent.worker,
        lease_expires_at: new Date(now.getTime() + sent.leaseMs),
      });
    } else if (sent.workflowRunId !== undefined) {
      await trx
        .updateTable('progressive_capture_jobs')
        .set({ workflow_run_id: sent.workflowRunId })
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
  leaseMs: number;
  now?: Date;
}

/**
 * Begins a run, or returns null: it is not the job's current run, it has ended, or somebody else carries it out.
 * The same workflow run (in this attempt or a higher one) and the same Inngest run take a running run over: their
 * platform started them again because the execution before is gone.
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
        .set({ ...columns, updated_at: now })
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
        workflow_run_id: options.workflowRunId ?? run.workflow_run_id,
        workflow_run_attempt: options.workflowRunAttempt ?? run.workflow_run_attempt,
        inngest_run_id: options.inngestRunId ?? run.inngest_run_id,
        session_token_hash: options.sessionTokenHash ?? run.session_token_hash,
      })
      .where('job_id', '=', job.id)
      .where('run', '=', run.run)
      .execute();
    return job;
  });
}

function mayTakeOver(run: JobRun, by: StartRunOptions): boolean {
  if (by.worker === 'inngest') return by.inngestRunId !== undefined && by.inngestRunId === run.inngest_run_id;
  if (by.worker !== 'workflow' || by.workflowRunId !== run.workflow_run_id) return false;
  return (by.workflowRunAttempt ?? 0) >= (run.workflow_run_attempt ?? 0);
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

/** The job, locked, with the run of this number; undefined when the job has gone on to another run. */
async function lockCurrentRun(trx: Transaction<DB>, jobId: string, run: number) {
  const job = await trx
    .selectFrom('progressive_capture_jobs')
    .selectAll()
    .where('id', '=', jobId)
    .where('run', '=', run)
    .forUpdate()
    .executeTakeFirst();
  const row = job && (await findRun(trx, jobId, run));
  return row && { job, run: row };
}

async function findRun(trx: Transaction<DB>, jobId: string, run: number): Promise<JobRun | undefined> {
  return trx
    .selectFrom('job_runs')
    .selectAll()
    .where('job_id', '=', jobId)
    .where('run', '=', run)
    .executeTakeFirst();
}
