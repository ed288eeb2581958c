import { sql, type Transaction } from 'kysely';
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

/**
 * Adds the one row of `rollout_metrics` of a job that has ended, in the transaction that ended it. Its time is that of
 * all runs together, in seconds, without the waits between them.
 */
export async function insertMetrics(trx: Transaction<DB>, job: Job, now: Date): Promise<void> {
  const outcome = job.status in OUTCOMES ? OUTCOMES[job.status as keyof typeof OUTCOMES] : null;
  if (outcome === null) throw new Error(`Job ${job.id} is ${job.status}, so it has no outcome yet.`);
  const { seconds } = await trx
    .selectFrom('job_runs')
    .select(
      sql<number>`coalesce(sum(extract(epoch FROM ended_at - started_at)), 0)::double precision`.as(
        'seconds',
      ),
    )
    .where('job_id', '=', job.id)
    .where('started_at', 'is not', null)
    .executeTakeFirstOrThrow();
  await trx
    .insertInto('rollout_metrics')
    .values({
      job_id: job.id,
      repository_id: job.repository_id,
      processor_type: job.processor_type,
      outcome,
      exposed: job.is_exposed,
      arm: job.arm,
      epoch: job.rollout_epoch,
      phase: job.rollout_phase,
      success_count: job.status === 'completed' ? 1 : 0,
      error_count: ERRORS.has(job.status) ? 1 : 0,
      average_processing_time: Math.max(0, seconds),
      created_at: now,
    })
    .execute();
}
