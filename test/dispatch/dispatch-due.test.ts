import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { createDispatchLoop, type DispatchLoop } from '../../src/dispatch/dispatch-due.ts';
import { DispatchError } from '../../src/dispatch/dispatcher.ts';
import { findNextDue } from '../../src/dispatch/find-due-jobs.ts';
import type { PlanContext } from '../../src/jobs/plan-work.ts';
import { cancelJobs, endRun, startRun } from '../../src/jobs/runs.ts';
import { changeRollout } from '../../src/rollout/rollout-store.ts';
import type { Database } from '../../src/store/database.ts';
import { openPostgres } from '../../src/store/open-postgres.ts';
import type { WorkRepository } from '../../src/work-item/work-item.ts';
import {
  collectLog,
  findJob,
  findMetrics,
  findRuns,
  historyItem,
  LIMITS,
  later,
  NOW,
  plan,
  planJob,
  resetJobs,
  workItem,
} from '../jobs/job-fixture.ts';
import { describeEachDatabase, describePostgres } from '../support/databases.ts';
import { away, createFakeDispatcher, type FakeDispatcher } from './fake-dispatcher.ts';

const DAY_MS = 86_400_000;

function repository(id: number, installationId = 7): WorkRepository {
  return { id, fullName: `acme/r${id}`, installationId, isPrivate: false };
}

function makeLoop(
  db: Database,
  inngest: FakeDispatcher,
  bulk: FakeDispatcher | null,
  options: {
    now?: () => Date;
    perDay?: number;
    pollMs?: number;
    environmentStop?: boolean;
    bulkFor?: PlanContext['bulkFor'];
    budgets?: Config['budgets'];
    fallback?: FakeDispatcher;
  } = {},
): DispatchLoop & { log: ReturnType<typeof collectLog> } {
  const { now = () => NOW, perDay = 500, pollMs = 5_000, environmentStop = false } = options;
  const log = collectLog();
  const loop = createDispatchLoop({
    db,
    dispatchers: { inngest, bulk, ...(options.fallback ? { fallback: options.fallback } : {}) },
    config: {
      limits: LIMITS,
      inngestBulkPerDay: perDay,
      budgets: options.budgets ?? { actionsMinutesPerMonth: null, inngestExecutionsPerMonth: null },
      bulk: { workflow: null, perInstallation: 1, oidcIssuer: '' },
      rollout: {
        percentage: 100,
        strategy: 'percentage',
        autoRollback: true,
        maxErrorRate: 5,
        environmentStop,
      },
    },
    bulkFor: options.bulkFor ?? (() => ({ available: true })),
    log,
    pollMs,
    now,
  });
  return { ...loop, log };
}

