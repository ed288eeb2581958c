import { describe, expect, test } from 'vitest';
import type { GitHubError } from '../../src/github/errors.ts';
import { createFakeGitHub } from './fake-github.ts';
import { MemoryDestination } from './memory-destination.ts';
import { bigWorld, runCapture } from './run-capture.ts';
import { actor, World } from './world.ts';

describe('all of the history', () => {
  test('holds every nested row once, however many pages it takes', async () => {
    const world = bigWorld();
    const github = createFakeGitHub(world.root());
    const destination = new MemoryDestination();
    const result = await runCapture(github, destination);
    expect(result).toMatchObject({ status: 'complete', pullRequests: 61, gaps: [], warnings: [] });
    expect(destination.keys()).toEqual(world.pullRequestKeys());
    expect(result.progress).toMatchObject({
      done: 61,
      total: 61,
      points: github.points(),
      requests: github.requests.length,
      rows: destination.rows.length,
    });
    const parts = destination.of('pull_requests').filter((row) => row.number === 51);
    expect(Object.assign({}, ...parts)).toMatchObject({
      labels_count: 101,
      assignees_count: 130,
      comments_count: 250,
      reviews_count: 307,
      commits_count: 201,
      files_count: 333,
      review_threads_count: 90,
    });
    expect(destination.batches[0]?.rows[0]).toMatchObject({
      table: 'repositories',
      row: { id: 77, full_name: 'octo/repo', pull_requests_count: 61, default_branch: null },
    });
  });

  test('costs at most 25 points and 15 REST requests for 1,000 pull requests, and one for 100 review comments', async () => {
    const world = new World();
    for (let i = 0; i < 1_000; i += 1)
      world.addPullRequest({ comments: 2, reviews: 2, threads: i % 2 === 0 ? [7] : [] });
    const github = createFakeGitHub(world.root());
    const result = await runCapture(github, new MemoryDestination());
    expect(result.status).toBe('complete');
    expect(github.requests.every((request) => request.cost <= 1)).toBe(true);
    expect(result.points).toBeLessThanOrEqual(25);
    const lists = github.requests.filter((request) => request.cost === 0);
    expect(lists.length).toBeLessThanOrEqual(15 + 3_500 / 100);
  });

  test('keeps ghosts, bots and mannequins, and people of every batch are in it', async () => {
    const world = new World();
    world.addPullRequest({ comments: 8 }, { author: null, mergedBy: null });
    world.addPullRequest(
      {},
      {
        author: {
          __typename: 'EnterpriseUserAccount',
          login: 'ent',
          id: 'E_1',
          user: { databaseId: 9 },
          avatarUrl: 'https://a',
          name: 'Ent',
        },
      },
    );
    world.addPullRequest({}, { author: actor('Organization', 4, 'Acme') });
    const destination = new MemoryDestination();
    await runCapture(createFakeGitHub(world.root()), destination);
    const pulls = destination.of('pull_requests');
    expect(pulls[0]).toMatchObject({ author_id: null, merged_by_id: null });
    expect(pulls[1]).toMatchObject({ author_id: 9 });
    expect(pulls[2]).toMatchObject({ author_id: 4, merged_by_id: 2 });
    const people = destination.of('contributors').map(({ id, login, type }) => [id, login, type]);
    expect(people).toEqual(
      expect.arrayContaining([
        [1, 'ada', 'User'],
        [2, 'dependabot', 'Bot'],
        [3, 'old-import', 'Mannequin'],
        [4, 'Acme', 'Organization'],
        [9, 'ent', 'EnterpriseUserAccount'],
      ]),
    );
    expect(people).toHaveLength(5);
    expect(destination.of('comments').filter((row) => row.author_id === null)).toHaveLength(2);
  });

  test('stores empty bodies as empty, and texts that Postgres can not hold with U+FFFD and a warning', async () => {
    const world = new World();
    world.addPullRequest({}, { title: 'nul \0 and \ud800 alone', body: '' });
    world.addPullRequest({}, { title: '🚀 日本語 \u2028', body: '🎉' });
    const destination = new MemoryDestination();
    const result = await runCapture(createFakeGitHub(world.root()), destination);
    expect(destination.of('pull_requests').map(({ title, body }) => [title, body])).toEqual([
      ['nul \ufffd and \ufffd alone', ''],
      ['🚀 日本語 \u2028', '🎉'],
    ]);
    expect(result.status).toBe('complete');
    expect(result.warnings).toEqual([expect.stringContaining('pull_requests.title: 1 texts')]);
  });

  test('takes the 64-bit id, and the old one where that is null', async () => {
    const world = new World();
    // The fake, like GitHub's schema, has no room for it in databaseId and reports an error there.
    world.addPullRequest({}, { databaseId: 5_000_000_000, fullDatabaseId: '5000000000' });
    world.addPullRequest({}, { databaseId: 12, fullDatabaseId: null });
    const destination = new MemoryDestination();
    await runCapture(createFakeGitHub(world.root()), destination);
    expect(destination.of('pull_requests').map((row) => row.id)).toEqual([5_000_000_000, 12]);
  });

  test('an empty repository is complete', async () => {
    const destination = new MemoryDestination();
    const result = await runCapture(createFakeGitHub(new World().root()), destination);
    expect(result).toMatchObject({ status: 'complete', pullRequests: 0, progress: { done: 0, total: 0 } });
    expect(destination.rows.map(({ table }) => table)).toEqual(['repositories']);
  });
});

