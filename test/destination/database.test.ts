import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { createDatabaseDestination, findGaps, storeBatch } from '../../src/destination/database.ts';
import type { CaptureRow } from '../../src/destination/destination.ts';
import { captured, everything, gone } from '../store/capture-rows.ts';
import { describeEachDatabase, describePostgres } from '../support/databases.ts';

const PROGRESS = { done: 1, total: 1, points: 1, requests: 1, rows: 1, pointsLeft: null, restLeft: null };

describeEachDatabase('a database as a destination', (database) => {
  beforeEach(() =>
    sql`truncate repositories, contributors, capture_checkpoints cascade`.execute(database().db),
  );

  const batch = (
    sequence: number,
    rows: CaptureRow[],
    checkpoint: Record<string, unknown> = { page: sequence },
  ) => ({
    sequence,
    checkpoint,
    progress: PROGRESS,
    rows,
  });
  const create = (checkpointKey = 'job', repositoryId?: number) =>
    createDatabaseDestination({
      db: database().db,
      checkpointKey,
      ...(repositoryId !== undefined && { repositoryId }),
    });
  const titles = async () =>
    (await database().db.selectFrom('pull_requests').select('title').orderBy('id').execute()).map(
      ({ title }) => title,
    );

  test('keeps rows, checkpoint and number together', async () => {
    const destination = create();
    await expect(destination.open()).resolves.toEqual({ checkpoint: null, sequence: 0 });
    await expect(
      destination.write(batch(1, [captured('repositories'), captured('pull_requests', { title: 'a' })])),
    ).resolves.toEqual({ next: 'continue' });
    await destination.write(batch(2, [captured('pull_requests', { id: 11, number: 2, title: 'b' })]));
    await destination.close();

    const again = create();
    await expect(again.open()).resolves.toEqual({ checkpoint: { page: 2 }, sequence: 2 });
    // The repository is known from the first batch.
    await again.write(batch(3, [captured('pull_requests', { id: 12, number: 3, title: 'c' })]));
    expect(await titles()).toEqual(['a', 'b', 'c']);
    await expect(create('other').open()).resolves.toEqual({ checkpoint: null, sequence: 0 });
  });

  test('a number that is stored changes nothing, neither rows nor checkpoint', async () => {
    const destination = create('job', 1);
    await destination.write(
      batch(1, [captured('repositories'), captured('pull_requests', { title: 'a' }, 1)]),
    );
    await expect(
      destination.write(batch(1, [captured('pull_requests', { title: 'b' }, 2)], { page: 99 })),
    ).resolves.toEqual({ next: 'continue' });
    expect(await titles()).toEqual(['a']);
    await expect(destination.open()).resolves.toEqual({ checkpoint: { page: 1 }, sequence: 1 });
  });

  test('of two runs of one capture only one goes on, so that no batch falls between them', async () => {
    const [one, other] = [create(), create()];
    await one.open();
    await other.open();
    await one.write(
      batch(1, [captured('repositories'), captured('pull_requests', { title: 'a' })], { page: 1 }),
    );
    await expect(
      other.write(
        batch(1, [captured('repositories'), captured('pull_requests', { title: 'b' })], { page: 2 }),
      ),
    ).rejects.toMatchObject({ name: 'AnotherRunError', code: 'another_run' });
    await expect(one.write(batch(2, [captured('pull_requests', { id: 11, number: 2 })]))).resolves.toEqual({
      next: 'continue',
    });
    // A batch whose answer got lost is the same one, place and all.
    const again = create();
    await again.open();
    await expect(again.write(batch(2, [captured('pull_requests', { id: 11, number: 2 })]))).resolves.toEqual({
      next: 'continue',
    });
  });

  test('a number that is not the next one is refused', async () => {
    const destination = create('job', 1);
    await destination.write(batch(1, [captured('repositories')]));
    await expect(destination.write(batch(3, [captured('pull_requests')]))).rejects.toMatchObject({
      name: 'BatchOutOfOrderError',
      code: 'out_of_order',
      message: expect.stringContaining('send batch 2 first'),
    });
    expect(await titles()).toEqual([]);
    await expect(destination.open()).resolves.toEqual({ checkpoint: { page: 1 }, sequence: 1 });
  });

  test('a batch that is refused leaves rows and checkpoint as they were', async () => {
    const destination = create('job', 1);
    await destination.write(batch(1, [captured('repositories')]));
    await expect(
      destination.write(batch(2, [captured('pull_requests'), captured('files', { additions: -1 })])),
    ).rejects.toMatchObject({ code: 'invalid_row' });
    expect(await titles()).toEqual([]);
    await expect(destination.open()).resolves.toEqual({ checkpoint: { page: 1 }, sequence: 1 });
    await destination.write(batch(2, [captured('pull_requests', { title: 'now' })]));
    expect(await titles()).toEqual(['now']);
  });

  test('without a repository nothing can be stored', async () => {
    await expect(create().write(batch(1, [captured('contributors')]))).rejects.toMatchObject({
      code: 'invalid_row',
    });
    await expect(create().open()).resolves.toEqual({ checkpoint: null, sequence: 0 });
  });

  test('a finished capture is marked, until it goes on', async () => {
    const finishedAt = async () =>
      (await database().db.selectFrom('capture_checkpoints').select('finished_at').executeTakeFirstOrThrow())
        .finished_at;
    const destination = create('job', 1);
    await destination.write(batch(1, [captured('repositories')], { isFinished: true }));
    expect(await finishedAt()).toBeInstanceOf(Date);
    await destination.write(batch(2, [], { isFinished: false }));
    expect(await finishedAt()).toBeNull();
  });

  describe('gaps', () => {
    const counts = {
      number: 1,
      comments: 1,
      reviews: 1,
      review_threads: 1,
      commits: 1,
      files: 1,
      labels: 1,
      assignees: 1,
    };
    const find = (...expected: (typeof counts)[]) =>
      findGaps(database().db, { repositoryId: 1, counts: expected });
    beforeEach(async () => {
      await create('job', 1).write(batch(1, everything()));
    });

    test('none, when all that GitHub counts is stored', async () => {
      await expect(find(counts)).resolves.toEqual({ numbers: [], gaps: [] });
      await expect(create('job', 1).findGaps([counts], 1)).resolves.toEqual({ numbers: [], gaps: [] });
    });

    test.each(['comments', 'reviews', 'review_threads', 'commits', 'files', 'labels', 'assignees'] as const)(
      '%s: too few, and too many',
      async (connection) => {
        await expect(find({ ...counts, [connection]: 2 })).resolves.toEqual({
          numbers: [1],
          gaps: [{ number: 1, connection, expected: 2, stored: 1 }],
        });
        await expect(find({ ...counts, [connection]: 0 })).resolves.toEqual({
          numbers: [1],
          gaps: [{ number: 1, connection, expected: 0, stored: 1 }],
        });
      },
    );

    test('a pull request that is not stored', async () => {
      const none = {
        number: 2,
        comments: 0,
        reviews: 0,
        review_threads: 0,
        commits: 0,
        files: 0,
        labels: 0,
        assignees: 0,
      };
      await expect(find(counts, none)).resolves.toEqual({
        numbers: [2],
        gaps: [{ number: 2, connection: 'pull_request', expected: 1, stored: 0 }],
      });
    });

    test('comments of a thread, by what GitHub said of the thread', async () => {
      await create('job', 1).write(batch(2, [captured('review_threads', { comments_count: 2 }, 1)]));
      await expect(find(counts)).resolves.toMatchObject({
        gaps: [{ connection: 'review_comments', expected: 2, stored: 0 }],
      });
    });

    test('what was deleted is not counted', async () => {
      await create('job', 1).write(batch(2, [gone('comments', { comment_type: 'issue', id: 50 }, 9)]));
      await expect(find(counts)).resolves.toMatchObject({
        gaps: [{ connection: 'comments', expected: 1, stored: 0 }],
      });
      await expect(find({ ...counts, comments: 0 })).resolves.toEqual({ numbers: [], gaps: [] });
    });

    test('the view of them tells the same from the stored totals', async () => {
      const totals = {
        comments_count: 1,
        reviews_count: 1,
        review_threads_count: 1,
        commits_count: 1,
        files_count: 1,
        labels_count: 1,
        assignees_count: 1,
      };
      await create('job', 1).write(batch(2, [captured('pull_requests', { ...totals, commits_count: 3 }, 1)]));
      const gaps = database().db.selectFrom('capture_gaps').selectAll();
      expect(await gaps.execute()).toEqual([
        { repository_id: 1, pull_request_id: 10, number: 1, connection: 'commits', expected: 3, stored: 1 },
      ]);
      await create('job', 1).write(batch(3, [captured('pull_requests', totals, 2)]));
      expect(await gaps.execute()).toEqual([]);
    });
  });
});

