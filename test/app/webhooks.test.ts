import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MAX_WEBHOOK_BYTES } from '../../app/webhooks.ts';
import { withDatabase } from '../support/databases.ts';
import { installationEvent, pullRequestEvent, REPOSITORY } from './payloads.ts';
import { sign, signed, startTestApp, type TestApp } from './start-test-app.ts';

const database = withDatabase();
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp(database());
});
afterAll(() => app.close());
beforeEach(() => {
  app.lines.length = 0;
});

const OPENED = pullRequestEvent('opened', 5, '2026-11-22T09:00:00Z');
const url = () => `${app.url}/api/github/webhooks`;

async function send(init: RequestInit) {
  const response = await fetch(url(), init);
  return { status: response.status, body: (await response.json()) as { error?: { code: string } } };
}

/** How many deliveries and jobs there are. */
async function countRows(): Promise<[number, number]> {
  const count = async (table: 'deliveries' | 'progressive_capture_jobs') =>
    (await app.db.selectFrom(table).select(app.db.fn.countAll<number>().as('n')).executeTakeFirstOrThrow()).n;
  return [await count('deliveries'), await count('progressive_capture_jobs')];
}

describe('what is refused leaves one log line without the payload, and nothing in the database', () => {
  const body = JSON.stringify({ ...OPENED, marker: 'SECRET-IN-THE-PAYLOAD' });
  const good = () => signed('pull_request', body);
  const without = (header: string) => {
    const init = good();
    return {
      ...init,
      headers: Object.fromEntries(Object.entries(init.headers).filter(([name]) => name !== header)),
    };
  };

  it.each([
    ['a wrong secret', () => signed('pull_request', body, { secret: 'another' }), 400, 'bad_signature'],
    ['a signature of another body', () => ({ ...good(), body: `${body} ` }), 400, 'bad_signature'],
    [
      'no signature at all, but text',
      () => signed('pull_request', body, { headers: { 'x-hub-signature-256': 'sha256=' } }),
      400,
      'bad_signature',
    ],
    ['a missing signature', () => without('x-hub-signature-256'), 400, 'missing_headers'],
    ['a missing event', () => without('x-github-event'), 400, 'missing_headers'],
    ['a missing delivery', () => without('x-github-delivery'), 400, 'missing_headers'],
    [
      'a delivery id that is none',
      () => signed('pull_request', body, { delivery: 'x'.repeat(101) }),
      400,
      'bad_delivery_id',
    ],
    ['a body that is cut', () => signed('pull_request', body.slice(0, -1)), 400, 'malformed_json'],
    ['a form', () => signed('pull_request', `payload=${encodeURIComponent(body)}`), 400, 'malformed_json'],
    ['a body of another shape', () => signed('pull_request', '{"action":"opened"}'), 400, 'invalid_payload'],
    ['a list', () => signed('pull_request', '[]'), 400, 'invalid_payload'],
  ])('%s', async (_, init, status, code) => {
    const before = await countRows();
    const answer = await send(init());
    expect(answer).toMatchObject({ status, body: { error: { code } } });
    expect(await countRows()).toEqual(before);
    expect(app.lines).toHaveLength(1);
    expect(app.lines[0]).toMatchObject({ stage: 'webhook', status, outcome: code, level: 'warn' });
    expect(JSON.stringify(app.lines)).not.toContain('SECRET-IN-THE-PAYLOAD');
  });

  it('another method', async () => {
    const response = await fetch(url());
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
  });

  it('answers 404 elsewhere', async () => {
    expect((await fetch(`${app.url}/api/github/webhooks/x`, good())).status).toBe(404);
  });
});

describe('what is understood and becomes nothing is answered 202 with one log line', () => {
  it.each([
    ['unknown_event', 'star', { action: 'created', repository: REPOSITORY }],
    ['unknown_event', 'ping', { zen: 'Design for failure.' }],
    ['not_sent_by_the_app', 'pull_request', { ...OPENED, installation: undefined }],
    [
      'account_not_served',
      'pull_request',
      { ...OPENED, repository: { ...REPOSITORY, owner: { id: 666, login: 'stranger' } } },
    ],
    [
      'account_not_served',
      'installation',
      { ...installationEvent('created'), installation: { id: 42, account: { id: 666, login: 'stranger' } } },
    ],
  ])('%s: %s', async (outcome, event, payload) => {
    const before = await countRows();
    const answer = await app.post(event, payload);
    expect(answer).toMatchObject({ status: 202, body: { outcome } });
    expect(await countRows()).toEqual(before);
    expect(app.lines).toHaveLength(1);
    expect(app.lines[0]).toMatchObject({ stage: 'webhook', status: 202, outcome });
    expect(app.lines[0]).toHaveProperty('delivery');
    expect(app.lines[0]).toHaveProperty('duration_ms');
  });
});

