import { afterAll, beforeAll, expect, test } from 'vitest';
import { createComparer } from '../../bench/compare-rows.ts';
import { captureNaively, type NaiveOptions } from '../../bench/naive-client.ts';
import { makeHistory, REPOSITORY } from '../../bench/start-github.ts';
import { type RunningSandbox, startSandbox } from '../../sandbox/github.ts';

const history = makeHistory(130, 1);
const threads = [...history.repository.pulls.values()].flatMap((pull) => pull.threads);
let github: RunningSandbox;

beforeAll(async () => {
  github = await startSandbox({ world: history.world });
});
afterAll(() => github.close());

const options = (more: Partial<NaiveOptions> = {}): NaiveOptions => ({
  graphqlUrl: github.graphqlUrl,
  token: github.tokens.issueUserToken(github.world.actor('reader')),
  repository: REPOSITORY,
  now: github.clock.now,
  wait: async (ms) => github.clock.advance(ms),
  onRow: () => {},
  ...more,
});

test('has every row of the history, with one request for each thread and each further page', async () => {
  const comparer = createComparer(history.truth, {});
  const result = await captureNaively(options({ onRow: comparer.see }));
  expect(comparer.compare()).toMatchObject({ missing: 0, surplus: 0, different: 0, examples: [] });
  const further = [...history.repository.pulls.values()]
    .flatMap(({ comments, reviews, commits, files, threads }) => [comments, reviews, commits, files, threads])
    .reduce((pages, list) => pages + Math.max(0, Math.ceil(list.length / 100) - 1), 0);
  expect(further).toBeGreaterThan(0);
  expect(result).toEqual({
    ...{ pullRequests: 130, requests: 2 + threads.length + further, halved: 0, waitedMs: 0 },
  });
});

test('halves a page that GitHub gives up on, and waits for limits as long as it is told', async () => {
  github.faults.add({ at: [1], fault: { kind: 'timeout' } });
  github.faults.add({ at: [2], fault: { kind: 'secondary', retryAfterSeconds: 7 } });
  const comparer = createComparer(history.truth, {});
  const result = await captureNaively(options({ onRow: comparer.see }));
  expect(comparer.compare()).toMatchObject({ missing: 0, surplus: 0, different: 0 });
  expect(result).toMatchObject({ pullRequests: 130, halved: 1, waitedMs: 7_000 });
});