describeEachDatabase('the dispatch loop', (database) => {
  let db: Database;
  let inngest: FakeDispatcher;
  let bulk: FakeDispatcher;
  const started: DispatchLoop[] = [];
  beforeEach(async () => {
    db = database().db;
    await resetJobs(db);
    inngest = createFakeDispatcher('in_process');
    bulk = createFakeDispatcher('workflow', { answer: () => ({ workflowRunId: 900 }) });
  });
  afterEach(async () => {
    for (const loop of started.splice(0)) await loop.stop();
  });
  const change = (patch: object, action: string) =>
    changeRollout(db, {
      environmentStop: false,
      change: () => ({ patch, reasonCode: 'a_test' }),
      actor: { type: 'system', login: 'test' },
      source: { type: 'automation' },
      action,
      reason: null,
    });

  test('sends what is due, critical first, then recent, then small repositories before large', async () => {
    const early = { now: later(-10_000) };
    const counts = [
      [1, 5_000],
      [2, 10],
      [3, null],
    ] as const;
    for (const [id, count] of counts) {
      await planJob(db, workItem({ repository: repository(id) }), early);
      await db.updateTable('repositories').set({ pull_requests_count: count }).where('id', '=', id).execute();
    }
    await planJob(db, workItem({ repository: repository(4), isCritical: true }), early);
    await planJob(db, workItem({ repository: repository(5), reason: 'scheduled' }), early);
    await planJob(db, workItem({ repository: repository(6) }));
    expect(await makeLoop(db, inngest, bulk).runOnce()).toBe(5);
    expect(inngest.sent).toEqual(['acme/r4 5 1', 'acme/r2 5 1', 'acme/r1 5 1', 'acme/r3 5 1', 'acme/r5 5 1']);
  });

  test('notes what was sent, and sends it once', async () => {
    const { id } = await planJob(db, historyItem());
    const loop = makeLoop(db, inngest, bulk);
    expect(await loop.runOnce()).toBe(1);
    expect(await loop.runOnce()).toBe(0);
    expect(bulk.sent).toEqual(['acme/widgets history 1']);
    expect(await findJob(db, id)).toMatchObject({
      status: 'dispatched',
      workflow_run_id: 900,
      lease_expires_at: later(60_000),
    });
    expect(await findRuns(db, id)).toMatchObject([
      { state: 'sent', worker: 'workflow', workflow_run_id: 900 },
    ]);
    expect(loop.log.lines.at(-1)).toMatchObject({
      message: 'Dispatched.',
      fields: {
        job: id,
        repository: 'acme/widgets',
        stage: 'dispatch',
        processor: 'github_actions',
        rule: 'historical',
        workflow_run: 900,
      },
    });
  });

  test('takes no more than the worker has room for', async () => {
    for (const id of [1, 2, 3]) await planJob(db, workItem({ repository: repository(id), reason: 'manual' }));
    let room = 2;
    inngest = createFakeDispatcher('in_process', { room: () => room - inngest.sent.length });
    const loop = makeLoop(db, inngest, bulk);
    expect(await loop.runOnce()).toBe(2);
    room = 3;
    expect(await loop.runOnce()).toBe(1);
  });

  test('when Inngest is away: queued, tried again later, same run number, no attempt', async () => {
    const { id } = await planJob(db, workItem({ reason: 'manual' }));
    inngest.error = away();
    let now = NOW;
    const loop = makeLoop(db, inngest, bulk, { now: () => now });
    expect(await loop.runOnce()).toBe(0);
    expect(await findJob(db, id)).toMatchObject({
      status: 'queued',
      status_reason: 'dispatch_failed',
      error: 'Inngest is away. Start it.',
      attempt: 0,
      run: 1,
      not_before: later(5_000),
    });
    inngest.error = null;
    expect(await loop.runOnce()).toBe(0);
    now = later(5_000);
    expect(await loop.runOnce()).toBe(1);
    expect(inngest.sent).toEqual(['acme/widgets 5 1']);
    expect(await findJob(db, id)).toMatchObject({ status: 'dispatched', status_reason: null, error: null });
  });

  test('what would be refused again is blocked, with its cure, and is no error of the rollout', async () => {
    const { id } = await planJob(db, historyItem());
    bulk.error = new DispatchError('forbidden', 'GitHub answered 403.', {
      isBlocked: true,
      cure: 'Give the App "Actions: write".',
    });
    const loop = makeLoop(db, inngest, bulk);
    await loop.runOnce();
    expect(await findJob(db, id)).toMatchObject({
      status: 'blocked',
      error: 'GitHub answered 403. Give the App "Actions: write".',
    });
    expect(await findMetrics(db, id)).toMatchObject([{ outcome: 'blocked', error_count: 0, exposed: true }]);
    expect(loop.log.lines.at(-1)).toMatchObject({ level: 'warn', fields: { code: 'forbidden' } });
  });

  test('one bulk run per installation; the next one when it has ended and did not ask for more work', async () => {
    const first = await planJob(db, historyItem({ repository: repository(1) }), { now: later(-1) });
    await planJob(db, historyItem({ repository: repository(2) }));
    await planJob(db, historyItem({ repository: repository(3, 8) }));
    let now = NOW;
    const loop = makeLoop(db, inngest, bulk, { now: () => now });
    await loop.runOnce();
    expect(bulk.sent.sort()).toEqual(['acme/r1 history 1', 'acme/r3 history 1']);
    await startRun(db, {
      jobId: first.id,
      run: 1,
      worker: 'workflow',
      workflowRunId: 900,
      leaseMs: 1e9,
      now: NOW,
    });
    await loop.runOnce();
    expect(bulk.sent).toHaveLength(2);
    await endRun(db, { jobId: first.id, run: 1, outcome: 'success', result: null, error: null, now: NOW });
    now = later(9_999);
    await loop.runOnce();
    expect(bulk.sent).toHaveLength(2);
    now = later(10_000);
    await loop.runOnce();
    expect(bulk.sent.at(-1)).toBe('acme/r2 history 1');
  });

  test('what comes due after a run has asked in vain for more work does not wait for it', async () => {
    const first = await planJob(db, historyItem({ repository: repository(1) }));
    const loop = makeLoop(db, inngest, bulk);
    await loop.runOnce();
    await startRun(db, {
      jobId: first.id,
      run: 1,
      worker: 'workflow',
      workflowRunId: 900,
      leaseMs: 60_000,
      now: NOW,
    });
    await endRun(db, { jobId: first.id, run: 1, outcome: 'success', result: null, error: null, now: NOW });
    await planJob(db, historyItem({ repository: repository(2) }));
    expect(await loop.runOnce()).toBe(0);
    await db.updateTable('job_runs').set({ asked_next_at: NOW }).where('job_id', '=', first.id).execute();
    expect(await loop.runOnce()).toBe(1);
    expect(bulk.sent.at(-1)).toBe('acme/r2 history 1');
  });

  test('without a way into GitHub Actions bulk work goes to Inngest', async () => {
    const { id } = await planJob(db, historyItem());
    expect(await makeLoop(db, inngest, null).runOnce()).toBe(1);
    expect(await findJob(db, id)).toMatchObject({ processor_type: 'inngest', rule: 'bulk_unavailable' });
  });

  test('bulk work goes back to GitHub Actions once the jobs repository is known', async () => {
    const { id } = await planJob(db, historyItem());
    let bulkNow: ReturnType<PlanContext['bulkFor']> = {
      available: false,
      reason: 'not_installed_on_jobs_repository',
    };
    const loop = makeLoop(db, inngest, bulk, { perDay: 0, bulkFor: () => bulkNow });
    expect(await loop.runOnce()).toBe(0);
    expect(await findJob(db, id)).toMatchObject({
      rule: 'bulk_unavailable',
      status_reason: 'bulk_deferred',
    });
    bulkNow = { available: true };
    expect(await loop.runOnce()).toBe(1);
    expect(bulk.sent).toEqual(['acme/widgets history 1']);
  });

  test("what a repository's own run has left goes to Inngest where the app has no way into GitHub Actions", async () => {
    for (const isPrivate of [false, true]) {
      await resetJobs(db);
      bulk.sent = [];
      inngest.sent = [];
      const loop = makeLoop(db, inngest, bulk, {
        // The jobs repository is public.
        bulkFor: (of) => (of.isPrivate ? { available: false, reason: 'x' } : { available: true }),
      });
      await loop.runOnce();
      await planJob(db, historyItem({ repository: { ...repository(1), isPrivate } }));
      await loop.runOnce();
      expect(isPrivate ? inngest.sent : bulk.sent).toEqual(['acme/r1 history 1']);
      expect(isPrivate ? bulk.sent : inngest.sent).toEqual([]);
    }
  });

  test('a change of the rollout reaches all queued bulk work in one pass', async () => {
    const ids = Array.from({ length: 450 }, (_, index) => index + 1);
    await plan(
      db,
      ids.map((id) => historyItem({ repository: repository(id) })),
    );
    inngest = createFakeDispatcher('in_process', { room: () => 0 });
    const loop = makeLoop(db, inngest, bulk);
    expect(await loop.runOnce()).toBe(1);
    await change({ emergencyStop: true }, 'emergency_stop');
    await loop.runOnce();
    const processors = await db
      .selectFrom('progressive_capture_jobs')
      .select(['processor_type', 'rule'])
      .where('status', '=', 'queued')
      .distinct()
      .execute();
    expect(processors).toEqual([{ processor_type: 'inngest', rule: 'emergency_stop' }]);
  });

  test('a stop keeps queued bulk work out of GitHub Actions, from either side', async () => {
    const { id } = await planJob(db, historyItem());
    await change({ emergencyStop: true }, 'emergency_stop');
    await makeLoop(db, inngest, bulk).runOnce();
    expect(bulk.sent).toEqual([]);
    expect(inngest.sent).toEqual(['acme/widgets history 1']);
    expect(await findJob(db, id)).toMatchObject({ processor_type: 'inngest', rule: 'emergency_stop' });

    await resetJobs(db);
    await planJob(db, historyItem());
    await makeLoop(db, inngest, bulk, { environmentStop: true }).runOnce();
    expect(bulk.sent).toEqual([]);
  });

  describe('a stop with runs that were sent', () => {
    const send = async () => {
      const { id } = await planJob(db, historyItem());
      const loop = makeLoop(db, inngest, bulk);
      await loop.runOnce();
      expect((await findJob(db, id)).status).toBe('dispatched');
      return { id, loop };
    };
    const begin = (jobId: string) =>
      startRun(db, { jobId, run: 1, worker: 'workflow', workflowRunId: 900, leaseMs: 60_000, now: NOW });

    test('by SQL takes back what has not begun: no attempt is lost, Inngest does it, the run is cancelled', async () => {
      const { id, loop } = await send();
      await sql`UPDATE rollout_configuration SET emergency_stop = true WHERE feature_name = 'hybrid_progressive_capture'`.execute(
        db,
      );
      await loop.runOnce();
      expect(await findJob(db, id)).toMatchObject({
        status: 'dispatched',
        processor_type: 'inngest',
        rule: 'emergency_stop',
        attempt: 0,
        run: 2,
      });
      expect(inngest.sent).toEqual(['acme/widgets history 2']);
      expect(bulk.cancelled).toEqual([900]);
      expect(await findRuns(db, id)).toMatchObject([
        { run: 1, state: 'ended', conclusion: 'continue' },
        { run: 2, processor_type: 'inngest', state: 'sent' },
      ]);
      expect(await findMetrics(db)).toEqual([]);
      // The late run finds that it has nothing to do.
      expect(await begin(id)).toBeNull();
    });

    test('leaves what is going on alone', async () => {
      const { id, loop } = await send();
      await begin(id);
      await change({ emergencyStop: true }, 'stop');
      await loop.runOnce();
      expect(await findJob(db, id)).toMatchObject({
        status: 'running',
        processor_type: 'github_actions',
        run: 1,
      });
      expect(bulk.cancelled).toEqual([]);
      expect(
        await endRun(db, { jobId: id, run: 1, outcome: 'success', result: null, error: null, now: NOW }),
      ).toMatchObject({ status: 'completed' });
    });

    test('and --cancel-runs takes that back too, where it stands', async () => {
      const { id, loop } = await send();
      await begin(id);
      await change({ emergencyStop: true, cancelRuns: true }, 'stop');
      await loop.runOnce();
      expect(await findJob(db, id)).toMatchObject({ processor_type: 'inngest', run: 2, attempt: 0 });
      expect(bulk.cancelled).toEqual([900]);
      // What the cancelled run still reports changes nothing.
      expect(
        await endRun(db, { jobId: id, run: 1, outcome: 'cancelled', result: null, error: null, now: NOW }),
      ).toMatchObject({ isChanged: false });
      expect(await findMetrics(db)).toEqual([]);
    });

    test('by the environment takes back too', async () => {
      const { id } = await send();
      await makeLoop(db, inngest, bulk, { environmentStop: true }).runOnce();
      expect(await findJob(db, id)).toMatchObject({ processor_type: 'inngest', run: 2 });
    });

    test('whose runs GitHub does not cancel loses nothing either', async () => {
      const { id, loop } = await send();
      bulk.cancel = () => Promise.reject(new Error('GitHub is away'));
      await change({ emergencyStop: true }, 'stop');
      await loop.runOnce();
      expect(await findJob(db, id)).toMatchObject({
        processor_type: 'inngest',
        run: 2,
        status: 'dispatched',
      });
    });
  });

  test('bulk work above the daily cap is deferred to the next day, small work is not', async () => {
    await resetJobs(db, 0);
    const first = await planJob(db, historyItem({ repository: repository(1) }), { now: later(-2) });
    const second = await planJob(db, historyItem({ repository: repository(2) }), { now: later(-1) });
    await planJob(db, workItem({ repository: repository(3), reason: 'manual' }));
    let now = NOW;
    const loop = makeLoop(db, inngest, bulk, { perDay: 1, now: () => now });
    expect(await loop.runOnce()).toBe(2);
    expect(await findJob(db, first.id)).toMatchObject({ status: 'dispatched' });
    expect(await findJob(db, second.id)).toMatchObject({
      status: 'queued',
      status_reason: 'bulk_deferred',
      not_before: new Date('2026-11-21T00:00:00Z'),
    });
    expect(loop.log.lines.map(({ message }) => message).join()).toContain('`/rollout include acme/r2`');
    now = later(DAY_MS);
    inngest.sent = [];
    await cancelJobs(db, { repositoryId: 3 }, 'test', now);
    await endRun(db, { jobId: first.id, run: 1, outcome: 'skipped', result: null, error: null, now });
    await loop.runOnce();
    expect(inngest.sent).toEqual(['acme/r2 history 1']);
    expect(await findJob(db, second.id)).toMatchObject({ status: 'dispatched', status_reason: null });
  });

  test.each([
    [0, 'dispatched'],
    [1, 'queued'],
  ])('%d waits for GitHub count for the daily cap: the next one is %s', async (pauses, status) => {
    await resetJobs(db, 0);
    const first = await planJob(db, historyItem({ repository: repository(1) }), { now: later(-2) });
    const loop = makeLoop(db, inngest, bulk, { perDay: 3, now: () => NOW });
    expect(await loop.runOnce()).toBe(1);
    await db.updateTable('job_runs').set({ pauses }).where('job_id', '=', first.id).execute();
    const second = await planJob(db, historyItem({ repository: repository(2) }), { now: later(-1) });
    await loop.runOnce();
    expect(await findJob(db, second.id)).toMatchObject({ status });
  });

  test('all bulk work above the daily cap is deferred at once, each job with its line', async () => {
    await resetJobs(db, 0);
    const ids = Array.from({ length: 120 }, (_, index) => index + 1);
    await plan(
      db,
      ids.map((id) => historyItem({ repository: repository(id) })),
    );
    let statements = 0;
    const counted = db.withPlugin({
      transformQuery: ({ node }) => {
        statements += 1;
        return node;
      },
      transformResult: async ({ result }) => result,
    });
    const loop = makeLoop(counted, inngest, bulk, { perDay: 0 });
    await loop.runOnce();
    expect(statements).toBeLessThan(20);
    const waiting = await db
      .selectFrom('progressive_capture_jobs')
      .select('id')
      .where('status_reason', '=', 'bulk_deferred')
      .execute();
    expect(waiting).toHaveLength(120);
    expect(loop.log.lines.filter(({ message }) => message.includes('/rollout include'))).toHaveLength(120);
  });

  test('`/rollout include` starts what was deferred', async () => {
    await resetJobs(db, 0);
    const { id } = await planJob(db, historyItem());
    const loop = makeLoop(db, inngest, bulk, { perDay: 0 });
    expect(await loop.runOnce()).toBe(0);
    expect(await findJob(db, id)).toMatchObject({ status_reason: 'bulk_deferred' });
    await change({ percentage: 10, include: [42] }, 'include');
    expect(await loop.runOnce()).toBe(1);
    expect(bulk.sent).toEqual(['acme/widgets history 1']);
    expect(await findJob(db, id)).toMatchObject({
      processor_type: 'github_actions',
      enrolment_reason: 'included',
    });
  });

  test('gives up lost runs and sends them again with the next number', async () => {
    const { id } = await planJob(db, workItem({ reason: 'manual', deliveryId: 'd-1' }));
    let now = NOW;
    const loop = makeLoop(db, inngest, bulk, { now: () => now });
    await loop.runOnce();
    now = later(60_001);
    await loop.runOnce();
    expect(inngest.sent).toEqual(['acme/widgets 5 1', 'acme/widgets 5 2']);
    expect(await findRuns(db, id)).toMatchObject([{ conclusion: 'lost' }, { state: 'sent', attempt: 2 }]);
    expect(loop.log.lines.find(({ message }) => message === 'A run was given up.')?.fields).toEqual({
      delivery: 'd-1',
      job: id,
      repository: 'acme/widgets',
      stage: 'dispatch',
      processor: 'inngest',
      rule: 'small_batch',
      run: 1,
      status: 'queued',
      reason: 'Run 1 was sent but never began.',
    });
  });

  test('started, it sends a job at the time that it is due, and sees rows of other processes', async () => {
    const loop = makeLoop(db, inngest, bulk, { now: () => new Date(), pollMs: 50 });
    started.push(loop);
    loop.start();
    await planJob(db, workItem({ reason: 'manual' }), { now: new Date() });
    await vi.waitFor(() => expect(inngest.sent).toEqual(['acme/widgets 5 1']), 5_000);
  });

  test('poked, it does not wait for the poll', async () => {
    const loop = makeLoop(db, inngest, bulk, { now: () => new Date(), pollMs: 60_000 });
    started.push(loop);
    loop.start();
    await planJob(db, workItem({ reason: 'manual' }), { now: new Date() });
    loop.poke();
    await vi.waitFor(() => expect(inngest.sent).toEqual(['acme/widgets 5 1']), 5_000);
    const now = new Date();
    const config = { limits: LIMITS, coalesceMs: 300, inngestBulkPerDay: 1 };
    const { not_before: due } = await planJob(db, workItem({ items: [6] }), { now, config });
    loop.poke(due);
    await vi.waitFor(() => expect(inngest.sent.at(-1)).toBe('acme/widgets 6 1'), 5_000);
    expect(Date.now()).toBeGreaterThanOrEqual(due.getTime());
  });

  test('what is due and finds no room waits for a poke or the poll, without looking for it again and again', async () => {
    let looks = 0;
    inngest = createFakeDispatcher('in_process', {
      room: () => {
        looks += 1;
        return 0;
      },
    });
    await planJob(db, workItem({ reason: 'manual' }), { now: new Date() });
    const loop = makeLoop(db, inngest, null, { now: () => new Date(), pollMs: 60_000 });
    started.push(loop);
    loop.start();
    await vi.waitFor(() => expect(looks).toBe(1), 5_000);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(looks).toBe(1);
    loop.poke();
    await vi.waitFor(() => expect(looks).toBe(2), 5_000);
  });

  test('a database error does not end it', async () => {
    const loop = makeLoop(db, inngest, bulk, { now: () => new Date(), pollMs: 20 });
    started.push(loop);
    await db.schema.alterTable('job_runs').renameTo('job_runs_away').execute();
    await planJob(db, workItem({ reason: 'manual' }), { now: new Date() });
    loop.start();
    await vi.waitFor(() => expect(loop.log.lines.some(({ level }) => level === 'warn')).toBe(true), 5_000);
    await db.schema.alterTable('job_runs_away').renameTo('job_runs').execute();
    await vi.waitFor(() => expect(inngest.sent).toEqual(['acme/widgets 5 1']), 5_000);
  });
});

