import { beforeEach, expect, test } from 'vitest';
import { cancelJobs, startRun } from '../../src/jobs/runs.ts';
import type { Database } from '../../src/store/database.ts';
import { describeEachDatabase } from '../support/databases.ts';
import {
  findMetrics,
  HOUR,
  historyItem,
  later,
  NOW,
  plan,
  planJob,
  resetJobs,
  workItem,
} from './job-fixture.ts';
import { reserve } from './reserve.ts';

describeEachDatabase('planWork', (database) => {
  let db: Database;
  beforeEach(async () => {
    db = database().db;
    await resetJobs(db);
  });
  const jobs = () =>
    db.selectFrom('progressive_capture_jobs').selectAll().orderBy('created_at').orderBy('target').execute();

  test('keeps the decision with the job', async () => {
    const item = workItem({ actor: { id: 9, login: 'mona' }, deliveryId: 'delivery-1' });
    const [planned] = await plan(db, [item]);
    expect(planned).toMatchObject({
      outcome: 'created',
      item,
      route: { processor: 'inngest', rule: 'small_batch' },
      message: '1 item named, at most 10 are a small batch',
    });
    expect(await jobs()).toMatchObject([
      {
        repository_id: 42,
        installation_id: 7,
        job_type: 'pull_requests',
        target: '5',
        items: [5],
        range_since: NOW,
        range_until: NOW,
        include: ['pull-requests'],
        reason: 'webhook',
        actor_id: 9,
        actor_login: 'mona',
        delivery_id: 'delivery-1',
        is_critical: false,
        priority: 1,
        processor_type: 'inngest',
        rule: 'small_batch',
        enrolment_reason: 'everybody',
        is_exposed: false,
        is_bulk: false,
        arm: 'enrolled',
        rollout_epoch: 1,
        status: 'queued',
        attempt: 0,
        run: 0,
        not_before: later(3_000),
        dispatched_at: null,
        completed_at: null,
      },
    ]);
  });

  test('splits history at the 24-hour line; the recent half of a new repository is critical', async () => {
    await plan(db, [historyItem({ range: {} })]);
    expect(await jobs()).toMatchObject([
      {
        target: 'history',
        range_since: null,
        range_until: later(-24 * HOUR),
        priority: 2,
        rule: 'historical',
      },
      { target: 'recent', range_since: later(-24 * HOUR), range_until: null, priority: 0, is_critical: true },
    ]);
  });

  test('a repository that had jobs for more than 24 hours is not new', async () => {
    await planJob(db, workItem(), { now: later(-24 * HOUR - 1) });
    await plan(db, [historyItem({ range: {} })]);
    const recent = (await jobs()).find(({ target }) => target === 'recent');
    expect(recent).toMatchObject({ is_critical: false, priority: 1, rule: 'recent' });
  });

  test('makes the repository known, and leaves what a capture knows better alone', async () => {
    await db
      .insertInto('repositories')
      .values({
        id: 42,
        full_name: 'acme/old-name',
        stars_count: 12,
        default_branch: 'trunk',
        node_id: 'R_1',
      })
      .execute();
    await plan(db, [workItem()]);
    const stored = await db.selectFrom('repositories').selectAll().execute();
    expect(stored).toMatchObject([
      {
        id: 42,
        full_name: 'acme/widgets',
        installation_id: 7,
        stars_count: 12,
        default_branch: 'trunk',
        node_id: 'R_1',
      },
    ]);
  });

  test('coalesces events into work that has not started: widest range, earliest start', async () => {
    const first = workItem({ range: { since: later(-60_000), until: later(-60_000) } });
    await plan(db, [first], { now: later(-1_000) });
    const [second] = await plan(db, [workItem({ isCritical: true })]);
    expect(second).toMatchObject({ outcome: 'coalesced' });
    expect(await jobs()).toMatchObject([
      {
        range_since: later(-60_000),
        range_until: NOW,
        not_before: later(2_000),
        is_critical: true,
        priority: 0,
        rule: 'critical_priority',
      },
    ]);
  });

  test('the recent half of a history stays recent when it is asked for again later', async () => {
    await planJob(db, workItem(), { now: later(-24 * HOUR - 1) });
    for (const ms of [0, 5_000]) await plan(db, [historyItem({ range: {} })], { now: later(ms) });
    const recent = (await jobs()).filter(({ target }) => target === 'recent');
    expect(recent).toMatchObject([
      { rule: 'recent', processor_type: 'inngest', range_since: later(-24 * HOUR) },
    ]);
  });

  test('a stream of events does not put a capture off', async () => {
    for (let ms = 0; ms < 10_000; ms += 1_000) await plan(db, [workItem()], { now: later(ms) });
    expect(await jobs()).toMatchObject([{ not_before: later(3_000) }]);
  });

  test('a range without a beginning stays the widest', async () => {
    await plan(db, [historyItem({ range: { until: later(-30 * HOUR) } })]);
    await plan(db, [historyItem({ range: { since: later(-90 * HOUR), until: later(-48 * HOUR) } })]);
    expect(await jobs()).toMatchObject([{ range_since: null, range_until: later(-30 * HOUR) }]);
  });

  test('kinds that are captured add up, and a person who asks makes the work theirs', async () => {
    await plan(db, [historyItem({ include: ['pull-requests'] })]);
    const actor = { id: 3, login: 'hubot' };
    await plan(db, [historyItem({ include: ['issues'], reason: 'manual', actor })]);
    expect(await jobs()).toMatchObject([
      { include: ['issues', 'pull-requests'], reason: 'manual', actor_id: 3, actor_login: 'hubot' },
    ]);
    await plan(db, [historyItem({ reason: 'scheduled' })]);
    expect(await jobs()).toMatchObject([{ reason: 'manual', actor_id: 3 }]);
  });

  test('an event that arrives while the work is captured makes a new job', async () => {
    const { id } = await planJob(db, workItem(), { now: later(-10_000) });
    const run = await reserve(db, id);
    await startRun(db, { jobId: id, run, worker: 'in_process', leaseMs: 60_000, now: NOW });
    expect(await plan(db, [workItem()])).toMatchObject([{ outcome: 'created' }]);
    expect((await jobs()).map(({ status }) => status)).toEqual(['running', 'queued']);
  });

  test('an event joins work that is being sent, which goes where it was to go', async () => {
    const { id } = await planJob(db, historyItem(), { now: later(-10_000) });
    await reserve(db, id);
    expect(await plan(db, [historyItem({ isCritical: true })])).toMatchObject([{ outcome: 'coalesced' }]);
    expect(await jobs()).toMatchObject([{ id, processor_type: 'github_actions', is_critical: true }]);
  });

  test('other targets, kinds and repositories stay apart', async () => {
    const other = { id: 43, fullName: 'acme/gadgets', installationId: 7, isPrivate: false };
    await plan(db, [
      workItem(),
      workItem({ items: [6] }),
      workItem({ type: 'issues', include: ['issues'] }),
      workItem({ repository: other }),
    ]);
    expect(await jobs()).toHaveLength(4);
  });

  test('an installation of a thousand repositories takes as many statements as one of two', async () => {
    const classify = (count: number, firstId: number) =>
      Array.from({ length: count }, (_, index) =>
        workItem({
          repository: {
            id: firstId + index,
            fullName: `acme/r${firstId + index}`,
            installationId: 7,
            isPrivate: false,
          },
          type: 'classify',
          items: [],
          range: {},
          include: [],
          reason: 'installation',
        }),
      );
    const countStatements = async (work: (counted: Database) => Promise<unknown>): Promise<number> => {
      let statements = 0;
      await work(
        db.withPlugin({
          transformQuery: ({ node }) => {
            statements += 1;
            return node;
          },
          transformResult: async ({ result }) => result,
        }),
      );
      return statements;
    };
    const few = await countStatements((counted) => plan(counted, classify(2, 100)));
    const planned: unknown[] = [];
    const many = await countStatements(async (counted) => {
      planned.push(...(await plan(counted, classify(1_000, 1_000))));
    });
    expect(many).toBe(few);
    expect(planned).toHaveLength(1_000);
    expect(await jobs()).toHaveLength(1_002);
    // The same once more joins what waits, which it reads, and writes nothing of repositories.
    expect(await countStatements((counted) => plan(counted, classify(1_000, 1_000)))).toBe(many - 1);
    expect(await jobs()).toHaveLength(1_002);

    const cancel = (counted: Database) => cancelJobs(counted, { installationId: 7 }, 'uninstalled', NOW);
    expect(await countStatements(cancel)).toBeLessThan(10);
    expect(await findMetrics(db)).toHaveLength(1_002);
  });

  test('work on one target named twice in one call becomes one job', async () => {
    const planned = await plan(db, [workItem(), workItem({ isCritical: true }), workItem({ items: [6] })]);
    expect(planned.map(({ outcome }) => outcome)).toEqual(['created', 'coalesced', 'created']);
    expect(await jobs()).toMatchObject([
      { target: '5', is_critical: true, rule: 'critical_priority' },
      { target: '6' },
    ]);
  });

  test('a manual request does not wait', async () => {
    expect((await planJob(db, workItem({ reason: 'manual' }))).not_before).toEqual(NOW);
  });

  test.each([
    ['is_archived', 'archived'],
    ['is_fork', 'fork'],
    ['is_empty', 'empty'],
  ] as const)('%s: left alone unless a person asks', async (flag, reason) => {
    await db
      .insertInto('repositories')
      .values({ id: 42, full_name: 'acme/widgets', [flag]: true })
      .execute();
    expect(await plan(db, [historyItem()])).toMatchObject([{ outcome: 'skipped', reason }]);
    expect(await jobs()).toEqual([]);
    expect(await plan(db, [historyItem({ reason: 'manual' })])).toMatchObject([{ outcome: 'created' }]);
  });

  test('a repository without commits that has issues is not empty', async () => {
    await db
      .insertInto('repositories')
      .values({ id: 42, full_name: 'acme/widgets', is_empty: true, issues_count: 1 })
      .execute();
    expect(await plan(db, [historyItem()])).toMatchObject([{ outcome: 'created' }]);
  });

  test('a webhook shows that a repository is not empty any more', async () => {
    await db
      .insertInto('repositories')
      .values({ id: 42, full_name: 'acme/widgets', is_empty: true })
      .execute();
    expect(await plan(db, [workItem()])).toMatchObject([{ outcome: 'created' }]);
  });

  test('kinds that the repository switches off make no job, or a smaller one', async () => {
    const settings = JSON.stringify({ capture: { issues: false } });
    await db.insertInto('repositories').values({ id: 42, full_name: 'acme/widgets', settings }).execute();
    const items = [
      workItem({ type: 'issues', include: ['issues'] }),
      historyItem({ include: ['issues', 'labels'] }),
    ];
    expect(await plan(db, items)).toMatchObject([
      { outcome: 'skipped', reason: 'switched_off' },
      { outcome: 'created', job: { include: ['labels'] } },
    ]);
  });

  test('exposed: enrolled, it would run in GitHub Actions', async () => {
    await resetJobs(db, 0);
    expect(await planJob(db, historyItem())).toMatchObject({
      processor_type: 'inngest',
      rule: 'not_enrolled',
      enrolment_reason: 'zero_percent',
      arm: 'control',
      is_exposed: true,
      is_bulk: true,
    });
    expect(
      await planJob(db, historyItem({ type: 'verify' }), {
        bulkFor: () => ({ available: false, reason: 'no_capture_workflow' }),
      }),
    ).toMatchObject({ is_exposed: false, is_bulk: true });
  });

  test('bulk work above the daily cap waits for tomorrow, and the reply names the command', async () => {
    await resetJobs(db, 0);
    const config = {
      limits: { recentHours: 24, smallBatch: 10, largeBatch: 50, largeRepository: 1_000 },
      coalesceMs: 0,
    };
    const capped = { config: { ...config, inngestBulkPerDay: 1 } };
    const { id } = await planJob(db, historyItem(), capped);
    expect((await jobs())[0]).toMatchObject({ status_reason: null, not_before: NOW });
    await reserve(db, id);

    const repository = { id: 43, fullName: 'acme/gadgets', installationId: 7, isPrivate: false };
    const [planned] = await plan(db, [historyItem({ repository })], capped);
    expect(planned).toMatchObject({
      job: { status: 'queued', status_reason: 'bulk_deferred', not_before: new Date('2026-11-21T00:00:00Z') },
      message: expect.stringContaining('`/rollout include acme/gadgets`'),
    });
    const small = workItem({ repository, reason: 'manual' });
    expect(await planJob(db, small, capped)).toMatchObject({ status_reason: null, not_before: NOW });
  });
});
