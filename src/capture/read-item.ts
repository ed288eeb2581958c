import type { CaptureRow } from '../destination/destination.ts';
import type { Need, OpenItem } from './checkpoint.ts';
import {
  type ConnectionSpec,
  TIMELINE,
  TIMELINE_COMMITS,
  TIMELINE_COUNTS,
  TIMELINE_PARTS,
} from './connections.ts';
import type { DetailLevel, ItemKind } from './item-kinds.ts';
import type { Connection, ItemNode, PullRequestNode } from './queries/nodes.ts';
import type { PullRequestOfThreads } from './queries/threads.ts';
import type { RowContext } from './rows/nested.ts';
import { databaseIdOf } from './rows/people.ts';

/** An item as far as one answer tells it: rows, and what must still be asked. */
export interface ItemReading {
  rows: CaptureRow[];
  needs: Need[];
  item: OpenItem;
}

export interface ItemContext {
  repositoryId: number;
  capturedAt: string;
  /** When its capture began, if that was before this answer. */
  startedAt?: string;
  /** Part of it is listed or walked apart. */
  isBulk?: boolean;
  /** Rows and totals that other lists told of it. */
  listed?: { rows: (itemId: number) => CaptureRow[]; counts: Record<string, number> };
  /** What no list told, and was not asked: it is asked by itself. */
  unlisted?: readonly ConnectionSpec[];
}

type Parent = Pick<Need, 'item' | 'number' | 'node'>;

/** Reads an item's node; null when GitHub tells no id for it. */
export function readItem(
  kind: ItemKind,
  node: ItemNode & Partial<PullRequestNode & PullRequestOfThreads>,
  level: DetailLevel,
  context: ItemContext,
): ItemReading | null {
  const id = databaseIdOf(node);
  if (id === null) return null;
  const { repositoryId, capturedAt, startedAt = capturedAt, isBulk = false, listed, unlisted = [] } = context;
  const parent = { item: id, number: node.number, node: node.id };
  const row: RowContext = { itemId: id, itemKind: kind.name, threadId: null, capturedAt };
  const counts: Record<string, number> = { ...listed?.counts };
  const later: Record<string, number> = {};
  const nested: CaptureRow[] = listed?.rows(id) ?? [];
  const needs: Need[] = unlisted.map((spec) => wholeNeed(spec, parent));
  for (const spec of isBulk ? kind.bulkConnections : kind.connections) {
    const connection = connectionOf(node, spec.field);
    if (spec === TIMELINE) {
      const timeline = readTimeline(connection, row, parent, {}, connection?.totalCount ?? null);
      nested.push(...timeline.rows);
      needs.push(...timeline.needs);
      Object.assign(timeline.needs.length === 0 ? counts : later, timeline.counts);
      continue;
    }
    if (connection === null) {
      // Not asked, or null: GitHub can't compute it beside the others. By itself it gets another chance.
      needs.push(wholeNeed(spec, parent));
      continue;
    }
    if (spec.countColumn !== null) counts[spec.countColumn] = connection.totalCount;
    const page = readConnection(spec, connection, row, parent);
    // What is missing here may be there when it is asked by itself.
    if (page.hasHoles || page.isShort) {
      needs.push({ ...wholeNeed(spec, parent), expected: connection.totalCount, lacksCount: false });
      continue;
    }
    nested.push(...page.rows);
    needs.push(...page.needs);
  }
  // The totals of a thread's comments come with them.
  if (!isBulk && kind.name === 'pull_request') {
    const hasThreads = needs.some(({ connection }) =>
      ['threadComments', 'reviewThreads'].includes(connection),
    );
    (hasThreads ? later : counts).review_comments_count = 0;
  }
  const { totalCommentsCount = null } = node;
  if (isBulk) {
    Object.assign(counts, reviewTotals(totalCommentsCount, counts));
    if (node.reviewThreads) counts.review_threads_count = node.reviewThreads.totalCount;
  }
  return {
    rows: [...kind.toRows(node, repositoryId, counts, capturedAt), ...nested],
    needs,
    item: {
      id,
      number: node.number,
      startedAt,
      isBroken: level === 'minimum',
      scope: isBulk ? 'items' : 'all',
      base: kind.toRows(minimumOf(node), repositoryId, {}, capturedAt)[0]?.row ?? {},
      counts: later,
      totalComments: isBulk ? totalCommentsCount : null,
    },
  };
}

