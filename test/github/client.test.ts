import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type ClientOptions, createGitHubClient } from '../../src/github/client.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A client of a real HTTP server; its waits are noted and not waited. */
async function clientOf(listener: RequestListener, options: Partial<ClientOptions> = {}) {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const waits: number[] = [];
  const client = createGitHubClient({
    apiUrl: `http://127.0.0.1:${port}`,
    graphqlUrl: `http://127.0.0.1:${port}/api/graphql`,
    token: async () => 'secret',
    userAgent: 'hybrid-capture/test',
    sleep: async (ms) => void waits.push(ms),
    ...options,
  });
  return { client, waits };
}

const GOOD = JSON.stringify({ data: { rateLimit: { cost: 3, remaining: 4_990 }, viewer: { login: 'ada' } } });
const QUERY = 'query { viewer { login } }';

describe('client', () => {
  test('sends query, variables, token and user agent to the GraphQL address, and counts', async () => {
    const seen: unknown[] = [];
    const { client } = await clientOf(async (request, response) => {
      const chunks = await request.toArray();
      const { authorization, 'user-agent': agent } = request.headers;
      seen.push([
        request.method,
        request.url,
        authorization,
        agent,
        JSON.parse(Buffer.concat(chunks).toString()),
      ]);
      response.setHeader('content-type', 'application/json');
      response.setHeader('date', 'Sun, 01 Mar 2026 12:00:00 GMT');
      response.setHeader('x-ratelimit-remaining', '4989');
      response.setHeader('x-ratelimit-reset', '1772370000');
      response.end(GOOD);
    });
    const answer = await client.graphql(QUERY, { number: 1 });
    expect(seen).toEqual([
      [
        'POST',
        '/api/graphql',
        'bearer secret',
        'hybrid-capture/test',
        { query: QUERY, variables: { number: 1 } },
      ],
    ]);
    expect(answer).toMatchObject({
      data: { viewer: { login: 'ada' } },
      errors: [],
      receivedAt: new Date('2026-03-01T12:00:00Z'),
    });
    expect(client.usage()).toMatchObject({
      points: 3,
      requests: 1,
      pointsLeft: 4_989,
      resetAt: new Date(1_772_370_000_000),
      refused: 0,
    });
  });

  test.each<[string, RequestListener]>([
    ['resets the connection', (request) => request.socket.destroy()],
    [
      'breaks off in the body',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
        response.write('{"data":{"viewer"');
        setImmediate(() => response.destroy());
      },
    ],
    [
      'ends the body too early',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end('{"data":{"viewer"');
      },
    ],
  ])('tries again when the server %s', async (_, fault) => {
    let requests = 0;
    const { client, waits } = await clientOf((request, response) => {
      requests += 1;
      if (requests <= 2) return fault(request, response);
      response.setHeader('content-type', 'application/json');
      response.end(GOOD);
    });
    expect((await client.graphql(QUERY, {})).data).toMatchObject({ viewer: { login: 'ada' } });
    expect(waits).toHaveLength(2);
    expect(waits[0]).toBeGreaterThanOrEqual(500);
    expect(waits[1]).toBeGreaterThanOrEqual(1_000);
  });

  test('gives up a request that is not answered in time, as too heavy', async () => {
    const { client } = await clientOf(() => {}, { timeoutMs: 50 });
    await expect(client.graphql(QUERY, {}, { canShrink: true })).rejects.toMatchObject({
      code: 'too_heavy',
      message: expect.stringContaining('no answer in 0.05 s'),
    });
    expect(client.usage().requests).toBe(1);
  });

  test('a query that can be made smaller is not repeated when GitHub says it is too much', async () => {
    const errors = [{ type: 'RESOURCE_LIMITS_EXCEEDED', message: 'x' }];
    const { client } = await clientOf((_, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ data: null, errors }));
    });
    await expect(client.graphql(QUERY, {}, { canShrink: true })).rejects.toMatchObject({ code: 'too_heavy' });
    expect(client.usage().requests).toBe(1);
    await expect(client.graphql(QUERY, {})).rejects.toMatchObject({ code: 'too_heavy' });
    expect(client.usage().requests).toBe(6);
  });

  test('waits as long as GitHub asks; without a time at least a minute, twice as long each time', async () => {
    const refusals = [
      { 'retry-after': '7' },
      {
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': String(Date.parse('2026-03-01T12:02:00Z') / 1000),
      },
      {},
      {},
    ];
    // A clock that stands still, so that the waits are whole.
    const { client, waits } = await clientOf(
      (_, response) => {
        const headers = refusals.shift();
        response.setHeader('content-type', 'application/json');
        response.setHeader('date', 'Sun, 01 Mar 2026 12:00:00 GMT');
        if (headers === undefined) response.end(GOOD);
        else response.writeHead(429, headers as Record<string, string>).end('{"message":"slow down"}');
      },
      { now: () => 0 },
    );
    await client.graphql(QUERY, {}, { maxWaitMs: 600_000 });
    expect(waits).toEqual([8_000, 121_000, 240_000, 480_000]);
    expect(client.usage().refused).toBe(4);
  });

  test("a longer wait than allowed is told, with its end by this machine's clock, whatever GitHub's shows", async () => {
    const answer: RequestListener = (_, response) => {
      response.setHeader('date', 'Sun, 01 Mar 2026 12:00:00 GMT');
      response.writeHead(403, { 'retry-after': '600' }).end('You have exceeded a secondary rate limit');
    };
    const { client, waits } = await clientOf(answer, { now: () => Date.parse('2026-03-01T12:00:40Z') });
    await expect(client.graphql(QUERY, {}, { maxWaitMs: 300_000 })).rejects.toMatchObject({
      code: 'rate_limited',
      retryAt: new Date('2026-03-01T12:10:41Z'),
    });
    expect(waits).toEqual([]);
  });

  test('sends two requests at a time', async () => {
    let open = 0;
    let most = 0;
    const { client } = await clientOf((_, response) => {
      open += 1;
      most = Math.max(most, open);
      setTimeout(() => {
        open -= 1;
        response.setHeader('content-type', 'application/json');
        response.end(GOOD);
      }, 5);
    });
    await Promise.all(Array.from({ length: 5 }, () => client.graphql(QUERY, {})));
    expect(most).toBe(2);
  });

  test('an aborted signal ends a request under way', async () => {
    const abort = new AbortController();
    const { client } = await clientOf(() => abort.abort());
    await expect(client.graphql(QUERY, {}, { signal: abort.signal })).rejects.toThrow(/abort/i);
  });

  test('the token is in no error', async () => {
    const { client } = await clientOf((_, response) =>
      response.writeHead(401).end('{"message":"Bad credentials"}'),
    );
    const error = await client.graphql(QUERY, {}).catch((reason: unknown) => reason);
    expect(JSON.stringify(error) + String(error)).not.toContain('secret');
  });
});
