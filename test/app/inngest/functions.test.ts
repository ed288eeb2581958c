import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createInngest } from '../../../app/inngest/functions.ts';
import { createFunctions } from '../../../app/inngest/job-functions.ts';
import { type Config, loadConfig } from '../../../src/config/config.ts';
import { cancelJobs } from '../../../src/jobs/cancel-jobs.ts';
import type { TokenFor } from '../../../src/jobs/run-job.ts';
import type { Database } from '../../../src/store/database.ts';
import { collectLog, findJob, findRuns, planJob, resetJobs, workItem } from '../../jobs/job-fixture.ts';
import { useLocalGitHub } from '../../jobs/local-github.ts';
import { reserve } from '../../jobs/reserve.ts';
import { withDatabase } from '../../support/databases.ts';
import { serveOnFreePort } from './inngest-server.ts';

const database = withDatabase();

function configOf(env: Record<string, string>): Config {
  const loaded = loadConfig(env);
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.config;
}

const CLOUD = { INNGEST_EVENT_KEY: 'event-key', INNGEST_SIGNING_KEY: `signkey-test-${'ab'.repeat(16)}` };

function create(env: Record<string, string>, log = collectLog()) {
  return createInngest({
    db: database().db,
    config: configOf(env),
    tokenFor: async () => {
      throw new Error('not asked');
    },
    bulkFor: () => ({ available: true }),
    log,
  });
}

test('the functions have the ids that dashboards and alerts know, explicit retries and keyed concurrency', () => {
  const { client } = create({ INNGEST_DEV: '1' });
  const functions = createFunctions(client, {
    db: database().db,
    config: configOf({}),
    tokenFor: async () => ({ token: '', expiresAt: new Date() }),
    bulkFor: () => ({ available: true }),
    log: collectLog(),
    onSettled: () => {},
  });
  expect(functions.map(({ opts }) => [opts.id, opts.retries])).toEqual([
    ['capture-repository-sync-graphql', 3],
    ['capture-pull-request', 3],
    ['classify-single-repository', 3],
    ['prod-test-function', 0],
  ]);
  for (const { opts } of functions.slice(0, 3)) {
    const limits = opts.concurrency as { key: string; limit: number }[];
    expect(limits[0]).toEqual({
      scope: 'env',
      key: '"installation:" + string(event.data.installationId)',
      limit: 4,
    });
    expect(limits.every(({ key }) => key.includes('event.data.'))).toBe(true);
  }
});

describe('in cloud mode', () => {
  const log = collectLog();
  let served: Awaited<ReturnType<typeof serveOnFreePort>>;
  beforeAll(async () => {
    served = await serveOnFreePort(create(CLOUD, log).handler);
  });
  afterAll(() => served.close());
  const ask = (method: string) =>
    fetch(`${served.url}/api/inngest?fnId=hybrid-capture-capture-pull-request&stepId=step`, {
      method,
      ...(method === 'POST' ? { body: '{}' } : {}),
    });

  test.each(['GET', 'PUT', 'POST'])(
    '%s without a signature is refused, which is no error of ours',
    async (method) => {
      log.lines.length = 0;
      expect((await ask(method)).status).toBe(401);
      const message = 'Signature validation failed: No x-inngest-signature provided';
      expect(log.lines).toEqual([{ level: 'warn', fields: { stage: 'inngest' }, message }]);
    },
  );
});

