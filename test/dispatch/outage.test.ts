import { beforeEach, describe, expect, it, test } from 'vitest';
import { createDispatchLoop } from '../../src/dispatch/dispatch-due.ts';
import { createOutage } from '../../src/dispatch/outage.ts';
import { endRun, startRun } from '../../src/jobs/runs.ts';
import type { Database } from '../../src/store/database.ts';
import {
  type CollectedLog,
  collectLog,
  findJob,
  findRuns,
  historyItem,
  LIMITS,
  later,
  planJob,
  resetJobs,
  workItem,
} from '../jobs/job-fixture.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { away, createFakeDispatcher, type FakeDispatcher } from './fake-dispatcher.ts';

const MINUTE = 60_000;

test('an outage begins after five minutes of refusals without a run taken, and ends with the first one', () => {
  const outage = createOutage();
  expect(outage.noteRefused(later(0))).toBe('hiccup');
  expect(outage.noteRefused(later(4.9 * MINUTE))).toBe('hiccup');
  expect([outage.noteTaken(), outage.noteTaken()]).toEqual([true, false]);
  expect(outage.noteRefused(later(6 * MINUTE))).toBe('hiccup');
  expect(outage.isOn()).toBe(false);
  expect(outage.noteRefused(later(11 * MINUTE))).toBe('began');
  expect([outage.isOn(), outage.isProbeDue(later(11.9 * MINUTE))]).toEqual([true, false]);
  expect(outage.isProbeDue(later(12 * MINUTE))).toBe(true);
  expect(outage.noteRefused(later(12 * MINUTE))).toBe('goes_on');
  expect(outage.isProbeDue(later(12.5 * MINUTE))).toBe(false);
  expect(outage.noteTaken()).toBe(true);
  expect([outage.isOn(), outage.isProbeDue(later(60 * MINUTE))]).toEqual([false, false]);
});

