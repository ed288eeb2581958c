import { type Insertable, sql, type Transaction } from 'kysely';
import type { DB } from '../store/database.generated.ts';
import type { Job } from './job.ts';
import type { JobStatus } from './transitions.ts';

const OUTCOMES = {
  completed: 'success',
  failed: 'failure',
  timed_out: 'timed_out',
  lost: 'lost',
  cancelled: 'cancelled',
  skipped: 'skipped',
  blocked: 'blocked',
} as const satisfies Partial<Record<JobStatus, string>>;

/** The statuses that count as errors of the rollout: what was blocked, skipped or cancelled says nothing about a path. */
const ERRORS: ReadonlySet<string> = new Set(['failed', 'timed_out', 'lost']);

/** Rows of one statement: each has 12 parameters, and Postgres takes 65,535. */
const BATCH = 1_000;

/**
 * Adds the one row of `rollout_metrics` of each job that has ended, in the transaction that ended it. Its time is that
 * of all runs together, in seconds, without the waits in and between them.
 */
export async function insertMetrics(trx: Transaction<DB>, jobs: readonly Job[], now: Date): Promise<void> {
  if (jobs.length === 0) return;
  const times = await trx
    .selectFrom('job_runs')
    .select([
      'job_id',
      sql<number>`sum(extract(epoch FROM coalesce(paused_at, ended_at) - started_at) - paused_seconds)::double precision`.as(
        'seconds',
      ),
    ])
    .where('job_id', '=', sql<string>`ANY(${jobs.map(({ id }) => id)}::uuid[])`)
    .where('started_at', 'is not', null)
    .where('ended_at', 'is not', null)
    .groupBy('job_id')
    .execute();
  const secondsOf = new Map(times.map(({ job_id, seconds }) => [job_id, seconds]));
  const rows = jobs.map(
    (job): Insertable<DB['rollout_metrics']> => ({
      job_id: job.id,
      repository_id: job.repository_id,
      processor_type: job.processor_type,
      outcome: outcomeOf(job),
      exposed: job.is_exposed,
      arm: job.arm,
      epoch: job.rollout_epoch,
      phase: job.rollout_phase,
      success_count: job.status === 'completed' ? 1 : 0,
      error_count: ERRORS.has(job.status) ? 1 : 0,
      average_processing_time: Math.max(0, secondsOf.get(job.id) ?? 0),
      created_at: now,
    }),
  );
  for (let from = 0; from < rows.length; from += BATCH) {
    await trx
      .insertInto('rollout_metrics')
      .values(rows.slice(from, from + BATCH))
      .execute();
  }
}

function outcomeOf(job: Job): (typeof OUTCOMES)[keyof typeof OUTCOMES] {
  if (job.status in OUTCOMES) return OUTCOMES[job.status as keyof typeof OUTCOMES];
  throw new Error(`Job ${job.id} is ${job.status}, so it has no outcome yet.`);
}
