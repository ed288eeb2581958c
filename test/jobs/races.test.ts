import { beforeEach, expect, test } from 'vitest';
import { IllegalTransitionError, JobMovedError, moveJob } from '../../src/jobs/move-job.ts';
import { cancelJobs, endRun, requeueLostRuns, reserveRun, startRun } from '../../src/jobs/runs.ts';
import type { Database } from '../../src/store/database.ts';
import { describeEachDatabase, describePostgres } from '../support/databases.ts';
import {
  findJob,
  findMetrics,
  findRuns,
  historyItem,
  later,
  NOW,
  plan,
  planJob,
  resetJobs,
  workItem,
} from './job-fixture.ts';
import { reserve } from './reserve.ts';

const CONTENDERS = Array.from({ length: 6 }, (_, index) => `contender-${index}`);

describePostgres('races', (database) => {
  let db: Database;
  beforeEach(async () => {
    db = database().db;
    await resetJobs(db);
  });

  test('many dispatchers at once: one gets the run', async () => {
    const { id } = await planJob(db, workItem(), { now: later(-10_000) });
    const reserved = await Promise.all(
      CONTENDERS.map((holder) => reserveRun(db, id, holder, { now: NOW, bulkPerInstallation: 1 })),
    );
    expect(reserved.filter((one) => one !== null)).toHaveLength(1);
    expect(await findRuns(db, id)).toHaveLength(1);
  });

  test('many dispatchers at once, a bulk job each of one installation: one run', async () => {
    const ids = await Promise.all(
      CONTENDERS.map(async (_, index) => {
        const repository = {
          id: 60 + index,
          fullName: `acme/r${index}`,
          installationId: 7,
          isPrivate: false,
        };
        return (await planJob(db, historyItem({ repository }))).id;
      }),
    );
    const reserved = await Promise.all(
      ids.map((id, index) => reserveRun(db, id, `d${index}`, { now: NOW, bulkPerInstallation: 1 })),
    );
    expect(reserved.filter((one) => one !== null)).toHaveLength(1);
  });

  test('many claims at once: one starts', async () => {
    const { id } = await planJob(db, workItem(), { now: later(-10_000) });
    const run = await reserve(db, id);
    const started = await Promise.all(
      CONTENDERS.map((holder) =>
        startRun(db, { jobId: id, run, worker: 'in_process', holder, leaseMs: 60_000, now: NOW }),
      ),
    );
    const winners = started.filter((job) => job !== null);
    expect(winners).toHaveLength(1);
    expect((await findJob(db, id)).lease_holder).toBe(winners[0]?.lease_holder);
  });

  test('end, cancel and loss at once: one outcome, one row of metrics', async () => {
    const { id } = await planJob(db, workItem(), { now: later(-10_000) });
    const run = await reserve(db, id);
    await startRun(db, { jobId: id, run, worker: 'in_process', leaseMs: 1_000, now: NOW });
    const result = { pullRequests: 1, rows: 1, points: 1, requests: 1, seconds: 1, complete: true, gaps: 0 };
    const success = () =>
      endRun(db, { jobId: id, run, outcome: 'success', result, error: null, now: later(2_000) });
    await Promise.all([
      success(),
      cancelJobs(db, { repositoryId: 42 }, 'uninstalled', later(2_000)),
      requeueLostRuns(db, later(2_000)),
      success(),
      cancelJobs(db, { installationId: 7 }, 'uninstalled', later(2_000)),
    ]);
    const { status } = await findJob(db, id);
    expect(['completed', 'cancelled']).toContain(status);
    expect(await findMetrics(db, id)).toHaveLength(1);
  });

  test('many events of one pull request at once: one job', async () => {
    await plan(db, [workItem()]);
    await Promise.all(CONTENDERS.map((deliveryId) => plan(db, [workItem({ deliveryId })])));
    expect(await db.selectFrom('progressive_capture_jobs').select('id').execute()).toHaveLength(1);
  });

  test('an event while the job is being started is never dropped', async () => {
    const { id } = await planJob(db, workItem(), { now: later(-10_000) });
    const run = await reserve(db, id);
    const since = later(-5_000);
    const [started, planned] = await Promise.all([
      startRun(db, { jobId: id, run, worker: 'in_process', leaseMs: 60_000, now: NOW }),
      plan(db, [workItem({ range: { since, until: later(1_000) } })]),
    ]);
    // Either the worker has read the wider range, or there is another job for it.
    const isSeen = started?.range_until?.getTime() === later(1_000).getTime();
    expect(isSeen || planned[0]?.outcome === 'created').toBe(true);
  });
});

describeEachDatabase('moving a job', (database) => {
  test('is refused by the table, and by a row that has moved on', async () => {
    const { db } = database();
    await resetJobs(db);
    const job = await planJob(db, workItem());
    const move = (to: Parameters<typeof moveJob>[2]) =>
      db.transaction().execute((trx) => moveJob(trx, job, to, { now: NOW }));
    await expect(move('completed')).rejects.toThrow(IllegalTransitionError);
    await expect(move('completed')).rejects.toThrow(`Job ${job.id} is queued and can't become completed.`);
    expect((await move('cancelled')).completed_at).toEqual(NOW);
    await expect(move('dispatched')).rejects.toThrow(JobMovedError);
    expect((await findJob(db, job.id)).status).toBe('cancelled');
  });
});
