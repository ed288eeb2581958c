import { beforeEach, describe, expect, it } from 'vitest';
import { createDispatchLoop, type DispatchLoop } from '../../src/dispatch/dispatch-due.ts';
import {
  createInProcessDispatcher,
  type InProcessDispatcher,
} from '../../src/dispatch/in-process-dispatcher.ts';
import { createInngestDispatcher, type InngestEvent } from '../../src/dispatch/inngest-dispatcher.ts';
import { JobEventData } from '../../src/dispatch/job-events.ts';
import { runJob } from '../../src/jobs/run-job.ts';
import type { Database } from '../../src/store/database.ts';
import {
  type CollectedLog,
  collectLog,
  findRuns,
  planJob,
  resetJobs,
  workItem,
} from '../jobs/job-fixture.ts';
import { PULL_REQUESTS, useLocalGitHub } from '../jobs/local-github.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { differingTables, outcomes } from './outcomes.ts';

const MINUTE = 60_000;

/** The real dispatch loop, worker and capture; Inngest is where events go, and from where they come late, or never. */
describeEachDatabase('Inngest', (database) => {
  const github = useLocalGitHub();
  let db: Database;
  let log: CollectedLog;
  let worker: InProcessDispatcher;
  let loop: DispatchLoop;
  let isAway: boolean;
  let taken: InngestEvent[];
  let startedMs: number;
  let skippedMs: number;
  /** The loop's clock goes on by `skippedMs` alone, however slow the machine is. */
  const now = () => new Date(startedMs + skippedMs);
  beforeEach(async () => {
    db = database().db;
    await resetJobs(db, 0);
    await db.deleteFrom('alarms').execute();
    [log, isAway, taken, startedMs, skippedMs] = [collectLog(), false, [], Date.now(), 0];
    const { config, tokenFor } = github();
    const bulkFor = () => ({ available: false, reason: 'no_capture_workflow' }) as const;
    worker = createInProcessDispatcher({ db, config, tokenFor, bulkFor, log });
    const inngest = createInngestDispatcher({
      db,
      send: async (event) => {
        if (isAway) throw new Error('connect ECONNREFUSED');
        taken.push(event);
        return { ids: [`01-${taken.length}`] };
      },
    });
    loop = createDispatchLoop({
      ...{ db, config, bulkFor, log },
      dispatchers: { inngest, fallback: worker, bulk: null },
      now,
    });
  });

  const plan = async (...numbers: number[]) => {
    for (const number of numbers) {
      const item = workItem({
        ...{ repository: github().workRepository, items: [number], reason: 'manual' },
        range: { since: now(), until: now() },
      });
      await planJob(db, item, { now: now() });
    }
  };
  /** As the function does it that the event starts. */
  const carryOut = async (event: InngestEvent | undefined, inngestRunId: string) => {
    const { tokenFor, config } = github();
    return runJob({
      ...JobEventData.parse(event?.data),
      ...{ db, tokenFor, config, log, inngestRunId, worker: 'inngest' },
      bulkFor: () => ({ available: false, reason: 'no_capture_workflow' }),
      ...{ leaseMs: 60_000, sliceMs: 50_000 },
    });
  };
  /** Passes for so many minutes; the loop's own timer makes them each 5 seconds. */
  const goOn = async (minutes: number, stepMs = 5_000) => {
    for (const endMs = skippedMs + minutes * MINUTE; skippedMs < endMs; ) {
      skippedMs += stepMs;
      await loop.runOnce();
    }
  };
  const settle = () => worker.close();
  const numbers = async () =>
    (await db.selectFrom('pull_requests').select('number').orderBy('number').execute()).map(
      (row) => row.number,
    );

  it('is down for a while, and comes back: each job is done once, by the one or the other', async () => {
    isAway = true;
    await plan(1, 2, 3);
    await goOn(4.9);
    expect(await numbers()).toEqual([]);
    // Until the worker has them: it goes by the real clock, and its leases would be over by the other one.
    while (!(await db.selectFrom('alarms').select('name').executeTakeFirst())) {
      skippedMs += 5_000;
      await loop.runOnce();
    }
    expect(skippedMs).toBeLessThan(11 * MINUTE);
    const ended = [1, 2, 3].map(() => ({ status: 'completed', runs: ['success'], metrics: ['success'] }));
    await expect.poll(() => outcomes(db), { timeout: 20_000 }).toEqual(ended);
    expect([await numbers(), taken]).toEqual([[1, 2, 3], []]);

    isAway = false;
    skippedMs += MINUTE;
    await plan(4, 5);
    await loop.runOnce();
    expect(taken).toHaveLength(2);
    for (const [index, event] of taken.entries()) {
      expect(await carryOut(event, `run-${index}`)).toMatchObject({ status: 'completed' });
    }
    await settle();
    expect(await numbers()).toEqual([1, 2, 3, 4, 5]);
    expect(await outcomes(db)).toEqual(
      Array.from({ length: 5 }, () => ({ status: 'completed', runs: ['success'], metrics: ['success'] })),
    );
    const alarm = await db.selectFrom('alarms').select(['name', 'cleared_at']).execute();
    expect(alarm).toEqual([{ name: 'inngest_unavailable', cleared_at: expect.any(Date) }]);
  });

  it('takes an event whose answer is lost: the run is begun once', async () => {
    await plan(7);
    await loop.runOnce();
    const [event] = taken;
    // As if the answer had not come: the worker is given the same run.
    const both = await Promise.all([carryOut(event, 'run-a'), carryOut(event, 'run-b')]);
    expect(both.map(({ status }) => status).sort()).toEqual(['completed', 'not_started']);
    expect(await outcomes(db)).toEqual([{ status: 'completed', runs: ['success'], metrics: ['success'] }]);
  });

  it('forgets a run, as its self-hosted server does when it is killed: the job goes on as another run', async () => {
    const history = workItem({
      ...{ repository: github().workRepository, type: 'history', items: [], reason: 'manual' },
      range: { until: new Date(Date.now() - 48 * 60 * MINUTE) },
    });
    const job = await planJob(db, history, { now: now() });
    await loop.runOnce();
    expect(taken.map(({ id }) => id)).toEqual([`job:${job.id}:1`]);
    await goOn(15, MINUTE);
    expect(taken).toHaveLength(1);
    await goOn(0.5, MINUTE / 2);
    expect(taken.map(({ id }) => id)).toEqual([`job:${job.id}:1`, `job:${job.id}:2`]);
    expect(await carryOut(taken[1], 'run-2')).toMatchObject({ status: 'completed' });
    // Late after all: it does nothing.
    expect(await carryOut(taken[0], 'run-1')).toMatchObject({ status: 'not_started' });
    expect(await findRuns(db, job.id)).toMatchObject([
      { run: 1, conclusion: 'lost' },
      { run: 2, conclusion: 'success', inngest_run_id: 'run-2' },
    ]);
    expect(await numbers()).toHaveLength(PULL_REQUESTS);
    expect(await differingTables(db, github().sandbox, github().repository)).toEqual([]);
    expect(await outcomes(db)).toEqual([
      { status: 'completed', runs: ['lost', 'success'], metrics: ['success'] },
    ]);
  });

  describe('starts a function again whose process died', () => {
    it('and the same run takes its work up', async () => {
      await plan(9);
      await loop.runOnce();
      const { jobId } = JobEventData.parse(taken[0]?.data);
      // Begun, and nothing more was heard of it.
      await db
        .updateTable('job_runs')
        .set({ state: 'running', inngest_run_id: 'run-1', worker: 'inngest', started_at: new Date() })
        .where('job_id', '=', jobId)
        .execute();
      await db
        .updateTable('progressive_capture_jobs')
        .set({ status: 'running', started_at: new Date(), attempt: 1, lease_holder: 'inngest:dead' })
        .where('id', '=', jobId)
        .execute();
      expect(await carryOut(taken[0], 'another')).toMatchObject({ status: 'not_started' });
      expect(await carryOut(taken[0], 'run-1')).toMatchObject({ status: 'completed' });
      expect(await outcomes(db)).toEqual([{ status: 'completed', runs: ['success'], metrics: ['success'] }]);
    });
  });
});
