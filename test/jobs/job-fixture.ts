import { sql } from 'kysely';
import type { Job } from '../../src/jobs/job.ts';
import type { JobLog } from '../../src/jobs/job-log.ts';
import { type PlanContext, type PlannedJob, planWork } from '../../src/jobs/plan-work.ts';
import type { RolloutState } from '../../src/rollout/evaluate-enrolment.ts';
import { readRollout } from '../../src/rollout/rollout-store.ts';
import type { Database } from '../../src/store/database.ts';
import type { WorkItem } from '../../src/work-item/work-item.ts';

export const NOW = new Date('2026-11-20T12:00:00Z');
export const HOUR = 3_600_000;

/** A time so many milliseconds after noon. */
export function later(ms: number): Date {
  return new Date(NOW.getTime() + ms);
}

export const LIMITS = { recentHours: 24, smallBatch: 10, largeBatch: 50, largeRepository: 1_000 };

/** A webhook about one pull request that has just changed. */
export function workItem(changes: Partial<WorkItem> = {}): WorkItem {
  return {
    repository: { id: 42, fullName: 'acme/widgets', installationId: 7, isPrivate: false },
    type: 'pull_requests',
    items: [5],
    range: { since: NOW, until: NOW },
    include: ['pull-requests'],
    reason: 'webhook',
    isCritical: false,
    ...changes,
  };
}

/** The history of a repository up to two days ago: bulk work. */
export function historyItem(changes: Partial<WorkItem> = {}): WorkItem {
  return workItem({
    type: 'history',
    items: [],
    range: { until: later(-48 * HOUR) },
    reason: 'installation',
    ...changes,
  });
}

export function planContext(rollout: RolloutState, changes: Partial<PlanContext> = {}): PlanContext {
  return {
    now: NOW,
    config: { limits: LIMITS, coalesceMs: 3_000, inngestBulkPerDay: 500 },
    rollout,
    bulkFor: () => ({ available: true }),
    ...changes,
  };
}

/** Plans in a transaction of its own, by the rollout as it is. */
export async function plan(
  db: Database,
  items: WorkItem[],
  changes: Partial<PlanContext> = {},
): Promise<PlannedJob[]> {
  return db.transaction().execute(async (trx) => {
    const rollout = await readRollout(trx, { environmentStop: false });
    return planWork(trx, items, planContext(rollout, changes));
  });
}

/** Plans one item that makes one job, and answers it. */
export async function planJob(
  db: Database,
  item: WorkItem,
  changes: Partial<PlanContext> = {},
): Promise<Job> {
  const [planned, ...more] = await plan(db, [item], changes);
  if (!planned || planned.outcome === 'skipped' || more.length > 0) throw new Error('not one job');
  return findJob(db, planned.job.id);
}

export async function findJob(db: Database, id: string): Promise<Job> {
  return db.selectFrom('progressive_capture_jobs').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
}

export async function findRuns(db: Database, jobId: string) {
  return db.selectFrom('job_runs').selectAll().where('job_id', '=', jobId).orderBy('run').execute();
}

export async function findMetrics(db: Database, jobId?: string) {
  const query = db.selectFrom('rollout_metrics').selectAll().orderBy('id');
  return (jobId ? query.where('job_id', '=', jobId) : query).execute();
}

/** An empty database with a rollout that enrols everybody. */
export async function resetJobs(db: Database, percentage = 100): Promise<void> {
  await sql`DELETE FROM repositories`.execute(db);
  await sql`DELETE FROM rollout_configuration`.execute(db);
  await sql`INSERT INTO rollout_configuration (feature_name, rollout_percentage, rollout_strategy)
    VALUES ('hybrid_progressive_capture', ${percentage}, 'percentage')`.execute(db);
}

export interface CollectedLog extends JobLog {
  lines: { level: string; fields: Record<string, unknown>; message: string }[];
}

export function collectLog(): CollectedLog {
  const lines: CollectedLog['lines'] = [];
  const add = (level: string) => (fields: Record<string, unknown>, message: string) => {
    lines.push({ level, fields, message });
  };
  return { lines, info: add('info'), warn: add('warn'), error: add('error') };
}
