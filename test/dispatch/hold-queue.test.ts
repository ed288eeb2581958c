import { sql } from 'kysely';
import { beforeEach, describe, expect, it, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { countMonth } from '../../src/cost/read-usage.ts';
import { createDispatchLoop } from '../../src/dispatch/dispatch-due.ts';
import { countHeldJobs, holdDueJobs } from '../../src/dispatch/hold-queue.ts';
import { createBudgetsLoop, judgeBudget } from '../../src/loops/budgets.ts';
import type { Database } from '../../src/store/database.ts';
import {
  collectLog,
  findJob,
  findRuns,
  historyItem,
  LIMITS,
  later,
  NOW,
  planJob,
  resetJobs,
  workItem,
} from '../jobs/job-fixture.ts';
import { makePass } from '../loops/make-pass.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { createFakeDispatcher, type FakeDispatcher } from './fake-dispatcher.ts';

const DAY = 86_400_000;
const NO_LIMIT: Config['budgets'] = { actionsMinutesPerMonth: null, inngestExecutionsPerMonth: null };

test.each([
  [79, null],
  [80, 'budget_nearly_exhausted'],
  [99, 'budget_nearly_exhausted'],
  [100, 'budget_exhausted'],
  [140, 'budget_exhausted'],
])('%d of 100: %s', (used, code) => {
  expect(judgeBudget('inngest', { used, limit: 100 })?.code ?? null).toBe(code);
});

describeEachDatabase("a month's budget", (database) => {
  let db: Database;
  let inngest: FakeDispatcher;
  let bulk: FakeDispatcher;
  beforeEach(async () => {
    db = database().db;
    await resetJobs(db);
    await db.deleteFrom('alarms').execute();
    inngest = createFakeDispatcher('inngest');
    bulk = createFakeDispatcher('workflow', { answer: () => ({ workflowRunId: 900 }) });
    // Nobody carries its runs out, and none is to be lost.
    bulk.leaseMs = 60 * DAY;
  });
  const pass = (budgets: Partial<Config['budgets']>, now = NOW, fallback?: FakeDispatcher) =>
    createDispatchLoop({
      db,
      dispatchers: { inngest, bulk, ...(fallback ? { fallback } : {}) },
      config: {
        limits: LIMITS,
        inngestBulkPerDay: 500,
        budgets: { ...NO_LIMIT, ...budgets },
        bulk: { workflow: null, perInstallation: 5, oidcIssuer: '' },
        rollout: {
          ...{ percentage: 100, strategy: 'percentage', autoRollback: true, maxErrorRate: 5 },
          environmentStop: false,
        },
      },
      bulkFor: () => ({ available: true }),
      log: collectLog(),
      now: () => now,
    }).runOnce();
  /** Runs of this month, and of the last one, of a job that is not in the way. */
  const spend = async (processor: 'inngest' | 'github_actions', runs: number, minutes: number) => {
    const { id } = await planJob(db, workItem({ items: [999] }));
    await db
      .updateTable('progressive_capture_jobs')
      .set({ status: 'completed', completed_at: NOW })
      .where('id', '=', id)
      .execute();
    await sql`INSERT INTO job_runs (job_id, run, attempt, processor_type, worker, state, created_at, started_at, ended_at)
      SELECT ${id}, n, 1, ${processor}, ${processor === 'inngest' ? 'inngest' : 'workflow'}, 'ended', at, at,
        at + ${minutes} * interval '1 minute' - interval '10 seconds'
      FROM generate_series(1, ${runs * 2}) AS n, LATERAL (
        SELECT ${NOW}::timestamptz - CASE WHEN n > ${runs} THEN interval '25 days' ELSE interval '2 days' END AS at) AS t`.execute(
      db,
    );
  };
  const early = { now: later(-10_000) };

  it('of Inngest, used up: its work waits until the next month, bulk work goes on; nothing is lost', async () => {
    await spend('inngest', 5, 1);
    const recent = await planJob(db, workItem(), early);
    const history = await planJob(db, historyItem(), early);
    expect(await pass({ inngestExecutionsPerMonth: 10 })).toBe(1);
    expect(await findJob(db, history.id)).toMatchObject({ status: 'dispatched' });
    expect(await findJob(db, recent.id)).toMatchObject({
      status: 'queued',
      status_reason: 'budget_exhausted',
      not_before: new Date('2026-12-01T00:00:00Z'),
      run: 0,
    });
    // An event that joins it, and a later pass, change nothing about that.
    await planJob(db, workItem(), { now: later(1_000) });
    expect(await pass({ inngestExecutionsPerMonth: 10 }, later(60_000))).toBe(0);
    expect(await findJob(db, recent.id)).toMatchObject({ status_reason: 'budget_exhausted' });

    expect(await pass({ inngestExecutionsPerMonth: 10 }, new Date('2026-12-01T00:00:01Z'))).toBe(1);
    expect(await findJob(db, recent.id)).toMatchObject({ status: 'dispatched', status_reason: null, run: 1 });
  });

  it('of GitHub Actions, used up: bulk work waits, recent work goes on; a higher limit lets it go at once', async () => {
    await spend('github_actions', 2, 3);
    const recent = await planJob(db, workItem(), early);
    const history = await planJob(db, historyItem(), early);
    expect(await pass({ actionsMinutesPerMonth: 6 })).toBe(1);
    expect(await findJob(db, recent.id)).toMatchObject({ status: 'dispatched' });
    expect(await findJob(db, history.id)).toMatchObject({
      status: 'queued',
      status_reason: 'budget_exhausted',
    });
    expect(await pass({ actionsMinutesPerMonth: 7 })).toBe(1);
    expect(await findJob(db, history.id)).toMatchObject({ status: 'dispatched', status_reason: null });
  });

  it('of Inngest, used up: what is critical or asked for by a person goes to the worker in the app', async () => {
    await spend('inngest', 5, 1);
    const worker = createFakeDispatcher('in_process');
    const recent = await planJob(db, workItem(), early);
    const critical = await planJob(db, workItem({ items: [6], isCritical: true }), early);
    const asked = await planJob(db, workItem({ items: [7], reason: 'manual' }), early);
    expect(await pass({ inngestExecutionsPerMonth: 10 }, NOW, worker)).toBe(2);
    expect(inngest.sent).toEqual([]);
    for (const { id } of [critical, asked]) expect((await findRuns(db, id))[0]?.worker).toBe('in_process');
    expect(await findJob(db, recent.id)).toMatchObject({ status_reason: 'budget_exhausted' });

    // Somebody asks for what is held: it is due at once.
    await planJob(db, workItem({ reason: 'manual' }), { now: later(1_000) });
    expect(await pass({ inngestExecutionsPerMonth: 10 }, later(60_000), worker)).toBe(1);
    expect((await findRuns(db, recent.id))[0]?.worker).toBe('in_process');
    expect(await countMonth(db, 'inngest', NOW)).toBe(10);
  });

  it('of Inngest, used up: bulk work that a person asked for waits as well', async () => {
    const { id } = await planJob(db, historyItem({ reason: 'manual' }), {
      ...early,
      bulkFor: () => ({ available: false, reason: 'no_capture_workflow' }),
    });
    expect(await findJob(db, id)).toMatchObject({ processor_type: 'inngest', is_bulk: true });
    expect(await holdDueJobs(db, 'inngest', NOW, { exceptUrgent: true })).toEqual([id]);
    expect(await countHeldJobs(db)).toEqual(new Map([['inngest', 1]]));
  });

  it('not used up, and none at all: nothing waits', async () => {
    await spend('inngest', 4, 1);
    await planJob(db, workItem(), early);
    expect(await pass({ inngestExecutionsPerMonth: 9 })).toBe(1);
    await spend('inngest', 0, 1);
    await planJob(db, workItem({ items: [7] }), early);
    expect(await pass({})).toBe(1);
  });

  describe('people are told', () => {
    const loop = (budgets: Partial<Config['budgets']>, log = collectLog(), now = NOW) =>
      makePass(db, createBudgetsLoop({ budgets: { ...NO_LIMIT, ...budgets }, log }), { now });
    const alarms = () =>
      db.selectFrom('alarms').select(['name', 'level', 'code', 'cleared_at']).orderBy('name').execute();

    it('at 80 % and at 100 %, once each, and it is over with the month', async () => {
      await spend('inngest', 4, 1);
      const log = collectLog();
      expect(await loop({ inngestExecutionsPerMonth: 10 }, log)).toEqual({ inngest_executions: '8 of 10' });
      await loop({ inngestExecutionsPerMonth: 10 }, log);
      await loop({ inngestExecutionsPerMonth: 8 }, log);
      expect(log.lines.map(({ level, fields }) => [level, fields.code])).toEqual([
        ['warn', 'budget_nearly_exhausted'],
        ['error', 'budget_exhausted'],
      ]);
      const nextMonth = later(20 * DAY);
      await loop({ inngestExecutionsPerMonth: 8 }, log, nextMonth);
      expect(log.lines.at(-1)?.message).toBe('An alarm is over.');
      expect(await alarms()).toEqual([
        {
          name: 'budget_inngest_executions',
          level: 'alarm',
          code: 'budget_exhausted',
          cleared_at: nextMonth,
        },
      ]);
      // The next month has a notice of its own.
      await sql`UPDATE job_runs SET created_at = created_at + interval '20 days'`.execute(db);
      await loop({ inngestExecutionsPerMonth: 10 }, log, later(21 * DAY));
      await loop({ inngestExecutionsPerMonth: 10 }, log, later(22 * DAY));
      const told = log.lines.filter(({ fields }) => fields.code === 'budget_nearly_exhausted');
      expect(told).toHaveLength(2);
    });

    it('of Actions minutes, each run rounded up; without limits there is nothing to tell', async () => {
      await spend('github_actions', 2, 3);
      expect(await loop({ actionsMinutesPerMonth: 7 })).toEqual({ actions_minutes: '6 of 7' });
      expect(await alarms()).toMatchObject([{ name: 'budget_actions_minutes', level: 'notice' }]);
      expect(await loop({})).toEqual({});
      expect(await alarms()).toMatchObject([{ name: 'budget_actions_minutes', cleared_at: NOW }]);
    });
  });
});
