import { sql, type Transaction } from 'kysely';
import type { DB } from '../store/database.generated.ts';
import type { Job } from './job.ts';

/** What is given of a new job; of the other columns it has the defaults. */
const COLUMNS = [
  'id',
  'repository_id',
  'installation_id',
  'job_type',
  'target',
  'items',
  'range_since',
  'range_until',
  'include',
  'reason',
  'actor_id',
  'actor_login',
  'delivery_id',
  'is_critical',
  'priority',
  'processor_type',
  'rule',
  'enrolment_reason',
  'is_exposed',
  'is_bulk',
  'arm',
  'rollout_epoch',
  'rollout_phase',
  'rollout_version',
  'status',
  'status_reason',
  'not_before',
  'created_at',
  'updated_at',
] as const satisfies (keyof DB['progressive_capture_jobs'])[];

/** A job as it is queued. */
export type QueuedJob = Pick<Job, (typeof COLUMNS)[number]>;

/** Who does the work of a job that was to be inserted. */
export type PlacedJob = { isNew: true; job: QueuedJob } | { isNew: false; job: Job };

/**
 * Inserts jobs, and answers by the id of each the row that does its work: its own, or the one of the same target that
 * is still queued and was never dispatched, which takes it in.
 */
export async function insertJobs(
  trx: Transaction<DB>,
  jobs: readonly QueuedJob[],
): Promise<ReadonlyMap<string, PlacedJob>> {
  const placed = new Map<string, PlacedJob>();
  for (const round of roundsOf(jobs)) {
    const byTarget = new Map(round.map((job) => [targetKey(job), job]));
    const joined = new Map<string, QueuedJob>();
    for (const row of await insert(trx, round)) {
      const job = byTarget.get(targetKey(row));
      if (job?.id === row.id) placed.set(job.id, { isNew: true, job });
      else if (job) joined.set(row.id, job);
    }
    for (const job of await findJobs(trx, [...joined.keys()])) {
      placed.set(joined.get(job.id)?.id ?? '', { isNew: false, job });
    }
  }
  return placed;
}

/** One statement can't touch a row twice, so jobs of one target join one round after the other. */
function roundsOf(jobs: readonly QueuedJob[]): QueuedJob[][] {
  const rounds: QueuedJob[][] = [];
  const seen = new Map<string, number>();
  for (const job of jobs) {
    const key = targetKey(job);
    const round = seen.get(key) ?? 0;
    seen.set(key, round + 1);
    const members = rounds[round] ?? [];
    rounds[round] = members;
    members.push(job);
  }
  return rounds;
}

function targetKey(job: Pick<QueuedJob, 'repository_id' | 'job_type' | 'target'>): string {
  return `${job.repository_id} ${job.job_type} ${job.target}`;
}

/** One parameter however many they are: nothing to compile anew, and Postgres takes 65,535 parameters at most. */
function insert(
  trx: Transaction<DB>,
  jobs: QueuedJob[],
): Promise<Pick<Job, 'id' | 'repository_id' | 'job_type' | 'target'>[]> {
  return (
    trx
      .insertInto('progressive_capture_jobs')
      .columns(COLUMNS)
      .expression(
        sql`SELECT ${sql.join(COLUMNS.map((column) => sql.ref(column)))}
        FROM jsonb_populate_recordset(NULL::progressive_capture_jobs, ${JSON.stringify(jobs)}::jsonb)`,
      )
      .onConflict((conflict) =>
        conflict
          .columns(['repository_id', 'job_type', 'target'])
          .where(sql<boolean>`status = 'queued' AND dispatched_at IS NULL`)
          .doUpdateSet(COALESCE),
      )
      // A new row is known already; to read all of it back costs as much as to write it.
      .returning(['id', 'repository_id', 'job_type', 'target'])
      .execute()
  );
}

async function findJobs(trx: Transaction<DB>, ids: readonly string[]): Promise<Job[]> {
  if (ids.length === 0) return [];
  return trx
    .selectFrom('progressive_capture_jobs')
    .selectAll()
    .where('id', '=', sql<string>`ANY(${ids}::uuid[])`)
    .execute();
}

const queued = (column: string) => sql.ref(`progressive_capture_jobs.${column}`);
const incoming = (column: string) => sql.ref(`excluded.${column}`);
/** A person who asks for what is queued anyway makes it theirs. */
const ofManual = (column: string) =>
  sql<never>`CASE WHEN excluded.reason = 'manual' THEN ${incoming(column)} ELSE ${queued(column)} END`;

/** How new work joins queued work. A range without a beginning or an end is the widest. */
const COALESCE = {
  range_since: sql<Date>`CASE WHEN ${queued('range_since')} IS NULL OR excluded.range_since IS NULL THEN NULL
    ELSE least(${queued('range_since')}, excluded.range_since) END`,
  range_until: sql<Date>`CASE WHEN ${queued('range_until')} IS NULL OR excluded.range_until IS NULL THEN NULL
    ELSE greatest(${queued('range_until')}, excluded.range_until) END`,
  include: sql<
    string[]
  >`ARRAY(SELECT DISTINCT kind FROM unnest(${queued('include')} || excluded.include) AS kind ORDER BY kind)`,
  is_critical: sql<boolean>`${queued('is_critical')} OR excluded.is_critical`,
  reason: ofManual('reason'),
  actor_id: ofManual('actor_id'),
  actor_login: ofManual('actor_login'),
  // The earliest, so that a stream of events can't put a capture off for ever.
  not_before: sql<Date>`least(${queued('not_before')}, excluded.not_before)`,
  installation_id: sql<number>`excluded.installation_id`,
  updated_at: sql<Date>`excluded.updated_at`,
};
