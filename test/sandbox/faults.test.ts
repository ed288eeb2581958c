import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { startGithub, type TestGithub } from './start.ts';

let github: TestGithub;
beforeAll(async () => {
  github = await startGithub();
  await github.sandbox.change.openPullRequest(github.repository, 'mona', { title: 'one' });
});
afterAll(() => github.sandbox.close());
afterEach(() => github.sandbox.faults.clear());

const QUERY = '{ repository(owner: "acme", name: "web") { pullRequests(first: 5) { nodes { title } } } }';

it('meets the requests that are named, by place and by kind, and no others', async () => {
  const { sandbox, query, rest } = github;
  sandbox.faults.add({
    when: ({ kind }) => kind === 'graphql',
    at: [2],
    fault: { kind: 'status', status: 502 },
  });
  expect((await rest('/repos/acme/web')).status).toBe(200);
  expect((await query(QUERY)).status).toBe(200);
  expect((await query(QUERY)).status).toBe(502);
  expect((await query(QUERY)).status).toBe(200);
});

it.each([
  { fault: { kind: 'timeout' } as const, status: 502 },
  { fault: { kind: 'secondary', retryAfterSeconds: 7 } as const, status: 403 },
  { fault: { kind: 'unauthorized' } as const, status: 401 },
])('answers $fault.kind as GitHub does', async ({ fault, status }) => {
  github.sandbox.faults.add({ fault });
  const answer = await github.query(QUERY);
  expect(answer.status).toBe(status);
  if (fault.kind === 'secondary') expect(answer.headers.get('retry-after')).toBe('7');
});

it('gives errors within a 200', async () => {
  github.sandbox.faults.add({ fault: { kind: 'errors', errors: [{ type: 'RATE_LIMITED', message: 'no' }] } });
  const { status, errors, data } = await github.query(QUERY);
  expect({ status, errors, data }).toEqual({
    status: 200,
    data: null,
    errors: [{ type: 'RATE_LIMITED', message: 'no' }],
  });
});

it.each(['reset', 'truncate', 'lost_answer'] as const)('breaks the connection: %s', async (kind) => {
  github.sandbox.faults.add({ fault: { kind } });
  await expect(github.query(QUERY)).rejects.toThrow();
  expect((await github.query(QUERY)).status).toBe(200);
});

it('exhausts the budget on request', async () => {
  github.sandbox.faults.add({ fault: { kind: 'primary' } });
  const { errors, headers } = await github.query(QUERY);
  expect(errors).toMatchObject([{ type: 'RATE_LIMIT' }]);
  expect(headers.get('x-ratelimit-remaining')).toBe('0');
});

it('nulls part of a page on request', async () => {
  github.sandbox.faults.add({ fault: { kind: 'resource_limits', budgetMs: 41 } });
  const { errors } = await github.query(QUERY);
  expect(errors).toMatchObject([{ type: 'RESOURCE_LIMITS_EXCEEDED' }]);
});
