import type { CaptureRow } from '../destination/destination.ts';
import type { Need, OpenItem } from './checkpoint.ts';
import type { ConnectionSpec } from './connections.ts';
import type { DetailLevel, ItemKind } from './item-kinds.ts';
import type { Connection, ItemNode } from './queries/nodes.ts';
import type { RowContext } from './rows/nested.ts';
import { databaseIdOf } from './rows/people.ts';

/** An item as far as one answer tells it: rows, and what must still be asked. */
export interface ItemReading {
  rows: CaptureRow[];
  needs: Need[];
  item: OpenItem;
}

/** Reads an item's node; null when GitHub tells no id for it. */
export function readItem(
  kind: ItemKind,
  node: ItemNode,
  level: DetailLevel,
  context: { repositoryId: number; capturedAt: string },
): ItemReading | null {
  const id = databaseIdOf(node);
  if (id === null) return null;
  const { repositoryId, capturedAt } = context;
  const parent = { item: id, number: node.number, node: node.id };
  const row: RowContext = { itemId: id, itemKind: kind.name, threadId: null, capturedAt };
  const counts: Record<string, number> = {};
  const nested: CaptureRow[] = [];
  const needs: Need[] = [];
  for (const spec of kind.connections) {
    const connection = connectionOf(node, spec.field);
    if (connection === null) {
      // Not asked, or null: GitHub can't compute it beside the others. By itself it gets another chance.
      needs.push({ ...parent, connection: spec.field, cursor: null, expected: null, lacksCount: true });
      continue;
    }
    counts[spec.countColumn] = connection.totalCount;
    const page = readConnection(spec, connection, row, parent);
    // What is missing here may be there when it is asked by itself.
    if (page.hasHoles || page.isShort) {
      needs.push({
        ...parent,
        connection: spec.field,
        cursor: null,
        expected: connection.totalCount,
        lacksCount: false,
      });
      continue;
    }
    nested.push(...page.rows);
    needs.push(...page.needs);
  }
  const base = kind.toRows(minimumOf(node), repositoryId, {}, capturedAt)[0]?.row ?? null;
  return {
    rows: [...kind.toRows(node, repositoryId, counts, capturedAt), ...nested],
    needs,
    item: {
      id,
      number: node.number,
      startedAt: capturedAt,
      isBroken: level === 'minimum',
      base: needs.some((need) => need.lacksCount) ? base : null,
    },
  };
}

/** The rows of one page of a connection, and what it leaves to be asked: its next page, and the threads that it lists. */
export function readConnection(
  spec: ConnectionSpec,
  connection: Connection<never>,
  context: RowContext,
  parent: Pick<Need, 'item' | 'number' | 'node'>,
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

function threadNeed(thread: { id: string }, parent: Pick<Need, 'item' | 'number'>): Need {
  const { item, number } = parent;
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
