import { GitHubError } from '../github/errors.ts';
import { checkRepository } from './check-repository.ts';
import { HISTORY, type HistoryData } from './queries/repository.ts';
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
  while (!walk.isListed) {
    const after = walk.cursor;
    const answer = await session.ask<HistoryData>(HISTORY, { first: 100, after, ...range });
    const history = checkRepository(session, answer).defaultBranchRef?.target?.history;
    // A repository without commits has no default branch.
    if (history === undefined) return;
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
