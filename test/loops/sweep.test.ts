import { beforeEach, expect, it } from 'vitest';
import { endRun, markSent, reserveRun, startRun } from '../../src/jobs/runs.ts';
import { createSweepLoop, type SweepOptions } from '../../src/loops/sweep.ts';
import type { Database } from '../../src/store/database.ts';
import {
  type CollectedLog,
  collectLog,
  findJob,
  findMetrics,
  findRuns,
  historyItem,
  later,
  planJob,
  resetJobs,
} from '../jobs/job-fixture.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { makePass } from './make-pass.ts';

const MINUTE = 60_000;
type Found = NonNullable<Awaited<ReturnType<SweepOptions['workflowRun']>>>;

describeEachDatabase('the sweep', (database) => {
  let db: Database;
  let log: CollectedLog;
  let jobId: string;
  let asked: number[];
  let onGitHub: (id: number) => Promise<Found | null>;
  beforeEach(async () => {
    db = database().db;
    await resetJobs(db);
    [log, asked] = [collectLog(), []];
    ({ id: jobId } = await planJob(db, historyItem()));
    await reserveRun(db, jobId, 'test', { now: later(0), bulkPerInstallation: 1 });
    await markSent(db, {
      jobId,
      run: 1,
      worker: 'workflow',
      workflowRunId: 900,
      leaseMs: 15 * MINUTE,
      now: later(0),
    });
  });
  const begin = (now = later(MINUTE)) =>
    startRun(db, {
      jobId,
      run: 1,
      worker: 'workflow',
      workflowRunId: 900,
      workflowRunAttempt: 1,
      leaseMs: 5 * MINUTE,
      now,
    });
  const ended = (conclusion: string, attempt = 1): Found => ({
    ...{ attempt, displayTitle: `Capture ${jobId}`, event: 'workflow_dispatch' },
    ...{ status: 'completed', conclusion },
  });
  const pass = (minutes: number, found: Found | null | Error) => {
    onGitHub = async () => {
      if (found instanceof Error) throw found;
      return found;
    };
    return makePass(
      db,
      createSweepLoop({
        dispatchDue: async () => 2,
        workflow: { owner: 'acme', repo: 'jobs', path: '.github/workflows/bulk-capture.yml', ref: 'main' },
        workflowRun: (id) => {
          asked.push(id);
          return onGitHub(id);
        },
        log,
      }),
      { now: later(minutes * MINUTE) },
    );
  };
  const job = () => findJob(db, jobId);

  it('a run that has just been heard of is not asked after', async () => {
    await begin();
    expect(await pass(3.9, ended('success'))).toEqual({ ended: 0, unknown: 0, dispatched: 2 });
    expect(asked).toEqual([]);
    await pass(4.1, { ...ended('success'), status: 'in_progress', conclusion: null });
    expect(asked).toEqual([900]);
    expect(await job()).toMatchObject({ status: 'running' });
  });

  it.each([
    ['cancelled', 'cancelled'],
    ['timed_out', 'queued'],
    ['failure', 'queued'],
    ['success', 'queued'],
  ])('a run that GitHub calls %s and that never reported: %s', async (conclusion, status) => {
    await begin();
    expect(await pass(5, ended(conclusion))).toMatchObject({ ended: 1 });
    expect(await job()).toMatchObject({ status });
    expect(await findRuns(db, jobId)).toMatchObject([
      { state: 'ended', error: expect.stringContaining('900') },
    ]);
  });

  it('a run that never began: startup_failure blocks, and says what to do', async () => {
    expect(await pass(5, ended('startup_failure'))).toMatchObject({ ended: 1 });
    expect(await job()).toMatchObject({
      status: 'blocked',
      error: expect.stringContaining('spending limit'),
    });
    expect(await findMetrics(db, jobId)).toMatchObject([{ outcome: 'blocked', error_count: 0 }]);
  });

  it('a queued run, one that GitHub does not know, and a GitHub that does not answer change nothing', async () => {
    await pass(5, { ...ended('success'), status: 'queued', conclusion: null });
    expect(await pass(6, null)).toMatchObject({ ended: 0, unknown: 1 });
    expect(await pass(7, new Error('no connection'))).toMatchObject({ ended: 0, dispatched: 2 });
    expect(await job()).toMatchObject({ status: 'dispatched' });
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { workflow_run: 900 } }]);
  });

  it('a run that has reported is not asked after, nor the end of an earlier attempt believed', async () => {
    await begin();
    await startRun(db, {
      ...{ jobId, run: 1, worker: 'workflow', workflowRunId: 900, workflowRunAttempt: 2 },
      ...{ leaseMs: 5 * MINUTE, now: later(MINUTE) },
    });
    expect(await pass(5, ended('failure', 1))).toMatchObject({ ended: 0 });
    await endRun(db, {
      jobId,
      run: 1,
      outcome: 'success',
      result: null,
      error: null,
      now: later(6 * MINUTE),
    });
    asked = [];
    await pass(20, ended('failure', 2));
    expect(asked).toEqual([]);
    expect(await job()).toMatchObject({ status: 'completed' });
  });
});
