import { sql, type Transaction } from 'kysely';
import type { DB } from '../store/database.generated.ts';
import { IS_COMPLETE_CAPTURE } from './captured-until.ts';
import type { Job } from './job.ts';

/** A job that takes up where complete captures before it ended, and where that was (`capturedKinds`). */
export interface IncrementalJob {
  job: Pick<Job, 'id'>;
  capturedUntil: Date;
}

/**
 * Gives new jobs the checkpoint of the capture that they follow on, so that the engine goes on with an incremental pass:
 * from when that capture began, with its page sizes and whatever else it remembers. It is the newest complete capture
 * of all the kinds of the job that went up to its own beginning, with no hole before. A job without one goes by its range
 * alone. In the transaction that inserts the jobs.
 */
export async function seedCheckpoints(trx: Transaction<DB>, jobs: readonly IncrementalJob[]): Promise<void> {
  if (jobs.length === 0) return;
  const following = jobs.map(({ job, capturedUntil }) => ({ id: job.id, captured_until: capturedUntil }));
  await sql`
    INSERT INTO capture_checkpoints (key, repository_id, sequence, checkpoint)
    SELECT new_job.id::text, new_job.repository_id, 0, seed.checkpoint
    FROM jsonb_to_recordset(${JSON.stringify(following)}::text::jsonb) AS following (id uuid, captured_until timestamptz)
      JOIN progressive_capture_jobs AS new_job ON new_job.id = following.id
      CROSS JOIN LATERAL (
        SELECT stored.checkpoint
        FROM progressive_capture_jobs AS job JOIN capture_checkpoints AS stored ON stored.key = job.id::text
        WHERE ${IS_COMPLETE_CAPTURE} AND job.repository_id = new_job.repository_id
          AND job.include @> new_job.include
          -- One that ended earlier left what changed between to another one, and says nothing about it.
          AND job.range_until IS NULL
          AND date_trunc('milliseconds', job.started_at) <= following.captured_until
          AND stored.checkpoint -> 'isFinished' = 'true'::jsonb
        ORDER BY job.started_at DESC
        LIMIT 1
      ) AS seed
    ON CONFLICT (key) DO NOTHING`.execute(trx);
}

/**
 * Takes back the checkpoints of jobs that have not begun and were given other work to do: it may reach further back, or to
 * kinds that the capture before did not have.
 */
export async function dropSeeds(trx: Transaction<DB>, jobIds: readonly string[]): Promise<void> {
  if (jobIds.length === 0) return;
  await trx
    .deleteFrom('capture_checkpoints')
    .where('key', '=', sql<string>`ANY(${[...jobIds]}::text[])`)
    // The first batch has number 1.
    .where('sequence', '=', 0)
    .execute();
}
