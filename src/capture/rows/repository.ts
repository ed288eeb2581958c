import type { CaptureRow } from '../../destination/destination.ts';
import type { RepositoryNode } from '../queries/nodes.ts';

/** The repository's own row; `counted_at` only when all of the counts that classify it were asked. */
export function repositoryRows(node: RepositoryNode, repositoryId: number, capturedAt: string): CaptureRow[] {
  const row: Record<string, unknown> = {
    id: repositoryId,
    node_id: node.id,
    full_name: node.nameWithOwner,
    is_private: node.isPrivate,
    is_archived: node.isArchived,
    is_fork: node.isFork,
    is_empty: node.isEmpty,
    default_branch: node.defaultBranchRef?.name ?? null,
    stars_count: node.stargazerCount,
    pull_requests_count: node.pullRequests.totalCount,
    issues_count: node.issues.totalCount,
    created_at: node.createdAt,
    captured_at: capturedAt,
  };
  if (node.mentionableUsers !== undefined) {
    row.contributors_count = node.mentionableUsers.totalCount;
    row.counted_at = capturedAt;
  }
  return [{ table: 'repositories', row }];
}
