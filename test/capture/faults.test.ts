import { describe, expect, test } from 'vitest';
import { answer, createFakeGitHub, type FakeRequest, type Fault } from './fake-github.ts';
import { MemoryDestination } from './memory-destination.ts';
import { bigWorld, runCapture } from './run-capture.ts';
import { World } from './world.ts';

const TOO_MUCH = {
  message: 'Resource limits for this query exceeded.',
  type: 'RESOURCE_LIMITS_EXCEEDED',
  path: ['repository'],
};

/** Pull requests of a bulk request. */
const pageOf = ({ operation, query, variables }: FakeRequest) =>
  operation === 'PullRequestByNumber' && query.includes('timelineItems')
    ? Object.keys(variables).length - 2
    : 0;

const PASSING_FAULTS: Record<string, () => Response | Promise<Response>> = {
  '502 with HTML': () =>
    answer('<html><body>Unicorn!</body></html>', { status: 502, headers: { 'content-type': 'text/html' } }),
  '504 with JSON': () => answer({ message: 'We couldn’t respond to your request in time' }, { status: 504 }),
  '502 with a GraphQL error': () =>
    answer(
      { data: null, errors: [{ message: 'Something went wrong while executing your query.' }] },
      { status: 502 },
    ),
  'a time-out inside HTTP 200': () =>
    answer({
      data: null,
      errors: [
        { message: 'Something went wrong while executing your query. This may be the result of a timeout' },
      ],
    }),
  '500': () => answer({ message: 'Server Error' }, { status: 500 }),
  '503 with retry-after': () => answer('', { status: 503, headers: { 'retry-after': '2' } }),
  'a truncated body': () => answer('{"data":{"repository":{"pullRequ'),
  'an empty body': () => answer(''),
  'HTML with 200': () => answer('<html>', { headers: { 'content-type': 'text/html' } }),
  'a reset connection': () =>
    Promise.reject(new TypeError('fetch failed', { cause: new Error('read ECONNRESET') })),
  'primary limit, today’s spelling': () =>
    answer(
      {
        errors: [
          { type: 'RATE_LIMIT', code: 'graphql_rate_limit', message: 'API rate limit already exceeded' },
        ],
      },
      reset(30),
    ),
  'primary limit, the older spelling': () =>
    answer({ data: null, errors: [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded' }] }, reset(30)),
  'primary limit beside partial data': () =>
    answer(
      {
        data: { repository: { databaseId: 77, items: null } },
        errors: [{ type: 'RATE_LIMIT', message: 'x' }],
      },
      reset(30),
    ),
  'secondary limit, 403': () =>
    answer(
      { message: 'You have exceeded a secondary rate limit.' },
      { status: 403, headers: { 'retry-after': '60' } },
    ),
  'secondary limit, 429 without retry-after': () => answer({ message: 'Too many' }, { status: 429 }),
  'secondary limit inside HTTP 200': () =>
    answer({ errors: [{ message: 'You have exceeded a secondary rate limit. Please wait.' }] }),
  'an unknown error beside partial data': () =>
    answer({
      data: {
        repository: {
          databaseId: 77,
          items: { totalCount: 61, pageInfo: { hasNextPage: false, endCursor: null }, nodes: [] },
        },
      },
      errors: [{ message: 'Loading error', path: ['repository', 'items', 'nodes', 0, 'comments'] }],
    }),
  'resource limits beside partial data': () =>
    answer({
      data: {
        repository: {
          databaseId: 77,
          items: { totalCount: 61, pageInfo: { hasNextPage: false, endCursor: null }, nodes: [null] },
        },
      },
      errors: [TOO_MUCH],
    }),
};

function reset(seconds: number) {
  const at = Date.parse('2026-03-01T12:00:00Z') / 1000 + seconds;
  return { headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(at) } };
}

describe('passing faults', () => {
  test.each(Object.entries(PASSING_FAULTS))('%s: every row is there, and no other', async (_, fault) => {
    const world = bigWorld();
    let left = 0;
    const isOfGraphql = /GraphQL|HTTP 200|spelling|beside/.test(_);
    const github = createFakeGitHub(world.root(), ({ cost }, index) => {
      if (index % 3 === 2) left = 1;
      if (left === 0 || (isOfGraphql && cost === 0)) return undefined;
      left -= 1;
      return fault();
    });
    const destination = new MemoryDestination();
    const result = await runCapture(github, destination);
    expect(result).toMatchObject({ status: 'complete', gaps: [] });
    expect(destination.uniqueKeys()).toEqual(world.pullRequestKeys());
  });

  test('a token that expires in the middle is renewed once', async () => {
    const world = bigWorld();
    let valid = 'first';
    const github = createFakeGitHub(world.root(), ({ headers }, index) => {
      if (index === 2) valid = 'second';
      return headers.get('authorization') === `bearer ${valid}`
        ? undefined
        : answer({ message: 'Bad credentials' }, { status: 401 });
    });
    let held = 'first';
    const rejected: string[] = [];
    const token = async (refused?: string) => {
      if (refused !== undefined) {
        rejected.push(refused);
        held = 'second';
      }
      return held;
    };
    const destination = new MemoryDestination();
    const result = await runCapture(github, destination, { token });
    expect(result.status).toBe('complete');
    expect(rejected).toEqual(['first']);
    expect(destination.keys()).toEqual(world.pullRequestKeys());
  });
});

describe('faults that stay', () => {
  test.each<[string, () => Response]>([
    ['resource limits', () => answer({ data: { repository: null }, errors: [TOO_MUCH] })],
    ['a time-out', () => answer('', { status: 504 })],
  ])('people that GitHub can not count (%s): the other counts are told', async (_, fault) => {
    const github = createFakeGitHub(bigWorld().root(), ({ operation }) =>
      operation === 'RepositoryWithPeople' ? fault() : undefined,
    );
    const destination = new MemoryDestination();
    const result = await runCapture(github, destination, { target: { type: 'classify' } });
    expect(result).toMatchObject({
      status: 'complete',
      warnings: [expect.stringContaining('could not be counted')],
    });
    const [row] = destination.of('repositories');
    expect(row).toMatchObject({ pull_requests_count: 61 });
    expect(row).not.toHaveProperty('contributors_count');
    expect(row).not.toHaveProperty('counted_at');
  });

  /** GraphQL answers for the repository and for the first pull requests, and then no more. */
  const always = (response: () => Response | Promise<Response>): Fault => {
    let asked = 0;
    return ({ cost }) => {
      if (cost > 0) asked += 1;
      return cost > 0 && asked > 2 ? response() : undefined;
    };
  };

  test.each([
    [
      'a refused token',
      () => answer({ message: 'Bad credentials' }, { status: 401 }),
      'unauthorized',
      'give a valid one',
    ],
    [
      'a missing permission',
      () =>
        answer(
          { message: 'Resource not accessible by integration' },
          {
            status: 403,
            headers: { 'x-accepted-github-permissions': 'pull_requests=read' },
          },
        ),
      'forbidden',
      'pull_requests=read',
    ],
    [
      'a missing permission inside HTTP 200',
      () =>
        answer({
          data: { repository: { databaseId: 77, items: null } },
          errors: [
            {
              type: 'FORBIDDEN',
              message: 'Resource not accessible by integration',
              path: ['repository', 'items'],
            },
          ],
        }),
      'forbidden',
      'octo/repo',
    ],
    [
      'no connection',
      () => Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })),
      'unreachable',
      'ECONNREFUSED',
    ],
    [
      'not GitHub',
      () => answer('<html>', { headers: { 'content-type': 'text/html' } }),
      'unexpected_answer',
      'not a GraphQL result',
    ],
    [
      'no GraphQL there',
      () => answer({ message: 'Not Found' }, { status: 404 }),
      'not_found',
      'check the address',
    ],
  ] as const)('%s: %s', async (_, response, code, text) => {
    const destination = new MemoryDestination();
    const run = runCapture(createFakeGitHub(bigWorld().root(), always(response)), destination);
    await expect(run).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
    // What was fetched before is kept.
    expect(new Set(destination.of('pull_requests').map(({ number }) => number)).size).toBe(37);
  });

  test('a wait above the allowed one ends the run as continue, and the next goes on', async () => {
    const world = bigWorld();
    let asked = 0;
    const github = createFakeGitHub(world.root(), ({ cost }) => {
      if (cost > 0) asked += 1;
      const isThird = cost > 0 && asked === 3;
      return isThird ? answer({ errors: [{ type: 'RATE_LIMIT', message: 'x' }] }, reset(1_800)) : undefined;
    });
    const destination = new MemoryDestination();
    const waits: number[] = [];
    const result = await runCapture(github, destination, { maxWaitMs: 300_000, waits });
    expect(result.status).toBe('continue');
    const waitMs = (result.continueAt?.getTime() ?? 0) - Date.now();
    expect(waitMs).toBeGreaterThan(1_790_000);
    expect(waitMs).toBeLessThanOrEqual(1_801_001);
    expect(waits).toEqual([]);
    expect(new Set(destination.of('pull_requests').map(({ number }) => number)).size).toBe(37);
    expect(await runCapture(github, destination)).toMatchObject({ status: 'complete' });
    expect(destination.uniqueKeys()).toEqual(world.pullRequestKeys());
  });

  test.each([
    ['a cursor', { type: 'issues', include: [] }, '"endCursor":"stuck"'],
    ['a link', { type: 'history', include: ['pull-requests'] }, null],
  ] as const)(
    '%s that does not move ends the run with an error, not in a loop',
    async (_, target, cursor) => {
      const world = bigWorld();
      for (let i = 0; i < 120; i += 1) world.addIssue();
      const github = createFakeGitHub(world.root());
      const { fetch } = github;
      github.fetch = async (url, init) => {
        const response = await fetch(url, init);
        const body = await response.text();
        if (cursor !== null) return answer(body.replaceAll(/"endCursor":"[^"]*"/g, cursor));
        return answer(body, { headers: { link: `<${url}>; rel="next"` } });
      };
      const listed = target.type === 'issues' ? { ...target, type: 'history', include: ['issues'] } : target;
      await expect(
        runCapture(github, new MemoryDestination(), { target: listed as never }),
      ).rejects.toMatchObject({
        code: 'unexpected_answer',
        message: expect.stringContaining('does not lead on'),
      });
    },
  );
});