describePostgres('two runs of one capture', (database) => {
  test('store a batch once', async () => {
    const { db } = database();
    const header = { sequence: 1, checkpoint: {} };
    const store = () =>
      db
        .transaction()
        .execute((trx) =>
          storeBatch(trx, { key: 'job', repositoryId: 1, header, rows: [captured('repositories')] }),
        );
    const results = await Promise.all([store(), store(), store()]);
    expect(results.filter(({ stored }) => stored)).toHaveLength(1);
  });

  test('that store the same people in another order do not block each other', async () => {
    const { db } = database();
    // GitHub tells no name of a bot, and not always a picture.
    const people = Array.from({ length: 300 }, (_, i) =>
      captured('contributors', {
        id: i + 1,
        login: `user-${i}`,
        ...(i % 3 === 0 && { name: `User ${i}` }),
        ...(i % 4 === 0 && { avatar_url: 'https://a' }),
      }),
    );
    const store = (key: string, rows: CaptureRow[]) =>
      db.transaction().execute((trx) =>
        storeBatch(trx, {
          key,
          repositoryId: 1,
          header: { sequence: 1, checkpoint: {} },
          rows: [captured('repositories'), ...rows],
        }),
      );
    const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
    await Promise.all(keys.map((key, i) => store(key, i % 2 ? people : people.toReversed())));
    const { rows } = await sql`select count(*), count(name) as names from contributors`.execute(db);
    expect(rows).toEqual([{ count: 300, names: 100 }]);
  });

  test('a connection that is lost while a batch is stored costs no more than another try', async () => {
    const { db } = database();
    const destination = createDatabaseDestination({ db, checkpointKey: 'lost', repositoryId: 1 });
    await destination.open();
    let write: Promise<unknown> | undefined;
    await db.transaction().execute(async (trx) => {
      await sql`lock table contributors in exclusive mode`.execute(trx);
      write = destination.write({
        sequence: 1,
        checkpoint: { page: 1 },
        progress: PROGRESS,
        rows: [captured('repositories'), captured('contributors', { id: 999, login: 'late' })],
      });
      for (let ended = 0; ended === 0; ) {
        const { rows } = await sql<{ ended: boolean }>`
          select pg_terminate_backend(pid) as ended from pg_stat_activity
          where wait_event_type = 'Lock' and datname = current_database()`.execute(trx);
        ended = rows.length;
      }
    });
    await expect(write).resolves.toEqual({ next: 'continue' });
    expect(await db.selectFrom('contributors').select('login').where('id', '=', 999).execute()).toEqual([
      { login: 'late' },
    ]);
    expect(await destination.open()).toEqual({ checkpoint: { page: 1 }, sequence: 1 });
  });
});
