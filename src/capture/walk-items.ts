import { GitHubError } from '../github/errors.ts';
import { checkRepository } from './check-repository.ts';
import { isLeftToOthers } from './checkpoint.ts';
import { CONNECTIONS_OF_ONE_POINT } from './connections.ts';
import { continueConnections } from './continue-connections.ts';
import { fetchByNumber, fetchNextPage } from './fetch-items.ts';
import type { ItemKind } from './item-kinds.ts';
import { type ChangedPage, type ChangedPageData, changedPage } from './queries/items.ts';
import type { Session } from './session.ts';

/** Lists what is to be captured, step by step, until the walk `isListed`. */
export type ListStep = (session: Session, kind: ItemKind) => Promise<void>;

/**
 * Captures items with all that hangs on them, in this order: what fills a request of continuations, then known numbers,
 * then the list's next page, and at last the continuations that are left. What changed while several pages were listed is
 * captured once more: it may have moved to a page that was read before.
 */
export async function walkItems(session: Session, kind: ItemKind, listStep: ListStep | null): Promise<void> {
  const { walk } = session.state;
  for (;;) {
    const isAllListed = walk.isListed || listStep === null;
    // What changed is listed first: a number that a comment told may be in the list too.
    if (walk.pages === 0 && !isAllListed && listStep !== listAll) await listStep(session, kind);
    else if (walk.needs.length >= CONNECTIONS_OF_ONE_POINT) await continueConnections(session, kind);
    else if (walk.numbers.length > 0) await fetchByNumber(session, kind);
    else if (!isAllListed) await (walk.isCatchingUp ? listMeanwhile : listStep)(session, kind);
    else if (walk.needs.length > 0) await continueConnections(session, kind);
    else if (walk.pages > 1 && !walk.isCatchingUp) {
      walk.isCatchingUp = true;
      walk.isListed = false;
      walk.cursor = null;
    } else break;
    await session.save();
  }
}

async function listMeanwhile(session: Session, kind: ItemKind): Promise<void> {
  await listChanged(session.state.walk.startedAt ?? new Date(0).toISOString())(session, kind);
}

/** All items, by creation. */
export const listAll: ListStep = fetchNextPage;

/** Items that changed since a time, the latest first, by their numbers. A page of 100 numbers costs one point. */
export function listChanged(since: string): ListStep {
  return async (session, kind) => {
    const { walk } = session.state;
    const after = walk.cursor;
    const { items, receivedAt } = await nextChanged(session, kind);
    const { hasNextPage, endCursor } = items.pageInfo;
    if (hasNextPage && (endCursor === null || endCursor === after)) {
      const where = `the list of changed ${kind.listField} at cursor ${after}`;
      throw new GitHubError('unexpected_answer', `GitHub does not lead on in ${where}; try again later`);
    }
    const nodes = (items.nodes ?? []).filter((node) => node !== null);
    const changed = nodes.filter(
      ({ updatedAt }) =>
        Date.parse(updatedAt) >= Date.parse(since) && !isLeftToOthers(session.state, updatedAt),
    );
    const known = new Set(walk.numbers);
    walk.numbers.push(...changed.map(({ number }) => number).filter((number) => !known.has(number)));
    walk.cursor = endCursor ?? after;
    walk.startedAt ??= receivedAt.toISOString();
    walk.pages += 1;
    walk.isListed = !hasNextPage || nodes.some((node) => Date.parse(node.updatedAt) < Date.parse(since));
    if (walk.isListed && !walk.isAgain) {
      session.state.total = session.state.done + walk.numbers.length + walk.open.length;
    }
  };
}

/** The next page of what changed last; the first one may have come with the repository itself. */
async function nextChanged(
  session: Session,
  kind: ItemKind,
): Promise<{ items: ChangedPage; receivedAt: Date }> {
  const { walk } = session.state;
  const first = walk.pages === 0 ? session.changed[kind.name] : undefined;
  if (first !== undefined) return first;
  const answer = await session.ask<ChangedPageData>(changedPage(kind), { first: 100, after: walk.cursor });
  return { items: checkRepository(session, answer).items, receivedAt: answer.receivedAt };
}
