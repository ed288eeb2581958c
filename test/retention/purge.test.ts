import { sql, type Transaction } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { STORED_TABLES } from '../../src/retention/owned-rows.ts';
import { countPerson, purgePerson } from '../../src/retention/purge-person.ts';
import { countRepository, purgeRepository } from '../../src/retention/purge-repository.ts';
import { readRows } from '../../src/retention/read-rows.ts';
import type { DB } from '../../src/store/database.generated.ts';
import { storeCaptureBatch } from '../../src/store/store-capture-batch.ts';
import { at, captured, everything } from '../store/capture-rows.ts';
import { describeEachDatabase } from '../support/databases.ts';

const HERE = 1;
const THERE = 2;

/** The rows of the repository, people aside. */
const ROWS_HERE = {
  repositories: 1,
  labels: 1,
  pull_requests: 1,
  issues: 1,
  reviews: 3,
  review_threads: 1,
  comments: 1,
  commits: 1,
  branch_commits: 1,
  files: 1,
  pull_request_labels: 1,
  pull_request_assignees: 1,
  issue_labels: 1,
  issue_assignees: 1,
};

describeEachDatabase('retention', (database) => {
  const rowsOf = async (table: string) =>
    (
      await sql<Record<string, unknown>>`SELECT * FROM ${sql.table(table)} ORDER BY 1, 2`.execute(
        database().db,
      )
    ).rows;

  beforeEach(async () => {
    const { db } = database();
    await sql`TRUNCATE repositories, contributors, purges, deliveries, capture_checkpoints, commands CASCADE`.execute(
      db,
    );
    await db.transaction().execute(async (trx) => {
      await storeCaptureBatch(trx, {
        repositoryId: HERE,
        rows: [
          ...everything(),
          captured('contributors', { id: 101, login: 'only-here' }),
          captured('contributors', { id: 102, login: 'there-too' }),
          captured('reviews', { id: 31, author_id: 101, body: 'mine' }),
          captured('reviews', { id: 32, author_id: 102, body: 'theirs' }),
        ],
      });
      await storeCaptureBatch(trx, {
        repositoryId: THERE,
        rows: [
          captured('repositories', { id: THERE, full_name: 'acme/other' }),
          captured('issues', { id: 21, repository_id: THERE, number: 1, title: 'Theirs' }),
          captured('comments', {
            id: 51,
            pull_request_id: null,
            issue_id: 21,
            author_id: 102,
            body: 'hello',
          }),
        ],
      });
    });
    await sql`INSERT INTO deliveries (id, event, repository_id, outcome) VALUES ('d1', 'push', ${HERE}, 'done'),
      ('d2', 'push', ${THERE}, 'done')`.execute(db);
    await sql`INSERT INTO capture_checkpoints (key, repository_id, checkpoint) VALUES ('k', ${HERE}, '{}')`.execute(
      db,
    );
  });

  const inTransaction = <T>(work: (trx: Transaction<DB>) => Promise<T>): Promise<T> =>
    database().db.transaction().execute(work);

  describe('purging a repository', () => {
    test('takes all of it away, and people who are nowhere else; what was counted before is what went', async () => {
      const counted = await inTransaction((trx) => countRepository(trx, HERE));
      expect(counted).toEqual({
        contributors: 2,
        ...ROWS_HERE,
        capture_checkpoints: 1,
        deliveries: 1,
      });
      expect(await inTransaction((trx) => purgeRepository(trx, HERE))).toEqual(counted);
      expect((await rowsOf('contributors')).map(({ login }) => login)).toEqual(['there-too']);
      expect((await rowsOf('repositories')).map(({ id }) => id)).toEqual([THERE]);
      expect((await rowsOf('deliveries')).map(({ id }) => id)).toEqual(['d2']);
      expect(await rowsOf('comments')).toMatchObject([{ id: 51, author_id: 102, body: 'hello' }]);
      expect(await inTransaction((trx) => countRepository(trx, HERE))).toEqual({});
    });
  });

  describe('purging a person', () => {
    test('erases their texts and their name, and keeps the rows', async () => {
      expect(await inTransaction((trx) => countPerson(trx, 102))).toEqual({
        contributors: 1,
        reviews: 1,
        comments: 1,
      });
      expect(await inTransaction((trx) => purgePerson(trx, 102))).toEqual({
        contributors: 1,
        reviews: 1,
        comments: 1,
      });
      expect(await rowsOf('reviews')).toMatchObject([
        { id: 30 },
        { id: 31, author_id: 101, body: 'mine' },
        { id: 32, author_id: null, body: null },
      ]);
      expect(await rowsOf('comments')).toMatchObject([{ id: 50 }, { id: 51, author_id: null, body: null }]);
      expect((await rowsOf('contributors')).map(({ id }) => id)).toEqual([100, 101]);
      expect(await inTransaction((trx) => countPerson(trx, 102))).toEqual({});
    });

    test('and their name in commits', async () => {
      await database()
        .db.transaction()
        .execute((trx) =>
          storeCaptureBatch(trx, {
            repositoryId: HERE,
            rows: [
              captured('commits', {
                pull_request_id: 10,
                oid: 'd'.repeat(40),
                author_id: 101,
                author_name: 'Only Here',
                message_headline: 'Fix',
                authored_at: at(1),
              }),
            ],
          }),
        );
      await inTransaction((trx) => purgePerson(trx, 101));
      expect((await rowsOf('commits')).find(({ oid }) => oid === 'd'.repeat(40))).toMatchObject({
        author_id: null,
        author_name: null,
        message_headline: null,
      });
    });
  });

  describe('reading the rows of a repository', () => {
    test('every table, that repository alone', async () => {
      const counts: Record<string, number> = {};
      for (const table of STORED_TABLES) {
        for await (const row of readRows(database().db, table, HERE)) {
          counts[table] = (counts[table] ?? 0) + 1;
          if ('repository_id' in row) expect(row.repository_id).toBe(HERE);
        }
      }
      expect(counts).toEqual({
        contributors: 3,
        ...ROWS_HERE,
      });
    });

    test('more than a page, each row once and in order', async () => {
      await sql`INSERT INTO files (pull_request_id, path, additions, deletions, captured_at)
        SELECT 10, 'f' || i, 1, 1, now() FROM generate_series(1, 2500) AS i`.execute(database().db);
      const paths: unknown[] = [];
      for await (const { path } of readRows(database().db, 'files', HERE)) paths.push(path);
      expect([paths.length, new Set(paths).size]).toEqual([2_501, 2_501]);
    });
  });
});
