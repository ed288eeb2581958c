import type { Transaction } from 'kysely';
import type { DB } from '../store/database.generated.ts';
import type { JobRun } from './job.ts';

/** The job, locked, with the run of this number; undefined when the job has gone on to another run. */
export async function lockCurrentRun(trx: Transaction<DB>, jobId: string, run: number) {
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

export async function findRun(trx: Transaction<DB>, jobId: string, run: number): Promise<JobRun | undefined> {
  return trx
    .selectFrom('job_runs')
    .selectAll()
    .where('job_id', '=', jobId)
    .where('run', '=', run)
    .executeTakeFirst();
}
