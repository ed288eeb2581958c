import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAppAuth } from '@octokit/auth-app';
import examples from '@octokit/webhooks-examples/api.github.com/index.json' with { type: 'json' };
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addRepository } from '../../sandbox/world/build.ts';
import { startGithub, type TestGithub } from './start.ts';

interface Received {
  headers: IncomingHttpHeaders;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: the payload of any event.
  payload: any;
}

let github: TestGithub;
let server: Server;
let answer = 202;
const received: Received[] = [];

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    received.push({ headers: request.headers, text, payload: JSON.parse(text) });
    response.writeHead(answer).end('noted');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  github = await startGithub({ webhookUrl: url, webhookSecret: 'secret' });
});
afterAll(async () => {
  await github.sandbox.close();
  server.close();
});
beforeEach(() => {
  received.length = 0;
  answer = 202;
});

const last = () => {
  const found = received.at(-1);
  if (!found) throw new Error('no webhook came');
  return found;
};

it('signs what it sends and keeps a log', async () => {
  const { delivery } = await github.sandbox.change.openPullRequest(github.repository, 'mona', {
    title: 'one',
  });
  const { headers, text } = last();
  const expected = `sha256=${createHmac('sha256', 'secret').update(text).digest('hex')}`;
  expect(headers['x-hub-signature-256']).toBe(expected);
  expect(headers['x-github-event']).toBe('pull_request');
  expect(headers['user-agent']).toMatch(/^GitHub-Hookshot\//);
  expect(delivery).toMatchObject({ guid: headers['x-github-delivery'], status: 'OK', statusCode: 202 });
});

it('redelivers with the same GUID on request, and lists failures', async () => {
  answer = 500;
  const { sandbox } = github;
  const { delivery } = await sandbox.change.openPullRequest(github.repository, 'mona', { title: 'two' });
  const { token } = await createAppAuth({ appId: sandbox.app.id, privateKey: sandbox.app.privateKey })({
    type: 'app',
  });
  const failures = await github.rest('/app/hook/deliveries?status=failure', { token });
  expect(failures.body).toMatchObject([{ guid: delivery?.guid, status_code: 500, redelivery: false }]);
  answer = 202;
  const attempt = await github.rest(`/app/hook/deliveries/${delivery?.id}/attempts`, {
    method: 'POST',
    token,
  });
  expect(attempt.status).toBe(202);
  await expect.poll(() => received.length).toBe(2);
  expect(received.map(({ headers }) => headers['x-github-delivery'])).toEqual([
    delivery?.guid,
    delivery?.guid,
  ]);
  await expect
    .poll(async () => (await github.rest('/app/hook/deliveries?per_page=1', { token })).body[0])
    .toMatchObject({
      redelivery: true,
      status: 'OK',
    });
});

it('tells the App only of its repositories, and of what it subscribed to', async () => {
  const foreign = addRepository(github.sandbox.world, 'other/place');
  const { delivery } = await github.sandbox.change.openPullRequest(foreign, 'mona', { title: 'x' });
  expect(delivery).toBeNull();
  expect(
    await github.sandbox.announce('star', 'created', {
      repository: github.repository,
      sender: foreign.owner,
    }),
  ).toBeNull();
  expect(received).toHaveLength(0);
});

describe('payloads have the keys of the published examples', () => {
  /** Keys that only some of GitHub's examples have. What an installation may do is its own affair. */
  const OPTIONAL = ['draft', 'changes', 'requester'];

  function missingKeys(expected: unknown, actual: unknown, path = ''): string[] {
    if (typeof expected !== 'object' || expected === null || Array.isArray(expected)) return [];
    if (typeof actual !== 'object' || actual === null) return actual === null ? [] : [`${path} (${actual})`];
    return Object.entries(expected).flatMap(([key, value]) => {
      if (path.endsWith('.permissions')) return [];
      if (!(key in actual)) return OPTIONAL.includes(key) ? [] : [`${path}.${key}`];
      return missingKeys(value, (actual as Record<string, unknown>)[key], `${path}.${key}`);
    });
  }

  function example(event: string, action: string): unknown {
    const all = examples.find(({ name }) => name === event)?.examples as { action?: string }[] | undefined;
    return all?.find((one) => one.action === action) ?? all?.[0];
  }

  it('of everything that people do', async () => {
    const { change } = github.sandbox;
    const { made: pull } = await change.openPullRequest(github.repository, 'mona', {
      title: 'x',
      files: [['a.ts', 1, 2]],
    });
    await change.pushCommit(pull, 'mona', 'more');
    await change.review(pull, 'hubot', 'APPROVED', 'fine');
    const { made: comment } = await change.commentOnLine(pull, 'hubot', { path: 'a.ts', line: 3 }, 'why?');
    await change.reply(comment.thread, 'mona', 'because');
    await change.resolveThread(comment.thread, 'mona');
    const { made: said } = await change.comment(pull, 'mona', 'done');
    await change.editComment(said, 'mona', 'all done');
    await change.deleteComment(said, 'mona');
    await change.addLabelTo(pull, 'mona', 'bug');
    await change.mergePullRequest(pull, 'mona');
    const { made: issue } = await change.openIssue(github.repository, 'mona', { title: 'slow' });
    await change.closeIssue(issue, 'mona');
    await change.push(github.repository, 'mona', ['straight']);
    await change.rename(github.repository, 'mona', 'web');
    await change.addRepositories(
      github.installation,
      [addRepository(github.sandbox.world, 'acme/more')],
      'mona',
    );
    await change.install([addRepository(github.sandbox.world, 'third/party')], 'mona');
    const seen = new Set<string>();
    const missing: string[] = [];
    for (const { headers, payload } of received) {
      const event = String(headers['x-github-event']);
      seen.add(`${event}.${payload.action ?? ''}`);
      const expected = example(event, payload.action);
      expect(expected, event).toBeDefined();
      missing.push(...missingKeys(expected, payload).map((key) => `${event}.${payload.action}: ${key}`));
    }
    expect(missing).toEqual([]);
    expect([...seen].sort()).toEqual([
      'installation.created',
      'installation_repositories.added',
      'issue_comment.created',
      'issue_comment.deleted',
      'issue_comment.edited',
      'issues.closed',
      'issues.opened',
      'label.created',
      'pull_request.closed',
      'pull_request.labeled',
      'pull_request.opened',
      'pull_request.synchronize',
      'pull_request_review.submitted',
      'pull_request_review_comment.created',
      'pull_request_review_thread.resolved',
      'push.',
      'repository.renamed',
    ]);
  });
});

it('moves updatedAt where GitHub does', async () => {
  const { change, clock } = github.sandbox;
  const { made: pull } = await change.openPullRequest(github.repository, 'mona', { title: 'times' });
  const { made: comment } = await change.commentOnLine(pull, 'mona', { path: 'a', line: 1 }, 'x');
  const before = pull.updatedAt;
  clock.advance(5_000);
  await change.resolveThread(comment.thread, 'mona');
  expect(pull.updatedAt).toBe(before);
  await change.comment(pull, 'mona', 'hello');
  expect(Date.parse(pull.updatedAt) - Date.parse(before)).toBeGreaterThanOrEqual(5_000);
});
