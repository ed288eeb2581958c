import { beforeEach, expect, test, vi } from 'vitest';
import { createDispatchLoop } from '../../src/dispatch/dispatch-due.ts';
import { createInProcessDispatcher } from '../../src/dispatch/in-process-dispatcher.ts';
import { markSent, startRun } from '../../src/jobs/runs.ts';
import type { Database } from '../../src/store/database.ts';
import { collectLog, findJob, findRuns, planJob, resetJobs, workItem } from '../jobs/job-fixture.ts';
import { PULL_REQUESTS, useLocalGitHub } from '../jobs/local-github.ts';
import { reserve } from '../jobs/reserve.ts';
import { withDatabase } from '../support/databases.ts';

const github = useLocalGitHub();
const database = withDatabase();
let db: Database;
beforeEach(async () => {
  db = database().db;
  await resetJobs(db);
});

const bulkFor = () => ({ available: false, reason: 'no_capture_workflow' }) as const;

function makeWorker(changes: { concurrency?: number; sliceMs?: number } = {}) {
  const log = collectLog();
  const { config, tokenFor } = github();
  const worker = createInProcessDispatcher({
    db,
    config,
    tokenFor,
    bulkFor,
    log,
    onSettled: () => loop.poke(),
    ...changes,
  });
  const loop = createDispatchLoop({
    db,
    config,
    bulkFor,
    log,
    dispatchers: { inngest: worker, bulk: null },
    pollMs: 60_000,
  });
  return { worker, loop };
}

async function planNow(changes: Parameters<typeof workItem>[0] = {}): Promise<string> {
  const now = new Date();
  const item = workItem({
    repository: github().workRepository,
    reason: 'manual',
    range: { since: now, until: now },
    ...changes,
  });
  return (await planJob(db, item, { now })).id;
}

test('works the queue off, as many at a time as it may', async () => {
  for (let number = 1; number <= 5; number++) await planNow({ items: [number] });
  const { worker, loop } = makeWorker({ concurrency: 2 });
  loop.start();
  await vi.waitFor(
    async () => {
      const jobs = await db.selectFrom('progressive_capture_jobs').select('status').execute();
      expect(jobs.map(({ status }) => status)).toEqual(Array(5).fill('completed'));
    },
    { timeout: 20_000, interval: 50 },
  );
  await loop.stop();
  await worker.close();
  expect(await db.selectFrom('pull_requests').select('id').execute()).toHaveLength(5);
});

test('has no room for more than its concurrency, and none once it is closed', async () => {
  const { worker } = makeWorker({ concurrency: 2 });
  expect(await worker.capacity()).toBe(2);
  await worker.close();
  expect(await worker.capacity()).toBe(0);
});

test('a history goes on through a restart and ends whole', async () => {
  const id = await planNow({
    type: 'history',
    items: [],
    range: { until: new Date(Date.now() - 86_400_001) },
  });
  const before = makeWorker();
  await before.loop.runOnce();
  await before.worker.close();
  const stopped = await findJob(db, id);
  expect(['queued', 'completed']).toContain(stopped.status);

  const afterwards = makeWorker();
  await afterwards.worker.recover();
  afterwards.loop.start();
  await vi.waitFor(async () => expect((await findJob(db, id)).status).toBe('completed'), {
    timeout: 20_000,
    interval: 50,
  });
  await afterwards.loop.stop();
  await afterwards.worker.close();
  expect(await db.selectFrom('pull_requests').select('id').execute()).toHaveLength(PULL_REQUESTS);
});

test('a job that a killed process left running is carried out by the next one at once', async () => {
  const jobId = await planNow();
  const run = await reserve(db, jobId, new Date());
  await markSent(db, { jobId, run, worker: 'in_process', leaseMs: 60_000 });
  await startRun(db, { jobId, run, worker: 'in_process', holder: 'killed', leaseMs: 60_000 });

  const { worker, loop } = makeWorker();
  await worker.recover();
  await loop.runOnce();
  await vi.waitFor(async () => expect((await findJob(db, jobId)).status).toBe('completed'), {
    timeout: 20_000,
    interval: 50,
  });
  await worker.close();
  expect(await findRuns(db, jobId)).toMatchObject([
    { run: 1, conclusion: 'lost' },
    { run: 2, conclusion: 'success' },
  ]);
});
