import { type CaptureOptions, capture } from '../../src/capture/capture.ts';
import { createGitHubClient } from '../../src/github/client.ts';
import type { FakeGitHub } from './fake-github.ts';
import type { MemoryDestination } from './memory-destination.ts';
import { World } from './world.ts';

export interface RunOptions extends Partial<Omit<CaptureOptions, 'target'>> {
  target?: Partial<CaptureOptions['target']>;
  /** The waits that the client asked for, milliseconds. */
  waits?: number[];
  token?: (rejected?: string) => Promise<string>;
}

/** A capture of `octo/repo` from a fake GitHub; waits are noted and not waited. */
export function runCapture(github: FakeGitHub, destination: MemoryDestination, options: RunOptions = {}) {
  const { waits = [], token = async () => 'token', ...given } = options;
  return capture({
    log: () => {},
    destination,
    github: createGitHubClient({
      apiUrl: 'https://github.test',
      graphqlUrl: 'https://github.test/graphql',
      token,
      userAgent: 'test',
      fetch: github.fetch,
      sleep: async (ms) => void waits.push(ms),
    }),
    ...given,
    target: {
      repository: { owner: 'octo', name: 'repo' },
      type: 'history',
      items: [],
      since: null,
      until: null,
      include: ['pull-requests'],
      ...options.target,
    },
  });
}

/** 61 pull requests: small ones, empty ones, and one with more than a page in every connection and a thread of three pages. */
export function bigWorld(): World {
  const world = new World();
  for (let i = 0; i < 50; i += 1) {
    world.addPullRequest({
      labels: i % 3,
      comments: i % 5,
      reviews: i % 2,
      threads: i % 4 === 0 ? [2, 1] : [],
    });
  }
  world.addPullRequest({
    labels: 101,
    assignees: 130,
    comments: 250,
    reviews: 307,
    commits: 201,
    files: 333,
    threads: [260, 1, ...Array.from({ length: 88 }, () => 2)],
  });
  for (let i = 0; i < 10; i += 1) world.addPullRequest();
  return world;
}