/**
 * A page of the timeline, which holds three connections together. `counts` is what the pages before held of each; once it is read
 * to its end, GitHub's total of the three is the sum. Where that is not so, or its bound of commits may be reached, the
 * three are asked one by one, and `counts` is null.
 */
export function readTimeline(
  connection: Connection<never> | null,
  context: RowContext,
  parent: Parent,
  counts: Readonly<Record<string, number>>,
  expected: number | null,
): { rows: CaptureRow[]; needs: Need[]; counts: Record<string, number> | null } {
  const parts = TIMELINE_PARTS.map((spec) => wholeNeed(spec, parent));
  if (connection === null) return { rows: [], needs: parts, counts: null };
  const sum: Record<string, number> = { comments_count: 0, reviews_count: 0, commits_count: 0, ...counts };
  for (const node of (connection.nodes ?? []) as ({ __typename: string } | null)[]) {
    const column = node && TIMELINE_COUNTS[node.__typename];
    if (column) sum[column] = (sum[column] ?? 0) + 1;
  }
  const page = readConnection(TIMELINE, connection, context, parent, expected ?? connection.totalCount);
  const mayBeCut = !connection.pageInfo.hasNextPage && (sum.commits_count ?? 0) >= TIMELINE_COMMITS;
  if (page.hasHoles || page.isShort || mayBeCut) return { rows: page.rows, needs: parts, counts: null };
  return { rows: page.rows, needs: page.needs, counts: sum };
}

/** The rows of one page of a connection, and what it leaves to be asked: its next page, and the threads that it lists. */
export function readConnection(
  spec: ConnectionSpec,
  connection: Connection<never>,
  context: RowContext,
  parent: Parent,
  /** How many nodes were expected before this page. */
  remaining = connection.totalCount,
): { rows: CaptureRow[]; needs: Need[]; hasHoles: boolean; isShort: boolean } {
  const nodes = connection.nodes ?? [];
  const rows: CaptureRow[] = [];
  const needs: Need[] = [];
  let hasHoles = connection.nodes === null && connection.totalCount > 0;
  for (const node of nodes) {
    if (node === null) {
      hasHoles = true;
      continue;
    }
    if (spec.field === 'reviewThreads') needs.push(threadNeed(node, parent));
    const made = spec.toRows(node, context);
    if (made.some(({ row }) => row.id === null) || (made.length === 0 && spec.field === 'assignees'))
      hasHoles = true;
    else rows.push(...made);
  }
  if (connection.pageInfo.hasNextPage) {
    needs.push({
      ...parent,
      connection: context.threadId === null ? spec.field : 'threadComments',
      cursor: connection.pageInfo.endCursor,
      expected: Math.max(1, remaining - nodes.length),
      lacksCount: false,
    });
  }
  // At its end the connection has shown fewer nodes than it counts.
  const isShort = !connection.pageInfo.hasNextPage && nodes.length < remaining;
  return { rows, needs, hasHoles, isShort };
}

/** A connection that is asked from its beginning, with its total. */
function wholeNeed(spec: ConnectionSpec, parent: Parent): Need {
  return { ...parent, connection: spec.field, cursor: null, expected: null, lacksCount: true };
}

function threadNeed(thread: { id: string }, { item, number }: Parent): Need {
  return {
    item,
    number,
    node: thread.id,
    connection: 'threadComments',
    cursor: null,
    expected: null,
    lacksCount: false,
  };
}

/**
 * GitHub's own count of a pull request's review comments: all of its comments less those of the conversation. Where there
 * are none, there are no threads.
 */
export function reviewTotals(
  totalComments: number | null,
  { comments_count: comments }: Readonly<Record<string, number>>,
): Record<string, number> {
  if (totalComments === null || comments === undefined) return {};
  const reviewComments = Math.max(0, totalComments - comments);
  return { review_comments_count: reviewComments, ...(reviewComments === 0 && { review_threads_count: 0 }) };
}

function connectionOf(node: ItemNode, name: string): Connection<never> | null {
  return (node as unknown as Record<string, Connection<never> | null | undefined>)[name] ?? null;
}

function minimumOf({
  id,
  databaseId,
  fullDatabaseId,
  number,
  state,
  createdAt,
  updatedAt,
}: ItemNode): ItemNode {
  return { id, databaseId, fullDatabaseId, number, state, createdAt, updatedAt };
}
