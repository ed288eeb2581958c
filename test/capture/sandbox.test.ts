import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateHistory } from '../../sandbox/generate.ts';
import { type RunningSandbox, startSandbox } from '../../sandbox/github.ts';
import { addRepository } from '../../sandbox/world/build.ts';
import { createWorld } from '../../sandbox/world/world.ts';
import { type CaptureOptions, capture } from '../../src/capture/capture.ts';
import { createGitHubClient } from '../../src/github/client.ts';
import { compareWithTruth } from './against-truth.ts';
import { MemoryDestination } from './memory-destination.ts';

const world = createWorld();
const repository = addRepository(world, 'acme/history');
const REPOSITORY_ID = repository.id;
let sandbox: RunningSandbox;

beforeAll(async () => {
  generateHistory(world, repository, { pullRequests: 300, issues: 80, seed: 7 });
  sandbox = await startSandbox({ world });
});
afterAll(() => sandbox.close());

function clientOf(token: string) {
  return createGitHubClient({
    apiUrl: sandbox.apiUrl,
    graphqlUrl: sandbox.graphqlUrl,
    token: async () => token,
    userAgent: 'test',
    sleep: async () => {},
  });
}

function run(destination: MemoryDestination, options: Partial<CaptureOptions> = {}) {
  return capture({
    log: () => {},
    destination,
    github: clientOf(sandbox.tokens.issueUserToken(world.actor('reader'))),
    target: {
      repository: { owner: 'acme', name: 'history', id: REPOSITORY_ID },
      type: 'history',
      items: [],
      since: null,
      until: null,
      include: ['labels', 'pull-requests', 'issues', 'commits'],
    },
    ...options,
  });
}

describe('against the local GitHub', () => {
  test('everything, row by row', async () => {
    const destination = new MemoryDestination();
    const result = await run(destination);
    expect(result).toMatchObject({
      status: 'complete',
      pullRequests: 300,
      progress: { done: 380, total: 380 },
    });
    const { stored, expected } = compareWithTruth(destination.rows, sandbox.truth(REPOSITORY_ID), [
      'contributors',
    ]);
    expect(stored).toEqual(expected);
    expect(result.points).toBe(sandbox.stats().total.points);
    // Every author of a row is in the same batch.
    for (const { rows } of destination.batches) {
      const people = new Set(rows.filter(({ table }) => table === 'contributors').map(({ row }) => row.id));
      const authors = rows.flatMap(({ row }) => [
        row.author_id,
        row.merged_by_id,
        row.resolved_by_id,
        row.contributor_id,
      ]);
      expect(authors.filter((id) => typeof id === 'number' && !people.has(id))).toEqual([]);
    }
  });

  test('with faults of every kind on the way and three deaths, still row by row', async () => {
    const at = (offset: number) => Array.from({ length: 30 }, (_, i) => offset + i * 30);
    sandbox.faults.clear();
    sandbox.faults.add({ at: at(4), fault: { kind: 'status', status: 502 } });
    sandbox.faults.add({ at: at(8), fault: { kind: 'truncate' } });
    sandbox.faults.add({ at: at(12), fault: { kind: 'reset' } });
    sandbox.faults.add({ at: at(16), fault: { kind: 'secondary', status: 200, retryAfterSeconds: 1 } });
    sandbox.faults.add({ at: at(20), fault: { kind: 'timeout' } });
    sandbox.faults.add({ at: at(24), fault: { kind: 'resource_limits', budgetMs: 500 } });
    sandbox.faults.add({ at: at(28), fault: { kind: 'unauthorized' } });
    const destination = new MemoryDestination();
    let deaths = 0;
    destination.before = ({ sequence }) => {
      // The history fills two batches: a run that dies after the second one had nothing left to do.
      if (sequence === [1, 2, 2][deaths]) {
        deaths += 1;
        throw new Error('killed');
      }
    };
    let result: Awaited<ReturnType<typeof run>> | undefined;
    for (let runs = 0; runs < 4; runs += 1) result = await run(destination).catch(() => undefined);
    expect(deaths).toBe(3);
    expect(sandbox.faults.met).toBeGreaterThan(5);
    expect(result).toMatchObject({ status: 'complete', gaps: [] });
    const { stored, expected } = compareWithTruth(destination.rows, sandbox.truth(REPOSITORY_ID), [
      'contributors',
    ]);
    expect(stored).toEqual(expected);
    sandbox.faults.clear();
  });

  test('a token without rights is a clear error', async () => {
    const token = sandbox.tokens.issueUserToken(world.actor('stranger'), { repositoryIds: new Set() });
    await expect(run(new MemoryDestination(), { github: clientOf(token) })).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('acme/history'),
    });
  });
});
