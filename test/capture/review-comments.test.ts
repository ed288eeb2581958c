import { describe, expect, test } from 'vitest';
import { withHalfPage } from '../../src/capture/rest/read-list.ts';
import { answer, createFakeGitHub } from './fake-github.ts';
import { MemoryDestination } from './memory-destination.ts';
import { runCapture } from './run-capture.ts';
import { World } from './world.ts';

/** A time by its second. */
const at = (second: number) =>
  new Date(Date.UTC(2025, 5, 1, 0, 0, second)).toISOString().replace('.000Z', 'Z');

function spread(world: World, second: (index: number) => number): number {
  let index = 0;
  for (const pull of world.pullRequests) {
    for (const thread of (pull.lists as Record<string, Record<string, unknown>[]>).reviewThreads ?? []) {
      for (const comment of thread.list as Record<string, unknown>[]) {
        const time = at(second(index));
        Object.assign(comment, { createdAt: time, updatedAt: time });
        index += 1;
      }
    }
  }
  return index;
}

describe('review comments', () => {
  test('of one time page by page, of many times by time, each once', async () => {
    for (const second of [() => 0, (i: number) => i * 3, (i: number) => Math.floor(i / 40)]) {
      const world = new World();
      for (let i = 0; i < 30; i += 1) world.addPullRequest({ threads: [6, 1, 7] });
      const comments = spread(world, second);
      const github = createFakeGitHub(world.root());
      const destination = new MemoryDestination();
      await runCapture(github, destination);
      expect(destination.keys()).toEqual(world.pullRequestKeys());
      const pages = github.requests.filter(({ operation }) => operation.endsWith('/pulls/comments'));
      // Where 40 share a second, what is read once more to be safe is up to twice as many of each page.
      const crowded = second(39) === second(0) && second(40) !== second(0);
      expect(pages.length).toBeLessThanOrEqual((Math.ceil(comments / 100) + 1) * (crowded ? 2 : 1));
    }
  });

  test('of a pull request with more threads than a page', async () => {
    const world = new World();
    world.addPullRequest({ threads: Array.from({ length: 130 }, () => 1) });
    world.addPullRequest({ threads: [2] });
    const destination = new MemoryDestination();
    const result = await runCapture(createFakeGitHub(world.root()), destination);
    expect(result).toMatchObject({
      status: 'complete',
      gaps: [],
      pullRequests: 2,
      progress: { done: 2, total: 2 },
    });
    expect(destination.uniqueKeys()).toEqual(world.pullRequestKeys());
    expect(
      Object.assign({}, ...destination.of('pull_requests').filter(({ number }) => number === 1)),
    ).toMatchObject({
      review_threads_count: 130,
      review_comments_count: 130,
    });
  });

  test('of a thread that GitHub places elsewhere are told by its first comment', async () => {
    const world = new World();
    const pull = world.addPullRequest({ threads: [3, 2] });
    const root = world.root();
    const list = root.lists['/repos/octo/repo/pulls/comments'];
    root.lists['/repos/octo/repo/pulls/comments'] = () =>
      (list?.() ?? []).map((comment) => ({ ...comment, original_line: 999 }));
    const destination = new MemoryDestination();
    const result = await runCapture(createFakeGitHub(root), destination);
    expect(result).toMatchObject({ status: 'complete', gaps: [] });
    expect(destination.keys()).toEqual(world.pullRequestKeys());
    expect(pull.number).toBe(1);
  });

  test('whose thread can not be found out are captured with their pull request', async () => {
    const world = new World();
    world.addPullRequest({ threads: [2, 2] });
    const github = createFakeGitHub(world.root(), ({ query }) =>
      query.includes('fragment Root')
        ? answer({ data: { repository: { databaseId: 77 }, t0: null, t1: null } })
        : undefined,
    );
    const destination = new MemoryDestination();
    const result = await runCapture(github, destination);
    expect(result).toMatchObject({ status: 'complete', gaps: [], pullRequests: 1 });
    expect(destination.uniqueKeys()).toEqual(world.pullRequestKeys());
  });

  test('of a pull request that GitHub shows no more are a gap', async () => {
    const world = new World();
    world.addPullRequest({ threads: [1] });
    const root = world.root();
    const list = root.lists['/repos/octo/repo/pulls/comments'];
    root.lists['/repos/octo/repo/pulls/comments'] = () => [
      ...(list?.() ?? []),
      { ...list?.()[0], id: 5, pull_request_url: 'https://github.test/repos/octo/repo/pulls/404' },
    ];
    const destination = new MemoryDestination();
    const result = await runCapture(createFakeGitHub(root), destination);
    expect(result.status).toBe('incomplete');
    expect(result.gaps).toEqual([expect.objectContaining({ number: 404, connection: 'reviewThreads' })]);
    expect(destination.keys()).toEqual(world.pullRequestKeys());
  });

  test('of the ghost and of bots are as GraphQL tells them', async () => {
    const world = new World();
    world.addPullRequest({ threads: [4] });
    const root = world.root();
    const list = root.lists['/repos/octo/repo/pulls/comments'];
    root.lists['/repos/octo/repo/pulls/comments'] = () =>
      (list?.() ?? []).map((comment) =>
        comment.user === null ? { ...comment, user: { id: 10_137, login: 'ghost', type: 'User' } } : comment,
      );
    const destination = new MemoryDestination();
    await runCapture(createFakeGitHub(root), destination);
    expect(destination.of('comments').map((row) => row.author_id)).toEqual([null, 1, 2, 3]);
    expect(destination.of('contributors').map(({ login }) => login)).toEqual(
      expect.arrayContaining(['ada', 'dependabot', 'old-import']),
    );
    expect(destination.of('contributors')).toHaveLength(3);
  });

  test('a list that is too much for GitHub is asked in smaller pages, from the same place on', async () => {
    const world = new World();
    for (let i = 0; i < 130; i += 1) world.addPullRequest({ threads: [1] });
    const root = world.root();
    const github = createFakeGitHub(root);
    const { fetch } = github;
    github.fetch = async (url, init) =>
      /pulls\?.*per_page=100/.test(url) ? answer('', { status: 502 }) : fetch(url, init);
    const destination = new MemoryDestination();
    const result = await runCapture(github, destination);
    expect(result).toMatchObject({ status: 'complete', pullRequests: 130 });
    expect(destination.keys()).toEqual(world.pullRequestKeys());
  });

  test.each([
    ['/a?per_page=100', '/a?per_page=50&page=1'],
    ['/a?per_page=100&page=3', '/a?per_page=50&page=5'],
    ['/a?sort=created&per_page=50&page=5', '/a?sort=created&per_page=25&page=9'],
    ['/a?per_page=25&page=9', null],
    ['/a?per_page=100&after=xyz', null],
  ])('half of %s is %s', (path, half) => {
    expect(withHalfPage(path)).toBe(half);
  });
});