describe('the target', () => {
  test('a repository that does not exist is a clear error, and nothing is stored', async () => {
    const destination = new MemoryDestination();
    const repository = { owner: 'octo', name: 'nothing' };
    const run = runCapture(createFakeGitHub(new World().root()), destination, { target: { repository } });
    await expect(run).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('octo/nothing does not exist'),
    } satisfies Partial<GitHubError>);
    expect(destination.batches).toEqual([]);
  });

  test('another repository under the name is refused', async () => {
    const repository = { owner: 'octo', name: 'repo', id: 78 };
    const run = runCapture(createFakeGitHub(new World().root()), new MemoryDestination(), {
      target: { repository },
    });
    await expect(run).rejects.toMatchObject({ code: 'repository_changed' });
  });

  test('named pull requests come by number; one that is not there is a gap and does not hold up the rest', async () => {
    const world = bigWorld();
    const destination = new MemoryDestination();
    const github = createFakeGitHub(world.root());
    const result = await runCapture(github, destination, {
      target: { type: 'pull_requests', items: [3, 999, 51] },
    });
    expect(result).toMatchObject({ status: 'incomplete', pullRequests: 2 });
    expect(result.gaps).toEqual([expect.objectContaining({ number: 999, connection: 'pullRequest' })]);
    expect(new Set(destination.of('pull_requests').map((row) => row.number))).toEqual(new Set([3, 51]));
    expect(destination.of('files')).toHaveLength(333);
    expect(destination.of('review_threads').map((row) => row.comments_count)).toContain(260);
  });

  test('since takes what changed from then on, until leaves what changed later', async () => {
    const world = new World();
    for (let day = 1; day <= 250; day += 1) {
      const updatedAt = new Date(Date.UTC(2025, 0, day)).toISOString();
      world.addPullRequest({ comments: 1 }, { updatedAt });
    }
    const destination = new MemoryDestination();
    const since = new Date(Date.UTC(2025, 0, 41));
    const until = new Date(Date.UTC(2025, 0, 240));
    const result = await runCapture(createFakeGitHub(world.root()), destination, {
      target: { since, until },
    });
    expect(result).toMatchObject({
      status: 'complete',
      pullRequests: 200,
      progress: { done: 200, total: 200 },
    });
    const numbers = destination.of('pull_requests').map((row) => Number(row.number));
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i + 41));

    const before = new MemoryDestination();
    await runCapture(createFakeGitHub(world.root()), before, { target: { until: since } });
    expect(before.of('pull_requests')).toHaveLength(41);
  });

  test.each([null, new Date(Date.UTC(2024, 0, 1))])(
    'what changes during the walk is not passed over (since %s)',
    async (since) => {
      const world = new World();
      for (let i = 1; i <= 230; i += 1) {
        world.addPullRequest(
          { comments: 1 },
          { updatedAt: new Date(Date.UTC(2025, 0, 1, 0, i)).toISOString() },
        );
      }
      // With the first full page, the oldest pull request moves to the front, and a new one comes.
      const github = createFakeGitHub(world.root(), (_, index) => {
        const [oldest] = world.pullRequests;
        if (index !== 4 || !oldest) return undefined;
        Object.assign(oldest, { updatedAt: '2026-03-01T12:00:10Z', title: 'changed' });
        world.addPullRequest({}, { updatedAt: '2026-03-01T12:00:20Z' });
        return undefined;
      });
      const destination = new MemoryDestination();
      const result = await runCapture(github, destination, { target: { since } });
      expect(result.status).toBe('complete');
      expect(new Set(destination.of('pull_requests').map((row) => row.number)).size).toBe(231);
      expect(destination.of('pull_requests').some((row) => row.title === 'changed')).toBe(true);
      expect(result.progress.done).toBe(result.progress.total);
    },
  );

  test.each([null, new Date(Date.UTC(2024, 0, 1))])(
    'what changes once the capture of an older range has begun is not left to others (since %s)',
    async (since) => {
      const world = new World();
      for (let i = 1; i <= 230; i += 1) {
        world.addPullRequest({}, { updatedAt: new Date(Date.UTC(2025, 0, 1, 0, i)).toISOString() });
      }
      world.addPullRequest({}, { updatedAt: '2026-02-28T20:00:00Z', title: 'of the recent half' });
      // Others, who capture what is recent, have been there before.
      const github = createFakeGitHub(world.root(), (_, index) => {
        const [oldest] = world.pullRequests;
        const latest = world.pullRequests[220];
        if (index === 3 && oldest && latest) {
          Object.assign(oldest, { updatedAt: '2026-03-01T12:00:10Z', title: 'changed when listed' });
          Object.assign(latest, { updatedAt: '2026-03-01T12:00:20Z', title: 'changed before' });
        }
        return undefined;
      });
      const destination = new MemoryDestination();
      const until = new Date(Date.UTC(2026, 1, 28, 12));
      const result = await runCapture(github, destination, { target: { since, until } });
      const titles = destination.of('pull_requests').map((row) => row.title);
      expect(titles).toContain('changed when listed');
      expect(titles).toContain('changed before');
      expect(titles).not.toContain('of the recent half');
      expect(new Set(destination.of('pull_requests').map((row) => row.number)).size).toBe(230);
      expect(result.status).toBe('complete');
      expect(result.progress.done).toBe(result.progress.total);
    },
  );

  test('an answer whose date is behind does not make rows look older than their pull request', async () => {
    const world = bigWorld();
    const github = createFakeGitHub(world.root());
    const destination = new MemoryDestination();
    // The servers behind GitHub's name don't agree on the second.
    const fetch = async (url: string, init: RequestInit) => {
      const response = await github.fetch(url, init);
      const behind = github.requests.at(-1)?.operation === 'Continuations' ? 3_000 : 0;
      const date = new Date(Date.parse('2026-03-01T12:00:00Z') - behind).toUTCString();
      return new Response(await response.text(), {
        status: response.status,
        headers: { ...Object.fromEntries(response.headers), date },
      });
    };
    await runCapture({ ...github, fetch }, destination);
    const started = new Map(destination.of('snapshots').map((row) => [row.pull_request_id, row.started_at]));
    const nested = destination.rows.filter(({ row }) => started.has(row.pull_request_id));
    expect(nested.length).toBeGreaterThan(2_000);
    expect(
      nested.filter(({ row }) => String(row.captured_at) < String(started.get(row.pull_request_id))),
    ).toEqual([]);
  });

  test('issues, labels, commits and classification', async () => {
    const world = new World();
    world.addPullRequest();
    for (let i = 0; i < 60; i += 1) world.addIssue({ comments: i === 5 ? 150 : 1, labels: 2, assignees: 1 });
    for (let i = 0; i < 130; i += 1) world.addLabel(`label-${i}`);
    world.addCommits(250);
    const destination = new MemoryDestination();
    const result = await runCapture(createFakeGitHub(world.root()), destination, {
      target: { include: ['pull-requests', 'issues', 'commits', 'labels'] },
    });
    expect(result).toMatchObject({ status: 'complete', progress: { done: 61, total: 61 } });
    const count = (table: string) => destination.of(table).length;
    expect([count('issues'), count('issue_labels'), count('issue_assignees')]).toEqual([60, 120, 60]);
    expect(destination.of('comments').filter((row) => row.issue_id !== null)).toHaveLength(59 + 150);
    expect([count('labels'), count('branch_commits')]).toEqual([130, 250]);
    expect(destination.of('snapshots').filter((row) => row.issue_id !== undefined)).toHaveLength(60);

    const counted = new MemoryDestination();
    const classified = await runCapture(createFakeGitHub(world.root()), counted, {
      target: { type: 'classify' },
    });
    expect(classified.status).toBe('complete');
    expect(counted.rows).toEqual([
      {
        table: 'repositories',
        row: expect.objectContaining({
          stars_count: 5,
          contributors_count: 3,
          pull_requests_count: 1,
          issues_count: 60,
          counted_at: '2026-03-01T12:00:00.000Z',
        }),
      },
    ]);
  });

  test('an issue by number', async () => {
    const world = new World();
    world.addIssue({ comments: 3 });
    const destination = new MemoryDestination();
    const result = await runCapture(createFakeGitHub(world.root()), destination, {
      target: { type: 'issues', items: [10_000] },
    });
    expect(result.status).toBe('complete');
    expect(destination.of('issues')[0]).toMatchObject({
      body: '',
      state_reason: 'COMPLETED',
      comments_count: 3,
    });
  });
});