describeEachDatabase('while Inngest is away', (database) => {
  let db: Database;
  let log: CollectedLog;
  let inngest: FakeDispatcher;
  let worker: FakeDispatcher;
  let now: Date;
  let room: number;
  let pass: () => Promise<number>;
  /** Of an app that has just started. */
  let passOf: () => () => Promise<number>;
  beforeEach(async () => {
    db = database().db;
    await resetJobs(db, 0);
    await db.deleteFrom('alarms').execute();
    [log, inngest, worker] = [
      collectLog(),
      createFakeDispatcher('inngest'),
      createFakeDispatcher('in_process', { room: () => room }),
    ];
    // Nobody carries its runs out, and none is to be lost.
    worker.leaseMs = 60 * MINUTE;
    now = later(0);
    room = 50;
    passOf = () =>
      createDispatchLoop({
        db,
        dispatchers: { inngest, fallback: worker, bulk: null },
        config: {
          limits: LIMITS,
          inngestBulkPerDay: 500,
          budgets: { actionsMinutesPerMonth: null, inngestExecutionsPerMonth: null },
          bulk: { workflow: null, perInstallation: 1, oidcIssuer: '' },
          rollout: {
            ...{ percentage: 0, strategy: 'percentage', autoRollback: true, maxErrorRate: 5 },
            environmentStop: false,
          },
        },
        bulkFor: () => ({ available: false, reason: 'no_capture_workflow' }),
        log,
        now: () => now,
      }).runOnce;
    pass = passOf();
  });
  const recent = (number: number) =>
    planJob(db, workItem({ items: [number] }), { now: new Date(now.getTime() - 10_000) });
  /** A pass each so many seconds, as the loop's own timer makes them. */
  const goOn = async (untilMinutes: number, stepSeconds = 5) => {
    for (; now < later(untilMinutes * MINUTE); now = new Date(now.getTime() + stepSeconds * 1_000))
      await pass();
  };
  const alarm = () => db.selectFrom('alarms').select(['name', 'code', 'cleared_at']).executeTakeFirst();

  it('recent work waits for five minutes, then the worker has it, under the same run; bulk work waits on', async () => {
    inngest.error = away();
    const job = await recent(5);
    const bulk = await planJob(db, historyItem(), {
      bulkFor: () => ({ available: false, reason: 'no_capture_workflow' }),
    });
    await goOn(4.9);
    expect(worker.sent).toEqual([]);
    expect(await findJob(db, job.id)).toMatchObject({ status: 'queued', status_reason: 'dispatch_failed' });
    expect(await alarm()).toBeUndefined();

    await goOn(10.1);
    expect(worker.sent).toEqual(['acme/widgets 5 1']);
    expect(await findJob(db, job.id)).toMatchObject({ status: 'dispatched', run: 1, attempt: 0 });
    expect(await findRuns(db, job.id)).toMatchObject([
      { run: 1, worker: 'in_process', processor_type: 'inngest' },
    ]);
    expect(await findJob(db, bulk.id)).toMatchObject({ status: 'queued' });
    expect(await alarm()).toMatchObject({ name: 'inngest_unavailable', cleared_at: null });
    expect(log.lines.filter(({ fields }) => fields.stage === 'alarm')).toHaveLength(1);
  });

  describe('in an outage', () => {
    beforeEach(async () => {
      inngest.error = away();
      const first = await recent(1);
      await goOn(10.1);
      await startRun(db, { jobId: first.id, run: 1, worker: 'in_process', leaseMs: 60_000, now });
      await endRun(db, { jobId: first.id, run: 1, outcome: 'success', result: null, error: null, now });
      worker.sent.length = 0;
    });

    it('what comes goes to the worker at once, also the job that shows that Inngest is still away', async () => {
      now = later(11 * MINUTE);
      for (const number of [2, 3, 4]) await recent(number);
      expect(await pass()).toBe(3);
      expect(worker.sent.sort()).toEqual([2, 3, 4].map((number) => `acme/widgets ${number} 1`));
    });

    it('recent work does not stand behind bulk work that the worker does not take', async () => {
      now = later(11 * MINUTE);
      const items = Array.from({ length: 60 }, (_, index) => index + 1);
      for (const id of [1, 2, 3, 4]) {
        const repository = { id: 100 + id, fullName: `acme/b${id}`, installationId: 7, isPrivate: false };
        const large = workItem({ repository, items, reason: 'manual' });
        const job = await planJob(db, large, { now: new Date(now.getTime() - 20_000) });
        expect(job).toMatchObject({ is_bulk: true, processor_type: 'inngest' });
      }
      await recent(2);
      await db.updateTable('repositories').set({ pull_requests_count: 5 }).where('id', '>', 100).execute();
      await db.updateTable('repositories').set({ pull_requests_count: 5_000 }).where('id', '=', 42).execute();
      room = 3;
      expect(await pass()).toBe(1);
      expect(worker.sent).toEqual(['acme/widgets 2 1']);
    });

    it('an app that is started anew, and finds Inngest well, knows that it is over', async () => {
      expect(await alarm()).toMatchObject({ cleared_at: null });
      inngest.error = null;
      now = later(11 * MINUTE);
      pass = passOf();
      await recent(2);
      await pass();
      expect(inngest.sent).toEqual(['acme/widgets 2 1']);
      expect(await alarm()).toMatchObject({ cleared_at: now });
    });

    it('and back to Inngest when it takes a job again', async () => {
      now = later(11 * MINUTE);
      await recent(1);
      await pass();
      inngest.error = null;
      await recent(2);
      now = later(11.9 * MINUTE);
      await pass();
      // Not asked again within a minute.
      expect([inngest.sent, worker.sent]).toEqual([[], ['acme/widgets 1 1', 'acme/widgets 2 1']]);
      now = later(12 * MINUTE);
      for (const number of [3, 4]) await recent(number);
      expect(await pass()).toBe(2);
      expect(inngest.sent.sort()).toEqual(['acme/widgets 3 1', 'acme/widgets 4 1']);
      expect(worker.sent).toHaveLength(2);
      expect(await alarm()).toMatchObject({ cleared_at: now });
    });
  });
});
