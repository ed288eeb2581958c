import type { GraphqlAnswer } from '../github/client.ts';
import { GitHubError } from '../github/errors.ts';
import { checkRepository } from './check-repository.ts';
import { type CaptureState, isLeftToOthers } from './checkpoint.ts';
import { CONNECTIONS_OF_ONE_POINT, LISTED_CONNECTIONS } from './connections.ts';
import { finishItems } from './finish-items.ts';
import type { DetailLevel, ItemKind } from './item-kinds.ts';
import type { ListedPullRequest } from './list-pull-requests.ts';
import { noteGone } from './note-gone.ts';
import { growPageSize, restorePageSize, shrinkPageSize } from './page-size.ts';
import { type ItemPageData, type ItemsByNumberData, itemPage, itemsByNumber } from './queries/items.ts';
import type { Connection, ItemNode } from './queries/nodes.ts';
import type { PullRequestOfThreads } from './queries/threads.ts';
import { type ItemContext, readItem } from './read-item.ts';
import type { ReviewComments } from './review-comments.ts';
import { listedRows } from './rows/rest.ts';
import type { Session } from './session.ts';

/** What a bulk walk knows beside its state, for as long as it runs. */
export interface Bulk {
  listed: Map<number, ListedPullRequest>;
  busy: Set<number>;
  comments: ReviewComments;
}

/** GitHub's times are of whole seconds. */
const A_SECOND_MS = 1_000;
/** More of them never fit into one request. */
const MOST_AT_ONCE = 100;

/** What is asked of an item that fails even when it is alone in its page. */
const FALLBACKS: readonly DetailLevel[] = ['scalars', 'minimum'];

/** Fetches the next page of items by creation; moves the walk's cursor behind it. */
export async function fetchNextPage(session: Session, kind: ItemKind): Promise<void> {
  const { walk } = session.state;
  const after = walk.cursor;
  const most = { items: kind.pageSize, level: 'full' } as const;
  const { answer, items, level, asked } = await adapt(session, kind, most, (first, wanted, canShrink) =>
    askPage(session, kind, { first, level: wanted, after }, canShrink),
  );
  const { pageInfo, totalCount } = items;
  if (pageInfo.hasNextPage && (pageInfo.endCursor === null || pageInfo.endCursor === after)) {
    const where = `the list of ${kind.listField} at cursor ${after}`;
    throw new GitHubError('unexpected_answer', `GitHub does not lead on in ${where}; try again later`);
  }
  if ((items.nodes ?? []).length === 0 && pageInfo.hasNextPage && asked > 0) {
    session.warnings.add(`GitHub answered an empty page in the middle of ${kind.listField}`);
  }
  for (const node of items.nodes ?? []) {
    if (node === null)
      session.addGap({ number: null, connection: kind.oneField, reason: 'GitHub answered null' });
    else takeItem(session, kind, node, level, answer);
  }
  if (walk.listedTotal !== null && totalCount < walk.listedTotal) {
    session.warnings.add(
      `GitHub's count of ${kind.listField} fell from ${walk.listedTotal} to ${totalCount}`,
    );
  }
  walk.listedTotal = totalCount;
  walk.listed += items.nodes?.length ?? 0;
  if (!pageInfo.hasNextPage && walk.listed < totalCount) {
    session.warnings.add(`GitHub counts ${totalCount} ${kind.listField} and lists ${walk.listed}`);
  }
  walk.startedAt ??= answer.receivedAt.toISOString();
  walk.pages += 1;
  walk.cursor = pageInfo.endCursor ?? after;
  walk.isListed = !pageInfo.hasNextPage;
  finishItems(session, kind);
}

/**
 * Fetches the next items of the walk's list of numbers, whole, or in bulk without what is listed or walked apart.
 * @param bulk what was listed, and the numbers that other requests under way are about
 */
