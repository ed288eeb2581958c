import { sql } from 'kysely';
import { expect, vi } from 'vitest';
import { compareWithTruth, isExact } from '../../demo/compare.ts';
import type { RunningSandbox } from '../../sandbox/github.ts';
import type { Repository } from '../../sandbox/world/model.ts';
import type { Database } from '../../src/store/database.ts';

/** Resolves when every job has ended; what holds them up is in the message. */
export async function allEnded(db: Database, timeoutMs = 30_000): Promise<void> {
  await vi.waitFor(
    async () => {
      const live = await db
        .selectFrom('progressive_capture_jobs')
        .select(['target', 'status', 'status_reason', 'error', 'not_before'])
        .where('status', 'in', ['queued', 'dispatched', 'running'])
        .execute();
      expect(live).toEqual([]);
    },
    { timeout: timeoutMs, interval: 50 },
  );
}

/** Resolves when no job waits to be taken; one that a dispatcher had in hand when it was cut off is its own until its lease is over. */
export async function allTaken(db: Database): Promise<void> {
  await vi.waitFor(
    async () => {
      const waiting = await db
        .selectFrom('progressive_capture_jobs')
        .select('id')
        .where('status', '=', 'queued')
        .where('lease_expires_at', 'is', null)
        .execute();
      expect(waiting).toEqual([]);
    },
    { timeout: 20_000, interval: 50 },
  );
}

/**
 * Ends waits that the drill does not want to sit through: those for the next attempt, for the share of GitHub's budget
 * that a dead run held (a minute), and for the leases of dead runs and of dispatchers that died while they sent.
 */
export async function skipWaits(db: Database, { leases = false } = {}): Promise<void> {
  await sql`UPDATE progressive_capture_jobs SET not_before = now() - interval '1 second'
    WHERE status = 'queued' AND not_before > now()`.execute(db);
  await sql`DELETE FROM budget_grants`.execute(db);
  if (!leases) return;
  await sql`UPDATE progressive_capture_jobs SET lease_expires_at = now() - interval '1 second'
    WHERE status IN ('queued', 'dispatched', 'running') AND lease_expires_at IS NOT NULL`.execute(db);
}

/** Keeps the loops quiet that make work of their own, such as of a repository that no webhook told of. */
export async function quietLoops(db: Database): Promise<void> {
  await sql`INSERT INTO leases (name, holder, expires_at, passed_at)
    SELECT 'loop:' || name, 'the drill', now(), now() + interval '1 day'
    FROM unnest(ARRAY['heal-installations', 'classify-again', 'reconcile']) AS name`.execute(db);
}

/** Tables in which the database and the local GitHub differ; `labels` as such are captured where they are asked for. */
export async function differingTables(
  db: Database,
  sandbox: RunningSandbox,
  repository: Repository,
): Promise<string[]> {
  const compared = await compareWithTruth(db, repository.id, sandbox.truth(repository.id));
  return compared.flatMap((table) => (isExact(table) || table.table === 'labels' ? [] : [table.table]));
}

/** Each job's end, its runs' ends, and its one row of metrics, in the order in which they were made. */
export async function outcomes(db: Database) {
  const { rows } = await sql<{ status: string; runs: (string | null)[]; metrics: string[] }>`
    SELECT job.status,
      ARRAY(SELECT conclusion FROM job_runs WHERE job_id = job.id ORDER BY run) AS runs,
      ARRAY(SELECT outcome FROM rollout_metrics WHERE job_id = job.id) AS metrics
    FROM progressive_capture_jobs AS job ORDER BY job.created_at, job.id`.execute(db);
  return rows;
}
