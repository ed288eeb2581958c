import { sql } from 'kysely';
import { sleepFor } from '../github/sleep.ts';
import type { Checkpoint, ExpectedCounts, GapsResponse } from '../jobs-api/protocol.ts';
import type { Database } from '../store/database.ts';
import { DatabaseUnreachableError } from '../store/database-unreachable-error.ts';
import { InvalidRowError } from '../store/row-errors.ts';
import { storeCaptureBatch } from '../store/store-capture-batch.ts';
import type { CaptureBatch, CaptureDestination } from './destination.ts';

export interface DatabaseDestinationOptions {
  db: Database;
  /** Absent where only GitHub knows it (the Action alone): taken from the first batch's `repositories` row then. */
  repositoryId?: number;
  /** The job, or what tells captures apart where there is none. */
  checkpointKey: string;
}

/** A batch whose number is not the next one: batches before it are missing. */
export class BatchOutOfOrderError extends Error {
  override name = 'BatchOutOfOrderError';
  readonly code = 'out_of_order';
}

/** Two runs of one capture store at the same time: what this one knows of the stored place is no longer so. */
class AnotherRunError extends Error {
  override name = 'AnotherRunError';
  readonly code = 'another_run';
}

/**
 * Stores a capture, and where it stands, in a database that is migrated. The database stays open at `close`. A batch that
 * the database could not take just now (a deadlock, a lost connection, a restart of the server) is tried again.
 */
export function createDatabaseDestination({
  db,
  repositoryId,
  checkpointKey,
}: DatabaseDestinationOptions): CaptureDestination {
  let known = repositoryId;
  /** Number of the last batch that this destination stored. */
  let own = 0;

  /** Whether the stored batch of this number is this very batch: it was stored, and only the answer got lost. */
  async function isStored({ sequence, checkpoint }: Pick<CaptureBatch, 'sequence' | 'checkpoint'>) {
    const row = await db
      .selectFrom('capture_checkpoints')
      .select('key')
      .where('key', '=', checkpointKey)
      .where('sequence', '=', sequence)
      .where(sql<boolean>`checkpoint = ${JSON.stringify(checkpoint)}::text::jsonb`)
      .executeTakeFirst();
    return row !== undefined;
  }

  return {
    async open() {
      const row = await db
        .selectFrom('capture_checkpoints')
        .select(['checkpoint', 'sequence', 'repository_id'])
        .where('key', '=', checkpointKey)
        .executeTakeFirst();
      known ??= row?.repository_id ?? undefined;
      return { checkpoint: row?.checkpoint ?? null, sequence: row?.sequence ?? 0 };
    },
    async write({ sequence, checkpoint, rows }) {
      const id = known ?? findRepositoryId(rows);
      const header = { sequence, checkpoint };
      const { stored } = await tryAgainWhenAway(() =>
        db
          .transaction()
          .execute((trx) => storeBatch(trx, { key: checkpointKey, repositoryId: id, header, rows })),
      );
      if (!stored && sequence > own && !(await isStored(header))) {
        throw new AnotherRunError(
          `Another run of this capture stored its batch ${sequence} meanwhile, so nothing of this run's was. Let the other one finish, then run this again.`,
        );
      }
      own = Math.max(own, sequence);
      known = id;
      return { next: 'continue' };
    },
    async findGaps(counts, id) {
      return findGaps(db, { repositoryId: id, counts });
    },
    async close() {},
  };
}

/** Milliseconds before each further try; half a minute in all, as a server's restart takes. */
const WAITS_MS = [1_000, 2_000, 4_000, 8_000, 15_000];
/** PostgreSQL ended the one transaction so that the other goes on (PostgreSQL manual, 13.3.4). */
const DEADLOCK = '40P01';

/** @param work safe to repeat, also when it was done and only the answer got lost */
async function tryAgainWhenAway<T>(work: () => Promise<T>): Promise<T> {
  for (const waitMs of WAITS_MS) {
    try {
      return await work();
    } catch (error) {
      const isDeadlock = error instanceof Error && 'code' in error && error.code === DEADLOCK;
      if (!isDeadlock && !(error instanceof DatabaseUnreachableError)) throw error;
      await sleepFor(isDeadlock ? Math.random() * 100 : waitMs);
    }
  }
  return work();
}