export async function fetchByNumber(session: Session, kind: ItemKind, bulk?: Bulk): Promise<void> {
  const { walk } = session.state;
  const free = bulk ? walk.numbers.filter((number) => !bulk.busy.has(number)) : walk.numbers;
  const withThreads = bulk?.comments.numbersWaiting() ?? new Set<number>();
  const chosen = free.slice(0, bulk ? countOfOnePoint(kind, free, withThreads) : MOST_AT_ONCE);
  for (const number of chosen) bulk?.busy.add(number);
  try {
    await fetchNumbers(session, kind, { chosen, withThreads }, bulk);
  } finally {
    for (const number of chosen) bulk?.busy.delete(number);
  }
  finishItems(session, kind);
}

async function fetchNumbers(
  session: Session,
  kind: ItemKind,
  { chosen, withThreads }: { chosen: readonly number[]; withThreads: ReadonlySet<number> },
  bulk: Bulk | undefined,
): Promise<void> {
  const { state } = session;
  const { walk } = state;
  const { answer, nodes, level, asked } = await adapt(
    session,
    kind,
    { items: chosen.length, level: bulk ? 'bulk' : 'full' },
    async (size, wanted, canShrink) => {
      const numbers = chosen.slice(0, size);
      const variables = Object.fromEntries(numbers.map((number, i) => [`n${i}`, number]));
      const answer = await session.ask<ItemsByNumberData>(
        itemsByNumber(
          kind,
          wanted,
          numbers.length,
          (i) => wanted === 'bulk' && withThreads.has(numbers[i] ?? 0),
        ),
        variables,
        canShrink,
      );
      const repository = checkRepository(session, answer);
      return {
        answer,
        nodes: numbers.map((_, i) => repository[`i${i}`] ?? null),
        asked: numbers.length,
        hasHoles: false,
      };
    },
  );
  for (const [index, node] of nodes.entries()) {
    const number = chosen[index] ?? null;
    if (node === null) {
      const error = answer.errors.find(({ path }) => path?.includes(`i${index}`));
      if (error?.type === 'NOT_FOUND' && number !== null && wasListed(state, number)) {
        noteGone(session, number);
        if (state.total !== null) state.total -= 1;
        continue;
      }
      const reason = error?.message ?? 'not found: deleted, transferred, or never there';
      session.addGap({ number, connection: kind.oneField, reason });
    } else {
      takeItem(session, kind, node, level, answer, bulk);
    }
  }
  const done = new Set(chosen.slice(0, asked));
  walk.numbers = walk.numbers.filter((number) => !done.has(number));
  for (const number of done) bulk?.listed.delete(number);
}

/** How many of these pull requests one point buys: those of which comments wait are asked for a connection more. */
function countOfOnePoint(
  kind: ItemKind,
  numbers: readonly number[],
  withThreads: ReadonlySet<number>,
): number {
  let connections = 0;
  const end = numbers.findIndex((number) => {
    connections += kind.bulkConnections.length + (withThreads.has(number) ? 1 : 0);
    return connections > CONNECTIONS_OF_ONE_POINT;
  });
  return end < 0 ? numbers.length : end;
}

type Attempt = { answer: GraphqlAnswer<unknown>; asked: number; hasHoles: boolean };

/**
 * Asks for as many items as the governor allows, for fewer when GitHub can't carry that out, and for less of a single item
 * when it fails by itself.
 * @param most how many there are to be asked for, and how much of each
 * @throws GitHubError when not even the least of one item could be had
 */
async function adapt<A extends Attempt>(
  session: Session,
  kind: ItemKind,
  most: { items: number; level: 'bulk' | 'full' },
  attempt: (size: number, level: DetailLevel, canShrink: boolean) => Promise<A>,
): Promise<A & { level: DetailLevel }> {
  const { sizes } = session.state;
  const name = most.level === 'bulk' ? 'bulk' : kind.name;
  let failure: unknown;
  for (;;) {
    const size = Math.min(sizes[name].size, most.items);
    try {
      const result = await attempt(size, most.level, size > 1);
      if (!result.hasHoles) {
        const { durationMs } = result.answer;
        sizes[name] = growPageSize(sizes[name], result.asked, durationMs, session.roomMs());
        return { ...result, level: most.level };
      }
    } catch (error) {
      if (!isTooHeavy(error)) throw error;
      failure = error;
    }
    if (size === 1) break;
    sizes[name] = shrinkPageSize(sizes[name], size);
    session.options.log('info', 'smaller pages', { kind: name, size: sizes[name].size });
  }
  for (const level of FALLBACKS) {
    try {
      const result = await attempt(1, level, false);
      session.warnings.add(`A ${kind.oneField} was too much for one query and was fetched in parts`);
      sizes[name] = restorePageSize(sizes[name]);
      return { ...result, level };
    } catch (error) {
      if (!isTooHeavy(error)) throw error;
      failure = error;
    }
  }
  throw failure;
}