describePostgres('two dispatch loops on one database', (database) => {
  test('send each run once', async () => {
    const { db } = database();
    await resetJobs(db);
    for (let id = 1; id <= 20; id++)
      await planJob(db, workItem({ repository: repository(id), reason: 'manual' }));
    const inngest = createFakeDispatcher('inngest');
    const sent = await Promise.all([1, 2, 3].map(() => makeLoop(db, inngest, null).runOnce()));
    expect(sent.reduce((sum, count) => sum + count)).toBe(20);
    expect(new Set(inngest.sent).size).toBe(20);
    expect(inngest.sent).toHaveLength(20);
  });
});

describePostgres('a dispatch pass beside a long queue', (database) => {
  test('reads what is due, not all that waits', async () => {
    const { db, url } = database();
    await resetJobs(db);
    const waiting = Array.from({ length: 20_000 }, (_, n) => workItem({ items: [n + 1] }));
    await plan(db, waiting);
    await db
      .updateTable('progressive_capture_jobs')
      .set({ not_before: later(DAY_MS) })
      .execute();
    await planJob(db, workItem({ repository: repository(43), reason: 'manual' }));
    await sql`vacuum analyze progressive_capture_jobs`.execute(db);
    // One connection, since each tells what it has read for itself.
    const alone = await openPostgres({ url: url ?? '', max: 1 });
    const rowsRead = async () => {
      await sql`select pg_stat_force_next_flush()`.execute(alone.db);
      const { rows } = await sql<{ count: number }>`
        select seq_tup_read + idx_tup_fetch as count from pg_stat_user_tables
        where relname = 'progressive_capture_jobs'`.execute(alone.db);
      return rows[0]?.count ?? Number.NaN;
    };
    const before = await rowsRead();
    const inngest = createFakeDispatcher('inngest');
    const bulk = createFakeDispatcher('workflow');
    expect(await makeLoop(alone.db, inngest, bulk).runOnce()).toBe(1);
    expect(inngest.sent).toEqual(['acme/r43 5 1']);
    expect((await rowsRead()) - before).toBeLessThan(100);
    expect((await findNextDue(alone.db, NOW))?.getTime()).toBe(later(DAY_MS).getTime());
    expect((await rowsRead()) - before).toBeLessThan(100);
    await alone.close();
  });
});
