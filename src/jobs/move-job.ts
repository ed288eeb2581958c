import type { Transaction, Updateable } from 'kysely';
import type { DB } from '../store/database.generated.ts';
import type { Job } from './job.ts';
import { canTransition, isEnded, type JobStatus } from './transitions.ts';

type Columns = Omit<
  Updateable<DB['progressive_capture_jobs']>,
  'id' | 'status' | 'completed_at' | 'updated_at'
>;

/** The transition table does not allow this move: the caller's mistake, nothing was written. */
export class IllegalTransitionError extends Error {
  override name = 'IllegalTransitionError';
}

/** The row is not what the caller read any more: somebody else moved the job first, nothing was written. */
export class JobMovedError extends Error {
  override name = 'JobMovedError';
}

/**
 * Moves a job to another status: with `cancelJobs` the only writer of `status` after the insert. Compare-and-set on the
 * status and run that `job` was read with.
 * @throws IllegalTransitionError
 * @throws JobMovedError
 */
export async function moveJob(
  trx: Transaction<DB>,
  job: Job,
  to: JobStatus,
  { now, ...columns }: Columns & { now: Date },
): Promise<Job> {
  const from = job.status;
  if (!canTransition(from, to)) {
    throw new IllegalTransitionError(`Job ${job.id} is ${from} and can't become ${to}.`);
  }
  const moved = await trx
    .updateTable('progressive_capture_jobs')
    .set({ ...columns, status: to, completed_at: isEnded(to) ? now : null, updated_at: now })
    .where('id', '=', job.id)
    .where('status', '=', from)
    .where('run', '=', job.run)
    .returningAll()
    .executeTakeFirst();
  if (!moved) throw new JobMovedError(`Job ${job.id} is not ${from} in run ${job.run} any more.`);
  return moved;
}
