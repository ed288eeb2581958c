import { sql } from 'kysely';
import { capturedKinds } from '../jobs/captured-until.ts';
import { SELF_SERVICE_LEASES } from '../jobs/self-service-lease.ts';
import type { Database } from '../store/database.ts';
import type { CaptureInclude, WorkRepository } from '../work-item/work-item.ts';

/** Times in a period at which repositories are due, each at its own: one run then works through those of one time. */
export const SLOTS = 24;

/**
 * How long before its time, in periods, a repository must have been captured for its time to be left out.
 * - Half a period: a pass that waited long in the queue does not push the next one away.
 * - More than one where the repository's own workflow asks for jobs: that comes once a period, give or take some hours.
 */
const FRESH_PERIODS = { byLoop: 0.5, bySelfService: 1.25 };

export interface DueRepository {
  repository: WorkRepository;
  /** What complete captures from the beginning hold, in alphabetical order. */
  include: CaptureInclude[];
  /** Complete captures have all of it up to this time. */
  capturedUntil: Date;
}

export interface DueOptions {
  now: Date;
  /** Times before that are done with; null: only the last one is looked at. */
  lastPassedAt: Date | null;
  periodMs: number;
  /** Numeric ids of the accounts that are served. */
  servedAccounts: readonly number[];
  /** Repositories with this id and lower ones are left out. */
  afterId: number;
  /** Repositories whose time has come that are looked at. */
  limit: number;
}

export interface DuePage {
  due: DueRepository[];
  /** Where the next page begins; null: this was the last one. */
  lastId: number | null;
}

/**
 * The repositories whose time has come since the last pass and whose history is captured, but not just now, by ascending
 * ids. A repository's time follows from its id, so it stays, and all of them are spread out over the period.
 */
export async function findDueRepositories(db: Database, options: DueOptions): Promise<DuePage> {
  const { now, periodMs } = options;
  const slotMs = Math.floor(periodMs / SLOTS);
  const sinceLastMs = options.lastPassedAt ? now.getTime() - options.lastPassedAt.getTime() : slotMs;
  const fresh = {
    byLoop: Math.round(periodMs * FRESH_PERIODS.byLoop),
    bySelfService: Math.round(periodMs * FRESH_PERIODS.bySelfService),
  };
  const { rows } = await sql<{
    id: number;
    full_name: string;
    installation_id: number;
    is_private: boolean;
    include: CaptureInclude[];
    captured_until: Date;
    is_due: boolean | null;
  }>`
    WITH timed AS (
      SELECT repository.id,
        -- Milliseconds since its time came.
        (${now.getTime()}::bigint - repository.id % ${SLOTS}::bigint * ${slotMs}::bigint) % ${periodMs}::bigint AS ago_ms
      FROM repositories AS repository
        LEFT JOIN installations AS installation ON installation.id = repository.installation_id
      WHERE repository.id > ${options.afterId} AND repository.installation_id IS NOT NULL
        AND repository.removed_at IS NULL AND NOT repository.is_archived AND NOT repository.is_fork
        AND NOT (repository.is_empty AND coalesce(pull_requests_count, 0) + coalesce(issues_count, 0) = 0)
        AND installation.deleted_at IS NULL AND installation.suspended_at IS NULL
        -- Of an installation older than this app nothing is stored.
        AND (installation.id IS NULL OR installation.account_id = ANY (${[...options.servedAccounts]}::bigint[]))
    ), candidates AS MATERIALIZED (
      SELECT timed.id, ${now}::timestamptz - interval '1 millisecond' * (timed.ago_ms
          + CASE WHEN own.name IS NULL THEN ${fresh.byLoop}::bigint ELSE ${fresh.bySelfService}::bigint END) AS fresh_since
      FROM timed LEFT JOIN leases AS own ON own.name = ${SELF_SERVICE_LEASES}::text || timed.id::text
        AND own.expires_at > ${now}::timestamptz - interval '1 millisecond' * ${fresh.bySelfService}::bigint
      WHERE timed.ago_ms < ${sinceLastMs}::bigint AND NOT EXISTS (
        SELECT FROM progressive_capture_jobs AS live
        WHERE live.repository_id = timed.id AND live.job_type = 'history'
          AND live.status IN ('queued', 'dispatched', 'running'))
      ORDER BY timed.id
      LIMIT ${options.limit}
    )
    SELECT repository.id, repository.full_name, repository.installation_id, repository.is_private,
      array_agg(captured.kind ORDER BY captured.kind) AS include, min(captured.captured_until) AS captured_until,
      min(captured.captured_until) <= candidates.fresh_since AS is_due
    FROM candidates
      JOIN repositories AS repository ON repository.id = candidates.id
      LEFT JOIN (${capturedKinds(sql`SELECT id FROM candidates`)}) AS captured
        ON captured.repository_id = candidates.id
    GROUP BY repository.id, candidates.fresh_since
    ORDER BY repository.id`.execute(db);
  return {
    due: rows
      .filter((row) => row.is_due)
      .map(({ id, include, captured_until: capturedUntil, ...row }) => ({
        repository: {
          id,
          fullName: row.full_name,
          installationId: row.installation_id,
          isPrivate: row.is_private,
        },
        include,
        capturedUntil,
      })),
    lastId: rows.length < options.limit ? null : (rows.at(-1)?.id ?? null),
  };
}
