import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import getPort from 'get-port';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  type MockInstance,
  test,
  vi,
} from 'vitest';
import { createInngest, INNGEST_PATH, type InngestApp } from '../../../app/inngest/functions.ts';
import { inngestChecks } from '../../../cli/doctor/check-inngest.ts';
import type { Check } from '../../../cli/doctor/context.ts';
import { createTestEvent } from '../../../cli/doctor/send-test-event.ts';
import type { Config } from '../../../src/config/config.ts';
import { createDispatchLoop } from '../../../src/dispatch/dispatch-due.ts';
import { INNGEST_EVENTS, jobEventId } from '../../../src/dispatch/job-events.ts';
import { cancelJobs } from '../../../src/jobs/cancel-jobs.ts';
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
import {
  INNGEST_BIN,
  type InngestServer,
  inngestConfig,
  serveOnFreePort,
  startInngestServer,
} from './inngest-server.ts';

const SERVERS = [
  ['dev server', 'dev'],
  ['self-hosted server', 'start'],
] as const;

/** A run may wait itself for half of this; for longer it waits in Inngest. */
const SLICE_MS = 8_000;

describe.skipIf(!INNGEST_BIN).each(SERVERS)(`the functions on a real Inngest %s`, (_, command) => {
  const github = useLocalGitHub();
  const database = withDatabase();
  const log = collectLog();
  let db: Database;
  let directory: string;
  let port: number;
  let startServer: () => Promise<InngestServer>;
  let server: InngestServer;
  let app: { url: string; close(): Promise<void> };
  let inngest: InngestApp;
  let tokenFor: TokenFor;
  let sent: MockInstance<InngestApp['client']['send']>;
  /** Requests that are answered with this status before the functions see them; those of `onFailure` are not. */
  let failuresLeft = 0;
  let failureStatus = 500;
  let requests = 0;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hybrid-capture-inngest-'));
    db = database().db;
    tokenFor = github().tokenFor;
    port = await getPort({ host: '127.0.0.1' });
    inngest = createInngest({
      db,
      config: { ...github().config, inngest: inngestConfig(command, port) },
      tokenFor: (...asked) => tokenFor(...asked),
      bulkFor: () => ({ available: false, reason: 'no_capture_workflow' }),
      log,
      sliceMs: SLICE_MS,
    });
    const registrations: number[] = [];
    app = await serveOnFreePort((request, response) => {
      if (request.method === 'PUT') response.once('finish', () => registrations.push(response.statusCode));
      if (request.method === 'POST') {
        requests += 1;
        const isOnFailure = /fnId=[^&]*-failure/.test(request.url ?? '');
        if (failuresLeft > 0 && !isOnFailure) {
          failuresLeft -= 1;
          response.writeHead(failureStatus).end();
          return;
        }
      }
      inngest.handler(request, response);
    });
    startServer = async () => {
      registrations.length = 0;
      const serveUrl = `${app.url}${INNGEST_PATH}`;
      const started = await startInngestServer(INNGEST_BIN ?? '', { command, port, serveUrl, directory });
      await vi.waitFor(() => expect(registrations, started.output()).toContain(200), { timeout: 20_000 });
      return started;
    };
    server = await startServer();
  });
  afterAll(async () => {
    await server.stop();
    await app.close();
    await rm(directory, { recursive: true });
  });
  beforeEach(async () => {
    await resetJobs(db);
    await db.deleteFrom('installation_budgets').execute();
    failuresLeft = 0;
    requests = 0;
    tokenFor = github().tokenFor;
    github().sandbox.faults.clear();
    sent = vi.spyOn(inngest.client, 'send');
  });
  afterEach(() => sent.mockRestore());

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
  /** @param laterMs by which the loop's clock is ahead */
  const runLoop = (laterMs = 0) =>
    createDispatchLoop({
      now: () => new Date(Date.now() + laterMs),
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
      error: expect.stringContaining('Inngest gave the run up in its last try'),
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
    // GitHub is back.
    tokenFor = github().tokenFor;
    await runLoop(3_600_000);
    await ended(id, 'completed');
    expect(await findJob(db, id)).toMatchObject({ attempt: 2, run: 2, error: null });
  });

  /** A run whose first request GitHub refuses for so many seconds waits now. */
  const waiting = async (seconds: number, changes: Parameters<typeof workItem>[0] = {}) => {
    github().sandbox.faults.add({ fault: { kind: 'secondary', retryAfterSeconds: seconds } });
    const id = await dispatch(changes);
    await vi.waitFor(async () => expect((await findJob(db, id)).status_reason).toBe('waiting_for_github'), {
      timeout: 30_000,
      interval: 20,
    });
    return id;
  };

  test("a run that meets GitHub's limit is tried again at GitHub's own time, as the same run", async () => {
    const id = await waiting(6);
    const { not_before: until } = await findJob(db, id);
    await ended(id, 'completed');
    const [run, ...more] = await findRuns(db, id);
    expect(more).toEqual([]);
    expect(run).toMatchObject({ run: 1, conclusion: 'success', pauses: 1, paused_at: null });
    // Its wait was that of GitHub, not Inngest's second between tries here.
    expect(run?.ended_at?.getTime()).toBeGreaterThanOrEqual(until.getTime());
    expect(run?.paused_seconds).toBeGreaterThan(4);
    expect(await findJob(db, id)).toMatchObject({ run: 1, attempt: 1 });
    await vi.waitFor(
      async () => expect(await server.runs(await lastEventId())).toMatchObject([{ status: 'Completed' }]),
      { timeout: 30_000, interval: 100 },
    );
  });

  test('a run that waits holds no step: another of the same repository is carried out meanwhile', async () => {
    const range = { until: new Date(Date.now() - 86_400_001) };
    const id = await waiting(10, { type: 'history', items: [], range });
    // As if it waited for its share of the budget alone.
    await db.updateTable('installation_budgets').set({ silent_until: null }).execute();
    const other = await dispatch({ type: 'labels', items: [], range: {} });
    await ended(other, 'completed');
    expect((await findJob(db, id)).status_reason).toBe('waiting_for_github');
    await ended(id, 'completed');
    expect(await findRuns(db, id)).toHaveLength(1);
  });

  test('the server is killed while a run waits: when its lease is over, the next run goes on', async () => {
    const id = await waiting(6);
    await server.stop('SIGKILL');
    server = await startServer();
    const { lease_expires_at: lease } = await findJob(db, id);
    // Nobody takes it from the server before its lease is over.
    await runLoop((lease?.getTime() ?? 0) - Date.now() - 1_000);
    expect(await findRuns(db, id)).toHaveLength(1);
    await runLoop((lease?.getTime() ?? 0) - Date.now() + 1_000);
    await ended(id, 'completed');
    const runs = await findRuns(db, id);
    expect(runs.map(({ conclusion }) => conclusion)).toEqual(['continue', 'success']);
    expect(await findJob(db, id)).toMatchObject({ attempt: 1, run: 2 });
    expect(await findMetrics(db, id)).toMatchObject([{ outcome: 'success' }]);
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

  /** Inngest's own id of the event that was sent last. */
  const lastEventId = async () => {
    const answer: { ids: string[] } | undefined = await sent.mock.results.at(-1)?.value;
    return answer?.ids[0] ?? '';
  };
  /** The event was taken, and Inngest has tried to begin its run. */
  const takenButNotBegun = async () => {
    failuresLeft = Number.POSITIVE_INFINITY;
    const id = await dispatch();
    await vi.waitFor(() => expect(requests).toBeGreaterThan(0), { timeout: 30_000, interval: 20 });
    return id;
  };
  const SENT_LEASE_MS = 15 * 60_000;
  const doneByTheNextRun = async (id: string) => {
    failuresLeft = 0;
    await runLoop(SENT_LEASE_MS - 60_000);
    expect(await findRuns(db, id)).toMatchObject([{ run: 1, state: 'sent' }]);
    await runLoop(SENT_LEASE_MS + 1_000);
    await ended(id, 'completed');
    expect(await findRuns(db, id)).toMatchObject([
      { run: 1, conclusion: 'lost' },
      { run: 2, conclusion: 'success' },
    ]);
  };

  test('a run that somebody cancels in Inngest is not lost: the job goes on as the next one', async () => {
    const id = await takenButNotBegun();
    const eventId = await lastEventId();
    const [run] = await server.runs(eventId);
    await server.cancelRun(run?.id ?? '');
    await vi.waitFor(
      async () => expect(await server.runs(eventId)).toMatchObject([{ status: 'Cancelled' }]),
      { timeout: 30_000, interval: 100 },
    );
    await doneByTheNextRun(id);
  });

  test('the server is killed, and comes back: what it forgot goes on as the next run', async () => {
    const id = await takenButNotBegun();
    await server.stop('SIGKILL');
    server = await startServer();
    await doneByTheNextRun(id);
  });

  test('a job that is cancelled while its run is with Inngest stays cancelled', async () => {
    const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>();
    const token = tokenFor;
    tokenFor = async (...asked) => {
      await mayGoOn;
      return token(...asked);
    };
    const id = await dispatch();
    await ended(id, 'running');
    await cancelJobs(db, { repositoryId: github().workRepository.id }, 'cancelled');
    goOn();
    const eventId = await lastEventId();
    await vi.waitFor(
      async () => expect(await server.runs(eventId)).toMatchObject([{ status: 'Completed' }]),
      { timeout: 30_000, interval: 100 },
    );
    expect(await findJob(db, id)).toMatchObject({ status: 'cancelled', run: 1 });
    expect(await findRuns(db, id)).toMatchObject([{ conclusion: 'cancelled' }]);
  });

  describe('the doctor', () => {
    const examine = async (
      check: Check,
      change: Partial<Config['inngest']> = {},
      publicUrl = new URL(app.url),
    ) => {
      const { config } = github();
      const findings = await check.run({
        config: {
          ...config,
          http: { ...config.http, publicUrl },
          inngest: { ...inngestConfig(command, port), ...change },
        },
        ...{ db, app: null, notAsked: {}, now: () => new Date() },
      });
      return findings.map(({ check: name, code }) => `${name}: ${code}`);
    };

    test('finds nothing wrong, and its test event comes back', async () => {
      expect(await examine(inngestChecks)).toEqual([
        'inngest event key: ok',
        'inngest signing key: ok',
        'inngest functions: ok',
        'inngest endpoint: ok',
      ]);
      expect(await examine(createTestEvent())).toEqual(['inngest test event: ok']);
    });

    test.each([
      [502, 'app_not_reached'],
      [401, 'app_refuses_inngest'],
    ])('tells %i before the functions from a function that fails: %s', async (status, code) => {
      [failuresLeft, failureStatus] = [Number.POSITIVE_INFINITY, status];
      expect(await examine(createTestEvent())).toEqual([`inngest test event: ${code}`]);
      failureStatus = 500;
    });

    test('finds an app that is registered at another address', async () => {
      expect(await examine(inngestChecks, {}, new URL('http://127.0.0.1:9'))).toContain(
        'inngest functions: registered_elsewhere',
      );
    });

    // The dev server takes every key.
    test.skipIf(command === 'dev')('finds keys that are wrong', async () => {
      expect(await examine(inngestChecks, { eventKey: 'another' })).toContain(
        'inngest event key: event_key_wrong',
      );
      expect(await examine(inngestChecks, { signingKey: 'abcdef0123456789' })).toContain(
        'inngest signing key: signing_key_wrong',
      );
    });
  });
});
