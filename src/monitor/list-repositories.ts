import { sql } from 'kysely';
import type { Category } from '../rollout/category.ts';
import { type Enrolment, evaluateEnrolment } from '../rollout/evaluate-enrolment.ts';
import type { Rollout } from '../rollout/rollout-store.ts';
import type { Database } from '../store/database.ts';
import { inScope, narrowScope, type Scope } from './scope.ts';

/** A served repository, with what is stored of it against what GitHub counts. */
export interface ListedRepository {
  id: number;
  fullName: string;
  isPrivate: boolean;
  category: Category | null;
  storedPullRequests: number;
  /** As GitHub counted them last; null: not yet. */
  pullRequests: number | null;
  live: number;
  wrong: number;
  lastEndedAt: Date | null;
  /** Null: it was not asked for. */
  enrolment: Enrolment | null;
}

/** By the rollout: who is in, who is not, and who is on a list. */
export const ENROLMENT_FILTERS = ['in', 'out', 'included', 'excluded'] as const;
export type EnrolmentFilter = (typeof ENROLMENT_FILTERS)[number];

export interface RepositoryFilter {
  /** Part of the name, in any letter case. */
  search: string;
  /** Full name that the page before ended with. */
  after: string | null;
  now: Date;
  /** Null: nothing is said of the rollout. */
  rollout: { is: Rollout; served: readonly Candidate[]; filter: EnrolmentFilter | null } | null;
}

type Candidate = Pick<ListedRepository, 'id' | 'category'>;

export const REPOSITORIES_PER_PAGE = 50;

/** Served repositories by name, `REPOSITORIES_PER_PAGE` at most. */
export async function listRepositories(
  db: Database,
  scope: Scope,
  { search, after, now, rollout }: RepositoryFilter,
): Promise<ListedRepository[]> {
  const chosen = rollout?.filter ? narrowScope(scope, findEnrolled(rollout)) : scope;
  const weekAgo = new Date(now.getTime() - 7 * 24 * 3_600_000);
  const pattern = `%${search.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
  const { rows } = await sql<Omit<ListedRepository, 'enrolment'>>`
    WITH page AS (
      SELECT id, full_name, is_private, pull_requests_count FROM repositories
      WHERE removed_at IS NULL AND installation_id IS NOT NULL AND ${inScope('id', chosen)}
        AND lower(full_name) LIKE ${pattern}
        AND (${after}::text IS NULL OR lower(full_name) > lower(${after}::text))
      ORDER BY lower(full_name) LIMIT ${REPOSITORIES_PER_PAGE})
    SELECT page.id, page.full_name AS "fullName", page.is_private AS "isPrivate", c.category,
      (SELECT count(*)::integer FROM pull_requests p WHERE p.repository_id = page.id) AS "storedPullRequests",
      page.pull_requests_count AS "pullRequests",
      jobs.live, jobs.wrong, jobs.last AS "lastEndedAt"
    FROM page
    LEFT JOIN repository_categories c ON c.repository_id = page.id
    CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE status IN ('queued', 'dispatched', 'running'))::integer AS live,
        count(*) FILTER (WHERE status IN ('failed', 'timed_out', 'lost', 'blocked'))::integer AS wrong,
        max(completed_at) AS last
      FROM progressive_capture_jobs j WHERE j.repository_id = page.id AND j.created_at >= ${weekAgo}) AS jobs
    ORDER BY lower(page.full_name)`.execute(db);
  return rows.map((row) => ({ ...row, enrolment: rollout && evaluateEnrolment(row, rollout.is) }));
}

/** Enrolment is decided by the one function that decides it for the jobs, not once more in SQL. */
function findEnrolled({ is, served, filter }: NonNullable<RepositoryFilter['rollout']>): readonly number[] {
  if (filter === 'included') return is.include;
  if (filter === 'excluded') return is.exclude;
  return served
    .filter((one) => evaluateEnrolment(one, is).eligible === (filter === 'in'))
    .map(({ id }) => id);
}
