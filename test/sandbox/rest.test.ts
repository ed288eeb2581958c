import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { createAppAuth } from '@octokit/auth-app';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateSmallHistory } from '../../sandbox/generate-small.ts';
import { truthOf } from '../../sandbox/truth.ts';
import { addRepository } from '../../sandbox/world/build.ts';
import { startGithub, type TestGithub } from './start.ts';

let github: TestGithub;
let jwt: string;
beforeAll(async () => {
  github = await startGithub();
  const { app, world, clock } = github.sandbox;
  generateSmallHistory(world, github.repository, clock.now());
  ({ token: jwt } = await createAppAuth({ appId: app.id, privateKey: app.privateKey })({ type: 'app' }));
});
afterAll(() => github.sandbox.close());

/** Every page of a list, by following `Link: rel=next`. */
async function all(path: string): Promise<{ id: number }[]> {
  const items: { id: number }[] = [];
  let next: string | undefined = path;
  while (next) {
    const answer = await github.rest(next);
    expect(answer.status).toBe(200);
    items.push(...answer.body);
    next = /<[^>]*\/api\/v3([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
  }
  return items;
}

describe('lists of the whole repository', () => {
  it.each([
    ['pulls/comments', 'review'],
    ['issues/comments', 'issue'],
  ])('%s holds every comment once', async (path, type) => {
    const { comments = [] } = truthOf(github.repository);
    const expected = comments.filter((row) => row.comment_type === type).map(({ id }) => id);
    const ids = (await all(`/repos/acme/web/${path}?per_page=100`)).map(({ id }) => id);
    expect(ids.sort()).toEqual(expected.sort());
  });

  it('filters comments by since and sorts by the last update', async () => {
    const since = '2025-01-01T00:00:00Z';
    const items = (await all(
      `/repos/acme/web/issues/comments?sort=updated&direction=desc&since=${since}`,
    )) as unknown as {
      updated_at: string;
    }[];
    const times = items.map((item) => item.updated_at);
    expect(times).toEqual([...times].sort().reverse());
    expect(times.every((time) => time >= since)).toBe(true);
  });

  it('lists issues with pull requests among them, whose id is another', async () => {
    const items = await all('/repos/acme/web/issues?state=all&per_page=100');
    expect(items).toHaveLength(github.repository.pulls.size + github.repository.issues.size);
    const [pull] = [...github.repository.pulls.values()];
    const { body } = await github.rest(`/repos/acme/web/issues/${pull?.number}`);
    expect(body.pull_request.url).toContain(`/pulls/${pull?.number}`);
    expect(body.id).not.toBe(pull?.id);
  });

  it('gives pull requests without counts in the list, with counts one by one', async () => {
    const wide = [...github.repository.pulls.values()].find(({ title }) => title === 'Move everything');
    const [listed] = (await github.rest('/repos/acme/web/pulls?state=all&per_page=1')).body;
    expect(listed).not.toHaveProperty('additions');
    const { body } = await github.rest(`/repos/acme/web/pulls/${wide?.number}`);
    expect(body).toMatchObject({
      id: wide?.id,
      changed_files: 103,
      comments: 103,
      review_comments: 103,
      commits: 103,
    });
  });

  it('tells the number of a list by the last page of one item', async () => {
    const { headers } = await github.rest('/repos/acme/web/labels?per_page=1');
    const { labels = [] } = truthOf(github.repository);
    expect(headers.get('link')).toContain(`page=${labels.length}>; rel="last"`);
  });
});

describe("the App's JWT", () => {
  const sign = (claims: Record<string, unknown>, key = github.sandbox.app.privateKey) => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    return new SignJWT({ iss: String(github.sandbox.app.id), ...claims })
      .setProtectedHeader({ alg: 'RS256' })
      .sign(key === '' ? privateKey : createPrivateKey(key));
  };
  const now = () => Math.floor(Date.now() / 1000);
  const times = () => ({ iat: now() - 30, exp: now() + 570 });

  it('is accepted with the id or the client id', async () => {
    for (const iss of [String(github.sandbox.app.id), github.sandbox.app.clientId]) {
      const token = await sign({ ...times(), iss });
      expect((await github.rest('/app', { token })).body.slug).toBe('hybrid-capture');
    }
  });

  it.each([
    ['of another key', () => sign(times(), ''), 401],
    ['that is over', () => sign({ iat: now() - 700, exp: now() - 100 }), 401],
    ['that lives too long', () => sign({ iat: now(), exp: now() + 3_600 }), 401],
    ['of the future', () => sign({ iat: now() + 600, exp: now() + 660 }), 401],
    ['of another App', () => sign({ ...times(), iss: '1' }), 404],
    ['that is none', async () => 'a.b.c', 401],
  ])('%s is refused', async (_name, make, status) => {
    expect((await github.rest('/app', { token: await make() })).status).toBe(status);
  });

  it('is no key to repositories', async () => {
    expect((await github.rest('/repos/acme/web', { token: jwt })).status).toBe(404);
  });
});

describe('installation tokens', () => {
  const ask = (body: object, id = github.installation.id) =>
    github.rest(`/app/installations/${id}/access_tokens`, { method: 'POST', body, token: jwt });

  it('last an hour, and reach what they were asked for and no more', async () => {
    const other = addRepository(github.sandbox.world, 'acme/other');
    github.installation.repositoryIds.add(other.id);
    const { status, body } = await ask({ repository_ids: [other.id], permissions: { issues: 'read' } });
    expect(status).toBe(201);
    expect(Date.parse(body.expires_at) - Date.now()).toBeGreaterThan(3_590_000);
    expect(body).toMatchObject({
      permissions: { issues: 'read', metadata: 'read' },
      repositories: [{ id: other.id }],
    });
    const { token } = body;
    expect((await github.rest('/repos/acme/other/issues', { token })).status).toBe(200);
    expect((await github.rest('/repos/acme/web/issues', { token })).status).toBe(404);
    const forbidden = await github.rest('/repos/acme/other/contents/x', { token });
    expect(forbidden.status).toBe(403);
    expect(forbidden.headers.get('x-accepted-github-permissions')).toBe('contents=read');
    const list = await github.rest('/installation/repositories', { token });
    expect(list.body.repositories.map(({ id }: { id: number }) => id)).toEqual([other.id]);
  });

  it.each([
    ['a repository of somebody else', { repository_ids: [1] }, 422],
    ['a permission that was not granted', { permissions: { administration: 'write' } }, 422],
    ['more than was granted', { permissions: { contents: 'write' } }, 422],
  ])('are refused for %s', async (_name, body, status) => {
    expect((await ask(body)).status).toBe(status);
  });

  it('are refused for an installation that is unknown or suspended', async () => {
    expect((await ask({}, 1)).status).toBe(404);
    github.installation.suspendedAt = '2026-01-01T00:00:00Z';
    expect((await ask({})).status).toBe(403);
    github.installation.suspendedAt = null;
  });

  it('end after their hour', async () => {
    const { body } = await ask({});
    github.sandbox.clock.advance(3_600_000);
    expect((await github.rest('/repos/acme/web', { token: body.token })).status).toBe(401);
    github.sandbox.clock.advance(-3_600_000);
  });
});

describe('single calls', () => {
  it('reads a file as base64 or raw, and answers 404 for one that is not there', async () => {
    github.repository.contents.set('.github/hybrid-capture.yml', 'capture: {}\n');
    const path = '/repos/acme/web/contents/.github/hybrid-capture.yml';
    const { body } = await github.rest(path);
    expect(Buffer.from(body.content, 'base64').toString()).toBe('capture: {}\n');
    expect((await github.rest('/repos/acme/web/contents/none.yml')).status).toBe(404);
  });

  it.each([
    ['admin', 'admin', 'admin'],
    ['maintain', 'write', 'maintain'],
    ['triage', 'read', 'triage'],
  ] as const)('gives the permission of a collaborator: %s', async (role, permission, roleName) => {
    const user = github.sandbox.world.actor('mona');
    github.repository.collaborators.set(user.id, role);
    const { body } = await github.rest('/repos/acme/web/collaborators/mona/permission');
    expect(body).toMatchObject({
      permission,
      role_name: roleName,
      user: { id: user.id, permissions: { admin: role === 'admin' } },
    });
  });

  it('writes a comment as the App, and a reaction once', async () => {
    const number = [...github.repository.pulls.keys()][0];
    const posted = await github.rest(`/repos/acme/web/issues/${number}/comments`, {
      method: 'POST',
      body: { body: 'hello' },
    });
    expect(posted.status).toBe(201);
    expect(posted.body.user).toMatchObject({ login: 'hybrid-capture[bot]', type: 'Bot' });
    const react = () =>
      github.rest(`/repos/acme/web/issues/comments/${posted.body.id}/reactions`, {
        method: 'POST',
        body: { content: 'rocket' },
      });
    expect([(await react()).status, (await react()).status]).toEqual([201, 200]);
    const { body } = await github.rest(`/repos/acme/web/issues/comments/${posted.body.id}`);
    expect(body.reactions).toMatchObject({ total_count: 1, rocket: 1 });
    const empty = await github.rest(`/repos/acme/web/issues/${number}/comments`, {
      method: 'POST',
      body: { body: '' },
    });
    expect(empty.status).toBe(422);
  });

  it('gives the credentials of the App for the code of its manifest', async () => {
    const { app, apiUrl } = github.sandbox;
    const convert = (code: string) =>
      fetch(`${apiUrl}/app-manifests/${code}/conversions`, { method: 'POST' });
    const { status, ...answer } = await convert(app.manifestCode).then(async (response) => ({
      status: response.status,
      body: await response.json(),
    }));
    expect(status).toBe(201);
    expect(answer.body).toMatchObject({ id: app.id, pem: app.privateKey, webhook_secret: app.webhookSecret });
    expect((await convert('guessed')).status).toBe(404);
  });

  it('records what it has no route for', async () => {
    expect((await github.rest('/repos/acme/web/traffic/views')).status).toBe(404);
    expect(github.sandbox.unknownRequests.map(({ path }) => path)).toContain('/repos/acme/web/traffic/views');
  });

  it('refuses no token and a wrong one', async () => {
    const none = await fetch(`${github.sandbox.apiUrl}/repos/acme/web`);
    expect([none.status, ((await none.json()) as { message: string }).message]).toEqual([
      401,
      'Requires authentication',
    ]);
    const wrong = await github.rest('/repos/acme/web', { token: 'ghs_x' });
    expect([wrong.status, wrong.body.message]).toEqual([401, 'Bad credentials']);
  });
});
