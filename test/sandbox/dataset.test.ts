import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DatasetError, loadDataset } from '../../sandbox/dataset.ts';
import { DENSITIES, planCounts } from '../../sandbox/densities.ts';
import { generateHistory } from '../../sandbox/generate.ts';
import { generateSmallHistory } from '../../sandbox/generate-small.ts';
import { createRandom } from '../../sandbox/random.ts';
import { truthOf } from '../../sandbox/truth.ts';
import { addRepository } from '../../sandbox/world/build.ts';
import { createWorld } from '../../sandbox/world/world.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dataset-'));
});
afterAll(() => rm(folder, { recursive: true }));

const LINE = {
  number: 4,
  title: 'One',
  author: 'mona',
  createdAt: '2025-04-15T15:08:59-07:00',
  mergedAt: '2025-04-15T15:35:49-07:00',
  mergedBy: null,
  sha: '3248da129e5306e0e5a7176aad11042b60d87d28',
  body: '',
  labels: ['bug'],
  files: [['a.ts', 3, 1]],
  commits: [
    {
      oid: 'f6e3f8b5b96d604997b94dff449211a8b0bac441',
      name: 'Mona',
      date: '2025-04-15T15:08:59-07:00',
      headline: 'x',
    },
  ],
  reviews: [{ author: null, state: 'APPROVED', body: '', at: '2025-04-15T16:00:00-07:00' }],
  comments: [{ author: 'helper[bot]', body: 'hi', at: '2025-04-15T15:10:00-07:00' }],
  threads: [
    {
      path: 'a.ts',
      resolved: true,
      comments: [{ author: 'mona', body: 'y', at: '2025-04-15T15:11:00-07:00' }],
    },
  ],
};

async function load(content: string | Buffer) {
  const path = join(folder, `${Math.random()}.jsonl.gz`);
  await writeFile(path, typeof content === 'string' ? gzipSync(content) : content);
  const world = createWorld();
  const repository = addRepository(world, 'acme/web');
  await loadDataset(world, repository, path);
  return { world, repository, truth: truthOf(repository) };
}

