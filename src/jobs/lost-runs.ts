import type { Database } from '../store/database.ts';
import { settleRun } from './end-run.ts';
import type { Job, JobRun, Worker } from './job.ts';
import type { RunOutcome } from './judge-end.ts';
import type { JobStatus } from './transitions.ts';

export interface LostRun {
  jobId: string;
  run: number;
  worker: Worker | null;
  /** `queued` while attempts are left, then `lost`. */
  status: JobStatus;
  /** For people. */
  reason: string;
}

export interface LostRunOptions {
  /**
   * Asked before a run that was sent but has not begun is given up: a run that GitHub still calls queued keeps its
   * lease, for this many milliseconds more. Null: it is lost.
   */
  extendLease?: (job: Job, run: JobRun) => Promise<number | null>;
}

/** Gives up every dispatched or running run whose lease is over: queued again, or `lost` after the last attempt. */
export async function requeueLostRuns(
  db: Database,
  now: Date,
  { extendLease }: LostRunOptions = {},
): Promise<LostRun[]> {
  const expired = await db
    .selectFrom('progressive_capture_jobs')
    .selectAll()
    .where('status', 'in', ['dispatched', 'running'])
    .where('lease_expires_at', '<', now)
    .orderBy('lease_expires_at')
    .limit(100)
    .execute();
  const lost: LostRun[] = [];
  for (const job of expired) {
    const run = await db
      .selectFrom('job_runs')
      .selectAll()
      .where('job_id', '=', job.id)
      .where('run', '=', job.run)
      .executeTakeFirstOrThrow();
    const moreMs = run.state === 'sent' && extendLease ? await extendLease(job, run) : null;
    if (moreMs !== null) {
      await db
        .updateTable('progressive_capture_jobs')
        .set({ lease_expires_at: new Date(now.getTime() + moreMs) })
        .where('id', '=', job.id)
        .where('run', '=', job.run)
        .where('status', '=', 'dispatched')
        .execute();
      continue;
    }
    const settled = await giveUp(db, job.id, job.run, now, { leaseBefore: now });
    if (settled) lost.push(settled);
  }
  return lost;
}

/**
 * Gives up the in-process runs of an earlier life of this process at once, not when their leases are over. Only for a
 * database that one process owns alone: nobody else can be carrying them out.
 */
export async function requeueAbandonedRuns(db: Database, now: Date): Promise<LostRun[]> {
  const abandoned = await db
    .selectFrom('progressive_capture_jobs as job')
    .innerJoin('job_runs as run', (join) =>
      join.onRef('run.job_id', '=', 'job.id').onRef('run.run', '=', 'job.run'),
    )
    .select(['job.id', 'job.run'])
    .where('job.status', 'in', ['dispatched', 'running'])
    .where('run.worker', '=', 'in_process')
    .execute();
  const lost: LostRun[] = [];
  for (const { id, run } of abandoned) {
    const settled = await giveUp(db, id, run, now, { leaseBefore: null });
    if (settled) lost.push(settled);
  }
  return lost;
}

async function giveUp(
  db: Database,
  jobId: string,
  runNumber: number,
  now: Date,
  { leaseBefore }: { leaseBefore: Date | null },
): Promise<LostRun | null> {
  return db.transaction().execute(async (trx) => {
    let query = trx
      .selectFrom('progressive_capture_jobs')
      .selectAll()
      .where('id', '=', jobId)
      .where('run', '=', runNumber)
      .where('status', 'in', ['dispatched', 'running']);
    // A heartbeat that came in between saves the run.
    if (leaseBefore) query = query.where('lease_expires_at', '<', leaseBefore);
    const job = await query.forUpdate().skipLocked().executeTakeFirst();
    if (!job) return null;
    const run = await trx
      .selectFrom('job_runs')
      .selectAll()
      .where('job_id', '=', jobId)
      .where('run', '=', runNumber)
      .executeTakeFirstOrThrow();
    const { outcome, reason } = explainLoss(job, run, now);
    const { status } = await settleRun(trx, job, run, { outcome, error: reason, result: null, now });
    return { jobId, run: runNumber, worker: run.worker, status, reason };
  });
}

/** Nothing went wrong with a run that waited for GitHub: what it did is stored, and only its wait was forgotten. */
function explainLoss(job: Job, run: JobRun, now: Date): { outcome: RunOutcome; reason: string } {
  if (run.paused_at) {
    return {
      outcome: 'continue',
      reason: `Run ${run.run} waited for GitHub until ${job.not_before.toISOString()} and was not taken up again.`,
    };
  }
  if (run.state === 'running') {
    const since = (job.heartbeat_at ?? now).toISOString();
    return { outcome: 'lost', reason: `Run ${run.run} gave no sign of life since ${since}.` };
  }
  return { outcome: 'lost', reason: `Run ${run.run} was sent but never began.` };
}
