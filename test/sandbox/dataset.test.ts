import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DatasetError, loadDataset } from '../../sandbox/dataset.ts';
import { generateHistory } from '../../sandbox/generate.ts';
import { generateSmallHistory } from '../../sandbox/generate-small.ts';
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
  it('are the same for the same seed, and have the measured densities', () => {
    const make = (seed: number, pullRequests: number) => {
      const world = createWorld();
      const repository = addRepository(world, 'acme/web');
      generateHistory(world, repository, { pullRequests, issues: 100, seed });
      return truthOf(repository);
    };
    expect(JSON.stringify(make(3, 50))).toBe(JSON.stringify(make(3, 50)));
    expect(JSON.stringify(make(3, 50))).not.toBe(JSON.stringify(make(4, 50)));
    const truth = make(3, 6_375);
    expect(truth.pull_requests).toHaveLength(6_375);
    expect(truth.issues).toHaveLength(100);
    for (const [table, rows] of [
      ['reviews', 22_177],
      ['review_threads', 9_544],
      ['files', 30_487],
    ] as const) {
      const ratio = (truth[table]?.length ?? 0) / rows;
      expect(ratio, table).toBeGreaterThan(0.9);
      expect(ratio, table).toBeLessThan(1.1);
    }
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