function findRepositoryId(rows: CaptureBatch['rows']): number {
  const id = rows.find(({ table }) => table === 'repositories')?.row.id;
  if (typeof id === 'number') return id;
  throw new InvalidRowError(
    'The first batch of a capture lacks the row of its repository. Nothing of it was stored.',
  );
}

export interface StoreBatchOptions {
  /** Of the checkpoint. */
  key: string;
  repositoryId: number;
  header: { sequence: number; checkpoint: Checkpoint };
  rows: CaptureBatch['rows'];
}

/**
 * Stores a batch and where the capture stands after it, in the caller's transaction.
 * @returns `stored` false: this number was stored before, and nothing was changed
 * @throws BatchOutOfOrderError, InvalidRowError, ForeignRowError
 */
export async function storeBatch(
  trx: Database,
  { key, repositoryId, header: { sequence, checkpoint }, rows }: StoreBatchOptions,
): Promise<{ stored: boolean }> {
  await trx
    .insertInto('capture_checkpoints')
    .values({ key, repository_id: repositoryId, checkpoint: {} })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute();
  // Two runs of one capture wait for each other here.
  const { sequence: last } = await trx
    .selectFrom('capture_checkpoints')
    .select('sequence')
    .where('key', '=', key)
    .forUpdate()
    .executeTakeFirstOrThrow();
  if (sequence <= last) return { stored: false };
  if (sequence > last + 1) {
    throw new BatchOutOfOrderError(
      `Batch ${sequence} came, and the last one stored is ${last}: send batch ${last + 1} first. Nothing of it was stored.`,
    );
  }
  await storeCaptureBatch(trx, { repositoryId, rows });
  await trx
    .updateTable('capture_checkpoints')
    .set({
      repository_id: repositoryId,
      sequence,
      checkpoint: JSON.stringify(checkpoint),
      // The one thing about checkpoints that is known outside of the capture engine.
      finished_at: checkpoint.isFinished === true ? sql`now()` : null,
      updated_at: sql`now()`,
    })
    .where('key', '=', key)
    .execute();
  return { stored: true };
}

/** Compares GitHub's totals of pull requests with what is stored, in one statement. */
export async function findGaps(
  db: Database,
  { repositoryId, counts }: { repositoryId: number; counts: readonly ExpectedCounts[] },
): Promise<GapsResponse> {
  const { rows: gaps } = await sql<GapsResponse['gaps'][number]>`
    select expected.number, gap.connection, gap.expected, gap.stored
    from jsonb_to_recordset(${JSON.stringify(counts)}::text::jsonb) as expected (number integer, comments bigint,
        reviews bigint, review_threads bigint, commits bigint, files bigint, labels bigint, assignees bigint, review_comments bigint)
      left join pull_requests p
        on p.repository_id = ${repositoryId} and p.number = expected.number and p.deleted_at is null
      cross join lateral (values
        ('pull_request', 1::bigint, (p.id is not null)::integer::bigint),
        ('comments', expected.comments, (select count(*) from comments x
          where x.pull_request_id = p.id and x.comment_type = 'issue' and x.deleted_at is null)),
        ('reviews', expected.reviews, (select count(*) from reviews x
          where x.pull_request_id = p.id and x.deleted_at is null)),
        ('review_threads', expected.review_threads, (select count(*) from review_threads x
          where x.pull_request_id = p.id and x.deleted_at is null)),
        ('review_comments', coalesce(expected.review_comments, p.review_comments_count,
          (select coalesce(sum(t.comments_count), 0) from review_threads t
            where t.pull_request_id = p.id and t.deleted_at is null)), (select count(*) from comments x
          where x.pull_request_id = p.id and x.comment_type = 'review' and x.deleted_at is null)),
        ('commits', expected.commits, (select count(*) from commits x where x.pull_request_id = p.id)),
        ('files', expected.files, (select count(*) from files x where x.pull_request_id = p.id)),
        ('labels', expected.labels, (select count(*) from pull_request_labels x where x.pull_request_id = p.id)),
        ('assignees', expected.assignees, (select count(*) from pull_request_assignees x
          where x.pull_request_id = p.id))
      ) as gap (connection, expected, stored)
    where gap.expected <> gap.stored
    order by expected.number, gap.connection`.execute(db);
  return { numbers: [...new Set(gaps.map(({ number }) => number))], gaps };
}