describe('a data set', () => {
  it('becomes pull requests with all that belongs to them, in UTC', async () => {
    const { truth, world } = await load(`${JSON.stringify(LINE)}\n`);
    expect(truth.pull_requests).toMatchObject([
      {
        number: 4,
        state: 'MERGED',
        created_at: '2025-04-15T22:08:59Z',
        merged_at: '2025-04-15T22:35:49Z',
        updated_at: '2025-04-15T23:00:00Z',
        merged_by_id: null,
        merge_commit_oid: LINE.sha,
        additions: 3,
      },
    ]);
    expect(truth.reviews).toMatchObject([
      { author_id: null, state: 'APPROVED', submitted_at: '2025-04-15T23:00:00Z' },
    ]);
    expect(truth.comments?.map(({ comment_type, body }) => [comment_type, body])).toEqual([
      ['issue', 'hi'],
      ['review', 'y'],
    ]);
    expect(truth.review_threads).toMatchObject([{ path: 'a.ts', is_resolved: true }]);
    expect(truth.pull_request_labels).toMatchObject([{ name: 'bug' }]);
    expect(truth.commits).toMatchObject([{ oid: LINE.commits[0]?.oid, author_name: 'Mona' }]);
    expect(world.findActor('helper[bot]')).toMatchObject({ kind: 'Bot', login: 'helper' });
  });

  it.each([
    ['that is not gzip', Buffer.from('{}'), /: is not a gzip file$/],
    ['that is empty', Buffer.alloc(0), /: is not a gzip file$/],
    ['that is cut off', gzipSync('{}'.repeat(50)).subarray(0, 18), /: is cut off before its end$/],
    ['that is empty', '', /: holds no pull requests$/],
    ['with a line that is no JSON', `${JSON.stringify(LINE)}\n{\n`, /: line 2: is not JSON$/],
    ['with a wrong field', JSON.stringify({ ...LINE, number: '4' }), /: line 1: number: /],
    ['with a wrong field deep inside', JSON.stringify({ ...LINE, files: [['a', 1]] }), /: line 1: files\.0/],
    [
      'with a number twice',
      `${JSON.stringify(LINE)}\n${JSON.stringify(LINE)}`,
      /: line 2: pull request 4 was there before$/,
    ],
  ])('%s is refused with one line that says where', async (_name, content, message) => {
    const error = await load(content).catch((problem: unknown) => problem);
    expect(error).toBeInstanceOf(DatasetError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('\n');
  });

  it('that is not there is named', async () => {
    const world = createWorld();
    const missing = join(folder, 'none.gz');
    await expect(loadDataset(world, addRepository(world, 'a/b'), missing)).rejects.toThrow(
      `${missing}: there is no such file`,
    );
  });
});

describe('generated histories', () => {
  it('are the same for the same seed, and have exactly the measured densities', () => {
    const make = (seed: number, pullRequests: number) => {
      const world = createWorld();
      const repository = addRepository(world, 'acme/web');
      generateHistory(world, repository, { pullRequests, issues: 100, seed });
      return truthOf(repository);
    };
    expect(JSON.stringify(make(3, 50))).toBe(JSON.stringify(make(3, 50)));
    expect(JSON.stringify(make(3, 50))).not.toBe(JSON.stringify(make(4, 50)));
    const truth = make(3, 6_375);
    const comments = truth.comments?.filter((row) => row.comment_type === 'review') ?? [];
    const conversation = truth.comments?.filter(
      (row) => row.comment_type === 'issue' && row.pull_request_id !== null,
    );
    expect({
      pulls: truth.pull_requests?.length,
      issues: truth.issues?.length,
      reviews: truth.reviews?.length,
      threads: truth.review_threads?.length,
      threadComments: comments.length,
      comments: conversation?.length,
      files: truth.files?.length,
      commits: truth.commits?.length,
      labels: truth.pull_request_labels?.length,
      threaded: new Set(comments.map((row) => row.pull_request_id)).size,
    }).toEqual({
      ...{ pulls: 6_375, issues: 100, reviews: 22_177, threads: 9_544, threadComments: 21_267 },
      ...{ comments: 40_310, files: 30_487, commits: 6_630, labels: 12_113, threaded: 3_315 },
    });
  });

  it.each([1, 14, 300, 6_375, 20_000])('of %i pull requests keep the proportions', (pulls) => {
    const counts = planCounts(createRandom(5), pulls);
    const sum = (of: (has: (typeof counts)[number]) => number) =>
      counts.reduce((total, has) => total + of(has), 0);
    expect(sum(({ reviews }) => reviews)).toBe(Math.round(pulls * DENSITIES.reviews));
    expect(sum(({ comments }) => comments)).toBe(Math.round(pulls * DENSITIES.comments));
    expect(sum(({ files }) => files)).toBe(Math.round(pulls * DENSITIES.files));
    expect(sum(({ commits }) => commits)).toBe(Math.round(pulls * DENSITIES.commits));
    expect(sum(({ labels }) => labels)).toBe(Math.round(pulls * DENSITIES.labels));
    expect(sum(({ threads }) => threads.length)).toBe(Math.round(pulls * DENSITIES.threads));
    expect(counts.every(({ commits, files }) => commits >= 1 && files >= 1)).toBe(true);
    expect(counts.flatMap(({ threads }) => threads).every((comments) => comments >= 1)).toBe(true);
  });

  it('have long tails: about 50 further pages of timeline, files and threads for 1,000 pull requests', () => {
    const counts = planCounts(createRandom(1), 6_375);
    const further = (items: number) => Math.max(0, Math.ceil(items / 100) - 1);
    const pages = counts.reduce(
      (sum, { comments, reviews, commits, files, threads }) =>
        sum + further(comments + reviews + Math.min(250, commits)) + further(files) + further(threads.length),
      0,
    );
    expect((pages * 1000) / 6_375).toBeGreaterThan(45);
    expect((pages * 1000) / 6_375).toBeLessThan(58);
    expect(Math.max(...counts.map(({ commits }) => commits))).toBe(253);
    expect(Math.max(...counts.map(({ reviews }) => reviews))).toBeGreaterThan(250);
    expect(Math.max(...counts.map(({ files }) => files))).toBeGreaterThan(500);
    expect(Math.max(...counts.map(({ threads }) => threads.length))).toBeGreaterThan(100);
    expect(Math.max(...counts.flatMap(({ threads }) => threads))).toBeGreaterThan(100);
  });

  it('hold in the small one more than a page of every connection, and every kind of state', () => {
    const world = createWorld();
    const repository = addRepository(world, 'acme/web');
    const now = Date.parse('2026-01-01T00:00:00Z');
    generateSmallHistory(world, repository, now);
    const pulls = [...repository.pulls.values()];
    for (const name of ['comments', 'reviews', 'commits', 'files', 'threads', 'labels'] as const) {
      expect(Math.max(...pulls.map((pull) => pull[name].length)), name).toBeGreaterThan(100);
    }
    expect(
      Math.max(...pulls.flatMap(({ threads }) => threads.map(({ comments }) => comments.length))),
    ).toBeGreaterThan(100);
    expect(new Set(pulls.map(({ state }) => state))).toEqual(new Set(['OPEN', 'CLOSED', 'MERGED']));
    expect(new Set(pulls.map(({ author }) => author?.kind ?? 'ghost'))).toEqual(
      new Set(['User', 'ghost', 'Bot', 'Organization', 'Mannequin']),
    );
    expect(pulls.every(({ updatedAt }) => Date.parse(updatedAt) <= now)).toBe(true);
    const { pull_requests: rows = [] } = truthOf(repository);
    expect(rows.every(({ title, body }) => !`${title}${body}`.includes('\0'))).toBe(true);
  });
});
