import type { GraphqlAnswer } from '../github/client.ts';
import { GitHubError } from '../github/errors.ts';
import { checkRepository } from './check-repository.ts';
import type { Need, OpenItem } from './checkpoint.ts';
import { CONNECTIONS_OF_ONE_POINT, type ConnectionSpec, TIMELINE } from './connections.ts';
import { finishItems } from './finish-items.ts';
import type { ItemKind } from './item-kinds.ts';
import { noteGone } from './note-gone.ts';
import { growPageSize, restorePageSize, shrinkPageSize } from './page-size.ts';
import {
  type ContinuationData,
  type ContinuationNode,
  type ContinuationPart,
  continuations,
  threadStart,
} from './queries/continuations.ts';
import type { Connection, ThreadNode } from './queries/nodes.ts';
import { readConnection, readTimeline } from './read-item.ts';
import { type RowContext, threadRows } from './rows/nested.ts';
import type { Session } from './session.ts';

/** What a thread has, on average, before GitHub told. */
const EXPECTED_COMMENTS = 3;
/** Below so many nodes a page is not made smaller: what fails then fails for another reason. */
const LEAST_NODES = 5;

/**
 * Reads one more page of the connections at the head of the queue, of as many as fit into one request.
 * @param busy the needs that other requests under way are about; those of this one are added while it is
 */
export async function continueConnections(
  session: Session,
  kind: ItemKind,
  busy: Set<Need> = new Set(),
): Promise<void> {
  const { walk, sizes } = session.state;
  const free = walk.needs.filter((need) => !busy.has(need)).slice(0, CONNECTIONS_OF_ONE_POINT);
  for (const need of free) busy.add(need);
  try {
    for (;;) {
      const { size } = sizes.continuation;
      const first = Math.min(100, size);
      const { chosen, weight } = chooseNeeds(free, size, first);
      const isLeast = chosen.length === 1 && first <= LEAST_NODES;
      try {
        const answer = await ask(session, kind, chosen, first, !isLeast);
        const asked = Math.min(size, weight);
        sizes.continuation = growPageSize(sizes.continuation, asked, answer.durationMs, session.roomMs());
        replaceNeeds(session, chosen, takePages(session, kind, chosen, answer));
        break;
      } catch (error) {
        if (!(error instanceof GitHubError) || error.code !== 'too_heavy') throw error;
        if (!isLeast) {
          sizes.continuation = shrinkPageSize(
            sizes.continuation,
            chosen.length === 1 ? first : Math.min(size, weight),
          );
          continue;
        }
        for (const need of chosen) giveUp(session, need, error.message);
        replaceNeeds(session, chosen, []);
        sizes.continuation = restorePageSize(sizes.continuation);
        break;
      }
    }
  } finally {
    for (const need of free) busy.delete(need);
  }
  finishItems(session, kind);
}

function replaceNeeds({ state: { walk } }: Session, done: readonly Need[], left: readonly Need[]): void {
  const over = new Set(done);
  walk.needs = [...left, ...walk.needs.filter((need) => !over.has(need))];
}

/** The head of the queue: at least one, and about `size` nodes. */
function chooseNeeds(
  needs: readonly Need[],
  size: number,
  first: number,
): { chosen: Need[]; weight: number } {
  const chosen: Need[] = [];
  let weight = 0;
  for (const need of needs) {
    const nodes = 1 + Math.min(first, need.expected ?? EXPECTED_COMMENTS);
    if (chosen.length > 0 && weight + nodes > size) break;
    chosen.push(need);
    weight += nodes;
  }
  return { chosen, weight };
}

function ask(session: Session, kind: ItemKind, needs: readonly Need[], first: number, canShrink: boolean) {
  const parts = needs.map((need) => partOf(kind, need));
  const variables: Record<string, unknown> = { first };
  for (const [i, need] of needs.entries()) {
    variables[`i${i}`] = need.node;
    variables[`c${i}`] = need.cursor;
  }
  return session.ask<ContinuationData>(continuations(parts), variables, canShrink);
}

function partOf(kind: ItemKind, need: Need): ContinuationPart {
  if (need.connection === 'threadComments') return { ...threadStart(), isThreadStart: need.cursor === null };
  const spec = [...kind.connections, ...kind.bulkConnections].find(({ field }) => field === need.connection);
  if (spec === undefined) throw new Error(`a ${kind.type} has no connection ${need.connection}`);
  return { parentType: kind.type, spec, isThreadStart: false };
}

