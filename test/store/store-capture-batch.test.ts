import fc from 'fast-check';
import { type Kysely, sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import type { CaptureRow } from '../../src/destination/destination.ts';
import { CAPTURE_TABLES } from '../../src/store/capture-tables.ts';
import type { DB } from '../../src/store/database.generated.ts';
import { storeCaptureBatch } from '../../src/store/store-capture-batch.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { at, captured, everything, gone, snapshot } from './capture-rows.ts';

const TABLES = Object.keys(CAPTURE_TABLES) as (keyof typeof CAPTURE_TABLES)[];

describeEachDatabase('storing a batch', (database) => {
  const store = (rows: CaptureRow[], repositoryId = 1) =>
    database()
      .db.transaction()
      .execute((trx) => storeCaptureBatch(trx, { repositoryId, rows }));
  const all = async (table: keyof DB) =>
    (await sql`select * from ${sql.table(table)} order by 1, 2`.execute(database().db)).rows;
  const only = async (table: keyof DB) => {
    const rows = await all(table);
    expect(rows).toHaveLength(1);
    return rows[0] as Record<string, unknown>;
  };
  const clear = (db: Kysely<DB>) => sql`truncate repositories, contributors cascade`.execute(db);

  beforeEach(async () => {
    await clear(database().db);
    await store([captured('repositories'), captured('contributors')]);
  });

  describe('what arrives is what is stored', () => {
    test('one row of each table, in any order', async () => {
      await expect(store(everything().toReversed())).resolves.toEqual({ rows: 15 });
      for (const table of TABLES) expect(await all(table), table).toHaveLength(1);
    });

    test('every column of a row', async () => {
      const row = {
        id: 10,
        node_id: 'PR_1',
        repository_id: 1,
        number: 7,
        title: 'Grüße, "quotes", \\ and 🎉',
        body: '',
        state: 'MERGED',
        is_draft: false,
        is_locked: true,
        author_id: 100,
        author_association: 'MEMBER',
        created_at: at(1),
        updated_at: at(2),
        closed_at: at(3),
        merged_at: at(3),
        merged_by_id: 100,
        merge_commit_oid: 'c0ffee',
        base_ref: 'main',
        base_oid: 'b',
        head_ref: 'topic',
        head_oid: 'h',
        head_repository: 'ada/widgets',
        milestone: '1.0',
        review_decision: 'APPROVED',
        additions: 0,
        deletions: 2_147_483_647,
        changed_files: 3,
        comments_count: 1,
        reviews_count: 2,
        review_threads_count: 3,
        review_comments_count: 8,
        commits_count: 4,
        files_count: 5,
        labels_count: 6,
        assignees_count: 7,
        captured_at: at(9),
      };
      await store([{ table: 'pull_requests', row }]);
      const times = ['created_at', 'updated_at', 'closed_at', 'merged_at', 'captured_at'];
      const expected = Object.fromEntries(
        Object.entries(row).map(([name, value]) => [
          name,
          times.includes(name) ? new Date(String(value)) : value,
        ]),
      );
      expect(await only('pull_requests')).toEqual({
        ...expected,
        deleted_at: null,
        nested_captured_at: null,
        threads_captured_at: null,
      });
    });

    test.each([
      'NULL',
      'null',
      '',
      ' leading and trailing ',
      '{a,b}',
      'a,b',
      '"',
      '\\',
      '\\"\\\\"',
      "'; drop table files; --",
      'two\nlines\tand\r\nmore',
      '$1',
    ])('a text of %j beside others', async (text) => {
      const names = [text, null, 'plain'];
      await store([
        captured('pull_requests'),
        ...names.map((change_type, i) => captured('files', { path: `${i} ${text}`, change_type })),
      ]);
      const { rows } = await sql`select path, change_type from files order by left(path, 1)`.execute(
        database().db,
      );
      expect(rows).toEqual(names.map((change_type, i) => ({ path: `${i} ${text}`, change_type })));
    });

    test('bodies of 65,536 characters and logins of bots', async () => {
      const body = '🎉'.repeat(32_768);
      await store([
        captured('contributors', { id: 49_699_333, login: 'dependabot[bot]', type: 'Bot' }),
        captured('pull_requests', { body, author_id: 49_699_333 }),
      ]);
      expect((await only('pull_requests')).body).toBe(body);
      expect(await all('contributors')).toContainEqual(
        expect.objectContaining({ login: 'dependabot[bot]', type: 'Bot' }),
      );
    });

    test('20,000 rows in one batch', async () => {
      const rows = Array.from({ length: 20_000 }, (_, i) =>
        captured('comments', { id: i + 1, body: `comment ${i}` }),
      );
      await expect(store([captured('pull_requests'), ...rows])).resolves.toEqual({ rows: 20_001 });
      const { rows: counts } =
        await sql`select count(*), count(distinct body) as bodies, max(id) from comments`.execute(
          database().db,
        );
      expect(counts).toEqual([{ count: 20_000, bodies: 20_000, max: 20_000 }]);
    });

    test('the same batch twice changes nothing', async () => {
      await store(everything());
      const before = await Promise.all(TABLES.map(all));
      await store(everything());
      expect(await Promise.all(TABLES.map(all))).toEqual(before);
    });

    test('the repository is the one of the batch, whatever the row says', async () => {
      await store(
        [
          captured('pull_requests', { repository_id: 999 }),
          captured('labels', { repository_id: undefined }),
        ].map(({ table, row: { repository_id, ...row } }) => ({
          table,
          row: repository_id === undefined ? row : { ...row, repository_id },
        })),
      );
      expect((await only('pull_requests')).repository_id).toBe(1);
      expect((await only('labels')).repository_id).toBe(1);
    });
  });

  describe('newer and older rows', () => {
    test('a newer row replaces, an older one does not', async () => {
      await store([captured('pull_requests', { title: 'new', updated_at: at(5) }, 5)]);
      await store([captured('pull_requests', { title: 'old', state: 'CLOSED', updated_at: at(4) }, 4)]);
      expect(await only('pull_requests')).toMatchObject({
        title: 'new',
        state: 'OPEN',
        captured_at: new Date(at(5)),
      });
      await store([captured('pull_requests', { title: 'newest', updated_at: at(6) }, 6)]);
      expect(await only('pull_requests')).toMatchObject({ title: 'newest', captured_at: new Date(at(6)) });
    });

    test('of two with one version the later captured one counts', async () => {
      await store([captured('pull_requests', { review_decision: 'APPROVED' }, 5)]);
      await store([captured('pull_requests', { review_decision: null }, 4)]);
      expect((await only('pull_requests')).review_decision).toBe('APPROVED');
      await store([captured('pull_requests', { review_decision: null }, 6)]);
      expect((await only('pull_requests')).review_decision).toBeNull();
    });

    test('an older row fills in what is not known, and no more', async () => {
      await store([
        captured('pull_requests', { title: null, body: '', closed_at: null, updated_at: at(5) }, 5),
      ]);
      await store([
        captured(
          'pull_requests',
          { title: 'T', body: 'B', closed_at: at(1), additions: 7, updated_at: at(1) },
          1,
        ),
      ]);
      expect(await only('pull_requests')).toMatchObject({
        title: 'T',
        body: '',
        closed_at: null,
        additions: 7,
        updated_at: new Date(at(5)),
        captured_at: new Date(at(5)),
      });
    });

    test.each([
      ['body', 'text', null, 'text'],
      ['body', 'text', '', ''],
      ['title', 'T', null, 'T'],
      ['author_id', 100, null, 100],
      ['merged_by_id', 100, null, 100],
      ['additions', 5, 0, 0],
      ['additions', 5, null, 5],
      ['closed_at', at(1), null, null],
      ['milestone', '1.0', null, null],
    ])('a newer %s: %j, then %j gives %j', async (column, before, after, expected) => {
      await store([captured('pull_requests', { [column]: before }, 1)]);
      await store([captured('pull_requests', { [column]: after, updated_at: at(2) }, 2)]);
      const value = (await only('pull_requests'))[column];
      expect(value instanceof Date ? value.toISOString() : value).toEqual(expected);
    });

    test('an absent column is left alone', async () => {
      await store([captured('pull_requests', { title: 'T', milestone: '1.0' }, 1)]);
      await store([captured('pull_requests', { updated_at: at(2) }, 2)]);
      expect(await only('pull_requests')).toMatchObject({
        title: 'T',
        milestone: '1.0',
        updated_at: new Date(at(2)),
      });
    });

    test('rows of one batch that leave out different columns', async () => {
      await store([
        captured('pull_requests', { title: 'one', milestone: '1.0', additions: 1 }, 1),
        captured('pull_requests', { id: 11, number: 3, title: 'two', milestone: '1.0', additions: 1 }, 1),
        captured('pull_requests', { id: 12, number: 4, title: 'three', milestone: '1.0', additions: 1 }, 1),
      ]);
      await store([
        captured('pull_requests', { additions: 2, updated_at: at(2) }, 2),
        captured('pull_requests', { id: 11, number: 3, title: 'two, edited', updated_at: at(2) }, 2),
        captured('pull_requests', { id: 12, number: 4, milestone: null, updated_at: at(2) }, 2),
      ]);
      expect(await all('pull_requests')).toMatchObject([
        { title: 'one', milestone: '1.0', additions: 2 },
        { title: 'two, edited', milestone: '1.0', additions: 1 },
        { title: 'three', milestone: null, additions: 1 },
      ]);
    });

    test('who resolved a thread is known while it is resolved', async () => {
      await store([
        captured('pull_requests'),
        captured('review_threads', { is_resolved: true, resolved_by_id: 100 }, 1),
      ]);
      await store([captured('review_threads', { is_resolved: true, resolved_by_id: null }, 2)]);
      expect(await only('review_threads')).toMatchObject({ is_resolved: true, resolved_by_id: 100 });
      await store([captured('review_threads', { is_resolved: false, resolved_by_id: null }, 3)]);
      expect(await only('review_threads')).toMatchObject({ is_resolved: false, resolved_by_id: null });
    });

    test('first_seen_at of a person stays', async () => {
      const before = await only('contributors');
      await store([captured('contributors', { login: 'ada-lovelace' }, 9)]);
      expect(await only('contributors')).toEqual({
        ...before,
        login: 'ada-lovelace',
        captured_at: new Date(at(9)),
      });
    });

    test('a row twice in a batch: the newer one, with what only the older one knows', async () => {
      await store([
        captured('pull_requests', { title: 'new', author_id: null, updated_at: at(2) }, 2),
        captured('pull_requests', { title: 'old', author_id: 100, updated_at: at(1) }, 1),
        captured('pull_requests', { additions: 3, updated_at: at(1) }, 1),
      ]);
      expect(await only('pull_requests')).toMatchObject({ title: 'new', author_id: 100, additions: 3 });
    });
  });

  describe('what is gone', () => {
    const comment = (seconds: number, body = 'text') => captured('comments', { body }, seconds);
    const goneComment = (seconds: number) => gone('comments', { comment_type: 'issue', id: 50 }, seconds);

    test('a tombstone keeps no body, and nothing seen before it brings it back', async () => {
      await store([captured('pull_requests'), comment(1)]);
      await store([goneComment(3)]);
      expect(await only('comments')).toMatchObject({
        deleted_at: new Date(at(3)),
        body: null,
        pull_request_id: 10,
      });
      await store([comment(2)]);
      expect(await only('comments')).toMatchObject({ deleted_at: new Date(at(3)), body: null });
      await store([comment(4)]);
      expect(await only('comments')).toMatchObject({ deleted_at: null, body: 'text' });
    });

    test('a tombstone that is older than what was seen changes nothing', async () => {
      await store([captured('pull_requests'), comment(5)]);
      await store([goneComment(4)]);
      expect(await only('comments')).toMatchObject({ deleted_at: null, body: 'text' });
    });

    test('a tombstone of what is not stored is ignored', async () => {
      await expect(store([goneComment(3)])).resolves.toEqual({ rows: 0 });
      expect(await all('comments')).toEqual([]);
    });

    test('a whole row that is deleted is stored without its body', async () => {
      await store([captured('issues', { title: 'T', body: 'secret', deleted_at: at(1) }, 1)]);
      expect(await only('issues')).toMatchObject({ title: 'T', body: null, deleted_at: new Date(at(1)) });
    });

    test('a snapshot removes what was last seen before it, and only that, and only of its item', async () => {
      const other = { pull_request_id: 11 };
      await store([
        ...everything(1),
        captured('pull_requests', { id: 11, number: 3 }, 1),
        captured('commits', other, 1),
        captured('comments', { ...other, id: 51, body: 'other' }, 1),
        captured('comments', { id: 52, body: 'seen in it' }, 5),
        captured('files', { path: 'seen-in-it.ts' }, 5),
      ]);
      await store([snapshot({ pull_request_id: 10 }, 5)]);
      expect(await all('commits')).toMatchObject([{ pull_request_id: 11 }]);
      expect(await all('files')).toMatchObject([{ path: 'seen-in-it.ts' }]);
      expect(await all('pull_request_labels')).toEqual([]);
      expect(await all('pull_request_assignees')).toEqual([]);
      expect(await all('issue_labels')).toHaveLength(1);
      for (const table of ['reviews', 'review_threads'] as const) {
        expect(await only(table)).toMatchObject({ deleted_at: new Date(at(5)) });
      }
      expect(await all('comments')).toMatchObject([
        { id: 50, deleted_at: new Date(at(5)), body: null },
        { id: 51, deleted_at: null, body: 'other' },
        { id: 52, deleted_at: null, body: 'seen in it' },
      ]);
      expect(await all('pull_requests')).toMatchObject([
        { nested_captured_at: new Date(at(5)) },
        { nested_captured_at: null },
      ]);
    });

    test('a snapshot of some nested rows leaves the others as they are', async () => {
      await store([
        ...everything(1),
        captured(
          'comments',
          { id: 51, comment_type: 'review', review_thread_id: 'RT_1', body: 'on a line' },
          1,
        ),
      ]);
      const before = await all('review_threads');
      await store([snapshot({ pull_request_id: 10, scope: 'items' }, 5)]);
      expect(await all('commits')).toEqual([]);
      expect(await only('reviews')).toMatchObject({ deleted_at: new Date(at(5)) });
      expect(await all('review_threads')).toEqual(before);
      expect(await all('comments')).toMatchObject([
        { id: 50, deleted_at: new Date(at(5)) },
        { id: 51, deleted_at: null, body: 'on a line' },
      ]);
      await store([snapshot({ pull_request_id: 10, scope: 'threads' }, 5)]);
      expect(await only('review_threads')).toMatchObject({ deleted_at: new Date(at(5)) });
      expect(await all('comments')).toMatchObject([
        { id: 50 },
        { id: 51, deleted_at: new Date(at(5)), body: null },
      ]);
      expect(await only('pull_requests')).toMatchObject({
        nested_captured_at: new Date(at(5)),
        threads_captured_at: new Date(at(5)),
      });
    });

    test('a walk over all review threads of a repository removes what it did not see, there alone', async () => {
      const other = { id: 12, number: 4 };
      await store([
        ...everything(1),
        captured('pull_requests', other, 1),
        captured('review_threads', { id: 'T_seen', pull_request_id: 12 }, 5),
        captured(
          'comments',
          { id: 51, comment_type: 'review', pull_request_id: 12, review_thread_id: 'T_seen', body: 'x' },
          5,
        ),
      ]);
      await store(
        [
          { table: 'repositories', row: { id: 2, full_name: 'octo/other', captured_at: at(1) } },
          captured('pull_requests', { id: 900, repository_id: 2 }, 1),
          captured('review_threads', { id: 'T_other', pull_request_id: 900 }, 1),
        ],
        2,
      );
      await store([
        {
          table: 'snapshots',
          row: { repository_id: 1, scope: 'threads', started_at: at(5), captured_at: at(5) },
        },
      ]);
      const threads = (await all('review_threads')) as Record<string, unknown>[];
      expect(threads.map(({ id, deleted_at }) => [id, deleted_at])).toEqual(
        expect.arrayContaining([
          ['RT_1', new Date(at(5))],
          ['T_seen', null],
          ['T_other', null],
        ]),
      );
      expect(await all('reviews')).toMatchObject([{ deleted_at: null }]);
      // What comes later than the walk and is older than it stays away too.
      await store([captured('review_threads', { id: 'T_late', pull_request_id: 12 }, 4)]);
      const late = ((await all('review_threads')) as Record<string, unknown>[]).find(
        ({ id }) => id === 'T_late',
      );
      expect(late).toMatchObject({ deleted_at: new Date(at(5)) });
    });

    test('a snapshot of an issue', async () => {
      await store([
        ...everything(1),
        captured('comments', { id: 60, pull_request_id: null, issue_id: 20, body: 'x' }, 1),
      ]);
      await store([snapshot({ issue_id: 20 }, 5), snapshot({ issue_id: 20 }, 4)]);
      expect(await all('issue_labels')).toEqual([]);
      expect(await all('issue_assignees')).toEqual([]);
      expect(await all('pull_request_labels')).toHaveLength(1);
      expect(await all('comments')).toMatchObject([
        { id: 50, deleted_at: null },
        { id: 60, deleted_at: new Date(at(5)), body: null },
      ]);
      expect((await only('issues')).nested_captured_at).toEqual(new Date(at(5)));
    });

    test('a snapshot that comes with its item, and an older one later', async () => {
      const times = async () => {
        const { nested_captured_at, threads_captured_at } = await only('pull_requests');
        return [nested_captured_at, threads_captured_at];
      };
      await store([
        captured('pull_requests', {}, 1),
        captured('commits', {}, 1),
        captured('review_threads', {}, 1),
      ]);
      await store([
        snapshot({ pull_request_id: 10, scope: 'items' }, 4),
        snapshot({ pull_request_id: 10, scope: 'items' }, 5),
        captured('pull_requests', {}, 5),
        captured('pull_requests', { review_threads_count: 1 }, 6),
      ]);
      expect(await times()).toEqual([new Date(at(5)), null]);
      expect(await all('commits')).toEqual([]);
      expect(await only('review_threads')).toMatchObject({ deleted_at: null });
      await store([captured('pull_requests', {}, 3), snapshot({ pull_request_id: 10 }, 3)]);
      expect(await times()).toEqual([new Date(at(5)), new Date(at(3))]);
      expect(await only('review_threads')).toMatchObject({ deleted_at: new Date(at(3)) });
    });

    test('what arrives after a snapshot that did not see it stays away', async () => {
      await store([captured('pull_requests', {}, 5), snapshot({ pull_request_id: 10 }, 5)]);
      await store([captured('commits', {}, 4), captured('commits', { oid: 'd'.repeat(40) }, 5), comment(4)]);
      expect(await all('commits')).toMatchObject([{ oid: 'd'.repeat(40) }]);
      expect(await only('comments')).toMatchObject({ deleted_at: new Date(at(5)), body: null });
    });
  });

  test('whatever the order of arrival, the end is the same', async () => {
    // What each capture of one item told: a title that is edited, a person who vanishes, a comment that is deleted, rows
    // that only a snapshot misses. A snapshot comes with the last rows of its own pass.
    const life: CaptureRow[][] = [
      [
        captured(
          'pull_requests',
          { title: 'first', body: 'b', author_id: 100, milestone: '1.0', updated_at: at(1) },
          1,
        ),
      ],
      [
        captured(
          'pull_requests',
          { title: 'second', body: '', author_id: null, milestone: null, updated_at: at(4) },
          4,
        ),
      ],
      [captured('comments', { id: 50, body: 'mine', updated_at: at(1) }, 2)],
      [captured('comments', { id: 50, body: 'mine, edited', updated_at: at(3) }, 4)],
      [captured('comments', { id: 51, body: 'deleted', author_id: 100 }, 2)],
      [gone('comments', { comment_type: 'issue', id: 51 }, 5)],
      [captured('comments', { id: 52, body: 'deleted and restored' }, 6)],
      [gone('comments', { comment_type: 'issue', id: 52 }, 3)],
      [captured('commits', { author_id: 100 }, 2), captured('commits', { oid: 'e'.repeat(40) }, 2)],
      [captured('pull_request_labels', { name: 'gone' }, 2)],
      [captured('review_threads', { is_resolved: true, resolved_by_id: 100, line: 4 }, 2)],
      [captured('reviews', { id: 31, body: 'never seen again' }, 2)],
      [
        captured(
          'pull_requests',
          { title: 'second', body: '', author_id: null, milestone: null, state: 'CLOSED', updated_at: at(6) },
          7,
        ),
        captured('comments', { id: 50, body: 'mine, edited', updated_at: at(3) }, 7),
        captured('comments', { id: 52, body: 'deleted and restored' }, 7),
        captured('commits', { author_id: 100 }, 7),
        captured('review_threads', { is_resolved: true, resolved_by_id: null, line: null }, 8),
        snapshot({ pull_request_id: 10 }, 7),
      ],
    ];
    // A child can't come before its item, and a bare tombstone of what is not there yet is ignored by contract.
    const item = captured('pull_requests', { title: null, updated_at: at(0) }, 0);
    const known = [51, 52].map((id) => captured('comments', { id, body: null }, 1));
    const outcome = async (batches: CaptureRow[][]) => {
      await clear(database().db);
      await store([captured('repositories'), captured('contributors'), item, ...known]);
      for (const batch of batches) await store(batch);
      const tables = [
        'pull_requests',
        'comments',
        'commits',
        'pull_request_labels',
        'review_threads',
        'reviews',
      ] as const;
      return Promise.all(tables.map(all));
    };
    const inOrder = await outcome(life);
    expect(inOrder[0]).toMatchObject([
      { title: 'second', body: '', author_id: 100, milestone: null, state: 'CLOSED' },
    ]);
    expect(inOrder[1]).toMatchObject([
      { id: 50, body: 'mine, edited', deleted_at: null },
      { id: 51, body: null, deleted_at: new Date(at(5)) },
      { id: 52, body: 'deleted and restored', deleted_at: null },
    ]);
    expect(inOrder[2]).toMatchObject([{ oid: 'a'.repeat(40), author_id: 100 }]);
    expect(inOrder[4]).toMatchObject([{ resolved_by_id: 100, line: null, deleted_at: null }]);
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(life, { minLength: life.length }),
        fc.integer({ min: 1, max: life.length }),
        async (shuffled, size) => {
          const batches = Array.from({ length: Math.ceil(life.length / size) }, (_, i) =>
            shuffled.slice(i * size, (i + 1) * size).flat(),
          );
          expect(withoutInstantsOfDeletion(await outcome(batches))).toEqual(
            withoutInstantsOfDeletion(inOrder),
          );
        },
      ),
      { numRuns: 25 },
    );
  });

  describe('rows of others', () => {
    beforeEach(async () => {
      await store([captured('repositories', { id: 2, full_name: 'other/things' })], 2);
      const own = everything().filter(({ table }) => table !== 'repositories' && table !== 'contributors');
      await store(own, 2);
    });

    test.each([
      ['the repository itself', captured('repositories', { id: 2 })],
      ['a pull request', captured('pull_requests')],
      ['an issue', captured('issues')],
      ['a label', captured('labels')],
      ['a row of its pull request', captured('commits')],
      ['a row of its issue', captured('issue_labels')],
      ['a snapshot of its pull request', snapshot({ pull_request_id: 10 }, 9)],
      [
        'a review under a pull request of ours',
        captured('reviews', { pull_request_id: 12, body: 'taken' }, 9),
      ],
      ['a thread under a pull request of ours', captured('review_threads', { pull_request_id: 12 }, 9)],
      [
        'a comment under a pull request of ours',
        captured('comments', { pull_request_id: 12, body: 'taken' }, 9),
      ],
      [
        'a comment of ours in its thread',
        captured(
          'comments',
          { comment_type: 'review', id: 77, pull_request_id: 12, review_thread_id: 'RT_1' },
          9,
        ),
      ],
      ['a tombstone of its comment', gone('comments', { comment_type: 'issue', id: 50 }, 9)],
      ['a tombstone of its pull request', gone('pull_requests', { id: 10 }, 9)],
    ])('%s is refused, and nothing is stored', async (_, row) => {
      const before = await Promise.all(TABLES.map(all));
      const ours = captured('pull_requests', { id: 12, number: 5 });
      await expect(store([ours, row])).rejects.toMatchObject({
        name: 'ForeignRowError',
        code: 'row_of_another_repository',
        message: expect.stringContaining('Nothing of'),
      });
      expect(await Promise.all(TABLES.map(all))).toEqual(before);
    });

    test('a comment that moved within the repository is followed', async () => {
      await store(
        [captured('pull_requests', { id: 13, number: 6 }), captured('comments', { pull_request_id: 13 }, 9)],
        2,
      );
      expect((await only('comments')).pull_request_id).toBe(13);
    });
  });

  describe('rows that are wrong', () => {
    test.each([
      [
        'an unknown column',
        captured('pull_requests', { settings: {} }),
        /pull_requests id 10: column "settings" is not a column/,
      ],
      [
        'a column that only the app writes',
        captured('repositories', { installation_id: 5 }),
        /column "installation_id" is not a column/,
      ],
      [
        'a table that no capture writes',
        { table: 'rollout_configuration', row: {} } as never,
        /can't write the table "rollout_configuration"/,
      ],
      [
        'a name of Object.prototype',
        { table: 'constructor', row: {} } as never,
        /can't write the table "constructor"/,
      ],
      [
        'a missing key',
        {
          table: 'reviews',
          row: { pull_request_id: 10, state: 'APPROVED', captured_at: at(0) },
        } as CaptureRow,
        /reviews : column "id" is missing/,
      ],
      [
        'a missing column',
        {
          table: 'files',
          row: { pull_request_id: 10, path: 'a', additions: 1, captured_at: at(0) },
        } as CaptureRow,
        /files pull_request_id 10, path a: column "deletions" is missing/,
      ],
      [
        'an id as text',
        captured('pull_requests', { id: '10' }),
        /column "id" must be a positive whole number/,
      ],
      [
        'an id beyond 2^53',
        captured('pull_requests', { id: 2 ** 53 }),
        /column "id" must be a positive whole number/,
      ],
      [
        'a fraction',
        captured('files', { additions: 1.5 }),
        /column "additions" must be a whole number, 0 or more/,
      ],
      ['a negative count', captured('files', { additions: -1 }), /column "additions" must be/],
      ['more than an integer holds', captured('files', { additions: 2 ** 31 }), /column "additions" must be/],
      [
        'an unknown state',
        captured('pull_requests', { state: 'open' }),
        /column "state" must be one of OPEN, CLOSED, MERGED/,
      ],
      [
        'null where a value must be',
        captured('pull_requests', { state: null }),
        /column "state" must not be null/,
      ],
      ['undefined', captured('pull_requests', { title: undefined }), /column "title" is undefined/],
      ['NUL', captured('pull_requests', { title: 'a\0b' }), /column "title" must be text without NUL/],
      [
        'a lone surrogate',
        captured('pull_requests', { title: 'a\ud800' }),
        /column "title" must be text without NUL/,
      ],
      [
        'a time without a zone',
        captured('pull_requests', { updated_at: '2026-01-01T00:00:00' }),
        /column "updated_at" must be a time/,
      ],
      [
        'a time that is none',
        captured('pull_requests', { updated_at: '2026-13-01T00:00:00Z' }),
        /column "updated_at" must be a time/,
      ],
      ['a commit that is none', captured('commits', { oid: 'zz' }), /column "oid" must match/],
      [
        'a comment without a parent',
        captured('comments', { pull_request_id: null }),
        /pull_request_id" or issue_id must be given/,
      ],
      [
        'a comment with two parents',
        captured('comments', { issue_id: 20 }),
        /pull_request_id" or issue_id must be given/,
      ],
      [
        'a child of what is not stored',
        captured('commits', { pull_request_id: 404 }),
        /pull_requests id 404 is not stored/,
      ],
      [
        'an author who is not stored',
        captured('reviews', { pull_request_id: 12, author_id: 404 }),
        /refuses a row \(reviews, .*404/,
      ],
    ])('%s', async (_, row, message) => {
      const promise = store([
        captured('pull_requests', { id: 12, number: 5 }),
        captured('reviews', { id: 1, pull_request_id: 12 }),
        row,
      ]);
      await expect(promise).rejects.toMatchObject({ name: 'InvalidRowError', code: 'invalid_row' });
      await expect(promise).rejects.toThrow(message);
      expect(await all('pull_requests')).toEqual([]);
    });

    test('a number that another pull request has', async () => {
      await store([captured('pull_requests')]);
      await expect(store([captured('pull_requests', { id: 11 })])).rejects.toThrow(
        /The database refuses a row \(pull_requests, .*\(repository_id, number\)=\(1, 1\) already exists/,
      );
    });
  });
});

/** When exactly something was deleted is only known to lie between what told of it. */
function withoutInstantsOfDeletion(tables: unknown[][]): unknown {
  return tables.map((rows) =>
    (rows as Record<string, unknown>[]).map((row) =>
      row.deleted_at ? { ...row, deleted_at: true, captured_at: null } : row,
    ),
  );
}
