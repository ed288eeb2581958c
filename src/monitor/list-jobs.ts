import { sql } from 'kysely';
import type { Worker } from '../jobs/job.ts';
import { judgeJobProgress } from '../jobs/job-progress.ts';
import type { JobStatus } from '../jobs/transitions.ts';
import type { Database } from '../store/database.ts';
import { EVERYTHING, inScope, type Scope } from './scope.ts';

/** `wrong`: ended badly, or blocked until somebody acts. */
export const JOB_GROUPS = {
  under_way: ['running', 'dispatched'],
  queued: ['queued'],
  wrong: ['failed', 'timed_out', 'lost', 'blocked'],
} as const satisfies Record<string, readonly JobStatus[]>;
export type JobGroup = keyof typeof JOB_GROUPS;

export interface JobFilter {
  limit: number;
  scope?: Scope;
  /** Full name, in any letter case. */
  repository?: string | undefined;
  repositoryId?: number;
  id?: string;
  group?: JobGroup | null;
  /** Id of a job: only those that follow it in the list. */
  after?: string | null;
}

export type ListedJob = Awaited<ReturnType<typeof listJobs>>[number];

/** Jobs with their progress and what their runs have done, newest first; those that went wrong by when they ended. */
export async function listJobs(db: Database, filter: JobFilter) {
  const orderedBy = orderOf(filter);
  const rows = await db
    // Chosen first: what their runs did is summed up for those alone.
    .selectFrom(chooseJobs(db, filter).as('chosen'))
    .innerJoin('progressive_capture_jobs as job', 'job.id', 'chosen.id')
    .innerJoin('repositories', 'repositories.id', 'job.repository_id')
    .innerJoinLateral(
      (eb) =>
        eb
          .selectFrom('job_runs as run')
          .whereRef('run.job_id', '=', 'job.id')
          .select([
            // Of the current run up to its last sign of life, which is when the progress was told.
            sql<number>`coalesce(sum(extract(epoch FROM greatest(run.started_at,
              coalesce(run.paused_at, run.ended_at, job.heartbeat_at)) - run.started_at) - run.paused_seconds),
              0)::double precision * 1000`.as('worked_ms'),
            sql<number>`coalesce(sum(run.rows_stored), 0)::integer`.as('rows'),
            sql<number>`coalesce(sum(run.points), 0)::integer`.as('points'),
            sql<number>`coalesce(sum(run.requests), 0)::integer`.as('requests'),
            sql<string | null>`max(run.inngest_run_id) FILTER (WHERE run.run = job.run)`.as('inngest_run_id'),
            sql<Worker | null>`max(run.worker) FILTER (WHERE run.run = job.run)`.as('worker'),
          ])
          .as('runs'),
      (join) => join.onTrue(),
    )
    .select([
      'job.id',
      'job.repository_id as repositoryId',
      'repositories.full_name as repository',
      'job.job_type as type',
      'job.items',
      'job.processor_type as processor',
      'job.rule',
      'job.is_exposed as isExposed',
      'job.reason',
      'job.status',
      'job.status_reason as statusReason',
      'job.attempt',
      'job.max_attempts as maxAttempts',
      'job.created_at as createdAt',
      'job.not_before as notBefore',
      'job.heartbeat_at as heartbeatAt',
      'job.completed_at as completedAt',
      'job.workflow_run_id as workflowRunId',
      'runs.inngest_run_id as inngestRunId',
      // Of its current run; null: it was not sent yet.
      'runs.worker',
      'job.error',
      'job.progress',
      'runs.worked_ms as workedMs',
      'runs.rows',
      'runs.points',
      'runs.requests',
    ])
    .orderBy(`job.${orderedBy}`, 'desc')
    .orderBy('job.id', 'desc')
    .execute();
  return rows.map(({ workedMs, rows, points, requests, ...job }) => {
    const worked = { seconds: workedMs / 1_000, rows, points, requests };
    return { ...job, worked, progress: judgeJobProgress({ ...job, workedMs }) };
  });
}

function orderOf({ group }: JobFilter) {
  return group === 'wrong' ? 'completed_at' : 'created_at';
}

function chooseJobs(db: Database, filter: JobFilter) {
  const { group, after, repository, id, repositoryId } = filter;
  const orderedBy = orderOf(filter);
  let query = db
    .selectFrom('progressive_capture_jobs as one')
    .select('one.id')
    .where(inScope('one.repository_id', filter.scope ?? EVERYTHING))
    .orderBy(`one.${orderedBy}`, 'desc')
    .orderBy('one.id', 'desc')
    .limit(filter.limit);
  // As literals, so that the partial indexes are seen to fit.
  if (group)
    query = query.where(
      'one.status',
      'in',
      JOB_GROUPS[group].map((status) => sql.lit(status)),
    );
  if (id) query = query.where('one.id', '=', id);
  if (repositoryId) query = query.where('one.repository_id', '=', repositoryId);
  if (repository) {
    query = query.where('one.repository_id', 'in', (eb) =>
      eb
        .selectFrom('repositories')
        .select('repositories.id')
        .where(sql`lower(repositories.full_name)`, '=', repository.toLowerCase()),
    );
  }
  if (after) {
    // Looked up, since a time that went through a browser has lost its microseconds.
    query = query.where(
      sql<boolean>`(${sql.ref(`one.${orderedBy}`)}, one.id) <
        (SELECT ${sql.ref(orderedBy)}, id FROM progressive_capture_jobs WHERE id = ${after}::uuid)`,
    );
  }
  return query;
}
