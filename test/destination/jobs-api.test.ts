import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CaptureBatch, CaptureRow } from '../../src/destination/destination.ts';
import { createJobsApiDestination } from '../../src/destination/jobs-api.ts';
import {
  createJobsApiClient,
  type JobsApiClientOptions,
  JobsApiRefusal,
  JobsApiUnreachable,
} from '../../src/destination/jobs-api-client.ts';
import { type FakeJobsApi, startFakeJobsApi } from '../action/fake-jobs-api.ts';

const JOB = '6b1ca3f2-6f0e-4d5a-9a27-0d7a4b4f1c11';

let app: FakeJobsApi;
let slept: number[];
let audiences: string[];
let retries: string[];

beforeEach(async () => {
  app = await startFakeJobsApi();
  app.jobs.set(JOB, {
    jobId: JOB,
    type: 'history',
    repository: { id: 7, fullName: 'acme/widgets' },
    items: [],
    since: null,
    until: null,
    include: ['pull-requests'],
  });
  slept = [];
  audiences = [];
  retries = [];
});
afterEach(() => app.close());

function client(options: Partial<JobsApiClientOptions> = {}) {
  return createJobsApiClient({
    appUrl: new URL(app.url),
    getIdToken: async (audience) => {
      audiences.push(audience);
      return `oidc-${audiences.length}`;
    },
    actionVersion: '1.2.3',
    onRetry: (message) => retries.push(message),
    sleep: async (ms) => slept.push(ms),
    ...options,
  });
}

function batch(sequence: number, rows: CaptureRow[]): CaptureBatch {
  return {
    sequence,
    checkpoint: { page: sequence },
    progress: {
      done: 1,
      total: 10,
      points: 1,
      requests: 1,
      rows: rows.length,
      pointsLeft: 4_999,
      restLeft: null,
    },
    rows,
  };
}

const contributor = (id: number, more = {}): CaptureRow => ({
  table: 'contributors',
  row: { id, login: `user-${id}`, type: 'User', captured_at: '2026-01-01T00:00:00Z', ...more },
});
const pullRequest = (id: number, body = ''): CaptureRow => ({
  table: 'pull_requests',
  row: { id, number: id, body, captured_at: '2026-01-01T00:00:00Z' },
});

