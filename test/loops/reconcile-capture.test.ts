import { beforeEach, expect, it } from 'vitest';
import { compareWithTruth, isExact } from '../../demo/compare.ts';
import type { PullRequest } from '../../sandbox/world/model.ts';
import { runJob } from '../../src/jobs/run-job.ts';
import { reserveRun } from '../../src/jobs/runs.ts';
import { createReconcileLoop } from '../../src/loops/reconcile.ts';
import type { Database } from '../../src/store/database.ts';
import { emptyCaptures } from '../jobs/captured-history.ts';
import { collectLog, findJob, HOUR, planJob, resetJobs, workItem } from '../jobs/job-fixture.ts';
import { PULL_REQUESTS, useLocalGitHub } from '../jobs/local-github.ts';
import { describeEachDatabase } from '../support/databases.ts';

const DAY = 24 * HOUR;
const bulkFor = () => ({ available: true }) as const;

describeEachDatabase('reconciliation of a captured repository', (database) => {
  const github = useLocalGitHub();
  let db: Database;
  beforeEach(async () => {
    db = database().db;
    await emptyCaptures(db);
    await resetJobs(db);
  });

  const carryOut = async (jobId: string, now: Date) => {
    const reserved = await reserveRun(db, jobId, 'test', { now, bulkPerInstallation: 1 });
    if (!reserved) throw new Error('not due');
    const { tokenFor, config } = github();
    return runJob({
      db,
      jobId,
      run: reserved.run,
      worker: 'in_process',
      tokenFor,
      config,
      bulkFor,
      log: collectLog(),
      leaseMs: 60_000,
      sliceMs: 50_000,
    });
  };

  /** A pass so many days from now, and the job that it makes. */
  const reconcile = async (days: number): Promise<string> => {
    const now = new Date(Date.now() + days * DAY);
    const jobs: string[] = [];
    const loop = createReconcileLoop({
      config: github().config,
      periodMs: DAY,
      servedAccounts: async () => [],
      bulkFor,
      log: collectLog(),
      onJobs: (made) => void jobs.push(...made.map(({ id }) => id)),
    });
    await loop.pass({
      now,
      lastPassedAt: new Date(now.getTime() - DAY),
      signal: new AbortController().signal,
      write: (work) => db.transaction().execute(work),
    });
    const [jobId, ...more] = jobs;
    if (jobId === undefined || more.length > 0) throw new Error(`${jobs.length} jobs`);
    expect(await carryOut(jobId, now)).toMatchObject({ status: 'completed' });
    return jobId;
  };

  /** Tables that hold something else than GitHub; labels as such were not asked for. */
  const differing = async () => {
    const { sandbox, repository } = github();
    const comparisons = await compareWithTruth(db, repository.id, sandbox.truth(repository.id));
    return comparisons.flatMap((compared) =>
      isExact(compared) || compared.table === 'labels' ? [] : [compared.table],
    );
  };

  const resultOf = async (jobId: string) =>
    (await findJob(db, jobId)).result as { pullRequests: number; requests: number; points: number };

  it('fetches what is new, edited, late or gone; and next to nothing when nothing has changed', async () => {
    const { sandbox, repository, workRepository } = github();
    const { clock, change } = sandbox;
    const pull = (number: number) => repository.pulls.get(number) as PullRequest;
    await change.commentOnLine(pull(9), 'ada', { path: 'a.ts', line: 3 }, 'why?');
    await change.comment(pull(8), 'ada', 'to be deleted');
    clock.advance(HOUR);

    const whole = workItem({
      repository: workRepository,
      type: 'history',
      items: [],
      range: {},
      reason: 'scheduled',
    });
    const first = await planJob(db, whole, { now: new Date() });
    expect(await carryOut(first.id, new Date())).toMatchObject({
      status: 'completed',
      pullRequests: PULL_REQUESTS,
    });
    expect(await differing()).toEqual([]);
    const full = await resultOf(first.id);

    clock.advance(DAY);
    await change.openPullRequest(repository, 'ada', { title: 'New', body: 'a new one' });
    await change.editTitle(pull(5), 'ada', 'Another title');
    await change.review(pull(7), 'grace', 'APPROVED', 'late, but good');
    const [deleted] = pull(8).comments.slice(-1);
    if (deleted) await change.deleteComment(deleted, 'ada');
    const [thread] = pull(9).threads;
    if (thread) await change.reply(thread, 'grace', 'because');
    await change.addLabelTo(pull(10), 'ada', 'bug');
    expect(await differing()).toEqual(
      'contributors pull_requests reviews comments commits pull_request_labels'.split(' '),
    );
    // The changes are older than the overlap of two passes.
    clock.advance(HOUR);

    const second = await reconcile(2);
    expect(await differing()).toEqual([]);
    expect(await findJob(db, second)).toMatchObject({ reason: 'scheduled', include: ['pull-requests'] });
    const increment = await resultOf(second);
    expect(increment.pullRequests).toBe(6);
    expect(increment.requests).toBeLessThanOrEqual(full.requests);

    clock.advance(DAY);
    const third = await resultOf(await reconcile(4));
    expect(third.pullRequests).toBe(0);
    // The repository with what changed last, and two lists of comments.
    expect(third.requests).toBe(3);
    expect(third.points).toBe(1);
  });
});