describe("a run that meets GitHub's limit, as Inngest asks for it", () => {
  const github = useLocalGitHub();
  let db: Database;
  let served: Awaited<ReturnType<typeof serveOnFreePort>>;
  let settled = 0;
  let tokenFor: TokenFor;
  let stop: () => void;
  const log = collectLog();
  beforeEach(async () => {
    db = database().db;
    const inngest = createInngest({
      db,
      config: github().config,
      tokenFor: (...asked) => tokenFor(...asked),
      bulkFor: () => ({ available: true }),
      log,
      onSettled: () => {
        settled += 1;
      },
    });
    stop = inngest.stop;
    served = await serveOnFreePort(inngest.handler);
    tokenFor = github().tokenFor;
    await resetJobs(db);
    await db.deleteFrom('installation_budgets').execute();
    github().sandbox.faults.clear();
    settled = 0;
    log.lines.length = 0;
  });
  afterEach(() => served.close());

  const ready = async () => {
    const repository = github().workRepository;
    const now = new Date();
    const item = workItem({ repository, reason: 'manual', range: { since: now, until: now } });
    const { id: jobId } = await planJob(db, item, { now });
    const run = await reserve(db, jobId, now);
    return { jobId, run, repositoryId: repository.id, installationId: repository.installationId };
  };
  const RETRIES = 3;
  /** @param attempt Inngest's try, from 0 */
  const call = async (data: object, attempt: number) => {
    const event = { name: 'hybrid-capture/items.capture', v: '1', id: 'event', ts: Date.now(), data };
    const response = await fetch(
      `${served.url}/api/inngest?fnId=hybrid-capture-capture-pull-request&stepId=step`,
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          ...{ version: 2, event, events: [event], steps: {} },
          ctx: {
            ...{ run_id: '01RUN', fn_id: 'f', attempt, max_attempts: RETRIES + 1 },
            ...{ disable_immediate_execution: false, use_api: false, stack: { stack: [], current: 0 } },
          },
        }),
      },
    );
    return {
      retryAfter: response.headers.get('retry-after'),
      mayTryAgain: response.headers.get('x-inngest-no-retry') !== 'true',
      body: await response.text(),
    };
  };
  const refuse = (times: number) =>
    github().sandbox.faults.add({ times, fault: { kind: 'secondary', retryAfterSeconds: 1_800 } });

  test("it is to be asked again at GitHub's own time, and goes on then as the same run", async () => {
    const data = await ready();
    refuse(1);
    const refused = await call(data, 0);
    const { not_before: until, ...job } = await findJob(db, data.jobId);
    expect(refused).toMatchObject({ retryAfter: until.toISOString(), mayTryAgain: true });
    expect(Math.abs(until.getTime() - Date.now() - 1_800_000)).toBeLessThan(60_000);
    expect(job).toMatchObject({ status: 'running', status_reason: 'waiting_for_github' });
    // Neither names nor titles go to Inngest.
    expect(refused.body).toContain("Waits for GitHub's limits until");
    expect(refused.body).not.toContain('widgets');
    // A wait is no error.
    expect(log.lines.map(({ level }) => level)).not.toContain('error');

    await db.updateTable('progressive_capture_jobs').set({ not_before: new Date() }).execute();
    await db.updateTable('installation_budgets').set({ silent_until: null }).execute();
    const done = await call(data, 1);
    expect(done).toMatchObject({ retryAfter: null, body: expect.stringContaining('"status":"completed"') });
    expect(await findJob(db, data.jobId)).toMatchObject({ status: 'completed', run: 1, attempt: 1 });
    expect(settled).toBe(2);
  });

  test('with one try left after it, which is for failures, the job waits and its next run goes on', async () => {
    const data = await ready();
    refuse(1);
    await call(data, RETRIES - 2);
    expect((await findJob(db, data.jobId)).status).toBe('running');
    const last = await call(data, RETRIES - 1);
    expect(last).toMatchObject({ retryAfter: null, body: expect.stringContaining('"status":"queued"') });
    const { not_before: until, ...job } = await findJob(db, data.jobId);
    expect(job).toMatchObject({ status: 'queued', status_reason: 'continuation', attempt: 0 });
    expect(await reserve(db, data.jobId, until)).toBe(2);
  });

  test('what keeps an outcome from being recorded is told with its reason, and may be tried again', async () => {
    const data = await ready();
    const gone = new Error('the connection is gone');
    const broken = vi.spyOn(db, 'transaction').mockImplementation(() => {
      throw gone;
    });
    const failed = await call(data, 0);
    broken.mockRestore();
    expect(failed).toMatchObject({ retryAfter: null, mayTryAgain: true });
    expect(log.lines).toMatchObject([
      { level: 'error', fields: { stage: 'inngest', err: gone }, message: 'Inngest step error' },
    ]);
  });

  test('when the app stops, a run under way goes on later', async () => {
    const data = await ready();
    const token = github().tokenFor;
    tokenFor = (...asked) => {
      stop();
      return token(...asked);
    };
    expect((await call(data, 0)).body).toContain('"status":"queued"');
    expect(await findJob(db, data.jobId)).toMatchObject({ status_reason: 'continuation', attempt: 0 });
  });

  test('cancelled while it waits, it has nothing to do', async () => {
    const data = await ready();
    refuse(1);
    await call(data, 0);
    await cancelJobs(db, { repositoryId: data.repositoryId }, 'uninstalled');
    expect((await call(data, 1)).body).toContain('"status":"not_started"');
    expect(await findRuns(db, data.jobId)).toMatchObject([{ run: 1, conclusion: 'cancelled' }]);
  });
});
