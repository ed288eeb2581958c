import { sql } from 'kysely';
import { beforeEach, expect, it } from 'vitest';
import { selfServiceLease } from '../../src/jobs/self-service-lease.ts';
import { createPruneLoop } from '../../src/loops/prune.ts';
import type { Database } from '../../src/store/database.ts';
import { emptyCaptures, insertCapture, insertRepository } from '../jobs/captured-history.ts';
import { HOUR, later, NOW } from '../jobs/job-fixture.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { makePass } from './make-pass.ts';

const DAY = 24 * HOUR;
const daysAgo = (days: number) => later(-days * DAY);

describeEachDatabase('pruning', (database) => {
  let db: Database;
  beforeEach(async () => {
    db = database().db;
    await emptyCaptures(db);
    await db.deleteFrom('deliveries').execute();
    await db.deleteFrom('oidc_tokens').execute();
    await insertRepository(db, 1);
  });
  const prune = () =>
    makePass(db, createPruneLoop({ retention: { deliveriesDays: 30, jobsDays: 180, removedDays: 90 } }), {
      now: NOW,
    });
  const jobs = async () =>
    (await db.selectFrom('progressive_capture_jobs').select('id').execute()).map(({ id }) => id).sort();
  const keys = async () =>
    (await db.selectFrom('capture_checkpoints').select('key').execute()).map(({ key }) => key).sort();

  it('deliveries and used tokens by their age, more than a page of them', async () => {
    await sql`INSERT INTO deliveries (id, event, outcome, received_at)
      SELECT 'old ' || n, 'push', 'done', ${daysAgo(31)}::timestamptz FROM generate_series(1, 2500) AS n`.execute(
      db,
    );
    await db
      .insertInto('deliveries')
      .values({ id: 'young', event: 'push', outcome: 'done', received_at: daysAgo(29) })
      .execute();
    for (const [jti, hours] of [
      ['over', -2],
      ['just over', -0.5],
      ['good', 1],
    ] as const) {
      const token = { jti, workflow_run_id: 1, run_attempt: 1, expires_at: later(hours * HOUR) };
      await db.insertInto('oidc_tokens').values(token).execute();
    }
    expect(await prune()).toMatchObject({ deliveries: 2_500, tokens: 1 });
    expect(await db.selectFrom('deliveries').select('id').execute()).toEqual([{ id: 'young' }]);
    expect(await db.selectFrom('oidc_tokens').select('jti').orderBy('jti').execute()).toEqual([
      { jti: 'good' },
      { jti: 'just over' },
    ]);
    expect(await prune()).toMatchObject({ deliveries: 0, tokens: 0 });
  });

  it('ended jobs with runs and metrics; never a complete capture, the first job of a repository, or a live one', async () => {
    const first = await insertCapture(db, { repositoryId: 1, startedAt: daysAgo(400), status: 'failed' });
    const capture = await insertCapture(db, { repositoryId: 1, startedAt: daysAgo(399) });
    const failed = await insertCapture(db, { repositoryId: 1, startedAt: daysAgo(398), status: 'failed' });
    const partial = await insertCapture(db, { repositoryId: 1, startedAt: daysAgo(397), complete: false });
    const young = await insertCapture(db, { repositoryId: 1, startedAt: daysAgo(179), status: 'failed' });
    const live = await insertCapture(db, { repositoryId: 1, startedAt: daysAgo(396), status: 'queued' });
    for (const id of [failed, capture]) {
      await db
        .insertInto('job_runs')
        .values({ job_id: id, run: 1, attempt: 1, processor_type: 'inngest' })
        .execute();
    }
    expect(await prune()).toMatchObject({ jobs: 2 });
    expect(await jobs()).toEqual([first, capture, young, live].sort());
    expect(await jobs()).not.toContain(partial);
    expect(await db.selectFrom('job_runs').select('job_id').execute()).toEqual([{ job_id: capture }]);
  });

  it('checkpoints of old jobs, but not the newest that a later capture of its kinds goes on from', async () => {
    const finished = { isFinished: true };
    const older = await insertCapture(db, { repositoryId: 1, startedAt: daysAgo(300), checkpoint: finished });
    const issues = await insertCapture(db, {
      ...{ repositoryId: 1, startedAt: daysAgo(299), checkpoint: finished },
      include: ['issues'],
    });
    const newest = await insertCapture(db, {
      repositoryId: 1,
      startedAt: daysAgo(200),
      checkpoint: finished,
    });
    const failed = await insertCapture(db, {
      ...{ repositoryId: 1, startedAt: daysAgo(190), checkpoint: { isFinished: false } },
      status: 'failed',
    });
    await db
      .insertInto('capture_checkpoints')
      .values({ key: 'acme/r1 history', repository_id: 1, checkpoint: '{}' })
      .execute();
    expect(await prune()).toMatchObject({ checkpoints: 2, jobs: 1 });
    expect(await keys()).toEqual([issues, newest, 'acme/r1 history'].sort());
    expect(await jobs()).toEqual([older, issues, newest].sort());
    expect(await jobs()).not.toContain(failed);
  });

  it('a removed repository with all of its rows, when its time is over; nothing of the others', async () => {
    await insertRepository(db, 2);
    await insertRepository(db, 3);
    await sql`INSERT INTO pull_requests (id, repository_id, number, state, created_at, updated_at, captured_at)
      SELECT r * 10000 + n, r, n, 'OPEN', now(), now(), now() FROM generate_series(1, 3) AS r, generate_series(1, 1200) AS n`.execute(
      db,
    );
    await sql`INSERT INTO comments (id, comment_type, pull_request_id, created_at, captured_at)
      SELECT id, 'issue', id, now(), now() FROM pull_requests`.execute(db);
    for (const id of [1, 2]) {
      await insertCapture(db, {
        repositoryId: id,
        startedAt: daysAgo(100),
        checkpoint: { isFinished: true },
      });
    }
    const removeAt = (id: number, at: Date) =>
      db.updateTable('repositories').set({ removed_at: at }).where('id', '=', id).execute();
    await removeAt(2, daysAgo(91));
    await removeAt(3, daysAgo(89));
    await db
      .insertInto('installations')
      .values({ id: 8, account_id: 1, account_login: 'x', account_type: 'User', deleted_at: daysAgo(91) })
      .execute();
    expect(await prune()).toMatchObject({ repositories: 1, installations: 1 });
    const { rows } = await sql`SELECT r.id, count(DISTINCT p.id)::int AS pulls, count(c.id)::int AS comments
      FROM repositories r LEFT JOIN pull_requests p ON p.repository_id = r.id
        LEFT JOIN comments c ON c.pull_request_id = p.id GROUP BY r.id ORDER BY r.id`.execute(db);
    expect(rows).toEqual([
      { id: 1, pulls: 1_200, comments: 1_200 },
      { id: 3, pulls: 1_200, comments: 1_200 },
    ]);
    expect(await keys()).toHaveLength(1);
    expect(await jobs()).toHaveLength(1);
  });

  it('leaves leases, the history of the rollout and commands alone, however old', async () => {
    for (const name of ['loop:prune', selfServiceLease(1)]) {
      await db
        .insertInto('leases')
        .values({ name, holder: 'x', expires_at: new Date(0) })
        .execute();
    }
    await sql`DELETE FROM rollout_configuration`.execute(db);
    await sql`INSERT INTO rollout_configuration (feature_name) VALUES ('hybrid_progressive_capture')`.execute(
      db,
    );
    const count = async () =>
      (await db.selectFrom('rollout_history').select('seq').execute()).length +
      (await db.selectFrom('leases').select('name').execute()).length;
    const before = await count();
    await makePass(db, createPruneLoop({ retention: { deliveriesDays: 8, jobsDays: 32, removedDays: 0 } }), {
      now: later(10_000 * DAY),
    });
    expect(await count()).toBe(before);
  });
});
