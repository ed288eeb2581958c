import { afterEach, describe, expect, it } from 'vitest';
import { generateHistory } from '../../sandbox/generate.ts';
import type { SandboxOptions } from '../../sandbox/github.ts';
import { startGithub, type TestGithub } from './start.ts';

let github: TestGithub;
afterEach(() => github.sandbox.close());

/** Limits are enforced, on a clock that does not make the tests wait. */
async function start(limits: SandboxOptions['limits'], pullRequests = 30): Promise<TestGithub> {
  github = await startGithub({ limits: { enforce: true, ...limits }, speed: 100 });
  generateHistory(github.sandbox.world, github.repository, { pullRequests });
  return github;
}

const page = (first: number, rest = '') =>
  `{ repository(owner: "acme", name: "web") { pullRequests(first: ${first}) { nodes { number ${rest} } } } rateLimit { cost used remaining limit } }`;

describe('the primary limit', () => {
  it('is counted in headers and in rateLimit, and refuses with a 200 when it is spent', async () => {
    const { query: ask, sandbox } = await start({ pointsPerHour: 2 });
    // An installation token would end together with the budget's hour.
    const token = sandbox.tokens.issueUserToken(sandbox.world.actor('mona'));
    const query = (text: string) => ask(text, {}, token);
    const first = await query(page(1));
    expect(first.data.rateLimit).toEqual({ cost: 1, used: 1, remaining: 1, limit: 2 });
    expect(first.headers.get('x-ratelimit-remaining')).toBe('1');
    expect(first.headers.get('x-ratelimit-resource')).toBe('graphql');
    await query(page(1));
    const refused = await query(page(1));
    expect(refused.status).toBe(200);
    expect(refused.errors).toMatchObject([{ type: 'RATE_LIMIT', code: 'graphql_rate_limit' }]);
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('0');
    const reset = Number(refused.headers.get('x-ratelimit-reset')) * 1000;
    sandbox.clock.advance(reset - sandbox.clock.now() + 1);
    expect((await query(page(1))).data.rateLimit.used).toBe(1);
    expect(sandbox.stats().total).toMatchObject({ points: 3, graphqlRequests: 3, refused: 1 });
  });

  it('of REST is a budget of its own, and a 304 costs nothing of it', async () => {
    const { rest } = await start({ restPerHour: 2 });
    const first = await rest('/repos/acme/web/labels');
    const etag = first.headers.get('etag') ?? '';
    const same = await rest('/repos/acme/web/labels', { headers: { 'if-none-match': etag } });
    expect(same.status).toBe(304);
    expect(same.headers.get('x-ratelimit-used')).toBe('1');
    await rest('/repos/acme/web');
    const refused = await rest('/repos/acme/web');
    expect(refused.status).toBe(403);
    expect(refused.body.message).toContain('API rate limit exceeded');
    expect((await rest('/rate_limit')).body.resources.core).toMatchObject({ limit: 2, remaining: 0 });
    expect((await rest('/rate_limit')).body.resources.graphql).toMatchObject({ remaining: 5000 });
  });

  it("of a run's own token is 1,000 an hour", async () => {
    const { query, sandbox, repository } = await start({});
    const token = sandbox.tokens.issueRunToken(repository, { pull_requests: 'read' });
    expect((await query(page(1), {}, token)).headers.get('x-ratelimit-limit')).toBe('1000');
  });
});

describe('the secondary limits', () => {
  it('refuse when 60 s of GraphQL were used within a minute, and say how long to wait', async () => {
    const { query, sandbox } = await start({ graphqlMsPerMinute: 100 });
    const first = await query(page(30));
    expect(first.status).toBe(200);
    const refused = await query(page(1));
    expect(refused.status).toBe(403);
    expect(refused.message).toContain('You have exceeded a secondary rate limit');
    sandbox.clock.advance(Number(refused.headers.get('retry-after')) * 1000);
    expect((await query(page(1))).status).toBe(200);
  });

  it('count a write as five', async () => {
    const { rest, repository } = await start({ restPerMinute: 6 });
    const number = repository.pulls.keys().next().value;
    const comment = () =>
      rest(`/repos/acme/web/issues/${number}/comments`, { method: 'POST', body: { body: 'x' } });
    expect((await comment()).status).toBe(201);
    expect((await comment()).status).toBe(201);
    expect((await comment()).status).toBe(403);
  });
});

describe('the record of requests', () => {
  it('tells of each what it was charged, and that it took at least its service time', async () => {
    const { query, rest, sandbox } = await start({ graphqlMsPerMinute: 100 });
    await query(page(30));
    const { headers } = await rest('/repos/acme/web/labels');
    await rest('/repos/acme/web/labels', { headers: { 'if-none-match': headers.get('etag') ?? '' } });
    await query(page(1));
    const bucket = `installation:${github.installation.id}`;
    const common = { bucket, isRefused: false, isFault: false };
    expect(sandbox.requests).toMatchObject([
      { ...common, kind: 'graphql', status: 200, serviceMs: 40 + 5 + 30 * 2, points: 1 },
      { ...common, kind: 'rest', status: 200, serviceMs: 150, points: 0 },
      { ...common, kind: 'rest', status: 304, serviceMs: 40, points: 0 },
      { ...common, kind: 'graphql', status: 403, serviceMs: 0, points: 0, isRefused: true },
    ]);
    for (const { arrivedAt, answeredAt, serviceMs } of sandbox.requests) {
      expect((answeredAt ?? 0) - arrivedAt).toBeGreaterThanOrEqual(serviceMs);
    }
    expect(sandbox.stats().total).toMatchObject({ serviceMs: 40 + 5 + 60 + 150 + 40, notModified: 1 });
  });
});

describe('compute', () => {
  it('takes the modelled time: 40 ms, 2 ms a node, 5 ms a connection', async () => {
    const { query, sandbox } = await start({});
    await query(page(10));
    expect(sandbox.stats().total.serviceMs).toBe(40 + 5 + 10 * 2);
  });

  it('is ended after 10 s with 502 or 504, and costs extra points', async () => {
    const { query, sandbox } = await start({ timeoutMs: 60, timeoutPoints: 10 });
    const ended = await query(page(30));
    expect([502, 504]).toContain(ended.status);
    expect(ended.errors?.[0]?.message).toContain('This may be the result of a timeout');
    expect(sandbox.stats().total).toMatchObject({ points: 11, serviceMs: 60 });
    expect((await query(page(5))).status).toBe(200);
  });

  it('beyond the resource limit gives partial nulls and RESOURCE_LIMITS_EXCEEDED', async () => {
    const { query } = await start({ resourceLimitMs: 150 });
    const wide = await query(page(20, 'reviews(first: 100) { totalCount nodes { id } }'));
    expect(wide.status).toBe(200);
    expect(wide.errors?.every(({ type }) => type === 'RESOURCE_LIMITS_EXCEEDED')).toBe(true);
    const { nodes } = wide.data.repository.pullRequests;
    expect(nodes).toHaveLength(20);
    expect(nodes[0]).not.toBeNull();
    expect(nodes[19]).toBeNull();
    expect((await query(page(2))).errors).toBeUndefined();
  });
});