async function askPage(
  session: Session,
  kind: ItemKind,
  { first, level, after }: { first: number; level: DetailLevel; after: string | null },
  canShrink: boolean,
): Promise<Attempt & { items: Connection<ItemNode> }> {
  const answer = await session.ask<ItemPageData>(itemPage(kind, level), { first, after }, canShrink);
  const { items } = checkRepository(session, answer);
  return { answer, items, asked: first, hasHoles: (items.nodes ?? []).includes(null) };
}

function takeItem(
  session: Session,
  kind: ItemKind,
  node: ItemNode,
  level: DetailLevel,
  answer: GraphqlAnswer<unknown>,
  bulk?: Bulk,
): void {
  const { state } = session;
  const { walk } = state;
  if (isLeftToOthers(state, node.updatedAt)) {
    if (state.total !== null) state.total -= 1;
    state.isPartial = true;
    bulk?.comments.leave(node.number);
    return;
  }
  // GitHub's servers don't agree on the second: what came after the list must not look older.
  const listing = bulk?.listed.get(node.number);
  const receivedMs = Math.max(answer.receivedAt.getTime(), Date.parse(listing?.listedAt ?? '') || 0);
  const reading = readItem(kind, node, level, {
    repositoryId: session.repositoryId,
    capturedAt: new Date(receivedMs).toISOString(),
    ...(bulk && { isBulk: true, ...readListing(listing, node) }),
  });
  if (reading === null) {
    session.addGap({ number: node.number, connection: kind.oneField, reason: 'GitHub tells no id for it' });
    return;
  }
  // Listed again, because a page was asked again or the item came by number too: the newer reading replaces the older.
  walk.needs = walk.needs.filter((need) => need.item !== reading.item.id);
  walk.open = walk.open.filter((open) => open.id !== reading.item.id);
  if (level === 'minimum') {
    session.addGap({ number: node.number, connection: kind.oneField, reason: 'GitHub fails on its fields' });
  }
  session.writer.add(reading.rows);
  if (bulk && hasThreads(node)) bulk.comments.take(node.number, node, answer.receivedAt);
  walk.needs.push(...reading.needs);
  walk.open.push(reading.item);
}

function hasThreads(node: ItemNode): node is PullRequestOfThreads {
  return 'reviewThreads' in node;
}

/**
 * What the list told of a pull request. Of one that has changed since, or that a run before this one listed, labels and
 * assignees are asked once more.
 */
function readListing(listing: ListedPullRequest | undefined, { updatedAt }: ItemNode): Partial<ItemContext> {
  if (listing === undefined) return { unlisted: LISTED_CONNECTIONS };
  const { labels, assignees, listedAt } = listing;
  if (Date.parse(updatedAt) >= Date.parse(listedAt) - A_SECOND_MS) return { unlisted: LISTED_CONNECTIONS };
  return {
    startedAt: listedAt,
    listed: {
      rows: (itemId) => listedRows(listing, itemId, listedAt),
      counts: { labels_count: labels.length, assignees_count: assignees.length },
    },
  };
}

/** Whether GitHub itself told the number, in this pass or in the one before; else the target names it. */
function wasListed({ walk, again }: CaptureState, number: number): boolean {
  return walk.pages > 0 || again.includes(number);
}

function isTooHeavy(error: unknown): boolean {
  return error instanceof GitHubError && error.code === 'too_heavy';
}
