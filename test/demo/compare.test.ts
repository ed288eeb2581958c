import { sql } from 'kysely';
import { beforeEach, expect, it } from 'vitest';
import { compareWithTruth, isExact } from '../../demo/compare.ts';
import type { Truth } from '../../sandbox/truth.ts';
import type { CaptureRow } from '../../src/destination/destination.ts';
import { storeCaptureBatch } from '../../src/store/store-capture-batch.ts';
import { captured } from '../store/capture-rows.ts';
import { withDatabase } from '../support/databases.ts';

const database = withDatabase();
const CREATED = '2026-01-01T12:00:00Z';
const TRUTH: Truth = {
  contributors: [{ id: 100, login: 'ada', type: 'User' }],
  pull_requests: [
    { id: 10, number: 1, title: 'One', created_at: CREATED },
    { id: 11, number: 2, title: 'Two', created_at: CREATED },
  ],
  files: [
    { pull_request_id: 10, path: 'a.ts', additions: 1 },
    { pull_request_id: 11, path: 'a.ts', additions: 1 },
  ],
  comments: [{ id: 50, pull_request_id: 10, body: 'hi' }],
  labels: [],
};

beforeEach(async () => {
  const { db } = database();
  await sql`TRUNCATE repositories, contributors CASCADE`.execute(db);
  const store = (repositoryId: number, rows: CaptureRow[]) =>
    db.transaction().execute((trx) => storeCaptureBatch(trx, { repositoryId, rows }));
  await store(1, [
    captured('repositories'),
    captured('contributors'),
    captured('pull_requests', { title: 'One', created_at: CREATED }),
    captured('pull_requests', { id: 11, number: 2, title: 'Two', created_at: CREATED }),
    captured('files'),
    captured('files', { pull_request_id: 11 }),
    captured('comments', { body: 'hi' }),
  ]);
  await store(2, [
    captured('repositories', { id: 2, full_name: 'acme/other' }),
    captured('contributors', { id: 101, login: 'eve' }),
    captured('pull_requests', { id: 12, repository_id: 2 }),
    captured('files', { pull_request_id: 12, path: 'b.ts' }),
  ]);
});

const differing = async (truth = TRUTH) =>
  (await compareWithTruth(database().db, 1, truth))
    .filter((comparison) => !isExact(comparison))
    .map(({ table, expected, stored, missing, surplus }) => ({
      ...{ table, expected, stored },
      ...{ missing: missing.map((row) => JSON.parse(row)), surplus: surplus.map((row) => JSON.parse(row)) },
    }));

it('the same rows are exact, whatever other repositories hold', async () => {
  expect(await differing()).toEqual([]);
});

it('a missing row is found', async () => {
  await sql`DELETE FROM files WHERE pull_request_id = 11`.execute(database().db);
  expect(await differing()).toEqual([
    { table: 'files', expected: 2, stored: 1, missing: [[11, 'a.ts', 1]], surplus: [] },
  ]);
});

it('a surplus row is found', async () => {
  await sql`UPDATE files SET pull_request_id = 11, path = 'z.ts' WHERE pull_request_id = 12`.execute(
    database().db,
  );
  expect(await differing()).toEqual([
    { table: 'files', expected: 2, stored: 3, missing: [], surplus: [[11, 'z.ts', 1]] },
  ]);
});

it('a surplus row is found where none is expected', async () => {
  await sql`INSERT INTO labels (id, repository_id, name, captured_at) VALUES ('LA_1', 1, 'bug', now())`.execute(
    database().db,
  );
  expect(await differing()).toMatchObject([{ table: 'labels', expected: 0, stored: 1, missing: [] }]);
});

it.each([
  ['a text', sql`UPDATE pull_requests SET title = 'one' WHERE id = 10`, [10, 1, 'one', CREATED]],
  [
    'a null in place of a text',
    sql`UPDATE pull_requests SET title = NULL WHERE id = 10`,
    [10, 1, null, CREATED],
  ],
  [
    'a time, by a second',
    sql`UPDATE pull_requests SET created_at = '2026-01-01T12:00:01Z' WHERE id = 10`,
    [10, 1, 'One', '2026-01-01T12:00:01Z'],
  ],
])('a changed value is found: %s', async (_, change, surplus) => {
  await change.execute(database().db);
  expect(await differing()).toEqual([
    {
      ...{ table: 'pull_requests', expected: 2, stored: 2 },
      ...{ missing: [[10, 1, 'One', CREATED]], surplus: [surplus] },
    },
  ]);
});

it('a row that is stored twice is found, though each of the two is right', async () => {
  // The keys of the tables forbid real doubles; without a key among its columns, a truth of one row has two here.
  expect(await differing({ files: [{ additions: 1 }] })).toMatchObject([
    { table: 'files', expected: 1, stored: 2, missing: [], surplus: [] },
  ]);
});

it('a tombstone counts as gone', async () => {
  await sql`UPDATE comments SET deleted_at = now(), body = NULL WHERE id = 50`.execute(database().db);
  expect(await differing()).toEqual([
    { table: 'comments', expected: 1, stored: 0, missing: [[50, 10, 'hi']], surplus: [] },
  ]);
});
