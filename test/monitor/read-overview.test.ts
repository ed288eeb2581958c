import { expect, it } from 'vitest';
import { pauseRun, startRun } from '../../src/jobs/runs.ts';
import { readOverview } from '../../src/monitor/read-overview.ts';
import { EVERYTHING } from '../../src/monitor/scope.ts';
import { ensureRollout } from '../../src/rollout/rollout-store.ts';
import { testConfig } from '../app/start-test-app.ts';
import { later, NOW, planJob, resetJobs, workItem } from '../jobs/job-fixture.ts';
import { reserve } from '../jobs/reserve.ts';
import { withDatabase } from '../support/databases.ts';

const database = withDatabase();

it('a run without a sign of life is silent, one that waits for GitHub is not', async () => {
  const { db } = database();
  await resetJobs(db);
  await ensureRollout(db, testConfig().rollout);
  const { id: jobId } = await planJob(db, workItem(), { now: later(-10_000) });
  const run = await reserve(db, jobId);
  const held = { jobId, run, worker: 'inngest', holder: 'me', leaseMs: 60_000, now: NOW } as const;
  await startRun(db, held);
  const silent = async (seconds: number) =>
    (await readOverview(db, EVERYTHING, later(seconds * 1_000))).silent;
  expect(await silent(149)).toBe(0);
  expect(await silent(151)).toBe(1);
  await pauseRun(db, { ...held, result: null, until: later(3_600_000), perInstallation: 1 });
  expect(await silent(151)).toBe(0);
});