test('a list that is not in the order of time is read page by page', async () => {
  const world = new World();
  for (let i = 0; i < 30; i += 1) world.addPullRequest({ threads: [9] });
  spread(world, (i) => i * 3);
  const root = world.root();
  const path = '/repos/octo/repo/pulls/comments';
  const list = root.lists[path]?.() ?? [];
  const github = createFakeGitHub(root);
  const { fetch } = github;
  github.fetch = async (url, init) => {
    const { pathname, searchParams } = new URL(url);
    if (pathname !== path) return fetch(url, init);
    const page = Number(searchParams.get('page') ?? 1);
    // The latest first, whatever was asked for; `since` leaves out what is older.
    const since = Date.parse(searchParams.get('since') ?? '') || 0;
    const items = list.toReversed().filter(({ updated_at: time }) => Date.parse(String(time)) >= since);
    searchParams.set('page', String(page + 1));
    const link = `<https://github.test${path}?${searchParams}>; rel="next"`;
    return answer(items.slice((page - 1) * 100, page * 100), {
      headers: page * 100 < items.length ? { link } : {},
    });
  };
  const destination = new MemoryDestination();
  await runCapture(github, destination);
  expect(destination.keys()).toEqual(world.pullRequestKeys());
});

test('labels that the list leaves out are asked by themselves', async () => {
  const world = new World();
  for (let i = 0; i < 4; i += 1) world.addPullRequest({ labels: 2, assignees: 1 });
  const root = world.root();
  const list = root.lists['/repos/octo/repo/pulls'];
  root.lists['/repos/octo/repo/pulls'] = () =>
    (list?.() ?? []).map(({ number, updated_at }) => ({ number, updated_at }));
  const destination = new MemoryDestination();
  await runCapture(createFakeGitHub(root), destination);
  expect(destination.keys()).toEqual(world.pullRequestKeys());
});
