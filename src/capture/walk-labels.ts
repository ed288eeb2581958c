import { GitHubError } from '../github/errors.ts';
import { checkRepository } from './check-repository.ts';
import { LABELS, type LabelsData } from './queries/repository.ts';
import { labelRows } from './rows/nested.ts';
import type { Session } from './session.ts';

/** Captures the labels that the repository defines. */
export async function walkLabels(session: Session): Promise<void> {
  const { walk } = session.state;
  while (!walk.isListed) {
    const after = walk.cursor;
    const answer = await session.ask<LabelsData>(LABELS, { first: 100, after });
    const { labels } = checkRepository(session, answer);
    const { hasNextPage, endCursor } = labels?.pageInfo ?? { hasNextPage: false, endCursor: null };
    if (hasNextPage && (endCursor === null || endCursor === after)) {
      throw new GitHubError(
        'unexpected_answer',
        `GitHub does not lead on in the list of labels at cursor ${after}`,
      );
    }
    const capturedAt = answer.receivedAt.toISOString();
    for (const node of labels?.nodes ?? []) {
      if (node === null)
        session.addGap({ number: null, connection: 'labels', reason: 'GitHub answered null' });
      else session.writer.add(labelRows(node, session.repositoryId, capturedAt));
    }
    walk.cursor = endCursor ?? after;
    walk.isListed = !hasNextPage;
    await session.save();
  }
}