/** Takes what the pages hold; returns the needs that they leave. */
function takePages(
  session: Session,
  kind: ItemKind,
  needs: readonly Need[],
  answer: GraphqlAnswer<ContinuationData | null>,
): Need[] {
  return needs.flatMap((need, i) => {
    const node = answer.data?.[`p${i}`] ?? null;
    const left = node === null ? null : takePage(session, kind, need, node, answer.receivedAt);
    if (left !== null) return left;
    const error = answer.errors.find(({ path }) => path?.[0] === `p${i}`);
    if (node === null && error?.type === 'NOT_FOUND') {
      checkRepository(session, answer);
      letGo(session, need);
      return [];
    }
    giveUp(session, need, error?.message ?? (node === null ? 'it is gone' : 'GitHub answered null'));
    return [];
  });
}

/** The needs that a page leaves; null when it holds nothing to read. */
function takePage(
  session: Session,
  kind: ItemKind,
  need: Need,
  node: ContinuationNode,
  receivedAt: Date,
): Need[] | null {
  const { page } = node;
  if (!page) return null;
  const { spec } = partOf(kind, need);
  const open = session.state.walk.open.find((item) => item.id === need.item);
  // GitHub's servers don't agree on the second: a row that seemed older than its item's beginning would count as gone.
  const capturedAt = new Date(
    Math.max(receivedAt.getTime(), Date.parse(open?.startedAt ?? '') || 0),
  ).toISOString();
  const isThread = need.connection === 'threadComments';
  const context = {
    itemId: need.item,
    itemKind: kind.name,
    threadId: isThread ? need.node : null,
    capturedAt,
  };
  if (isThread && need.cursor === null) {
    session.writer.add(threadRows(node as ThreadNode, page.totalCount, context));
    if (open !== undefined) {
      open.counts.review_comments_count = (open.counts.review_comments_count ?? 0) + page.totalCount;
    }
  }
  const leadsNowhere =
    page.pageInfo.hasNextPage &&
    (page.pageInfo.endCursor === null || page.pageInfo.endCursor === need.cursor);
  if (leadsNowhere) {
    giveUp(session, need, 'GitHub does not lead on to its next page');
    return [];
  }
  if (spec === TIMELINE) return takeTimeline(session, need, page, context, open);
  if (need.lacksCount && spec.countColumn !== null && open !== undefined) {
    open.counts[spec.countColumn] = page.totalCount;
  }
  return takeConnection(session, spec, need, page, context);
}

function takeConnection(
  session: Session,
  spec: ConnectionSpec,
  need: Need,
  page: Connection<never>,
  context: RowContext,
): Need[] {
  const reading = readConnection(spec, page, context, need, need.expected ?? page.totalCount);
  if (reading.hasHoles) giveUp(session, need, 'GitHub answered null for some of it');
  // Pending reviews, what hidden accounts wrote, files beyond the 3,000th: counted, and shown to nobody.
  if (reading.isShort) {
    session.warnings.add(`GitHub shows fewer ${need.connection} of number ${need.number} than it counts`);
  }
  session.writer.add(reading.rows);
  return reading.needs;
}

/** Another page of a timeline; its counts are complete with the last one. */
function takeTimeline(
  session: Session,
  need: Need,
  page: Connection<never>,
  context: RowContext,
  open: OpenItem | undefined,
): Need[] {
  const timeline = readTimeline(page, context, need, open?.counts ?? {}, need.expected);
  session.writer.add(timeline.rows);
  if (open !== undefined) open.counts = timeline.counts ?? {};
  return timeline.needs;
}

/** GitHub has listed the need's node and has it no more: with an item goes all that was still to be asked of it. */
function letGo(session: Session, need: Need): void {
  if (need.connection === 'threadComments') {
    session.warnings.add(`A review thread of number ${need.number} was listed and is there no more`);
    return;
  }
  const { state } = session;
  const { walk } = state;
  noteGone(session, need.number);
  const isOpen = walk.open.some((item) => item.id === need.item);
  if (isOpen && state.total !== null) state.total -= 1;
  walk.open = walk.open.filter((item) => item.id !== need.item);
  walk.needs = walk.needs.filter((other) => other.item !== need.item);
}

/** Never in silence: what can't be had is a gap, and its item gets no snapshot. */
function giveUp(session: Session, need: Need, reason: string): void {
  session.addGap({ number: need.number, connection: need.connection, reason });
  const open = session.state.walk.open.find((item) => item.id === need.item);
  if (open !== undefined) open.isBroken = true;
}
