import type { Transaction } from 'kysely';
import type { DB } from '../store/database.generated.ts';
import type { Database } from '../store/database.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { neutralizeLog } from '../text/neutralize.ts';
import type { Job, JobRun } from './job.ts';
import { judgeEnd, type RunOutcome } from './judge-end.ts';
import { moveJob } from './move-job.ts';
import { insertMetrics } from './record-outcome.ts';
import { type RunResult, resultColumns, totalOf } from './run-result.ts';
import { isEnded, type JobStatus } from './transitions.ts';

/** Characters of an error that are kept. */
const MAX_ERROR = 2_000;

export interface EndRunOptions {
  jobId: string;
  run: number;
  outcome: RunOutcome;
  /** What it did since it began, or went on after a pause. */
  result: RunResult | null;
  /** For people: what went wrong and what to do. */
  error: string | null;
  continueAt?: Date | null;
  /** False: a failure is final, since another attempt would meet the same answer. Default true. */
  canRetry?: boolean;
  /** Only while this execution still holds the run. */
  holder?: string;
  now?: Date;
}

export interface SettledRun {
  status: JobStatus;
  /** False: the run had ended before, or is not the job's current one; nothing was written. */
  isChanged: boolean;
  notBefore: Date | null;
}

/**
 * Ends a run: the job's status, the run and, if the job is over, its one row of `rollout_metrics`, in one transaction.
 * Ending it again changes nothing. Null: there is no such job.
 */
export async function endRun(db: Database, options: EndRunOptions): Promise<SettledRun | null> {
  return inTransaction(db, async (trx) => {
    const job = await trx
      .selectFrom('progressive_capture_jobs')
      .selectAll()
      .where('id', '=', options.jobId)
      .forUpdate()
      .executeTakeFirst();
    if (!job) return null;
    const isHeld = options.holder === undefined || options.holder === job.lease_holder;
    if (job.run !== options.run || !isHeld || isEnded(job.status)) return unchanged(job);
    const run = await trx
      .selectFrom('job_runs')
      .selectAll()
      .where('job_id', '=', job.id)
      .where('run', '=', job.run)
      .executeTakeFirstOrThrow();
    if (run.state === 'ended') return unchanged(job);
    return settleRun(trx, job, run, options);
  });
}

function unchanged(job: Job): SettledRun {
  return { status: job.status, isChanged: false, notBefore: null };
}

/** Writes the end of the current run of a job that the caller has locked. */
export async function settleRun(
  trx: Transaction<DB>,
  job: Job,
  run: JobRun,
  {
    outcome,
    result: last,
    error,
    continueAt = null,
    canRetry = true,
    now = new Date(),
  }: Pick<EndRunOptions, 'outcome' | 'result' | 'error' | 'continueAt' | 'canRetry' | 'now'>,
): Promise<SettledRun> {
  const result = totalOf(job, run, last);
  const shownError = error === null ? null : neutralizeLog(error, MAX_ERROR);
  const verdict = judgeEnd({
    outcome,
    attempt: run.attempt,
    maxAttempts: canRetry ? job.max_attempts : run.attempt,
    hasBegun: run.started_at !== null,
    hasProgress: (result?.rows ?? 0) > 0,
    continueAt,
    now,
  });
  await trx
    .updateTable('job_runs')
    .set({
      state: 'ended',
      conclusion: outcome,
      error: shownError,
      ...resultColumns(result),
      ended_at: now,
    })
    .where('job_id', '=', job.id)
    .where('run', '=', run.run)
    .execute();
  const moved = await moveJob(trx, job, verdict.status, {
    now,
    attempt: verdict.attempt,
    ...(verdict.notBefore ? { not_before: verdict.notBefore } : {}),
    status_reason: verdict.statusReason,
    error: shownError,
    lease_holder: null,
    lease_expires_at: null,
    ...(result ? { result: JSON.stringify(result) } : {}),
  });
  if (outcome === 'success') await noteAccess(trx, job.repository_id);
  if (isEnded(verdict.status)) await insertMetrics(trx, [moved], now);
  return { status: verdict.status, isChanged: true, notBefore: verdict.notBefore };
}

/** A capture that came through shows that the App has access: the event that gave it back may have been lost. */
async function noteAccess(trx: Transaction<DB>, repositoryId: number): Promise<void> {
  await trx
    .updateTable('repositories')
    .set({ removed_at: null })
    .where('id', '=', repositoryId)
    .where('removed_at', 'is not', null)
    .execute();
}
