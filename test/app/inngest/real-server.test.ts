import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createInngest, type InngestApp } from '../../../app/inngest/functions.ts';
import { createDispatchLoop } from '../../../src/dispatch/dispatch-due.ts';
import { INNGEST_EVENTS, jobEventId } from '../../../src/dispatch/job-events.ts';
import type { TokenFor } from '../../../src/jobs/run-job.ts';
import type { Database } from '../../../src/store/database.ts';
import {
  collectLog,
  findJob,
  findMetrics,
  findRuns,
  planJob,
  resetJobs,
  workItem,
} from '../../jobs/job-fixture.ts';
import { useLocalGitHub } from '../../jobs/local-github.ts';
import { withDatabase } from '../../support/databases.ts';
import { INNGEST_BIN, type InngestServer, serveOnFreePort, startInngestServer } from './inngest-server.ts';

const name = 'the functions on a real Inngest dev server';

describe.skipIf(!INNGEST_BIN)(INNGEST_BIN ? name : `${name} (no INNGEST_BIN)`, () => {
  const github = useLocalGitHub();
  const database = withDatabase();
  const log = collectLog();
  let db: Database;
  let server: InngestServer;
  let app: { url: string; close(): Promise<void> };
  let inngest: InngestApp;
  let tokenFor: TokenFor;
  /** Requests that are answered with 500 before the functions see them; those of `onFailure` are not. */
  let failuresLeft = 0;
  let requests = 0;

  beforeAll(async () => {
    server = await startInngestServer(INNGEST_BIN ?? '');
    db = database().db;
    tokenFor = github().tokenFor;
    inngest = createInngest({
      db,
      config: {
        ...github().config,
        inngest: { mode: 'dev', eventKey: null, signingKey: null, baseUrl: server.url },
      },
      tokenFor: (...asked) => tokenFor(...asked),
      bulkFor: () => ({ available: false, reason: 'no_capture_workflow' }),
      log,
    });
    app = await serveOnFreePort((request, response) => {
      if (request.method === 'POST') {
        requests += 1;
        const isOnFailure = /fnId=[^&]*-failure/.test(request.url ?? '');
        if (failuresLeft > 0 && !isOnFailure) {
          failuresLeft -= 1;
          response.writeHead(500).end();
          return;
        }
      }
      inngest.handler(request, response);
    });
    expect(await server.register(`${app.url}/api/inngest`)).toBe(200);
  });
  afterAll(async () => {
    await server.stop();
    await app.close();
  });
  beforeEach(async () => {
    await resetJobs(db);
    failuresLeft = 0;
    requests = 0;
    tokenFor = github().tokenFor;
  });

  const dispatch = async (changes: Parameters<typeof workItem>[0] = {}) => {
    const now = new Date();
    const item = workItem({
      repository: github().workRepository,
      reason: 'manual',
      range: { since: now, until: now },
      ...changes,
    });
    const { id } = await planJob(db, item, { now });
    await runLoop();
    return id;
  };
  const runLoop = () =>
    createDispatchLoop({
      db,
      config: github().config,
      dispatchers: { inngest: inngest.dispatcher, bulk: null },
      bulkFor: () => ({ available: false, reason: 'no_capture_workflow' }),
      log,
    }).runOnce();
  const ended = (id: string, status: string) =>
    vi.waitFor(
      async () => expect((await findJob(db, id)).status, server.output().slice(-2_000)).toBe(status),
      {
        timeout: 30_000,
        interval: 50,
      },
    );

  test('an event sent by the dispatcher is carried out', async () => {
    const id = await dispatch({ items: [7, 8] });
    await ended(id, 'completed');
    const stored = await db.selectFrom('pull_requests').select('number').orderBy('number').execute();
    expect(stored).toEqual([{ number: 7 }, { number: 8 }]);
    expect(await findRuns(db, id)).toMatchObject([
      {
        run: 1,
        worker: 'inngest',
        conclusion: 'success',
        inngest_run_id: expect.stringMatching(/^[0-9A-Z]{26}$/),
      },
    ]);
    expect(await findMetrics(db, id)).toMatchObject([{ outcome: 'success' }]);
  });

  test('each kind of job has its function', async () => {
    const classify = await dispatch({ type: 'classify', items: [], include: [], range: {} });
    await ended(classify, 'completed');
    expect(await db.selectFrom('repository_categories').select('category').execute()).toEqual([
      { category: 'small' },
    ]);
    const history = await dispatch({
      type: 'history',
      items: [],
      range: { until: new Date(Date.now() - 86_400_001) },
    });
    await ended(history, 'completed');
    expect(await db.selectFrom('pull_requests').select('id').execute()).toHaveLength(60);
    expect((await findJob(db, history)).rule).toBe('bulk_unavailable');
  });

  test('a request that fails is tried again by Inngest, as the same run', async () => {
    failuresLeft = 2;
    const id = await dispatch();
    await ended(id, 'completed');
    expect(requests).toBeGreaterThanOrEqual(3);
    expect(await findRuns(db, id)).toHaveLength(1);
    expect(await findJob(db, id)).toMatchObject({ attempt: 1, run: 1 });
  });

  test('a run that fails in every try marks its job and says why', async () => {
    failuresLeft = Number.POSITIVE_INFINITY;
    const id = await dispatch();
    await vi.waitFor(async () => expect(await findRuns(db, id)).toMatchObject([{ state: 'ended' }]), {
      timeout: 30_000,
      interval: 50,
    });
    expect(await findJob(db, id)).toMatchObject({
      status: 'queued',
      status_reason: 'retry_after_failure',
      attempt: 1,
      error: expect.stringContaining('Inngest gave the run up after 4 tries'),
    });
  });

  test('a failed capture is queued again by the job, not by Inngest', async () => {
    tokenFor = async () => {
      throw new Error('no connection');
    };
    const id = await dispatch();
    await vi.waitFor(async () => expect((await findJob(db, id)).status_reason).toBe('retry_after_failure'), {
      timeout: 30_000,
      interval: 50,
    });
    expect(await findRuns(db, id)).toMatchObject([{ run: 1, conclusion: 'failure' }]);
    expect(await findJob(db, id)).toMatchObject({ attempt: 1, error: expect.stringContaining('no token') });
  });

  test('a repeated event id starts no second run', async () => {
    const id = await dispatch();
    await ended(id, 'completed');
    const { name: event } = INNGEST_EVENTS.captureItems;
    const data = {
      jobId: id,
      run: 1,
      repositoryId: github().workRepository.id,
      installationId: github().workRepository.installationId,
    };
    const { ids } = await inngest.client.send({ id: jobEventId(id, 1), name: event, data });
    // Whatever is sent after it is handled after it.
    const next = await dispatch({ items: [9] });
    await ended(next, 'completed');
    expect(await server.runs(ids[0] ?? '')).toEqual([]);
    expect(await findRuns(db, id)).toHaveLength(1);
  });

  test('the test event comes back', async () => {
    const { name: event } = INNGEST_EVENTS.test;
    const { ids } = await inngest.client.send({ name: event, data: { nonce: 'ping' } });
    await vi.waitFor(
      async () => expect(await server.runs(ids[0] ?? '')).toMatchObject([{ status: 'Completed' }]),
      { timeout: 30_000, interval: 100 },
    );
  });
});
