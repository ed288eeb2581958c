import { beforeEach, expect, it } from 'vitest';
import { monthOf } from '../../src/cost/month.ts';
import { countMonth, readUsageByProcessor, readUsageByRepository } from '../../src/cost/read-usage.ts';
import { EVERYTHING, type Scope } from '../../src/monitor/scope.ts';
import type { Database } from '../../src/store/database.ts';
import { resetJobs } from '../jobs/job-fixture.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { insertRuns, NOW } from './run-fixture.ts';

describeEachDatabase('what a month has used', (database) => {
  let db: Database;
  beforeEach(async () => {
    db = database().db;
    await resetJobs(db);
  });
  const processors = (scope: Scope = EVERYTHING, now = NOW) =>
    readUsageByProcessor(db, { month: monthOf(NOW), now, scope });
  const repositories = (limit = 10, scope: Scope = EVERYTHING) =>
    readUsageByRepository(db, { month: monthOf(NOW), now: NOW, scope, limit });

  it('runs of Inngest are two executions each and one for each pause, those of the worker in the app none', async () => {
    await insertRuns(db, [
      { worker: 'inngest', points: 3, requests: 4, rows: 5 },
      { worker: 'inngest', pauses: 2, points: 1, requests: 1, rows: 1 },
      { worker: 'in_process', points: 2 },
      // Never sent to anybody.
      { worker: null },
    ]);
    expect(await processors()).toEqual([
      {
        processor: 'inngest',
        ...{ runs: 3, runsInApp: 1, minutes: 0, billedMinutes: 0, freeMinutes: 0 },
        ...{ executions: 6, executionsOnInngest: 8, points: 6, requests: 5, rows: 6 },
      },
    ]);
    expect(await countMonth(db, 'inngest', NOW)).toBe(6);
  });

  it.each([
    [0, 0, 1, 2],
    [49, 0.82, 1, 2],
    [60, 1, 1, 4],
    [61, 1.02, 2, 4],
    [600, 10, 10, 24],
  ])(
    'a workflow run of %d s: %d min, billed as %d; Inngest would need %d executions',
    async (seconds, minutes, billed, executions) => {
      await insertRuns(db, [{ seconds }]);
      const [usage] = await processors();
      expect(usage).toMatchObject({
        processor: 'github_actions',
        ...{ runs: 1, billedMinutes: billed, freeMinutes: 0, executions: 0, executionsOnInngest: executions },
      });
      expect(usage?.minutes).toBeCloseTo(minutes, 2);
      expect(await countMonth(db, 'github_actions', NOW)).toBe(billed);
    },
  );

  it('a workflow run with three jobs is rounded up once, and shared out by the time of each', async () => {
    await insertRuns(db, [
      { repository: 1, workflowRun: 9, at: 0, seconds: 30 },
      { repository: 1, workflowRun: 9, at: 32, seconds: 30 },
      { repository: 2, workflowRun: 9, at: 64, seconds: 60, askedNextAt: 126 },
    ]);
    // 126 s from the first claim to the last word, which was the question for a next job.
    expect(await processors()).toMatchObject([
      { runs: 3, minutes: 2.1, billedMinutes: 3, executionsOnInngest: 8 },
    ]);
    expect(await repositories()).toMatchObject([
      { repositoryId: 1, repository: 'acme/r1', runs: 2, billedMinutes: 1.5, executionsOnInngest: 4 },
      { repositoryId: 2, repository: 'acme/r2', runs: 1, billedMinutes: 1.5, executionsOnInngest: 4 },
    ]);
    expect(await countMonth(db, 'github_actions', NOW)).toBe(3);
  });

  it('each attempt of a workflow run is billed by itself, not the time between them', async () => {
    await insertRuns(db, [
      { workflowRun: 9, workflowRunAttempt: 1, at: 0, seconds: 30 },
      { workflowRun: 9, workflowRunAttempt: 2, at: 7_200, seconds: 30 },
    ]);
    expect(await processors()).toMatchObject([{ minutes: 1, billedMinutes: 2 }]);
  });

  it('minutes of public repositories and of self-hosted runners are free, those that are not told are billed', async () => {
    await insertRuns(db, [
      { seconds: 61, billing: 'billed' },
      { seconds: 61, billing: null },
      { seconds: 61, billing: 'free_public' },
      { seconds: 61, billing: 'free_self_hosted' },
    ]);
    expect(await processors()).toMatchObject([{ billedMinutes: 4, freeMinutes: 4 }]);
    expect(await countMonth(db, 'github_actions', NOW)).toBe(4);
  });

  it('a run that goes on counts up to now; one that has not begun counts no minute', async () => {
    await insertRuns(db, [{ at: -90, seconds: null }, { isBegun: false }]);
    expect(await processors()).toMatchObject([
      { runs: 2, minutes: 1.5, billedMinutes: 2, executionsOnInngest: 4 },
    ]);
  });

  it('other months do not count', async () => {
    const day = 86_400;
    await insertRuns(db, [{ at: -25 * day }, { at: 15 * day }, { at: 0 }]);
    expect(await processors()).toMatchObject([{ runs: 1 }]);
  });

  it('the repositories of somebody else do not count, and are not named', async () => {
    await insertRuns(db, [
      { repository: 1, workflowRun: 9, seconds: 60 },
      { repository: 2, workflowRun: 9, seconds: 120 },
      { repository: 2, worker: 'inngest' },
    ]);
    const scope = { kind: 'some', repositoryIds: [1] } as const;
    expect(await processors(scope)).toMatchObject([{ processor: 'github_actions', runs: 1 }]);
    expect(await repositories(10, scope)).toMatchObject([{ repository: 'acme/r1' }]);
    expect(await processors({ kind: 'some', repositoryIds: [] })).toEqual([]);
  });

  it('the most expensive repositories come first', async () => {
    await insertRuns(db, [
      { repository: 1, worker: 'inngest' },
      { repository: 2, seconds: 300 },
      { repository: 3, seconds: 30 },
      { repository: 4, seconds: 3_000, billing: 'free_public' },
    ]);
    expect((await repositories()).map(({ repository }) => repository)).toEqual([
      'acme/r2',
      'acme/r3',
      'acme/r1',
      'acme/r4',
    ]);
    expect(await repositories(1)).toHaveLength(1);
  });
});
