import type { CaptureRow } from '../../destination/destination.ts';
import type { IssueNode, ItemNode, ItemScalars, PullRequestNode } from '../queries/nodes.ts';
import { actorIdOf, contributorRows, databaseIdOf } from './people.ts';

/** The rows of a pull request itself, with those totals of its connections that are known (column to count). */
export function pullRequestRows(
  node: ItemNode & Partial<PullRequestNode>,
  repositoryId: number,
  counts: Record<string, number>,
  capturedAt: string,
): CaptureRow[] {
  const row = { ...baseOf(node, repositoryId, capturedAt), ...counts };
  if (!hasScalars(node)) return [{ table: 'pull_requests', row }];
  return [
    ...contributorRows([node.author, node.mergedBy], capturedAt),
    {
      table: 'pull_requests',
      row: {
        ...row,
        ...scalarsOf(node),
        is_draft: node.isDraft,
        merged_at: node.mergedAt,
        merged_by_id: actorIdOf(node.mergedBy),
        merge_commit_oid: node.mergeCommit?.oid ?? null,
        base_ref: node.baseRefName,
        base_oid: node.baseRefOid,
        head_ref: node.headRefName,
        head_oid: node.headRefOid,
        head_repository: node.headRepository?.nameWithOwner ?? null,
        review_decision: node.reviewDecision,
        additions: node.additions,
        deletions: node.deletions,
        changed_files: node.changedFiles,
      },
    },
  ];
}

/** The rows of an issue itself, with those totals of its connections that are known. */
export function issueRows(
  node: ItemNode & Partial<IssueNode>,
  repositoryId: number,
  counts: Record<string, number>,
  capturedAt: string,
): CaptureRow[] {
  const row = { ...baseOf(node, repositoryId, capturedAt), ...counts };
  if (!hasScalars(node)) return [{ table: 'issues', row }];
  return [
    ...contributorRows([node.author], capturedAt),
    { table: 'issues', row: { ...row, ...scalarsOf(node), state_reason: node.stateReason } },
  ];
}

function hasScalars<T extends ItemScalars>(node: ItemNode & Partial<T>): node is ItemNode & T {
  return node.title !== undefined;
}

function baseOf(node: ItemNode, repositoryId: number, capturedAt: string): Record<string, unknown> {
  return {
    id: databaseIdOf(node),
    node_id: node.id,
    repository_id: repositoryId,
    number: node.number,
    state: node.state,
    created_at: node.createdAt,
    updated_at: node.updatedAt,
    captured_at: capturedAt,
  };
}

function scalarsOf(node: ItemScalars): Record<string, unknown> {
  return {
    title: node.title,
    body: node.body ?? '',
    is_locked: node.locked,
    author_id: actorIdOf(node.author),
    author_association: node.authorAssociation,
    closed_at: node.closedAt,
    milestone: node.milestone?.title ?? null,
  };
}
