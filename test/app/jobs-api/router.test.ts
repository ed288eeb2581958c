import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REFUSALS } from '../../../app/jobs-api/refused-error.ts';
import { describePostgres, withDatabase } from '../../support/databases.ts';
import { IDENTITY, startApi, type TestApi } from './api-fixture.ts';

const ID = '00000000-0000-4000-8000-000000000000';

describe('the Jobs API over HTTP', () => {
  const database = withDatabase();
  let api: TestApi;
  beforeAll(async () => {
    api = await startApi(database().db);
  });
  afterAll(() => api.close());

  it.each(['/', '/api', '/api/jobsx', '/api/job', '/api/github/webhooks'])(
    'leaves %s to others',
    async (path) => {
      const response = await fetch(`${api.url}${path}`, { method: 'POST' });
      expect(await response.text()).toBe('"elsewhere"');
    },
  );

  it.each([
    `/api/jobs/${ID}`,
    `/api/jobs/${ID}/`,
    `/api/jobs/${ID}/claims`,
    `/api/jobs/${ID}/claim/x`,
    '/api/jobs/',
  ])('%s is no call', async (path) => {
    expect(await api.post(path, 'token')).toMatchObject({
      status: 404,
      body: { error: { code: 'not_found' } },
    });
  });

  it.each(['GET', 'PUT', 'DELETE', 'OPTIONS'])('%s is not how to call', async (method) => {
    for (const path of ['/api/jobs', '/api/jobs/next', `/api/jobs/${ID}/claim`, `/api/jobs/${ID}/batches`]) {
      const response = await fetch(`${api.url}${path}`, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe('POST');
      expect(await response.json()).toMatchObject({ error: { code: 'method_not_allowed' } });
    }
  });

  it.each<[string, Record<string, string>]>([
    ['no token', {}],
    ['another scheme', { authorization: 'Basic YTpi' }],
    ['two tokens', { authorization: 'Bearer a b' }],
  ])('with %s answers 401', async (_, headers) => {
    for (const path of ['/api/jobs', '/api/jobs/next', `/api/jobs/${ID}/claim`, `/api/jobs/${ID}/batches`]) {
      const response = await fetch(`${api.url}${path}`, { method: 'POST', headers });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      expect(await response.json()).toMatchObject({ error: { code: 'token_missing' } });
    }
  });

  it.each(['token', 'batches', 'heartbeat', 'gaps', 'finish'])('…/%s of no job answers 404', async (call) => {
    expect(await api.post(`/api/jobs/${ID}/${call}`, 'hcs_x')).toMatchObject({
      status: 404,
      body: { error: { code: 'job_not_found' } },
    });
  });

  describe('a JSON body', () => {
    const path = `/api/jobs/${ID}/claim`;
    const send = async (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) => {
      const response = await fetch(`${api.url}${path}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await api.idToken()}`,
          'content-type': 'application/json',
          ...headers,
        },
        body,
      });
      const answer = (await response.json()) as { error: { code: string } };
      return `${response.status} ${answer.error.code}`;
    };
    const padded = (bytes: number) => JSON.stringify(IDENTITY).padEnd(bytes);

    it('may have 64 KiB and no more', async () => {
      expect(await send(padded(65_536))).toBe('404 job_not_found');
      expect(await send(padded(65_537))).toBe('413 body_too_large');
      expect(await send(padded(20 * 1024 * 1024))).toBe('413 body_too_large');
    });

    it.each<[string, string | Uint8Array<ArrayBuffer>, Record<string, string>, string]>([
      [
        'of another type',
        JSON.stringify(IDENTITY),
        { 'content-type': 'text/plain' },
        '415 wrong_content_type',
      ],
      [
        'with an encoding',
        JSON.stringify(IDENTITY),
        { 'content-encoding': 'gzip' },
        '415 wrong_content_type',
      ],
      ['that is no JSON', '{"protocol":', {}, '400 malformed_body'],
      ['that is empty', '', {}, '400 malformed_body'],
      ['that is not UTF-8', new Uint8Array([0x22, 0xff, 0x22]), {}, '400 malformed_body'],
      ['that is a list', '[]', {}, '422 invalid_body'],
      ['without a version', '{"actionVersion":"1"}', {}, '422 invalid_body'],
      [
        'with a charset',
        JSON.stringify(IDENTITY),
        { 'content-type': 'application/json; charset=utf-8' },
        '404 job_not_found',
      ],
    ])('%s', async (_, body, headers, expected) => {
      expect(await send(body, headers)).toBe(expected);
    });

    it('that is cut off does no harm', async () => {
      const token = await api.idToken();
      const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"protocol"`,
      );
      api.logged.length = 0;
      socket.end();
      await expect
        .poll(() => api.logged)
        .toMatchObject([{ call: 'claim', code: 'body_incomplete', status: 400 }]);
      socket.destroy();
      expect(await send('[]')).toBe('422 invalid_body');
    });
  });

  it('documents every refusal with its status', async () => {
    const page = await readFile(new URL('../../../docs/jobs-api.md', import.meta.url), 'utf8');
    const documented = [...page.matchAll(/^\| (\d{3}) +\| `(\w+)` +\|/gm)].map(([, status, code]) => [
      code,
      Number(status),
    ]);
    expect(Object.fromEntries(documented)).toEqual(REFUSALS);
  });
});

describe('without its configuration', () => {
  const database = withDatabase();

  it('the API refuses and names the variable', async () => {
    const api = await startApi(database().db, { PUBLIC_URL: '' });
    expect(await api.claim(ID)).toMatchObject({ status: 409, body: { error: { code: 'not_configured' } } });
    await api.close();
    const other = await startApi(database().db, { CAPTURE_WORKFLOW: '' });
    const { body } = await other.claim(ID);
    expect(body.error).toMatchObject({
      code: 'not_configured',
      message: expect.stringContaining('CAPTURE_WORKFLOW'),
    });
    await other.close();
  });
});

describePostgres('while the database is away', (database) => {
  it('the answer is 503 with Retry-After', async () => {
    const api = await startApi(database().db);
    const { jobId, sessionToken } = await api.claimedJob();
    const token = await api.idToken();
    await database().close();
    for (const [path, bearer] of [
      [`/api/jobs/${jobId}/claim`, token],
      [`/api/jobs/${jobId}/heartbeat`, sessionToken],
    ] as const) {
      const answer = await api.post(path, bearer, { ...IDENTITY, progress: null });
      expect(answer).toMatchObject({ status: 503, body: { error: { code: 'database_unavailable' } } });
      expect(answer.headers.get('retry-after')).toBe('5');
    }
    await api.close();
  });
});
