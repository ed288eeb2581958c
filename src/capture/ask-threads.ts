import { GitHubError } from '../github/errors.ts';
import { checkRepository } from './check-repository.ts';
import { isLeftToOthers } from './checkpoint.ts';
import { CONNECTIONS_OF_ONE_POINT } from './connections.ts';
import { ITEM_KINDS } from './item-kinds.ts';
import { growPageSize, restorePageSize, shrinkPageSize } from './page-size.ts';
import { type PullRequestOfThreads, type RootNode, type ThreadsData, threadsOf } from './queries/threads.ts';
import { type KnownPullRequest, leaveToNextWalk, type Question } from './review-comments.ts';
import { threadRows } from './rows/nested.ts';
import { databaseIdOf } from './rows/people.ts';
import type { Session } from './session.ts';
import { addThreads, type PullRequestThreads, rememberThreads } from './thread-index.ts';

/** Asks pull requests for their threads, and threads for their first comments; what is told goes into `known`. */
export async function askThreads(
  session: Session,
  known: Map<number, KnownPullRequest>,
  { numbers, roots: wanted }: Question,
): Promise<void> {
  const { sizes } = session.state;
  const pulls = [...wanted.keys()];
  const partial = numbers.map((number) => known.get(number)).filter(isPartial);
  for (const pull of [...pulls, ...partial]) pull.isAsked = true;
  const roots = [...wanted]
    .flatMap(([pull, ids]) => [...ids].map((id) => ({ pull, id })))
    .slice(0, CONNECTIONS_OF_ONE_POINT - numbers.length);
  const pages = numbers.map((number) => ({ number, after: cursorOf(known.get(number)) }));
  for (const { number } of pages) if (!isPartial(known.get(number))) known.set(number, 'asked');
  try {
    const answer = await session.ask<ThreadsData & Record<string, RootNode | null>>(
      threadsOf(numbers.length, roots.length),
      {
        ...Object.fromEntries(pages.map(({ number }, i) => [`n${i}`, number])),
        ...Object.fromEntries(pages.map(({ after }, i) => [`a${i}`, after])),
        ...Object.fromEntries(roots.map(({ id }, i) => [`t${i}`, id])),
      },
      numbers.length + roots.length > 1,
    );
    const repository = checkRepository(session, answer);
    sizes.threads = growPageSize(
      sizes.threads,
      numbers.length + roots.length,
      answer.durationMs,
      session.roomMs(),
    );
    for (const [i, { number }] of pages.entries()) {
      const before = known.get(number);
      const told = { before: typeof before === 'object' ? before : null, isStored: false };
      known.set(number, readThreads(session, number, repository[`i${i}`] ?? null, answer.receivedAt, told));
    }
    for (const [i, { pull, id }] of roots.entries()) {
      const root = databaseIdOf(answer.data[`t${i}`]?.comments.nodes?.[0] ?? NOBODY);
      pull.asked.add(id);
      if (root !== null) pull.byRoot.set(root, id);
    }
  } catch (error) {
    if (!(error instanceof GitHubError) || error.code !== 'too_heavy') throw error;
    if (numbers.length <= 1) {
      // Even one is too much: it is captured by number, in as small parts as it takes.
      for (const number of numbers) {
        leaveToNextWalk(session, number);
        known.set(number, 'elsewhere');
      }
      for (const { pull, id } of roots) pull.asked.add(id);
      sizes.threads = restorePageSize(sizes.threads);
    } else {
      for (const number of numbers) if (!isPartial(known.get(number))) known.delete(number);
      sizes.threads = shrinkPageSize(sizes.threads, numbers.length);
    }
  } finally {
    for (const pull of [...pulls, ...partial]) pull.isAsked = false;
  }
}

/** A pull request of whose threads only some pages were read. */
export function isPartial(pull: KnownPullRequest | undefined): pull is PullRequestThreads {
  return typeof pull === 'object' && pull.cursor !== null;
}

function cursorOf(pull: KnownPullRequest | undefined): string | null {
  return typeof pull === 'object' ? pull.cursor : null;
}

const NOBODY = { databaseId: null, fullDatabaseId: null };

/**
 * Stores a page of a pull request's threads; answers what is known of them with it.
 * @param told what the pages before told, and whether the pull request's own row has the total already
 */
export function readThreads(
  session: Session,
  number: number,
  node: PullRequestOfThreads | null,
  receivedAt: Date,
  { before, isStored }: { before: PullRequestThreads | null; isStored: boolean },
): KnownPullRequest {
  const { state, writer } = session;
  if (node === null) {
    session.addGap({ number, connection: 'reviewThreads', reason: 'GitHub shows no such pull request' });
    return 'elsewhere';
  }
  if (isLeftToOthers(state, node.updatedAt)) {
    state.isPartial = true;
    return 'elsewhere';
  }
  const itemId = databaseIdOf(node);
  const threads = node.reviewThreads;
  const isNew = state.startedAt !== null && Date.parse(node.createdAt) >= Date.parse(state.startedAt);
  const nodes = threads?.nodes?.filter((thread) => thread !== null) ?? [];
  const { hasNextPage = false, endCursor = null } = threads?.pageInfo ?? {};
  const hasHoles = nodes.length !== threads?.nodes?.length;
  const leadsNowhere = hasNextPage && (endCursor === null || endCursor === before?.cursor);
  if (itemId === null || isNew || !threads || hasHoles || leadsNowhere) {
    leaveToNextWalk(session, number);
    return 'elsewhere';
  }
  const capturedAt = receivedAt.toISOString();
  const context = { itemId, itemKind: 'pull_request', threadId: null, capturedAt } as const;
  const counts = { review_threads_count: threads.totalCount };
  if (before === null && !isStored) {
    writer.add(ITEM_KINDS.pull_request.toRows(node, session.repositoryId, counts, capturedAt));
  }
  writer.add(nodes.flatMap((thread) => threadRows(thread, null, context)));
  const pull = before ?? rememberThreads(itemId);
  addThreads(pull, nodes);
  pull.cursor = hasNextPage ? endCursor : null;
  return pull;
}
