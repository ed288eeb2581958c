import { sql } from 'kysely';
import { WAITING_FOR_GITHUB } from '../jobs/pause-run.ts';
import type { Database } from '../store/database.ts';
import { type ListedJob, listJobs } from './list-jobs.ts';
import { type Hour, readHours } from './read-hours.ts';
import { inScope, type Scope } from './scope.ts';

export interface BudgetState {
  installationId: number;
  account: string | null;
  pointsLeft: number | null;
  pointsToldAt: Date | null;
  pointsResetAt: Date | null;
  restLeft: number | null;
  restToldAt: Date | null;
  restResetAt: Date | null;
}

export interface DeliveryCount {
  event: string;
  outcome: string;
  count: number;
  lastAt: Date;
}

/** Everything of the first page that depends on repositories, as one person may see it. */
export interface Overview {
  at: Date;
  repositories: { served: number; captured: number };
  counts: { queued: number; dispatched: number; running: number; deferred: number; oldestDueAt: Date | null };
  underWay: ListedJob[];
  wrong: ListedJob[];
  /** Jobs that went wrong in the last 24 hours. */
  wrongCount: number;
  silent: number;
  hours: Hour[];
  routing: Awaited<ReturnType<typeof readHours>>['routing'];
  budgets: BudgetState[];
  deliveries: DeliveryCount[];
}

const SHOWN_JOBS = 10;
/** Heartbeats come every 60 s: a run that has missed two may be gone. */
export const SILENT_MS = 150_000;
const DAY_MS = 24 * 3_600_000;

/** Reads the first page; some dozen queries by index, whatever the size of the tables. */
export async function readOverview(db: Database, scope: Scope, now: Date): Promise<Overview> {
  const dayAgo = new Date(now.getTime() - DAY_MS);
  const [repositories, counts, underWay, wrong, wrongCount, silent, hours, budgets, deliveries] =
    await Promise.all([
      countRepositories(db, scope),
      countLive(db, scope, now),
      listJobs(db, { limit: SHOWN_JOBS, scope, group: 'under_way' }),
      listJobs(db, { limit: SHOWN_JOBS, scope, group: 'wrong' }),
      countWrong(db, scope, dayAgo),
      countSilent(db, scope, now),
      readHours(db, scope, now),
      readBudgets(db, scope),
      readDeliveries(db, scope, dayAgo),
    ]);
  return {
    at: now,
    repositories,
    counts,
    underWay,
    wrong,
    wrongCount,
    silent,
    ...hours,
    budgets,
    deliveries,
  };
}

async function countRepositories(db: Database, scope: Scope) {
  const { rows } = await sql<{ served: number; captured: number }>`
    SELECT count(*)::integer AS served,
      count(*) FILTER (WHERE EXISTS (SELECT FROM pull_requests p WHERE p.repository_id = r.id)
        OR r.pull_requests_count = 0)::integer AS captured
    FROM repositories r
    WHERE removed_at IS NULL AND installation_id IS NOT NULL AND ${inScope('r.id', scope)}`.execute(db);
  return rows[0] ?? { served: 0, captured: 0 };
}

async function countLive(db: Database, scope: Scope, now: Date): Promise<Overview['counts']> {
  const { rows } = await sql<Overview['counts']>`
    SELECT count(*) FILTER (WHERE status = 'queued')::integer AS queued,
      count(*) FILTER (WHERE status = 'dispatched')::integer AS dispatched,
      count(*) FILTER (WHERE status = 'running')::integer AS running,
      count(*) FILTER (WHERE status = 'queued' AND status_reason = 'bulk_deferred')::integer AS deferred,
      min(not_before) FILTER (WHERE status = 'queued' AND not_before <= ${now} AND NOT is_bulk) AS "oldestDueAt"
    FROM progressive_capture_jobs
    WHERE status IN ('queued', 'dispatched', 'running') AND ${inScope('repository_id', scope)}`.execute(db);
  return rows[0] ?? { queued: 0, dispatched: 0, running: 0, deferred: 0, oldestDueAt: null };
}

async function countWrong(db: Database, scope: Scope, since: Date): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*)::integer AS count FROM progressive_capture_jobs
    WHERE status IN ('failed', 'timed_out', 'lost', 'blocked') AND completed_at >= ${since}
      AND ${inScope('repository_id', scope)}`.execute(db);
  return rows[0]?.count ?? 0;
}

async function countSilent(db: Database, scope: Scope, now: Date): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*)::integer AS count FROM progressive_capture_jobs
    WHERE status IN ('dispatched', 'running') AND status = 'running'
      AND status_reason IS DISTINCT FROM ${WAITING_FOR_GITHUB}
      AND heartbeat_at < ${new Date(now.getTime() - SILENT_MS)} AND ${inScope('repository_id', scope)}`.execute(
    db,
  );
  return rows[0]?.count ?? 0;
}

async function readBudgets(db: Database, scope: Scope): Promise<BudgetState[]> {
  const { rows } = await sql<BudgetState>`
    SELECT budget.installation_id AS "installationId", i.account_login AS account,
      points_left AS "pointsLeft", points_told_at AS "pointsToldAt", points_reset_at AS "pointsResetAt",
      rest_left AS "restLeft", rest_told_at AS "restToldAt", rest_reset_at AS "restResetAt"
    FROM installation_budgets budget LEFT JOIN installations i ON i.id = budget.installation_id
    WHERE EXISTS (SELECT FROM repositories r
      WHERE r.installation_id = budget.installation_id AND ${inScope('r.id', scope)})
    ORDER BY least(points_left, rest_left) NULLS LAST, budget.installation_id LIMIT 20`.execute(db);
  return rows;
}

async function readDeliveries(db: Database, scope: Scope, since: Date): Promise<DeliveryCount[]> {
  const { rows } = await sql<DeliveryCount>`
    SELECT event, outcome, count(*)::integer AS count, max(received_at) AS "lastAt"
    FROM deliveries WHERE received_at >= ${since} AND ${inScope('repository_id', scope)}
    GROUP BY event, outcome ORDER BY count DESC, event, outcome LIMIT 30`.execute(db);
  return rows;
}