describe('size', () => {
  it('takes a body of exactly 25 MB', async () => {
    const head = `{"pad":"`;
    const tail = `",${JSON.stringify(OPENED).slice(1)}`;
    const body = head + 'x'.repeat(MAX_WEBHOOK_BYTES - head.length - tail.length) + tail;
    expect(Buffer.byteLength(body)).toBe(MAX_WEBHOOK_BYTES);
    expect((await send(signed('pull_request', body))).status).toBe(200);
  });

  it('refuses one byte more by its announcement alone, before a byte of it is sent', async () => {
    const answer = await talk((socket) => {
      socket.write(`${head(`content-length: ${MAX_WEBHOOK_BYTES + 1}`)}\r\n`);
    }, /"too_large"/);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('"code":"too_large"');
    expect(app.lines[0]).toMatchObject({ status: 413, outcome: 'too_large' });
  });

  it('is heard by a sender that reads only after it has sent more', async () => {
    const answer = await talk((socket) => {
      socket.pause();
      socket.write(`${head(`content-length: ${MAX_WEBHOOK_BYTES + 1}`)}\r\n`, () => {
        // More than lies between the two: a connection that was cut says so here.
        socket.write(Buffer.alloc(16 * 1024 * 1024, 'x'), (error) => void (error ?? socket.resume()));
      });
    }, /"too_large"/);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('does not ask for the body of one that waits for 100 Continue', async () => {
    const answer = await talk((socket) => {
      socket.write(`${head(`content-length: ${MAX_WEBHOOK_BYTES + 1}`, 'expect: 100-continue')}\r\n`);
    }, /"too_large"/);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('asks for the body of a legal one that waits', async () => {
    const body = JSON.stringify(OPENED);
    const answer = await talk((socket) => {
      socket.write(
        `${head(`content-length: ${Buffer.byteLength(body)}`, 'expect: 100-continue', `x-hub-signature-256: ${sign(body)}`)}\r\n`,
      );
      socket.once('data', () => socket.write(body));
    }, /"outcome"/);
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  });

  it('cuts a body without an announced length off at the limit, and closes the connection', async () => {
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    const framed = Buffer.concat([
      Buffer.from(`${chunk.length.toString(16)}\r\n`),
      chunk,
      Buffer.from('\r\n'),
    ]);
    let sent = 0;
    const before = process.memoryUsage().rss;
    const answer = await talk((socket) => {
      socket.write(`${head('transfer-encoding: chunked')}\r\n`);
      const pump = (): void => {
        while (!socket.destroyed && sent < 400) {
          sent += 1;
          if (!socket.write(framed)) {
            socket.once('drain', pump);
            return;
          }
        }
      };
      pump();
    });
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer.toLowerCase()).toContain('connection: close');
    expect(process.memoryUsage().rss - before).toBeLessThan(250 * 1024 * 1024);
  });

  it('survives a sender that goes away in the middle of the body', async () => {
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
    await new Promise<void>((resolve) =>
      socket.write(`${head('content-length: 1000')}\r\n{"half"`, () => resolve()),
    );
    socket.destroy();
    await expect.poll(() => app.lines[0]?.outcome).toBe('body_cut_off');
    expect((await fetch(`${app.url}/healthz`)).status).toBe(200);
  });

  function head(...headers: string[]): string {
    return [
      'POST /api/github/webhooks HTTP/1.1',
      'host: localhost',
      'content-type: application/json',
      'x-github-event: pull_request',
      'x-github-delivery: raw-1',
      ...(headers.some((header) => header.startsWith('x-hub')) ? [] : ['x-hub-signature-256: sha256=00']),
      ...headers,
      '',
    ].join('\r\n');
  }

  /** All that the server answers on one connection, until it closes it or `until` has come. */
  function talk(speak: (socket: Socket) => void, until?: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(Number(new URL(app.url).port), '127.0.0.1', () => speak(socket));
      let answer = '';
      socket.on('data', (data) => {
        answer += data.toString('latin1');
        if (until?.test(answer)) socket.destroy();
      });
      socket.on('error', () => undefined);
      socket.once('close', () => (answer ? resolve(answer) : reject(new Error('No answer.'))));
    });
  }
});

describe('pages', () => {
  it('answers /healthz and /readyz with codes, and / with a page', async () => {
    expect(await (await fetch(`${app.url}/healthz`)).json()).toEqual({ status: 'ok' });
    const ready = await fetch(`${app.url}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual({
      status: 'ready',
      checks: { database: 'ok', migrations: 'ok', registry: 'off', bulk: 'off' },
    });
    const home = await fetch(`${app.url}/`);
    expect(home.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await home.text()).toContain('<h1>Hybrid Capture</h1>');
  });
});
