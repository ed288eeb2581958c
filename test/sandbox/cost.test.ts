import { getOperationAST, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { judgeCost } from '../../sandbox/graphql/cost.ts';
import { githubSchema } from '../../sandbox/graphql/execute.ts';

function judge(query: string, variables: Record<string, unknown> = {}) {
  const document = parse(query);
  const operation = getOperationAST(document);
  if (!operation) throw new Error('no operation');
  return judgeCost(githubSchema(), document, operation, variables);
}

const pulls = (first: number, selection: string) =>
  `{ repository(owner: "a", name: "b") { pullRequests(first: ${first}) { nodes { ${selection} } } } }`;
const flat = (name: string) => `${name}(first: 100) { nodes { __typename } }`;

describe('points', () => {
  it("are 51 for the example of GitHub's documentation", () => {
    const cost = judge(
      '{ viewer { repositories(first: 100) { nodes { issues(first: 50) { nodes { labels(first: 60) { nodes { id } } } } } } } }',
    );
    expect(cost).toMatchObject({ points: 51, nodes: 100 + 5_000 + 300_000 });
  });

  it.each([
    { first: 20, threads: 50, comments: 50, points: 11 },
    { first: 5, threads: 50, comments: 50, points: 3 },
    { first: 5, threads: 20, comments: 20, points: 1 },
  ])('round to nearest: $first x $threads x $comments is $points', ({ first, threads, comments, points }) => {
    const threaded = `reviewThreads(first: ${threads}) { nodes { comments(first: ${comments}) { nodes { id } } } }`;
    expect(judge(pulls(first, `${flat('labels')} ${flat('reviews')} ${threaded}`)).points).toBe(points);
  });

  it.each([
    { size: 49, connections: 3, points: 1 },
    { size: 50, connections: 3, points: 2 },
    { size: 37, connections: 4, points: 1 },
    { size: 38, connections: 4, points: 2 },
    { size: 24, connections: 6, points: 1 },
    { size: 25, connections: 6, points: 2 },
    { size: 100, connections: 1, points: 1 },
  ])('of a page of $size with $connections flat connections: $points', ({ size, connections, points }) => {
    const names = ['labels', 'comments', 'reviews', 'commits', 'files', 'reviewThreads'].slice(
      0,
      connections,
    );
    expect(judge(pulls(size, names.map(flat).join(' '))).points).toBe(points);
  });

  it('count fragments, aliases and variables as GitHub runs them', () => {
    const query = `query ($size: Int = 100) { repository(owner: "a", name: "b") {
      one: pullRequests(first: $size) { nodes { ...parts } } two: pullRequests(first: $size) { nodes { ...parts } } } }
      fragment parts on PullRequest { reviews(first: 1) { nodes { id } } }`;
    expect(judge(query, { size: 100 }).points).toBe(2);
    expect(judge(query, { size: 10 }).points).toBe(1);
  });

  it('count every id of nodes(ids:) as a parent', () => {
    const ids = Array.from({ length: 100 }, (_, index) => String(index));
    const query = `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on PullRequestReviewThread { ${flat('comments')} ${flat('comments').replace('comments', 'more: comments')} } } }`;
    expect(judge(query, { ids }).points).toBe(2);
  });
});

describe('refusals', () => {
  it.each([0, 101, -1])('of a page of %i', (first) => {
    expect(judge(pulls(first, 'id')).errors).toMatchObject([
      {
        type: 'EXCESSIVE_PAGINATION',
        message: `Requesting ${first} records on the \`pullRequests\` connection exceeds the \`first\` limit of 100 records.`,
      },
    ]);
  });

  it('of a connection without first and last, except for its total', () => {
    const ask = (selection: string) =>
      judge(`{ repository(owner: "a", name: "b") { pullRequests { ${selection} } } }`).errors;
    expect(ask('totalCount')).toEqual([]);
    expect(ask('nodes { id }')).toMatchObject([
      {
        type: 'MISSING_PAGINATION_BOUNDARIES',
        message:
          'You must provide a `first` or `last` value to properly paginate the `pullRequests` connection.',
      },
    ]);
  });

  it('of more than 500,000 nodes, at the connection that goes beyond', () => {
    const ask = (size: number) =>
      judge(pulls(size, `reviewThreads(first: 100) { nodes { comments(first: 100) { nodes { id } } } }`))
        .errors;
    expect(ask(49)).toEqual([]);
    expect(ask(50)).toMatchObject([
      {
        type: 'MAX_NODE_LIMIT_EXCEEDED',
        message:
          'By the time this query traverses to the comments connection, it is requesting up to 505,050 possible nodes which exceeds the maximum limit of 500,000.',
      },
    ]);
  });

  it('of more than 100 node ids', () => {
    const ids = Array.from({ length: 101 }, () => 'x');
    const errors = judge('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids }).errors;
    expect(errors).toMatchObject([{ type: 'ARGUMENT_LIMIT' }]);
    expect(errors[0]?.message).toContain('You may not provide more than 100 node ids');
  });
});
