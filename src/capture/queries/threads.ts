import { PULL_REQUEST_MINIMUM, RATE_LIMIT, THREAD, withFragments } from './fields.ts';
import type { Connection, Identified, ItemNode, ThreadNode } from './nodes.ts';

export interface ThreadsData {
  repository: ({ databaseId: number | null } & Record<string, PullRequestOfThreads | null>) | null;
}
export type RootNode = { comments: { nodes: (Identified | null)[] | null } };
export type PullRequestOfThreads = ItemNode & { reviewThreads: Connection<ThreadNode> | null };

/**
 * A page of the review threads of pull requests (number `$n0` after cursor `$a0` is alias `i0`, …), without their comments; and the first comment of
 * threads (by node id, aliases `t0`, `t1`, …). Each costs one connection: 148 of them a point.
 */
export function threadsOf(pullRequests: number, threads: number): string {
  const numbers = range(pullRequests).map((i) => `$n${i}: Int! $a${i}: String`);
  const ids = range(threads).map((i) => `$t${i}: ID!`);
  const pulls = range(pullRequests).map(
    (i) =>
      `i${i}: pullRequest(number: $n${i}) { ...Item reviewThreads(first: 100, after: $a${i}) { ...Page } }`,
  );
  const roots = range(threads).map((i) => `t${i}: node(id: $t${i}) { ...Root }`);
  return withFragments(`
query ReviewThreads($owner: String!, $name: String!, ${[...numbers, ...ids].join(' ')}) {
  ${RATE_LIMIT}
  repository(owner: $owner, name: $name) { databaseId ${pulls.join('\n    ')} }
  ${roots.join('\n  ')}
}
${pullRequests > 0 ? ITEM : ''}
${threads > 0 ? `fragment Root on PullRequestReviewThread { ${ROOT} }` : ''}`);
}

const ITEM = `
fragment Item on PullRequest { ${PULL_REQUEST_MINIMUM} }
fragment Page on PullRequestReviewThreadConnection {
  totalCount pageInfo { hasNextPage endCursor } nodes { ${THREAD} }
}`;
const ROOT = 'comments(first: 1) { nodes { databaseId fullDatabaseId } }';

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
