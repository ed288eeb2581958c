import { beforeEach, describe, expect, it, test } from 'vitest';
import { createFreshnessLoop, type FreshnessFacts, judgeFreshness } from '../../src/loops/freshness.ts';
import type { Database } from '../../src/store/database.ts';
import { emptyCaptures, insertCapture, insertRepository } from '../jobs/captured-history.ts';
import { type CollectedLog, collectLog, HOUR, later, NOW } from '../jobs/job-fixture.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { makePass } from './make-pass.ts';

const STALE_MS = 6 * HOUR;
const hoursAgo = (hours: number) => later(-hours * HOUR);

const QUIET: FreshnessFacts = {
  lastStoredAt: hoursAgo(100),
  waitingSince: null,
  deliveriesToday: 0,
  busyDays: 6,
};
test.each<[string, Partial<FreshnessFacts>, string[]]>([
  ['a quiet week', {}, []],
  ['work that has been due for less', { waitingSince: hoursAgo(5.9) }, []],
  ['work that has been due for as long', { waitingSince: hoursAgo(6) }, ['stale_data']],
  ['work, and never a row', { waitingSince: hoursAgo(7), lastStoredAt: null }, ['stale_data']],
  ['a quiet day after seven busy ones', { busyDays: 7 }, ['no_webhooks']],
  ['a busy day', { busyDays: 7, deliveriesToday: 1 }, []],
])('%s', (_, facts, codes) => {
  const { stale, silent } = judgeFreshness({ ...QUIET, ...facts }, { now: NOW, staleMs: STALE_MS });
  expect([stale, silent].flatMap((alarm) => alarm?.code ?? [])).toEqual(codes);
});

describeEachDatabase('freshness', (database) => {
  let db: Database;
  let log: CollectedLog;
  beforeEach(async () => {
    db = database().db;
    await emptyCaptures(db);
    await db.deleteFrom('alarms').execute();
    await db.deleteFrom('deliveries').execute();
    await insertRepository(db, 1);
    log = collectLog();
  });
  const pass = (now = NOW) => makePass(db, createFreshnessLoop({ staleMs: STALE_MS, log }), { now });
  const alarms = () =>
    db.selectFrom('alarms').select(['name', 'level', 'raised_at', 'checked_at', 'cleared_at']).execute();
  const stored = async (jobId: string, at: Date) => {
    await db
      .insertInto('job_runs')
      .values({
        ...{ job_id: jobId, run: 1, attempt: 1, processor_type: 'inngest', state: 'ended' },
        ...{ rows_stored: 5, ended_at: at },
      })
      .execute();
  };

  it('an alarm is raised once, noted while it lasts, and over when rows come again', async () => {
    const job = await insertCapture(db, { repositoryId: 1, startedAt: hoursAgo(7), status: 'failed' });
    await db.updateTable('progressive_capture_jobs').set({ run: 1 }).execute();
    expect(await pass()).toEqual({ stale: true, silent: false });
    expect(await pass(later(HOUR))).toEqual({ stale: true, silent: false });
    expect(await alarms()).toEqual([
      { name: 'stale_data', level: 'alarm', raised_at: NOW, checked_at: later(HOUR), cleared_at: null },
    ]);
    expect(log.lines.map(({ level, fields }) => [level, fields.alarm])).toEqual([['error', 'stale_data']]);

    await stored(job, later(1.5 * HOUR));
    expect(await pass(later(2 * HOUR))).toEqual({ stale: false, silent: false });
    expect(await alarms()).toMatchObject([{ cleared_at: later(2 * HOUR) }]);
    expect(log.lines.at(-1)).toMatchObject({ level: 'info', fields: { alarm: 'stale_data' } });
  });

  describe('counts as waiting', () => {
    it.each(['queued', 'dispatched', 'running', 'failed', 'lost'] as const)(
      'a job that is %s',
      async (status) => {
        const job = await insertCapture(db, { repositoryId: 1, startedAt: hoursAgo(7), status });
        await db
          .updateTable('progressive_capture_jobs')
          .set({ not_before: hoursAgo(7) })
          .where('id', '=', job)
          .execute();
        expect(await pass()).toMatchObject({ stale: true });
      },
    );

    it('one that can not be dispatched, although its next try lies ahead', async () => {
      await insertCapture(db, { repositoryId: 1, startedAt: hoursAgo(7), status: 'queued' });
      await db
        .updateTable('progressive_capture_jobs')
        .set({ not_before: later(HOUR), run: 1, status_reason: 'dispatch_failed' })
        .execute();
      expect(await pass()).toMatchObject({ stale: true });
    });
  });

  describe('does not count as waiting', () => {
    it.each(['bulk_deferred', 'budget_exhausted'])('what is put off on purpose: %s', async (reason) => {
      await insertCapture(db, { repositoryId: 1, startedAt: hoursAgo(7), status: 'queued' });
      await db
        .updateTable('progressive_capture_jobs')
        .set({ not_before: hoursAgo(1), run: 1, status_reason: reason })
        .execute();
      expect(await pass()).toMatchObject({ stale: false });
    });

    it('what is not due yet', async () => {
      await insertCapture(db, { repositoryId: 1, startedAt: hoursAgo(7), status: 'queued' });
      await db
        .updateTable('progressive_capture_jobs')
        .set({ not_before: later(1) })
        .execute();
      expect(await pass()).toMatchObject({ stale: false });
    });

    it('a failure after which others stored rows', async () => {
      await insertCapture(db, { repositoryId: 1, startedAt: hoursAgo(9), status: 'failed' });
      const job = await insertCapture(db, { repositoryId: 1, startedAt: hoursAgo(8.5) });
      await stored(job, hoursAgo(8));
      expect(await pass()).toMatchObject({ stale: false });
    });
  });

  it('a day without webhooks, after a week with some on each day', async () => {
    for (let day = 1; day <= 7; day++) {
      const delivery = { id: `d${day}`, event: 'push', outcome: 'done', received_at: hoursAgo(day * 24 + 1) };
      await db.insertInto('deliveries').values(delivery).execute();
    }
    expect(await pass()).toEqual({ stale: false, silent: true });
    await db.deleteFrom('deliveries').where('id', '=', 'd4').execute();
    expect(await pass()).toEqual({ stale: false, silent: false });
    expect(await alarms()).toMatchObject([{ name: 'no_webhooks', cleared_at: NOW }]);
  });
});
