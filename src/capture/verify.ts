import { GitHubError } from '../github/errors.ts';
import type { ExpectedCounts } from '../jobs-api/protocol.ts';
import { checkRepository } from './check-repository.ts';
import { ITEM_KINDS } from './item-kinds.ts';
import { type TotalsNode, type TotalsPageData, totalsByNumber, totalsPage } from './queries/items.ts';
import type { Session } from './session.ts';
import { walkItems } from './walk-items.ts';

const KIND = ITEM_KINDS.pull_request;

/**
 * Compares what is stored with GitHub's totals, fetches again what differs, and compares that once more: what still
 * differs is a gap.
 */
export async function verify(session: Session): Promise<void> {
  const { walk } = session.state;
  await walkItems(session, KIND, compareNextPage);
  await session.settle();
  while (walk.repaired.length > 0) {
    const numbers = walk.repaired.slice(0, KIND.pageSize);
    const variables = Object.fromEntries(numbers.map((number, i) => [`n${i}`, number]));
    const answer = await session.ask<{
      repository: ({ databaseId: number | null } & Record<string, never>) | null;
    }>(totalsByNumber(KIND, numbers.length), variables);
    const repository = checkRepository(session, answer);
    // What was fetched again has GitHub's totals of its threads, which are exact.
    const counts = numbers
      .flatMap((_, i) => toCounts(repository[`i${i}`] ?? null))
      .map((one) => ({ ...one, review_comments: null }));
    const { gaps } = await session.options.destination.findGaps(counts, session.repositoryId);
    for (const { number, connection, expected, stored } of gaps) {
      session.addGap({ number, connection, reason: `GitHub counts ${expected}, ${stored} are stored` });
    }
    walk.repaired.splice(0, numbers.length);
    await session.save();
  }
}

async function compareNextPage(session: Session): Promise<void> {
  const { state } = session;
  const { walk } = state;
  const after = walk.cursor;
  const answer = await session.ask<TotalsPageData>(totalsPage(KIND), { first: KIND.pageSize, after });
  const { items } = checkRepository(session, answer);
  const { hasNextPage, endCursor } = items.pageInfo;
  if (hasNextPage && (endCursor === null || endCursor === after)) {
    throw new GitHubError(
      'unexpected_answer',
      `GitHub does not lead on in the list of totals at cursor ${after}`,
    );
  }
  for (const node of items.nodes ?? []) {
    if (node === null)
      session.addGap({ number: null, connection: KIND.oneField, reason: 'GitHub answered null' });
  }
  const counts = (items.nodes ?? []).flatMap(toCounts);
  const { numbers } = await session.options.destination.findGaps(counts, session.repositoryId);
  walk.numbers.push(...numbers);
  walk.repaired.push(...numbers);
  walk.cursor = endCursor ?? after;
  walk.isListed = !hasNextPage;
  // Those that are fetched again count when that is done.
  state.done += counts.length - numbers.length;
  state.total = items.totalCount;
}

function toCounts(node: TotalsNode | null): ExpectedCounts[] {
  if (node === null) return [];
  const of = (field: string): number => {
    const connection = node[field];
    return typeof connection === 'object' && connection !== null ? connection.totalCount : 0;
  };
  return [
    {
      number: node.number,
      comments: of('comments'),
      reviews: of('reviews'),
      review_threads: of('reviewThreads'),
      commits: of('commits'),
      files: of('files'),
      labels: of('labels'),
      assignees: of('assignees'),
      review_comments:
        typeof node.totalCommentsCount === 'number'
          ? Math.max(0, node.totalCommentsCount - of('comments'))
          : null,
    },
  ];
}
