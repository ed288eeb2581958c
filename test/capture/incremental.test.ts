import { describe, expect, test } from 'vitest';
import { createFakeGitHub } from './fake-github.ts';
import { MemoryDestination } from './memory-destination.ts';
import { runCapture } from './run-capture.ts';
import { World } from './world.ts';

/** The fake's clock stands at 2026-03-01T12:00:00Z. */
const LATER = '2026-03-01T12:30:00Z';
const EDITED = '2026-03-01T11:55:00Z';

type Lists = Record<string, Record<string, unknown>[]>;
const commentsOf = (pull: unknown) => (pull as { lists: Lists }).lists.comments ?? [];
const firstReviewComment = (pull: unknown) => {
  const [thread] = (pull as { lists: Lists }).lists.reviewThreads ?? [];
  const [first] = (thread?.list ?? []) as Record<string, unknown>[];
  return first ?? {};
};

async function captured() {
  const world = new World();
  for (let i = 0; i < 5; i += 1) world.addPullRequest({ comments: 2, threads: [2] });
  const destination = new MemoryDestination();
  await runCapture(createFakeGitHub(world.root()), destination);
  return { world, destination };
}

const pass = (world: World, destination: MemoryDestination) => {
  const github = createFakeGitHub(world.root());
  return runCapture(github, destination).then((result) => ({ result, github }));
};

describe('an incremental pass', () => {
  test('costs one point and two conditional requests when nothing changed', async () => {
    const { world, destination } = await captured();
    // The first one has no ETags yet.
    await pass(world, destination);
    const { result, github } = await pass(world, destination);
    expect(result).toMatchObject({ status: 'complete', pullRequests: 0, points: 1, requests: 3 });
    const lists = github.requests.filter(({ cost }) => cost === 0);
    expect(lists.map(({ operation }) => operation)).toEqual([
      '/repos/octo/repo/pulls/comments',
      '/repos/octo/repo/issues/comments',
    ]);
    expect(lists.every(({ headers }) => headers.has('if-none-match'))).toBe(true);
  });

  test('finds edited comments, though their pull requests did not change', async () => {
    const { world, destination } = await captured();
    Object.assign(firstReviewComment(world.pullRequests[1]), { body: 'edited', updatedAt: EDITED });
    Object.assign(commentsOf(world.pullRequests[3])[1] ?? {}, { body: 'edited too', updatedAt: EDITED });
    const before = destination.rows.length;
    const { result } = await pass(world, destination);
    expect(result).toMatchObject({ status: 'complete', pullRequests: 2, progress: { done: 2, total: 2 } });
    const rows = destination.rows.slice(before);
    expect(
      rows.filter(({ row }) => String(row.body).startsWith('edited')).map(({ row }) => row.body),
    ).toEqual(expect.arrayContaining(['edited', 'edited too']));
    // They have been seen.
    const { result: next } = await pass(world, destination);
    expect(next.pullRequests).toBe(0);
  });

  test('fetches one that is in both lists once', async () => {
    const { world, destination } = await captured();
    Object.assign(firstReviewComment(world.pullRequests[1]), { updatedAt: LATER });
    Object.assign(world.pullRequests[1] ?? {}, { updatedAt: LATER });
    const { result, github } = await pass(world, destination);
    expect(result).toMatchObject({ pullRequests: 1, progress: { done: 1, total: 1 } });
    const byNumber = github.requests.filter(({ operation }) => operation === 'PullRequestByNumber');
    expect(byNumber.map(({ variables }) => variables.n0)).toEqual([2]);
  });

  test('takes comments on issues to the issues, and leaves them alone where only pull requests are captured', async () => {
    const world = new World();
    world.addPullRequest();
    const issue = world.addIssue({ comments: 1 });
    const include = ['pull-requests', 'issues'] as const;
    const destination = new MemoryDestination();
    const options = { target: { include: [...include] } };
    await runCapture(createFakeGitHub(world.root()), destination, options);
    const comment = world.comment('IssueComment', 'new');
    const root = world.root();
    root.lists['/repos/octo/repo/issues/comments'] = () => [
      {
        id: comment.databaseId,
        html_url: `https://github.test/octo/repo/issues/${issue.number}#issuecomment-1`,
        updated_at: LATER,
      },
    ];
    const shadow = new MemoryDestination();
    Object.assign(shadow, {
      checkpoint: structuredClone(destination.checkpoint),
      sequence: destination.sequence,
    });
    await runCapture(createFakeGitHub(root), destination, options);
    expect(destination.of('issues').map((row) => row.number)).toEqual([10_000, 10_000]);
    await runCapture(createFakeGitHub(root), shadow);
    expect(shadow.of('issues')).toEqual([]);
    expect(shadow.of('pull_requests')).toEqual([]);
  });

  test('a token that may not read the lists still gets what changed, and a warning', async () => {
    const { world, destination } = await captured();
    Object.assign(world.pullRequests[0] ?? {}, { updatedAt: LATER });
    const root = world.root();
    root.lists = {};
    const result = await runCapture(createFakeGitHub(root), destination);
    expect(result).toMatchObject({ status: 'complete', pullRequests: 1 });
    expect(result.warnings).toEqual([
      expect.stringContaining("edited comments can't be looked for"),
      expect.stringContaining("edited comments can't be looked for"),
    ]);
  });
});
