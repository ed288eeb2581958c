import { sql, type Transaction } from 'kysely';
import { IS_COMPLETE_CAPTURE } from '../jobs/captured-until.ts';
import type { DB } from '../store/database.generated.ts';
import type { Loop, LoopPass } from './loop.ts';

/** Days for which rows are kept. */
export interface Retention {
  /** Of `deliveries`: an event that GitHub sends again after that is taken for a new one. */
  deliveriesDays: number;
  /** Of jobs that have ended, with their runs and their rows of `rollout_metrics`. */
  jobsDays: number;
  /** Of everything of a repository that the App does not see any more. */
  removedDays: number;
}

const INTERVAL_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** A used OIDC token is refused by its own time after it has run out; clocks differ. */
const TOKEN_SLACK_MS = 3_600_000;
/** Rows of one transaction, so that none is long and capture goes on beside it. */
const PAGE = 1_000;

/**
 * Deletes what is older than it is kept for. It stays: the history of the rollout, the leases of loops and of
 * repositories that ask for themselves, and every complete capture, which is the only record of what is captured.
 */
export function createPruneLoop({ retention }: { retention: Retention }): Loop {
  return {
    name: 'prune',
    intervalMs: INTERVAL_MS,
    async pass(pass) {
      const before = (days: number) => new Date(pass.now.getTime() - days * DAY_MS);
      const jobsBefore = before(retention.jobsDays);
      const removedBefore = before(retention.removedDays);
      const tokensBefore = new Date(pass.now.getTime() - TOKEN_SLACK_MS);
      return {
        repositories: await pruneRemoved(pass, removedBefore),
        deliveries: await byPages(pass, (trx) =>
          pruneOldest(trx, DELIVERIES, before(retention.deliveriesDays)),
        ),
        tokens: await byPages(pass, (trx) => pruneOldest(trx, TOKENS, tokensBefore)),
        checkpoints: await byPages(pass, (trx) => pruneCheckpoints(trx, jobsBefore)),
        jobs: await byPages(pass, (trx) => pruneJobs(trx, jobsBefore)),
        installations: await byPages(pass, (trx) => pruneInstallations(trx, removedBefore)),
      };
    },
  };
}

type Pass = Pick<LoopPass, 'write' | 'signal'>;

/** Until a page is not full any more. */
async function byPages(
  { write, signal }: Pass,
  page: (trx: Transaction<DB>) => Promise<number>,
): Promise<number> {
  for (let total = 0; ; ) {
    signal.throwIfAborted();
    const deleted = await write(page);
    total += deleted;
    if (deleted < PAGE) return total;
  }
}

/** A page of a table's oldest rows. */
async function pruneOldest(
  trx: Transaction<DB>,
  { table, key, time }: { table: keyof DB; key: string; time: string },
  before: Date,
): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM ${sql.table(table)} WHERE ${sql.ref(key)} IN (
      SELECT ${sql.ref(key)} FROM ${sql.table(table)}
      WHERE ${sql.ref(time)} < ${before} ORDER BY ${sql.ref(time)} LIMIT ${PAGE})`.execute(trx);
  return Number(numAffectedRows);
}

const DELIVERIES = { table: 'deliveries', key: 'id', time: 'received_at' } as const;
const TOKENS = { table: 'oidc_tokens', key: 'jti', time: 'expires_at' } as const;

/**
 * Checkpoints of jobs that ended long ago, but not one that a later capture may begin with: the newest of a complete
 * capture for its kinds. Those of captures without a job are nobody's to prune.
 */
async function pruneCheckpoints(trx: Transaction<DB>, before: Date): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM capture_checkpoints WHERE key IN (
      SELECT stored.key
      FROM progressive_capture_jobs AS job JOIN capture_checkpoints AS stored ON stored.key = job.id::text
      WHERE job.completed_at < ${before} AND (
        (${IS_COMPLETE_CAPTURE}) IS NOT TRUE OR job.range_until IS NOT NULL
        OR stored.checkpoint -> 'isFinished' IS DISTINCT FROM 'true'::jsonb
        OR EXISTS (
          SELECT FROM progressive_capture_jobs AS newer
            JOIN capture_checkpoints AS later ON later.key = newer.id::text
          WHERE newer.repository_id = job.repository_id AND newer.started_at > job.started_at
            AND newer.job_type = 'history' AND newer.status = 'completed' AND newer.result ->> 'complete' = 'true'
            AND newer.range_until IS NULL AND newer.include @> job.include
            AND later.checkpoint -> 'isFinished' = 'true'::jsonb))
      ORDER BY stored.key
      LIMIT ${PAGE})`.execute(trx);
  return Number(numAffectedRows);
}

/** The first job of a repository stays too: without it the repository would count as new again. */
async function pruneJobs(trx: Transaction<DB>, before: Date): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM progressive_capture_jobs WHERE id IN (
      SELECT job.id
      FROM progressive_capture_jobs AS job
      WHERE job.completed_at < ${before} AND (${IS_COMPLETE_CAPTURE}) IS NOT TRUE
        AND EXISTS (
          SELECT FROM progressive_capture_jobs AS older
          WHERE older.repository_id = job.repository_id
            AND (older.created_at, older.id) < (job.created_at, job.id))
        -- Goes first, with the page before.
        AND NOT EXISTS (SELECT FROM capture_checkpoints AS stored WHERE stored.key = job.id::text)
      ORDER BY job.completed_at
      LIMIT ${PAGE})`.execute(trx);
  return Number(numAffectedRows);
}

/** Repository by repository, and its pull requests and issues by pages, since each takes all of its rows along. */
async function pruneRemoved(pass: Pass, before: Date): Promise<number> {
  for (let total = 0; ; total++) {
    pass.signal.throwIfAborted();
    const repository = await pass.write((trx) =>
      trx
        .selectFrom('repositories')
        .select('id')
        .where('removed_at', '<', before)
        .orderBy('removed_at')
        .limit(1)
        .executeTakeFirst(),
    );
    if (!repository) return total;
    const isStillRemoved = sql<boolean>`repository_id IN (
      SELECT id FROM repositories WHERE id = ${repository.id} AND removed_at < ${before} FOR UPDATE)`;
    for (const table of ['pull_requests', 'issues', 'branch_commits'] as const) {
      await byPages(pass, async (trx) => {
        const { numAffectedRows } = await sql`
          DELETE FROM ${sql.table(table)} WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM ${sql.table(table)} WHERE ${isStillRemoved} LIMIT ${PAGE}))`.execute(trx);
        return Number(numAffectedRows);
      });
    }
    await pass.write(async (trx) => {
      await trx.deleteFrom('capture_checkpoints').where(isStillRemoved).execute();
      await trx
        .deleteFrom('repositories')
        .where('id', '=', repository.id)
        .where('removed_at', '<', before)
        .execute();
    });
  }
}

async function pruneInstallations(trx: Transaction<DB>, before: Date): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM installations WHERE id IN (
      SELECT id FROM installations
      WHERE deleted_at < ${before}
        AND NOT EXISTS (SELECT FROM repositories WHERE repositories.installation_id = installations.id)
      ORDER BY id LIMIT ${PAGE})`.execute(trx);
  return Number(numAffectedRows);
}
