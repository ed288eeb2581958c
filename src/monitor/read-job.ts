import type { Database } from '../store/database.ts';
import { type ListedJob, listJobs } from './list-jobs.ts';

/** One job with its runs. */
export interface JobPicture {
  job: ListedJob;
  runs: Awaited<ReturnType<typeof findRuns>>;
}

/** Null: there is no such job. @param id a UUID */
export async function readJobPicture(db: Database, id: string): Promise<JobPicture | null> {
  const [job] = await listJobs(db, { limit: 1, id });
  return job ? { job, runs: await findRuns(db, id) } : null;
}

function findRuns(db: Database, jobId: string) {
  return db
    .selectFrom('job_runs')
    .select([
      'run',
      'attempt',
      'worker',
      'processor_type as processor',
      'state',
      'conclusion',
      'error',
      'workflow_run_id as workflowRunId',
      'inngest_run_id as inngestRunId',
      'points',
      'requests',
      'rows_stored as rows',
      'started_at as startedAt',
      'paused_at as pausedAt',
      'ended_at as endedAt',
    ])
    .where('job_id', '=', jobId)
    .orderBy('run', 'desc')
    .limit(50)
    .execute();
}
