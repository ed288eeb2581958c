import { sql } from 'kysely';
import type { Category } from '../rollout/category.ts';
import { evaluateEnrolment } from '../rollout/evaluate-enrolment.ts';
import type { Rollout } from '../rollout/rollout-store.ts';
import type { Database } from '../store/database.ts';
import { type ListedJob, listJobs } from './list-jobs.ts';

export interface RepositoryPicture {
  id: number;
  fullName: string;
  isPrivate: boolean;
  isRemoved: boolean;
  category: Category | null;
  pullRequestsCount: number | null;
  issuesCount: number | null;
  countedAt: Date | null;
  settingsProblem: string | null;
  enrolment: ReturnType<typeof evaluateEnrolment>;
  rows: { table: string; stored: number }[];
  /** Parts of pull requests of which GitHub counts more or fewer than are stored, by kind. */
  gaps: { connection: string; pullRequests: number; expected: number; stored: number }[];
  jobs: ListedJob[];
}

const SHOWN_JOBS = 20;

/** One repository; null: there is none with this id. */
export async function readRepositoryPicture(
  db: Database,
  id: number,
  rollout: Rollout,
): Promise<RepositoryPicture | null> {
  const row = await db
    .selectFrom('repositories')
    .leftJoin('repository_categories', 'repository_categories.repository_id', 'repositories.id')
    .select([
      'repositories.id',
      'repositories.full_name as fullName',
      'repositories.is_private as isPrivate',
      'repositories.removed_at as removedAt',
      'repository_categories.category',
      'repositories.pull_requests_count as pullRequestsCount',
      'repositories.issues_count as issuesCount',
      'repositories.counted_at as countedAt',
      'repositories.settings_problem as settingsProblem',
    ])
    .where('repositories.id', '=', id)
    .executeTakeFirst();
  if (!row) return null;
  const { removedAt, ...repository } = row;
  return {
    ...repository,
    isRemoved: removedAt !== null,
    enrolment: evaluateEnrolment({ id, category: row.category }, rollout),
    rows: await countRows(db, id),
    gaps: await sumGaps(db, id),
    jobs: await listJobs(db, { limit: SHOWN_JOBS, repositoryId: id }),
  };
}

async function countRows(db: Database, id: number): Promise<RepositoryPicture['rows']> {
  const { rows } = await sql<{ table: string; stored: number }>`
    WITH pulls AS MATERIALIZED (SELECT id FROM pull_requests WHERE repository_id = ${id})
    SELECT 'pull_requests' AS table, count(*)::integer AS stored FROM pulls
    UNION ALL SELECT 'reviews', count(*)::integer FROM reviews WHERE pull_request_id IN (SELECT id FROM pulls)
    UNION ALL SELECT 'review_threads', count(*)::integer FROM review_threads WHERE pull_request_id IN (SELECT id FROM pulls)
    UNION ALL SELECT 'comments on pull requests', count(*)::integer FROM comments WHERE pull_request_id IN (SELECT id FROM pulls)
    UNION ALL SELECT 'commits', count(*)::integer FROM commits WHERE pull_request_id IN (SELECT id FROM pulls)
    UNION ALL SELECT 'files', count(*)::integer FROM files WHERE pull_request_id IN (SELECT id FROM pulls)
    UNION ALL SELECT 'issues', count(*)::integer FROM issues WHERE repository_id = ${id}
    UNION ALL SELECT 'branch_commits', count(*)::integer FROM branch_commits WHERE repository_id = ${id}`.execute(
    db,
  );
  return rows;
}

async function sumGaps(db: Database, id: number): Promise<RepositoryPicture['gaps']> {
  const { rows } = await sql<RepositoryPicture['gaps'][number]>`
    SELECT connection, count(*)::integer AS "pullRequests", sum(coalesce(expected, 0))::integer AS expected,
      sum(stored)::integer AS stored
    FROM capture_gaps WHERE repository_id = ${id} GROUP BY connection ORDER BY connection`.execute(db);
  return rows;
}
