import { beforeEach, describe, expect, test } from 'vitest';
import { type RunJobOptions, runJob } from '../../src/jobs/run-job.ts';
import { cancelJobs, reserveRun } from '../../src/jobs/runs.ts';
import type { Database } from '../../src/store/database.ts';
import type { WorkItem } from '../../src/work-item/work-item.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { collectLog, findJob, findMetrics, findRuns, planJob, resetJobs, workItem } from './job-fixture.ts';
import { PULL_REQUESTS, useLocalGitHub } from './local-github.ts';

const github = useLocalGitHub();

function changeRepository(to: { isArchived?: boolean; stars?: number }): void {
  const { repository } = github();
  Object.assign(repository, to);
  repository.version += 1;
}

describeEachDatabase('runJob', (database) => {
  let db: Database;
  let log: ReturnType<typeof collectLog>;
  beforeEach(async () => {
    db = database().db;
    log = collectLog();
    await resetJobs(db);
    await db.deleteFrom('installation_budgets').execute();
    github().sandbox.faults.clear();
    changeRepository({ isArchived: false, stars: 3 });
  });

  const ready = async (changes: Partial<WorkItem>): Promise<{ jobId: string; run: number }> => {
    const now = new Date();
    const item = workItem({
      repository: github().workRepository,
      reason: 'manual',
      range: { since: now, until: now },
      ...changes,
    });
    const { id: jobId } = await planJob(db, item, { now });
    return reserveAgain(jobId);
  };
  const reserveAgain = async (jobId: string) => {
    const reserved = await reserveRun(db, jobId, 'test', { now: new Date(), bulkPerInstallation: 1 });
    if (!reserved) throw new Error('not due');
    return { jobId, run: reserved.run };
  };
  const carryOut = (job: { jobId: string; run: number }, changes: Partial<RunJobOptions> = {}) =>
    runJob({
      db,
      ...job,
      worker: 'in_process',
      tokenFor: github().tokenFor,
      config: github().config,
      bulkFor: () => ({ available: false, reason: 'no_capture_workflow' }),
      log,
      leaseMs: 60_000,
      sliceMs: 50_000,
      ...changes,
    });
  const count = async (table: 'pull_requests' | 'comments') =>
    (await db.selectFrom(table).select('id').execute()).length;

  test('captures what the job names, and records it', async () => {
    const job = await ready({ items: [3, 4] });
    const report = await carryOut(job);
    expect(report).toMatchObject({ ...job, status: 'completed', pullRequests: 2, notBefore: null });
    const stored = await db
      .selectFrom('pull_requests')
      .select(['number', 'title', 'repository_id'])
      .orderBy('number')
      .execute();
    expect(stored).toEqual([
      { number: 3, title: 'Change 3', repository_id: github().repository.id },
      { number: 4, title: 'Change 4', repository_id: github().repository.id },
    ]);
    expect(await db.selectFrom('comments').select('body').orderBy('id').execute()).toEqual([
      { body: 'On 3' },
      { body: 'On 4' },
    ]);
    expect(await findJob(db, job.jobId)).toMatchObject({
      status: 'completed',
      attempt: 1,
      result: { pullRequests: 2, rows: report.rows, complete: true, gaps: 0 },
    });
    expect(await findMetrics(db)).toMatchObject([{ outcome: 'success', processor_type: 'inngest' }]);
    expect(log.lines.at(-1)).toMatchObject({
      message: 'A capture ended.',
      fields: { job: job.jobId, repository: 'acme/widgets', stage: 'capture', status: 'completed' },
    });
  });

  test('a second carrier of the same run does nothing', async () => {
    const job = await ready({});
    await carryOut(job);
    expect(await carryOut(job)).toMatchObject({ status: 'not_started', rows: 0 });
    expect(await findRuns(db, job.jobId)).toHaveLength(1);
  });

  test('a long history goes on in slices from where it stands, and costs one attempt', async () => {
    let job = await ready({
      type: 'history',
      items: [],
      range: { until: new Date(Date.now() - 86_400_001) },
    });
    let report = await carryOut(job, { sliceMs: 0 });
    let slices = 1;
    while (report.status === 'queued' && slices < 50) {
      expect(await findMetrics(db)).toEqual([]);
      job = await reserveAgain(job.jobId);
      // The last ones get time; the first two showed that nothing is lost on the way.
      report = await carryOut(job, { sliceMs: slices < 2 ? 0 : 50_000 });
      slices += 1;
    }
    expect(report.status).toBe('completed');
    expect(slices).toBeGreaterThan(1);
    expect(await count('pull_requests')).toBe(PULL_REQUESTS);
    expect(await count('comments')).toBe(PULL_REQUESTS);
    expect(await findJob(db, job.jobId)).toMatchObject({ attempt: 1, run: slices });
    expect(await findMetrics(db)).toMatchObject([{ success_count: 1 }]);
  });

  test('stopped from outside it is queued for its continuation, at no attempt', async () => {
    const job = await ready({
      type: 'history',
      items: [],
      range: { until: new Date(Date.now() - 86_400_001) },
    });
    expect(await carryOut(job, { signal: AbortSignal.abort() })).toMatchObject({ status: 'queued' });
    expect(await findJob(db, job.jobId)).toMatchObject({ attempt: 0, status_reason: 'continuation' });
  });

  test('cancelled while it runs: it stops and writes no outcome over it', async () => {
    const job = await ready({ items: Array.from({ length: 50 }, (_, index) => index + 1) });
    const report = await carryOut(job, {
      leaseMs: 30,
      tokenFor: async (...asked) => {
        await cancelJobs(db, { repositoryId: github().repository.id }, 'uninstalled');
        return github().tokenFor(...asked);
      },
    });
    expect(report.status).toBe('not_started');
    expect(await findJob(db, job.jobId)).toMatchObject({ status: 'cancelled' });
    expect(await findMetrics(db)).toMatchObject([{ outcome: 'cancelled' }]);
  });

  describe('its share of the budget', () => {
    const grants = () =>
      db
        .selectFrom('budget_grants')
        .select(['installation_id', 'holder', 'kind', 'graphql_ms', 'rest_ms', 'usable_until', 'is_released'])
        .orderBy('id')
        .execute();
    const MONTH_AGO = new Date(Date.now() - 30 * 86_400_000);

    test('is that of live work, held while it runs, and given back but for what it used', async () => {
      const job = await ready({ items: [3, 4] });
      let held: Awaited<ReturnType<typeof grants>> = [];
      await carryOut(job, {
        tokenFor: async (...asked) => {
          if (held.length === 0) held = await grants();
          return github().tokenFor(...asked);
        },
      });
      const installation_id = github().installation.id;
      const holder = expect.stringMatching(new RegExp(`^${job.jobId}/1/in_process:`));
      expect(held).toEqual([
        {
          installation_id,
          holder,
          kind: 'live',
          graphql_ms: 5_400,
          rest_ms: 2_700,
          usable_until: expect.any(Date),
          is_released: false,
        },
      ]);
      expect(held[0]?.usable_until.getTime()).toBeGreaterThan(Date.now());

      const left = await grants();
      expect(left.length).toBeGreaterThan(0);
      for (const row of left)
        expect(row).toMatchObject({ installation_id, holder, is_released: true, rest_ms: 0 });
      const used = left.reduce((sum, row) => sum + row.graphql_ms, 0);
      expect(used).toBeGreaterThan(0);
      expect(used).toBeLessThan(5_400);
      expect(Math.max(...left.map((row) => row.usable_until.getTime()))).toBeLessThanOrEqual(Date.now());
    });

    test("tells GitHub's number for the hour with each write", async () => {
      await carryOut(await ready({ items: [3] }));
      const told = await db.selectFrom('installation_budgets').selectAll().executeTakeFirstOrThrow();
      expect(told).toMatchObject({ installation_id: github().installation.id, rest_left: null });
      expect(told.points_left).toBeGreaterThan(4_000);
      expect(told.points_reset_at?.getTime()).toBeGreaterThan(Date.now());
    });

    test('is that of bulk work where history is captured', async () => {
      await carryOut(
        await ready({ type: 'history', items: [], range: { until: MONTH_AGO }, reason: 'installation' }),
      );
      expect(new Set((await grants()).map(({ kind }) => kind))).toEqual(new Set(['bulk']));
    });

    test('is given back by a run that fails, too', async () => {
      await carryOut(await ready({ repository: { ...github().workRepository, fullName: 'acme/gone' } }));
      expect((await grants()).map(({ is_released }) => is_released)).toEqual([true]);
    });
  });

  describe('what goes wrong', () => {
    test('a token that GitHub does not give: blocked, with the cure', async () => {
      const job = await ready({});
      const tokenFor = async () => {
        throw Object.assign(new Error('Not Found'), { status: 404 });
      };
      expect(await carryOut(job, { tokenFor })).toMatchObject({ status: 'blocked' });
      expect((await findJob(db, job.jobId)).error).toBe(
        'GitHub gives no token for acme/widgets (HTTP 404): install the App on it, or lift its suspension, and accept its permissions.',
      );
      expect(await findMetrics(db)).toMatchObject([{ outcome: 'blocked', error_count: 0 }]);
    });

    test("GitHub's rate limit on tokens is no missing permission: the job waits", async () => {
      const job = await ready({});
      const tokenFor = async () => {
        const response = { headers: { 'retry-after': 600 } };
        throw Object.assign(new Error('You have exceeded a secondary rate limit.'), {
          status: 403,
          response,
        });
      };
      const report = await carryOut(job, { tokenFor });
      expect(report.status).toBe('queued');
      const waitMs = Date.parse(report.notBefore ?? '') - Date.now();
      expect(waitMs).toBeGreaterThan(590_000);
      expect(waitMs).toBeLessThan(610_000);
      expect(await findJob(db, job.jobId)).toMatchObject({ attempt: 0, status_reason: 'continuation' });
    });

    test('a repository that is not there: failed at once', async () => {
      const job = await ready({ repository: { ...github().workRepository, fullName: 'acme/gone' } });
      expect(await carryOut(job)).toMatchObject({ status: 'failed' });
      expect(await findJob(db, job.jobId)).toMatchObject({
        attempt: 1,
        error: expect.stringContaining('acme/gone'),
      });
      expect(await findMetrics(db)).toMatchObject([{ outcome: 'failure', error_count: 1 }]);
    });

    test('a failure on the way: what was used and stored until then is told, and its attempt is used up', async () => {
      const job = await ready({
        ...{ type: 'history', items: [], range: { until: new Date(Date.now() - 86_400_001) } },
      });
      github().sandbox.faults.add({
        when: ({ body }) => JSON.stringify(body ?? null).includes(`:${PULL_REQUESTS}}`),
        fault: { kind: 'errors', errors: [{ message: 'Field does not exist' }] },
      });
      const report = await carryOut(job);
      const stored = await count('pull_requests');
      expect(stored).toBeGreaterThan(0);
      expect(stored).toBeLessThan(PULL_REQUESTS);
      expect(report.rows).toBeGreaterThan(stored);
      expect(report.requests).toBeGreaterThan(report.points);
      expect(report.points).toBeGreaterThan(1);
      expect(await findRuns(db, job.jobId)).toMatchObject([
        {
          conclusion: 'failure',
          rows_stored: report.rows,
          ...{ points: report.points, requests: report.requests },
        },
      ]);
      expect(await findJob(db, job.jobId)).toMatchObject({
        ...{ status: 'queued', status_reason: 'retry_after_failure', attempt: 1 },
        result: { rows: report.rows, complete: false },
      });
    });

    test("a wait for GitHub's budget is a continuation", async () => {
      github().sandbox.faults.add({ fault: { kind: 'primary' }, times: 100 });
      const job = await ready({});
      const report = await carryOut(job, { sliceMs: 10_000 });
      expect(report.status).toBe('queued');
      expect(Date.parse(report.notBefore ?? '')).toBeGreaterThan(Date.now());
      expect(await findJob(db, job.jobId)).toMatchObject({ attempt: 0, status_reason: 'continuation' });
      // The next hour begins, for the tests that follow.
      github().sandbox.clock.advance(3_600_000);
    });
  });

  describe('a wait for GitHub where the run is started again', () => {
    const onInngest: Partial<RunJobOptions> = {
      worker: 'inngest',
      inngestRunId: '01A',
      sliceMs: 4_000,
      pause: { perInstallation: 1 },
    };
    const limit = { kind: 'secondary', retryAfterSeconds: 3_000 } as const;
    const theTimeHasCome = async () => {
      await db.updateTable('installation_budgets').set({ silent_until: null }).execute();
      await db.updateTable('progressive_capture_jobs').set({ not_before: new Date() }).execute();
    };

    test("pauses it until GitHub's own time, and the same run ends it", async () => {
      const job = await ready({ items: [3, 4] });
      github().sandbox.faults.add({ fault: limit });
      const begunAt = Date.now();
      const paused = await carryOut(job, onInngest);
      expect(paused).toMatchObject({ status: 'paused', run: 1 });
      // One more is waited. GitHub's own clock is an hour ahead here, or two.
      const asked = Date.parse(paused.notBefore ?? '') - begunAt;
      expect(asked).toBeGreaterThan(3_000_000);
      expect(asked).toBeLessThan(3_060_000);
      expect(await findJob(db, job.jobId)).toMatchObject({
        ...{ status: 'running', status_reason: 'waiting_for_github', attempt: 1, error: null },
        not_before: new Date(paused.notBefore ?? ''),
      });
      expect(log.lines.at(-1)).toMatchObject({ level: 'info', message: 'A capture waits for GitHub.' });
      // What it held of the budget is for others meanwhile.
      const held = await db.selectFrom('budget_grants').select('is_released').execute();
      expect(held.every(({ is_released }) => is_released)).toBe(true);

      expect(await carryOut(job, { ...onInngest, inngestRunId: '01B' })).toMatchObject({
        status: 'not_started',
      });
      await theTimeHasCome();
      expect(await carryOut(job, onInngest)).toMatchObject({ status: 'completed', pullRequests: 2 });
      expect(await findRuns(db, job.jobId)).toMatchObject([{ run: 1, conclusion: 'success', pauses: 1 }]);
      expect(await findJob(db, job.jobId)).toMatchObject({ attempt: 1, status_reason: 'success' });
    });

    test('goes on from the last stored batch, and counts what it did before', async () => {
      const job = await ready({
        ...{ type: 'history', items: [], range: { until: new Date(Date.now() - 86_400_001) } },
      });
      github().sandbox.faults.add({
        when: ({ body }) => JSON.stringify(body ?? null).includes(`:${PULL_REQUESTS}}`),
        fault: limit,
      });
      const paused = await carryOut(job, onInngest);
      expect(paused).toMatchObject({ status: 'paused' });
      const before = await count('pull_requests');
      expect(before).toBeGreaterThan(0);
      await theTimeHasCome();
      const done = await carryOut(job, onInngest);
      expect(done).toMatchObject({ status: 'completed', pullRequests: PULL_REQUESTS - before });
      expect(await count('pull_requests')).toBe(PULL_REQUESTS);
      expect(await findRuns(db, job.jobId)).toMatchObject([
        { rows_stored: paused.rows + done.rows, requests: paused.requests + done.requests, pauses: 1 },
      ]);
    });

    test('an hour that others have used down to the reserve is known before GitHub is asked', async () => {
      const job = await ready({
        ...{ type: 'history', items: [], range: { until: new Date(Date.now() - 30 * 86_400_000) } },
        reason: 'installation',
      });
      const resetAt = new Date(Date.now() + 1_800_000);
      await db
        .insertInto('installation_budgets')
        .values({
          installation_id: github().installation.id,
          points_left: 400,
          points_told_at: new Date(),
          points_reset_at: resetAt,
        })
        .execute();
      const asked = github().sandbox.requests.length;
      expect(await carryOut(job, { ...onInngest, sliceMs: 50_000 })).toMatchObject({
        ...{ status: 'paused', requests: 0 },
        notBefore: new Date(resetAt.getTime() + 1_000).toISOString(),
      });
      expect(github().sandbox.requests.length).toBe(asked);
    });

    test('begun again before its time it asks GitHub nothing, and waits on until then', async () => {
      const job = await ready({ items: [3] });
      github().sandbox.faults.add({ fault: limit });
      const { notBefore } = await carryOut(job, onInngest);
      const asked = github().sandbox.requests.length;
      expect(await carryOut(job, onInngest)).toMatchObject({ status: 'paused', notBefore, requests: 0 });
      // Where it may not wait on, the job does.
      const { pause: _, ...last } = onInngest;
      expect(await carryOut(job, last)).toMatchObject({ status: 'queued', notBefore });
      expect(github().sandbox.requests.length).toBe(asked);
      expect(await findRuns(db, job.jobId)).toMatchObject([
        { conclusion: 'continue', pauses: 2, requests: 1 },
      ]);
    });

    test('what one run is told holds for all of the installation: the next asks GitHub nothing', async () => {
      const [first, second] = [await ready({ items: [3] }), await ready({ items: [4] })];
      github().sandbox.faults.add({ fault: limit });
      const { notBefore } = await carryOut(first, { ...onInngest, pause: { perInstallation: 2 } });
      const asked = github().sandbox.requests.length;
      const other = { ...onInngest, inngestRunId: '01B', pause: { perInstallation: 2 } };
      expect(await carryOut(second, other)).toMatchObject({ status: 'paused', notBefore, requests: 0 });
      expect(github().sandbox.requests.length).toBe(asked);
      await theTimeHasCome();
      expect(await carryOut(second, other)).toMatchObject({ status: 'completed' });
    });

    test('above as many as may wait, the job does', async () => {
      const job = await ready({ items: [3] });
      github().sandbox.faults.add({ fault: limit });
      const report = await carryOut(job, { ...onInngest, pause: { perInstallation: 0 } });
      expect(report.status).toBe('queued');
      expect(await findJob(db, job.jobId)).toMatchObject({
        ...{ status_reason: 'continuation', attempt: 0 },
        not_before: new Date(report.notBefore ?? ''),
      });
    });

    test('the end of a slice is no wait', async () => {
      const job = await ready({
        ...{ type: 'history', items: [], range: { until: new Date(Date.now() - 86_400_001) } },
      });
      expect(await carryOut(job, { ...onInngest, sliceMs: 0 })).toMatchObject({ status: 'queued' });
      expect(await findRuns(db, job.jobId)).toMatchObject([{ conclusion: 'continue', pauses: 0 }]);
    });
  });

  test('told to stop while GitHub gives no token, it ends at once and goes on later', async () => {
    const stopping = new AbortController();
    const job = await ready({});
    const report = await carryOut(job, {
      signal: stopping.signal,
      tokenFor: () => {
        stopping.abort();
        return new Promise(() => {});
      },
    });
    expect(report.status).toBe('queued');
    expect(await findJob(db, job.jobId)).toMatchObject({ attempt: 0, status_reason: 'continuation' });
  });

  describe('a classification', () => {
    const classify = (reason: WorkItem['reason']) =>
      ready({ type: 'classify', items: [], include: [], range: {}, reason });

    test("snapshots the category by GitHub's counts, once an epoch", async () => {
      await carryOut(await classify('manual'));
      const categories = () => db.selectFrom('repository_categories').selectAll().execute();
      expect(await categories()).toMatchObject([
        {
          repository_id: github().repository.id,
          category: 'small',
          pull_requests_count: PULL_REQUESTS,
          epoch: 1,
        },
      ]);
      changeRepository({ stars: 100 });
      await carryOut(await classify('manual'));
      expect(await categories()).toMatchObject([{ category: 'small', epoch: 1 }]);
      await db.updateTable('rollout_configuration').set({ epoch: 2 }).execute();
      await carryOut(await classify('manual'));
      expect(await categories()).toMatchObject([{ category: 'medium', epoch: 2 }]);
    });

    test('after an installation starts the history, its recent half first', async () => {
      await carryOut(await classify('installation'));
      const jobs = await db
        .selectFrom('progressive_capture_jobs')
        .select(['target', 'priority', 'include', 'reason', 'status'])
        .where('job_type', '=', 'history')
        .orderBy('priority')
        .execute();
      expect(jobs).toEqual([
        {
          target: 'recent',
          priority: 0,
          include: ['pull-requests'],
          reason: 'installation',
          status: 'queued',
        },
        {
          target: 'history',
          priority: 2,
          include: ['pull-requests'],
          reason: 'installation',
          status: 'queued',
        },
      ]);
    });

    test('above AUTO_HISTORY_LIMIT the history waits for a person, and the log names the command', async () => {
      const config = { ...github().config, autoHistoryLimit: PULL_REQUESTS - 1 };
      await carryOut(await classify('installation'), { config });
      expect(await db.selectFrom('progressive_capture_jobs').select('job_type').execute()).toEqual([
        { job_type: 'classify' },
      ]);
      expect(log.lines.map(({ message }) => message).join()).toContain(
        'waits for `/capture history` in an issue there, or `npx hybrid-capture capture acme/widgets`',
      );
      await carryOut(await classify('installation'), {
        config: { ...config, autoHistoryLimit: PULL_REQUESTS },
      });
      expect(await db.selectFrom('progressive_capture_jobs').select('id').execute()).toHaveLength(4);
    });

    test('that was cancelled while it ran starts nothing', async () => {
      const job = await classify('installation');
      const report = await carryOut(job, {
        tokenFor: async (...asked) => {
          const given = await github().tokenFor(...asked);
          await cancelJobs(db, { repositoryId: github().repository.id }, 'uninstalled');
          return given;
        },
      });
      expect(report.status).toBe('not_started');
      expect(
        await db.selectFrom('progressive_capture_jobs').select(['job_type', 'status']).execute(),
      ).toEqual([{ job_type: 'classify', status: 'cancelled' }]);
      expect(await db.selectFrom('repository_categories').selectAll().execute()).toEqual([]);
    });

    test('of an archived repository starts nothing', async () => {
      changeRepository({ isArchived: true });
      await carryOut(await classify('installation'));
      expect(await db.selectFrom('progressive_capture_jobs').select('job_type').execute()).toHaveLength(1);
    });
  });
});
