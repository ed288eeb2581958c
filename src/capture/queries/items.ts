import type { DetailLevel, ItemKind } from '../item-kinds.ts';
import { RATE_LIMIT, THREAD, withFragments } from './fields.ts';
import type { Connection, ItemNode, PageInfo } from './nodes.ts';

export interface ItemPageData {
  repository: { databaseId: number | null; items: Connection<ItemNode> } | null;
}
export interface ItemsByNumberData {
  repository: ({ databaseId: number | null } & Record<string, ItemNode | null>) | null;
}
export interface ChangedPageData {
  repository: {
    databaseId: number | null;
    items: ChangedPage;
  } | null;
}
export interface ChangedPage {
  totalCount: number;
  pageInfo: PageInfo;
  nodes: ({ number: number; updatedAt: string } | null)[] | null;
}
export interface TotalsPageData {
  repository: {
    databaseId: number | null;
    items: { totalCount: number; pageInfo: PageInfo; nodes: (TotalsNode | null)[] | null };
  } | null;
}
export type TotalsNode = { number: number } & Record<string, { totalCount: number } | null | number>;

const PAGE_INFO = 'pageInfo { hasNextPage endCursor }';
const THREADS_OF_ITEM = `
fragment Threads on PullRequest {
  reviewThreads(first: 100) { totalCount ${PAGE_INFO} nodes { ${THREAD} } }
}`;

/** A page of items by creation: new ones come at the end, so a cursor stays good for ever. */
export function itemPage(kind: ItemKind, level: DetailLevel): string {
  return withFragments(`
query ${kind.type}Page($owner: String!, $name: String!, $first: Int!, $after: String) {
  ${RATE_LIMIT}
  repository(owner: $owner, name: $name) {
    databaseId
    items: ${kind.listField}(first: $first, after: $after, orderBy: { field: CREATED_AT, direction: ASC }) {
      totalCount ${PAGE_INFO}
      nodes { ${itemSelection(kind, level)} }
    }
  }
}`);
}

/**
 * Single items, as aliases `i0`, `i1`, … with their numbers in `$n0`, `$n1`, …
 * @param withThreads which of them are pull requests that are asked for their review threads too
 */
export function itemsByNumber(
  kind: ItemKind,
  level: DetailLevel,
  count: number,
  withThreads: (index: number) => boolean = () => false,
): string {
  const aliases = each(count, (i) => {
    const more = withThreads(i) ? ' ...Threads' : '';
    return `i${i}: ${kind.oneField}(number: $n${i}) { ...Item${more} }`;
  });
  return withFragments(`
query ${kind.type}ByNumber($owner: String!, $name: String!, ${numberVariables(count)}) {
  ${RATE_LIMIT}
  repository(owner: $owner, name: $name) {
    databaseId
    ${aliases}
  }
}
fragment Item on ${kind.type} { ${itemSelection(kind, level)} }
${aliases.includes('...Threads') ? THREADS_OF_ITEM : ''}`);
}

/** Which items changed, the latest first: one that changes during the walk moves to the front, so none is passed over. */
export function changedPage(kind: ItemKind): string {
  return `
query ${kind.type}Changed($owner: String!, $name: String!, $first: Int!, $after: String) {
  ${RATE_LIMIT}
  repository(owner: $owner, name: $name) {
    databaseId
    items: ${kind.listField}(first: $first, after: $after, orderBy: { field: UPDATED_AT, direction: DESC }) {
      totalCount ${PAGE_INFO}
      nodes { number updatedAt }
    }
  }
}`;
}

/** GitHub's totals of every connection, for comparison with what is stored. */
export function totalsPage(kind: ItemKind): string {
  return `
query ${kind.type}Totals($owner: String!, $name: String!, $first: Int!, $after: String) {
  ${RATE_LIMIT}
  repository(owner: $owner, name: $name) {
    databaseId
    items: ${kind.listField}(first: $first, after: $after, orderBy: { field: CREATED_AT, direction: ASC }) {
      totalCount ${PAGE_INFO}
      nodes { ${totalsSelection(kind)} }
    }
  }
}`;
}

export function totalsByNumber(kind: ItemKind, count: number): string {
  return `
query ${kind.type}TotalsByNumber($owner: String!, $name: String!, ${numberVariables(count)}) {
  ${RATE_LIMIT}
  repository(owner: $owner, name: $name) {
    databaseId
    ${each(count, (i) => `i${i}: ${kind.oneField}(number: $n${i}) { ...Totals }`)}
  }
}
fragment Totals on ${kind.type} { ${totalsSelection(kind)} }`;
}

function itemSelection(kind: ItemKind, level: DetailLevel): string {
  if (level === 'minimum') return kind.minimum;
  if (level === 'scalars') return kind.scalars;
  const connections = (level === 'bulk' ? kind.bulkConnections : kind.connections).map(
    ({ field, arguments: more, selection }) =>
      `${field}(first: 100${more ? `, ${more}` : ''}) { totalCount ${PAGE_INFO} nodes { ${selection} } }`,
  );
  return [kind.scalars, ...connections].join('\n');
}

function totalsSelection(kind: ItemKind): string {
  const more = kind.name === 'pull_request' ? ['totalCommentsCount'] : [];
  return [
    'number',
    ...more,
    ...kind.connections.map(({ field }) => `${field}(first: 1) { totalCount }`),
  ].join(' ');
}

function numberVariables(count: number): string {
  return each(count, (i) => `$n${i}: Int!`);
}

function each(count: number, text: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => text(index)).join('\n    ');
}