describe('verification', () => {
  test('fetches again what differs, and what then still differs is a gap', async () => {
    const world = bigWorld();
    const destination = new MemoryDestination();
    let again = false;
    const asked: number[] = [];
    destination.gaps = (counts) => {
      asked.push(...counts.map((count) => count.number));
      const wrong = counts.filter(({ number }) => number === 7 || (number === 51 && !again));
      if (counts.some(({ number }) => number === 61)) again = true;
      expect(counts.find(({ number }) => number === 51)?.reviews ?? 307).toBe(307);
      return {
        numbers: wrong.map(({ number }) => number),
        gaps: wrong.map(({ number }) => ({ number, connection: 'comments', expected: 2, stored: 1 })),
      };
    };
    const result = await runCapture(createFakeGitHub(world.root()), destination, {
      target: { type: 'verify' },
    });
    expect(new Set(destination.of('pull_requests').map((row) => row.number))).toEqual(new Set([7, 51]));
    expect(asked).toHaveLength(63);
    expect(result).toMatchObject({ status: 'incomplete', progress: { done: 61, total: 61 } });
    expect(result.gaps).toEqual([
      { number: 7, connection: 'comments', reason: 'GitHub counts 2, 1 are stored' },
    ]);
  });

  test('finds nothing to do in a complete copy', async () => {
    const github = createFakeGitHub(bigWorld().root());
    const result = await runCapture(github, new MemoryDestination(), { target: { type: 'verify' } });
    expect(result).toMatchObject({ status: 'complete', pullRequests: 0, requests: 4 });
  });
});
