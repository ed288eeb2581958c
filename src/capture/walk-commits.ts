import { GitHubError } from '../github/errors.ts';
import { checkRepository } from './check-repository.ts';
import { HISTORY, type HistoryData, REPOSITORY, type RepositoryData } from './queries/repository.ts';
import { branchCommitRows } from './rows/nested.ts';
import type { Session } from './session.ts';

export interface CommitRange {
  /** By the date of the commit, as GitHub's `history(since:, until:)` means it. */
  since: string | null;
  until: string | null;
}

/** Captures the commits of the default branch, from its head back. */
export async function walkCommits(session: Session, range: CommitRange): Promise<void> {
  const { walk } = session.state;
  if (walk.head === null) {
    const answer = await session.ask<RepositoryData>(REPOSITORY, {});
    walk.head = checkRepository(session, answer).defaultBranchRef?.target?.oid ?? null;
    // A repository without commits has no default branch.
    if (walk.head === null) return;
  }
  while (!walk.isListed) {
    const after = walk.cursor;
    const variables = { oid: walk.head, first: 100, after, since: range.since, until: range.until };
    const answer = await session.ask<HistoryData>(HISTORY, variables);
    const history = checkRepository(session, answer).object?.history;
    if (history === undefined) {
      // The branch was rewritten and its former head is gone: from the new one, from the beginning.
      session.addGap({ number: null, connection: 'commits', reason: `commit ${walk.head} is gone` });
      return;
    }
    const { hasNextPage, endCursor } = history.pageInfo;
    if (hasNextPage && (endCursor === null || endCursor === after)) {
      throw new GitHubError(
        'unexpected_answer',
        `GitHub does not lead on in the list of commits at cursor ${after}`,
      );
    }
    const capturedAt = answer.receivedAt.toISOString();
    for (const node of history.nodes ?? []) {
      if (node === null)
        session.addGap({ number: null, connection: 'commits', reason: 'GitHub answered null' });
      else session.writer.add(branchCommitRows(node, session.repositoryId, capturedAt));
    }
    walk.cursor = endCursor ?? after;
    walk.isListed = !hasNextPage;
    await session.save();
  }
}
