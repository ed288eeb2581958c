import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../store/database.ts';
import type { CaptureInclude } from '../work-item/work-item.ts';

/** Clocks differ, and GitHub's lists may lag behind: what is new is looked for this much before the last capture began. */
const OVERLAP_MS = 3_600_000;

/**
 * A completed history job, named `job`, that has fetched everything in its range. As the index of them says it.
 * These rows are the only record of what is captured: whoever prunes jobs must leave them.
 */
export const IS_COMPLETE_CAPTURE = sql<boolean>`job.job_type = 'history' AND job.status = 'completed'
  AND job.result ->> 'complete' = 'true' AND job.started_at IS NOT NULL`;

/**
 * For each repository of a set and each kind of which a history was captured from the beginning on: the time up to which
 * complete captures have all of it. The ranges of captures are joined; what lies behind a hole does not count, and a kind
 * with a hole at the beginning has no row.
 * @param repositoryIds a query of one column, `id`
 * @returns a query of `repository_id`, `kind` and `captured_until`
 */
export function capturedKinds(repositoryIds: RawBuilder<unknown>): RawBuilder<{
  repository_id: number;
  kind: CaptureInclude;
  captured_until: Date;
}> {
  // Ordered by their beginnings, the first range that begins after the end of all before it begins behind a hole.
  return sql`
    SELECT repository_id, kind, max(until) AS captured_until
    FROM (
      SELECT repository_id, kind, until, count(*) FILTER (WHERE since IS NOT NULL AND (reached IS NULL OR since > reached))
          OVER (PARTITION BY repository_id, kind ORDER BY since NULLS FIRST, until ROWS UNBOUNDED PRECEDING) AS holes
      FROM (
        SELECT repository_id, kind, since, until, max(until) OVER (PARTITION BY repository_id, kind
            ORDER BY since NULLS FIRST, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
        FROM (
          SELECT job.repository_id, unnest(job.include) AS kind, job.range_since AS since,
            -- What changed after its run began is not in it, however far it was meant to reach.
            least(job.range_until, job.started_at) AS until
          FROM progressive_capture_jobs AS job
          WHERE ${IS_COMPLETE_CAPTURE} AND job.repository_id IN (${repositoryIds})
        ) AS ranges
      ) AS reaching
    ) AS joined
    WHERE holes = 0
    GROUP BY repository_id, kind`;
}

/** By repository the time up to which everything of these kinds is captured; left out: not from the beginning on. */
export async function findCapturedUntil(
  db: Database,
  repositoryIds: readonly number[],
  include: readonly CaptureInclude[],
): Promise<ReadonlyMap<number, Date>> {
  const ids = sql`SELECT unnest(${[...repositoryIds]}::bigint[])`;
  const { rows } = await sql<{ repository_id: number; until: Date }>`
    SELECT repository_id, min(captured_until) AS until FROM (${capturedKinds(ids)}) AS captured
    WHERE kind = ANY (${[...include]}::text[])
    GROUP BY repository_id HAVING count(*) = ${include.length}::integer`.execute(db);
  return new Map(rows.map(({ repository_id: id, until }) => [id, until]));
}

/** What a capture has to fetch that takes up where complete ones before it ended. */
export function rangeAfter(capturedUntil: Date): { since: Date } {
  return { since: new Date(capturedUntil.getTime() - OVERLAP_MS) };
}
