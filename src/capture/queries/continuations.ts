import { type ConnectionSpec, THREAD_COMMENTS } from '../connections.ts';
import { RATE_LIMIT, THREAD, withFragments } from './fields.ts';
import type { Connection, ThreadNode } from './nodes.ts';

/** A page of one connection of one node; together with others it makes a request. */
export interface ContinuationPart {
  /** Type of the node that has the connection. */
  parentType: string;
  spec: ConnectionSpec;
  /** The first page of a thread's comments: the thread's own fields are asked with it. */
  isThreadStart: boolean;
}

export type ContinuationData = { repository: { databaseId: number | null } | null } & Record<
  string,
  ContinuationNode | null
>;
export type ContinuationNode = Partial<ThreadNode> & { page?: Connection<never> | null };

/**
 * Pages of many connections at once: part i is alias `p{i}`, of node `$i{i}` after cursor `$c{i}`, `$first` nodes each. The
 * repository goes with them, at no cost: where it is not to be seen, nodes that are not there tell nothing.
 */
export function continuations(parts: readonly ContinuationPart[]): string {
  const variables = parts.map((_, i) => `$i${i}: ID!, $c${i}: String`).join(', ');
  const fields = parts.map(
    ({ parentType, spec, isThreadStart }, i) =>
      `p${i}: node(id: $i${i}) { ... on ${parentType} { ${isThreadStart ? '...Thread ' : ''}` +
      `page: ${spec.field}(first: $first, after: $c${i}${spec.arguments ? `, ${spec.arguments}` : ''}) { ...${spec.type}Page } } }`,
  );
  const specs = new Map(parts.map(({ spec }) => [spec.type, spec]));
  const fragments = [...specs.values()].map(
    ({ type, selection }) =>
      `fragment ${type}Page on ${type} { totalCount pageInfo { hasNextPage endCursor } nodes { ${selection} } }`,
  );
  if (parts.some((part) => part.isThreadStart)) {
    fragments.push(`fragment Thread on PullRequestReviewThread { ${THREAD} }`);
  }
  return withFragments(`
query Continuations($owner: String!, $name: String!, $first: Int!, ${variables}) {
  ${RATE_LIMIT}
  repository(owner: $owner, name: $name) { databaseId }
  ${fields.join('\n  ')}
}
${fragments.join('\n')}`);
}

export function threadStart(): ContinuationPart {
  return { parentType: 'PullRequestReviewThread', spec: THREAD_COMMENTS, isThreadStart: true };
}