describe('the client', () => {
  test('claims with an OIDC token for the origin of app-url, and keeps a path in it', async () => {
    const claim = await client().claim(JOB);
    expect(claim.sessionToken).toBe(`session-${JOB}`);
    expect(audiences).toEqual([app.url]);
    expect(app.calls).toMatchObject([
      { path: `/api/jobs/${JOB}/claim`, token: 'oidc-1', body: { protocol: 1, actionVersion: '1.2.3' } },
    ]);

    await expect(client({ appUrl: new URL(`${app.url}/hybrid/`) }).claim(JOB)).rejects.toThrow();
    expect(app.calls.at(-1)?.path).toBe(`/hybrid/api/jobs/${JOB}/claim`);
    expect(audiences.at(-1)).toBe(app.url);
  });

  test('tries again after a broken connection, 5xx, 408 and 429, with growing waits and the same token', async () => {
    app.faults.push(
      { path: /claim/, fault: 'reset' },
      { path: /claim/, fault: { status: 503 } },
      { path: /claim/, fault: { status: 408 } },
      { path: /claim/, fault: { status: 429, headers: { 'retry-after': '9' } } },
    );
    await expect(client().claim(JOB)).resolves.toMatchObject({ job: { jobId: JOB } });
    expect(slept).toEqual([1_000, 2_000, 4_000, 9_000]);
    expect(app.calls.map((call) => call.token)).toEqual(Array(5).fill('oidc-1'));
    expect(retries[1]).toBe(`POST ${app.url}/api/jobs/${JOB}/claim answered 503; trying again in 2 s`);
  });

  test('gives up after its last try, and says what was the matter', async () => {
    await app.close();
    const claim = client().claim(JOB);
    await expect(claim).rejects.toThrow(JobsApiUnreachable);
    await expect(claim).rejects.toThrow(/ECONNREFUSED.*tried 6 times.*Is app-url right/);
    expect(slept).toEqual([1_000, 2_000, 4_000, 8_000, 15_000]);
    app = await startFakeJobsApi();
  });

  test('a refusal is final, with its code and message', async () => {
    const message = 'Use: acme/hybrid-capture@v3';
    app.faults.push({
      path: /claim/,
      fault: { status: 426, body: { error: { code: 'upgrade_required', message } } },
    });
    const claim = client().claim(JOB);
    await expect(claim).rejects.toThrow(JobsApiRefusal);
    await expect(claim).rejects.toMatchObject({ code: 'upgrade_required', status: 426, message });
    expect(slept).toEqual([]);
  });

  test.each([
    [{ status: 404, body: '<html>' }, /answered 404, but not as the Jobs API does/],
    [{ status: 200, body: '<html>' }, /is app-url the address of Hybrid Capture/],
    [
      { status: 308, headers: { location: 'https://new.example/' } },
      /redirected to https:\/\/new\.example\//,
    ],
  ])('another server at app-url: %j', async (fault, message) => {
    app.faults.push({ path: /claim/, fault });
    await expect(client().claim(JOB)).rejects.toThrow(message);
    expect(app.calls).toHaveLength(1);
  });

  test('the calls of a session carry its token; a heartbeat is not insisted on', async () => {
    const session = client().session(JOB, `session-${JOB}`);
    await expect(session.renewToken()).resolves.toMatchObject({ installationToken: 'ghs_installation1' });
    await expect(session.heartbeat({ progress: null })).resolves.toEqual({ next: 'continue' });
    app.faults.push({ path: /heartbeat/, fault: { status: 502 } });
    await expect(session.heartbeat({ progress: null })).rejects.toThrow('answered 502.');
    expect(slept).toEqual([]);
    expect(new Set(app.calls.map((call) => call.token))).toEqual(new Set([`session-${JOB}`]));
  });

  test('once aborted it tries once and no more; finish still goes out', async () => {
    const abort = new AbortController();
    const session = client({
      signal: abort.signal,
      sleep: async () => abort.abort(),
    }).session(JOB, `session-${JOB}`);
    const fault = { status: 500 };
    app.faults.push({ path: /token/, fault }, { path: /token/, fault }, { path: /token/, fault });
    await expect(session.renewToken()).rejects.toThrow('answered 500 (tried 2 times)');
    await expect(session.renewToken()).rejects.toThrow('answered 500.');
    expect(app.calls).toHaveLength(3);
    const finish = {
      outcome: 'cancelled' as const,
      continueAt: null,
      complete: false,
      pullRequests: 0,
      rows: 0,
      points: 0,
      requests: 0,
      seconds: 1,
      gaps: 0,
      error: null,
    };
    await expect(session.finish(finish, true)).resolves.toEqual({ status: 'completed' });
    expect(app.finishes).toEqual([finish]);
  });

  test('offers of jobs', async () => {
    await expect(
      client().requestJob({
        mode: 'capture',
        since: null,
        until: null,
        items: [],
        include: ['pull-requests'],
      }),
    ).resolves.toEqual({ job: null, reason: 'not_enrolled', message: 'Not yet.' });
    app.queue.push(JOB);
    await expect(client().requestNextJob(JOB)).resolves.toEqual({ job: { id: JOB } });
    await expect(client().requestNextJob(JOB)).resolves.toMatchObject({ job: null, reason: 'no_job_due' });
  });
});

