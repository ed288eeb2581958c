import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../store/database.ts';
import { JOB_GROUPS, type JobGroup } from './list-jobs.ts';

/** By what jobs can be counted. `reason`: why there is work, such as `webhook` or `scheduled`. */
export const JOB_TRAITS = ['status', 'processor', 'repository', 'reason'] as const;
export type JobTrait = (typeof JOB_TRAITS)[number];

export interface JobCount {
  value: string;
  jobs: number;
  queued: number;
  underWay: number;
  wrong: number;
  completed: number;
}

const COLUMNS: Record<JobTrait, string> = {
  status: 'job.status',
  processor: 'job.processor_type',
  repository: 'repositories.full_name',
  reason: 'job.reason',
};

/** All jobs that are kept, by the values of a trait, the most frequent first. @param repository in any letter case */
export async function countJobs(
  db: Database,
  { by, repository = null, limit }: { by: JobTrait; repository?: string | null; limit: number },
): Promise<JobCount[]> {
  const { rows } = await sql<JobCount>`
    SELECT ${sql.ref(COLUMNS[by])} AS value, count(*)::integer AS jobs,
      ${countGroup('queued')} AS queued, ${countGroup('under_way')} AS "underWay", ${countGroup('wrong')} AS wrong,
      count(*) FILTER (WHERE job.status = 'completed')::integer AS completed
    FROM progressive_capture_jobs job JOIN repositories ON repositories.id = job.repository_id
    WHERE ${repository}::text IS NULL OR lower(repositories.full_name) = lower(${repository}::text)
    GROUP BY 1 ORDER BY jobs DESC, value LIMIT ${limit}`.execute(db);
  return rows;
}

function countGroup(group: JobGroup): RawBuilder<number> {
  return sql<number>`count(*) FILTER (WHERE job.status = ANY(${[...JOB_GROUPS[group]]}::text[]))::integer`;
}