describe('page size', () => {
  test.each([
    ['RESOURCE_LIMITS_EXCEEDED', () => answer({ data: { repository: null }, errors: [TOO_MUCH] })],
    [
      'MAX_NODE_LIMIT_EXCEEDED',
      () => answer({ errors: [{ type: 'MAX_NODE_LIMIT_EXCEEDED', message: 'x' }] }),
    ],
    ['502', () => answer('', { status: 502 })],
    ['504', () => answer('', { status: 504 })],
  ])('shrinks on %s, and settles below what fails', async (_, fault) => {
    const world = new World();
    for (let i = 0; i < 300; i += 1) world.addPullRequest({ comments: 1 });
    const github = createFakeGitHub(world.root(), (request) => (pageOf(request) > 7 ? fault() : undefined));
    const destination = new MemoryDestination();
    const result = await runCapture(github, destination);
    expect(result).toMatchObject({ status: 'complete', pullRequests: 300 });
    expect(destination.keys()).toEqual(world.pullRequestKeys());
    const failed = github.requests.filter((request) => pageOf(request) > 7).length;
    // Two requests under way, and what may be a passing fault is tried twice.
    expect(failed).toBeLessThanOrEqual(16);
    expect(github.requests.filter((request) => pageOf(request) === 7).length).toBeGreaterThan(20);
  });

  test('is remembered in the checkpoint', async () => {
    const world = new World();
    for (let i = 0; i < 60; i += 1) world.addPullRequest();
    const tooLarge: Fault = (request) => (pageOf(request) > 5 ? answer({ errors: [TOO_MUCH] }) : undefined);
    const destination = new MemoryDestination();
    const abort = new AbortController();
    const first = createFakeGitHub(world.root(), (request, index) => {
      if (index === 12) abort.abort();
      return tooLarge(request, index);
    });
    await runCapture(first, destination, { signal: abort.signal });
    const second = createFakeGitHub(world.root(), tooLarge);
    await runCapture(second, destination);
    expect(first.requests.filter((request) => pageOf(request) > 5).length).toBeGreaterThan(3);
    // It probes at most whether a little more would do.
    expect(second.requests.filter((request) => pageOf(request) > 6)).toEqual([]);
    expect(destination.keys()).toEqual(world.pullRequestKeys());
  });

  test('a pull request that fails even alone is fetched in parts, and the others are not held up', async () => {
    const world = bigWorld();
    const github = createFakeGitHub(world.root(), async (request) =>
      // Whatever request holds number 51 with what hangs on it is too much.
      pageOf(request) > 0 && Object.values(request.variables).includes(51)
        ? answer({ errors: [TOO_MUCH] })
        : undefined,
    );
    const destination = new MemoryDestination();
    const result = await runCapture(github, destination);
    expect(result).toMatchObject({ status: 'complete', pullRequests: 61, gaps: [] });
    const keys = destination.keys();
    expect(keys).toEqual(world.pullRequestKeys());
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
  });

  test('a pull request asked for by its number that is too much is not asked for again and again', async () => {
    const world = bigWorld();
    const github = createFakeGitHub(world.root(), ({ operation, query }) =>
      operation === 'PullRequestByNumber' && query.includes('reviewThreads')
        ? answer({ errors: [TOO_MUCH] })
        : undefined,
    );
    const destination = new MemoryDestination();
    const result = await runCapture(github, destination, { target: { type: 'pull_requests', items: [51] } });
    expect(result).toMatchObject({ status: 'complete', pullRequests: 1 });
    expect(destination.of('files')).toHaveLength(333);
    // One and four retries; then by its scalars, once.
    const byNumber = github.requests.filter(({ operation }) => operation === 'PullRequestByNumber');
    expect(byNumber).toHaveLength(6);
  });

  test('what can not be had in any way is a gap, and its pull request gets no snapshot', async () => {
    const world = bigWorld();
    const bad = world.pullRequests[50];
    const github = createFakeGitHub(world.root(), ({ query, variables }) => {
      const index = [
        ...query.matchAll(/p(\d+): node\(id: \$i\d+\) \{ \.\.\. on PullRequest \{ page: files/g),
      ].find(([, i]) => variables[`i${i}`] === bad?.id);
      return index ? answer('', { status: 502 }) : undefined;
    });
    const destination = new MemoryDestination();
    const result = await runCapture(github, destination);
    expect(result.status).toBe('incomplete');
    expect(result.gaps).toEqual([expect.objectContaining({ number: 51, connection: 'files' })]);
    expect(destination.of('files')).toHaveLength(100);
    expect(destination.of('reviews').length).toBe(307 + 25);
    const snapshots = destination.of('snapshots').filter((row) => row.pull_request_id !== undefined);
    expect(snapshots).toHaveLength(60);
  });

  describe('what is deleted after GitHub has listed it', () => {
    test('a pull request, while a capture waits: the capture is complete without it', async () => {
      const world = bigWorld();
      const waiting = createFakeGitHub(world.root(), ({ operation }) =>
        operation === 'Continuations'
          ? answer({ errors: [{ type: 'RATE_LIMIT', message: 'x' }] }, reset(1_800))
          : undefined,
      );
      const destination = new MemoryDestination();
      expect(await runCapture(waiting, destination)).toMatchObject({ status: 'continue', gaps: [] });
      const [pull] = world.pullRequests.splice(50, 1);
      world.nodes.delete(String(pull?.id));
      expect(await runCapture(createFakeGitHub(world.root()), destination)).toMatchObject({
        ...{ status: 'complete', gaps: [], progress: { done: 60, total: 60 } },
        warnings: ['Number 51 was listed and is there no more'],
      });
      expect(destination.uniqueKeys().snapshots).toEqual(world.pullRequestKeys().snapshots);
    });

    test('a review thread: its pull request is complete without it', async () => {
      const world = bigWorld();
      const thread = [...world.nodes.keys()].findLast((id) => id.startsWith('T_'));
      const github = createFakeGitHub(world.root(), ({ operation }) => {
        if (operation === 'Continuations') world.nodes.delete(String(thread));
        return undefined;
      });
      const destination = new MemoryDestination();
      const result = await runCapture(github, destination, {
        target: { type: 'pull_requests', items: [51] },
      });
      expect(result).toMatchObject({
        ...{ status: 'complete', pullRequests: 1, gaps: [] },
        warnings: ['A review thread of number 51 was listed and is there no more'],
      });
      expect(destination.of('review_threads')).toHaveLength(89);
      expect(destination.of('snapshots')).toHaveLength(1);
    });

    test('but nothing counts as deleted where the repository itself is seen no more', async () => {
      const github = createFakeGitHub(bigWorld().root(), ({ operation }) =>
        operation === 'Continuations'
          ? answer({
              data: { repository: null, p0: null },
              errors: [{ type: 'NOT_FOUND', message: 'Could not resolve to a node', path: ['p0'] }],
            })
          : undefined,
      );
      await expect(runCapture(github, new MemoryDestination())).rejects.toMatchObject({ code: 'not_found' });
    });
  });

  test('what GitHub counts and does not show is asked once more, and then told', async () => {
    const world = new World();
    for (let i = 0; i < 3; i += 1) world.addPullRequest({ reviews: 3, comments: 20 });
    const counting = (name: string, more: number, isShown: () => boolean) => {
      const [node] = world.pullRequests;
      const whole = node?.[name] as (args: { first: number }) => { totalCount: number; nodes: unknown[] };
      Object.assign(node ?? {}, {
        [name]: (args: { first: number }) => {
          const page = whole(args);
          const nodes = isShown() ? page.nodes : page.nodes.slice(0, -more);
          return { ...page, totalCount: page.totalCount, nodes };
        },
      });
    };
    let asked = 0;
    counting('timelineItems', 1, () => {
      asked += 1;
      return asked > 1;
    });
    const hasty = new MemoryDestination();
    const passing = await runCapture(createFakeGitHub(world.root()), hasty);
    expect(passing).toMatchObject({ status: 'complete', warnings: [] });
    expect(hasty.uniqueKeys()).toEqual(world.pullRequestKeys());

    // The timeline does not show it, and neither does the list of reviews by itself.
    counting('timelineItems', 1, () => false);
    counting('reviews', 1, () => false);
    const destination = new MemoryDestination();
    const result = await runCapture(createFakeGitHub(world.root()), destination);
    expect(result).toMatchObject({
      status: 'complete',
      warnings: ['GitHub shows fewer reviews of number 1 than it counts'],
    });
    expect(new Set(destination.of('reviews').map(({ id }) => id)).size).toBe(8);
    const totals = destination.of('pull_requests').findLast((row) => row.number === 1);
    expect(totals).toMatchObject({ reviews_count: 3, comments_count: 20, commits_count: 0 });
  });

  test('a list that ends before GitHub’s count is told', async () => {
    const world = new World();
    for (let i = 0; i < 30; i += 1) world.addPullRequest();
    const { fetch, ...rest } = createFakeGitHub(world.root());
    const github = {
      ...rest,
      fetch: async (url: string, init: RequestInit) =>
        answer((await (await fetch(url, init)).text()).replaceAll('"totalCount":30', '"totalCount":32')),
    };
    const result = await runCapture(github, new MemoryDestination());
    expect(result.warnings).toEqual(['GitHub counts 32 pull requests and lists 30']);
  });

  test('GitHub’s words about a gap are such that a database can hold them', async () => {
    const world = bigWorld();
    const bad = world.pullRequests[2];
    const github = createFakeGitHub(world.root(), ({ operation }) =>
      operation === 'PullRequestByNumber'
        ? answer({
            data: { repository: { databaseId: 77, i0: null } },
            errors: [
              { type: 'NOT_FOUND', path: ['repository', 'i0'], message: `a\0\ud800${'x'.repeat(9_000)}` },
            ],
          })
        : undefined,
    );
    const result = await runCapture(github, new MemoryDestination(), {
      target: { type: 'pull_requests', items: [Number(bad?.number)] },
    });
    expect(result.gaps).toEqual([
      { number: bad?.number, connection: 'pullRequest', reason: `a\ufffd\ufffd${'x'.repeat(297)}` },
    ]);
  });

  test('a pull request that GitHub answers with null is a gap', async () => {
    const world = new World();
    for (let i = 0; i < 5; i += 1) world.addPullRequest({ comments: 1 });
    const broken = world.pullRequests[2];
    if (broken) {
      broken.title = () => {
        throw new Error('boom');
      };
    }
    const destination = new MemoryDestination();
    const result = await runCapture(createFakeGitHub(world.root()), destination);
    expect(result.status).toBe('incomplete');
    expect(result.gaps).toEqual([expect.objectContaining({ number: 3, connection: 'pullRequest' })]);
    expect(destination.of('pull_requests').map((row) => row.number)).toEqual([1, 2, 3, 4, 5, 3]);
    expect(destination.of('pull_requests')[5]).toMatchObject({ comments_count: 1, files_count: 0 });
    expect(destination.of('comments')).toHaveLength(5);
  });
});