describe('the destination', () => {
  async function open(
    more: { checkpoint?: Record<string, unknown> | null; sequence?: number; limits?: object } = {},
  ) {
    const session = client().session(JOB, `session-${JOB}`);
    app.sequence = more.sequence ?? 0;
    const limits = { compressedBytes: 4 << 20, inflatedBytes: 32 << 20, lineBytes: 1 << 20, rows: 50_000 };
    const destination = createJobsApiDestination({
      session,
      checkpoint: more.checkpoint ?? null,
      sequence: more.sequence ?? 0,
      limits: { ...limits, ...more.limits },
    });
    return { destination, start: await destination.open() };
  }

  test('starts where the claim says', async () => {
    expect((await open()).start).toEqual({ checkpoint: null, sequence: 0 });
    expect((await open({ checkpoint: { page: 4 }, sequence: 4 })).start).toEqual({
      checkpoint: { page: 4 },
      sequence: 4,
    });
    expect((await open({ checkpoint: {}, sequence: 1 })).start).toEqual({ checkpoint: null, sequence: 1 });
  });

  test('sends rows, sequence and checkpoint as gzip NDJSON; hands on the answer', async () => {
    const { destination } = await open({ checkpoint: { page: 4 }, sequence: 4 });
    const rows = [pullRequest(1, 'line\u2028separator \u2029 and ünï'), contributor(9)];
    await expect(destination.write(batch(5, rows))).resolves.toEqual({
      next: 'continue',
      // An app that tells points only leaves the rest to GitHub's own limits.
      budget: {
        points: 4_000,
        reserve: 500,
        restRequests: 4_500,
        restReserve: 500,
        graphqlMsPerMinute: 54_000,
        restMsPerMinute: 27_000,
      },
    });
    expect(app.batches).toMatchObject([
      { header: { sequence: 5, checkpoint: { page: 5 } }, rows: [rows[1], rows[0]] },
    ]);
    expect(app.calls.at(-1)?.headers).toMatchObject({
      'content-type': 'application/x-ndjson',
      'content-encoding': 'gzip',
    });
    app.next = 'stop';
    await expect(destination.write(batch(6, []))).resolves.toMatchObject({ next: 'stop' });
  });

  test('a lost answer is asked for again and stored once', async () => {
    const { destination } = await open();
    let isLost = true;
    app.onBatch = () => {
      if (isLost) app.faults.push({ path: /batches/, fault: 'reset' });
      isLost = false;
    };
    app.faults.push({ path: /batches/, fault: 'reset' });
    await destination.write(batch(1, [contributor(1)]));
    await destination.write(batch(1, [contributor(1)]));
    await destination.write(batch(2, [contributor(2)]));
    expect(app.batches.map(({ header }) => header.sequence)).toEqual([1, 2]);
  });

  test('splits at the row limit; only the last part moves the checkpoint; snapshots come last', async () => {
    const { destination } = await open({ limits: { rows: 2 } });
    await destination.write(batch(1, [contributor(1), contributor(2)]));
    expect(app.batches).toHaveLength(1);

    const snapshot: CaptureRow = { table: 'snapshots', row: { pull_request_id: 1 } };
    await destination.write(batch(2, [snapshot, pullRequest(1), contributor(3)]));
    expect(
      app.batches.map(({ header, rows }) => [
        header.sequence,
        header.checkpoint,
        rows.map((row) => row.table),
      ]),
    ).toEqual([
      [1, { page: 1 }, ['contributors', 'contributors']],
      [2, { page: 1 }, ['contributors', 'pull_requests']],
      [3, { page: 2 }, ['snapshots']],
    ]);

    await destination.write(batch(3, [contributor(4)]));
    expect(app.batches.at(-1)?.header).toMatchObject({ sequence: 4, checkpoint: { page: 3 } });
  });

  test('parts before the first checkpoint carry an empty one', async () => {
    const { destination } = await open({ limits: { rows: 1 } });
    await destination.write(batch(1, [contributor(1), contributor(2)]));
    expect(app.batches.map(({ header }) => header.checkpoint)).toEqual([{}, { page: 1 }]);
  });

  test('splits by bytes, inflated and compressed', async () => {
    const rows = Array.from({ length: 8 }, (_, index) =>
      pullRequest(index + 1, randomBytes(30_000).toString('hex')),
    );
    const inflated = await open({ limits: { inflatedBytes: 200_000 } });
    await inflated.destination.write(batch(1, rows));
    expect(app.batches.map((part) => part.rows.length)).toEqual([2, 2, 2, 2]);

    app.batches.length = 0;
    const compressed = await open({ limits: { compressedBytes: 200_000 } });
    await compressed.destination.write(batch(1, rows));
    expect(app.batches.length).toBeGreaterThan(1);
    expect(app.batches.flatMap((part) => part.rows)).toEqual(rows);
    for (const part of app.batches) expect(part.compressedBytes).toBeLessThanOrEqual(200_000);
  });

  test('a row that no batch can hold is named', async () => {
    const { destination } = await open();
    await destination.write(batch(1, [pullRequest(1, 'x'.repeat((1 << 20) - 200))]));
    await expect(destination.write(batch(2, [pullRequest(2, 'x'.repeat(1 << 20))]))).rejects.toThrow(
      /A row of pull_requests \(2\) takes \d+ bytes; the app takes 1048576\./,
    );
    expect(app.batches).toHaveLength(1);
  });

  test('asks the app for gaps', async () => {
    const { destination } = await open();
    app.gapNumbers = [12];
    const counts = {
      comments: 0,
      reviews: 2,
      review_threads: 0,
      commits: 1,
      files: 1,
      labels: 0,
      assignees: 0,
    };
    await expect(destination.findGaps([{ number: 12, ...counts }], 1)).resolves.toEqual({
      numbers: [12],
      gaps: [{ number: 12, connection: 'reviews', expected: 2, stored: 1 }],
    });
  });
});
