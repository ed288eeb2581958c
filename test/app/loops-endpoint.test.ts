import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GitHubAwayError } from '../../app/github-app.ts';
import { type RunningServer, startHttpServer } from '../../app/http.ts';
import { createLog } from '../../app/log.ts';
import { createLoopsEndpoint } from '../../app/loops-endpoint.ts';
import type { PassOutcome } from '../../src/loops/loop-runner.ts';
import { DatabaseUnreachableError } from '../../src/store/database-unreachable-error.ts';
import { withDatabase } from '../support/databases.ts';
import { startTestApp, type TestApp } from './start-test-app.ts';

const TOKEN = 'a-token-of-the-tests';

interface Body {
  loop?: string;
  error?: { code: string };
}

describe('POST /api/loops/{name}', () => {
  let server: RunningServer;
  let runs: string[];
  let lines: Record<string, unknown>[];
  let pass: () => Promise<PassOutcome>;
  const start = async (token: string | null) => {
    const log = createLog('info', { write: (line) => void lines.push(JSON.parse(line)) });
    const runner = {
      names: ['reconcile', 'sweep'],
      run: (name: string) => {
        runs.push(name);
        return pass();
      },
    };
    const handlers = [createLoopsEndpoint({ runner, token, log })];
    server = await startHttpServer({ host: '127.0.0.1', port: 0, handlers, maxBodyBytes: 1_000, log });
  };
  beforeEach(() => {
    runs = [];
    lines = [];
    pass = async () => ({ outcome: 'passed', fence: 3, durationMs: 12, report: { due: 5, created: 4 } });
  });
  afterEach(() => server.close(1_000));

  const call = async (name: string, authorization: string | null = `Bearer ${TOKEN}`, method = 'POST') => {
    const headers: Record<string, string> = authorization === null ? {} : { authorization };
    const response = await fetch(`${server.url}/api/loops/${name}`, { method, headers });
    const body = (await response.json()) as Body;
    return { status: response.status, body, headers: response.headers };
  };

  it('makes one pass and answers what it did', async () => {
    await start(TOKEN);
    expect(await call('reconcile')).toMatchObject({
      status: 200,
      body: {
        loop: 'reconcile',
        outcome: 'passed',
        duration_ms: 12,
        report: { due: 5, created: 4 },
      },
    });
    expect(runs).toEqual(['reconcile']);
  });

  it('answers that another pass is under way', async () => {
    await start(TOKEN);
    pass = async () => ({ outcome: 'held' });
    expect(await call('sweep')).toMatchObject({ status: 200, body: { loop: 'sweep', outcome: 'held' } });
  });

  it('is closed without LOOPS_TOKEN, whatever is sent', async () => {
    await start(null);
    for (const authorization of [null, 'Bearer ', 'Bearer null', `Bearer ${TOKEN}`]) {
      const { status, body } = await call('reconcile', authorization);
      expect([status, body.error?.code]).toEqual([404, 'closed']);
    }
    expect(runs).toEqual([]);
  });

  it.each<[string, string | null]>([
    ['none', null],
    ['an empty one', 'Bearer '],
    ['another one', 'Bearer another'],
    ['the beginning of it', `Bearer ${TOKEN.slice(0, -1)}`],
    ['more than it', `Bearer ${TOKEN}x`],
    ['another scheme', `Basic ${TOKEN}`],
    ['no scheme', TOKEN],
  ])('takes no other token: %s', async (_, authorization) => {
    await start(TOKEN);
    const { status, body, headers } = await call('reconcile', authorization);
    expect([status, body.error?.code, headers.get('www-authenticate')]).toEqual([
      401,
      'wrong_token',
      'Bearer',
    ]);
    expect(runs).toEqual([]);
  });

  it.each<[string, string, string, number, string]>([
    ['a loop that there is not', 'POST', 'toString', 404, 'no_such_loop'],
    ['a path below a loop', 'POST', 'reconcile/now', 404, 'no_such_loop'],
    ['another method', 'GET', 'reconcile', 405, 'method_not_allowed'],
  ])('refuses %s', async (_, method, name, status, code) => {
    await start(TOKEN);
    const answer = await call(name, undefined, method);
    expect([answer.status, answer.body.error?.code]).toEqual([status, code]);
    expect(runs).toEqual([]);
  });

  it.each<[string, Error, number, string]>([
    ['the database is away', new DatabaseUnreachableError('away'), 503, 'database_unavailable'],
    ['GitHub is away', new GitHubAwayError('away'), 503, 'github_unavailable'],
    ['the pass itself is wrong', new Error('a secret'), 500, 'pass_failed'],
  ])('says when %s, and logs it', async (_, error, status, code) => {
    await start(TOKEN);
    pass = () => Promise.reject(error);
    const answer = await call('reconcile');
    expect([answer.status, answer.body.error?.code]).toEqual([status, code]);
    expect(answer.headers.get('retry-after')).toBe(status === 503 ? '30' : null);
    expect(JSON.stringify(answer.body)).not.toContain('a secret');
    expect(lines).toMatchObject([{ level: 'warn', loop: 'reconcile' }]);
  });
});

describe('in the app', () => {
  const database = withDatabase();
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp(database(), { LOOPS_TOKEN: TOKEN });
  });
  afterAll(() => app.close());

  it('a loop runs on the real database', async () => {
    const response = await fetch(`${app.url}/api/loops/reconcile`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      loop: 'reconcile',
      outcome: 'passed',
      duration_ms: expect.any(Number),
      report: { due: 0, created: 0, coalesced: 0, skipped: 0 },
    });
    const [lease] = await app.db
      .selectFrom('leases')
      .selectAll()
      .where('name', '=', 'loop:reconcile')
      .execute();
    expect(lease?.passed_at).toBeInstanceOf(Date);
  });
});
