import type { CaptureRow } from '../../destination/destination.ts';
import type {
  ActorNode,
  CommentNode,
  CommitNode,
  FileNode,
  LabelNode,
  ReviewCommentNode,
  ReviewNode,
  ThreadNode,
  TimelineNode,
} from '../queries/nodes.ts';
import { actorIdOf, contributorRows, databaseIdOf } from './people.ts';

/** What a nested row needs to know besides its own node. */
export interface RowContext {
  /** Database id of the pull request or the issue that it belongs to. */
  itemId: number;
  itemKind: 'pull_request' | 'issue';
  /** Node id of the review thread, for its comments. */
  threadId: string | null;
  capturedAt: string;
}

export function issueCommentRows(node: CommentNode, context: RowContext): CaptureRow[] {
  return commentRows(node, {
    ...commentOf(node, 'issue', context),
    pull_request_id: context.itemKind === 'pull_request' ? context.itemId : null,
    issue_id: context.itemKind === 'issue' ? context.itemId : null,
  });
}

export function reviewCommentRows(node: ReviewCommentNode, context: RowContext): CaptureRow[] {
  return commentRows(node, {
    ...commentOf(node, 'review', context),
    pull_request_id: context.itemId,
    review_thread_id: context.threadId,
    review_id: node.pullRequestReview === null ? null : databaseIdOf(node.pullRequestReview),
    in_reply_to_id: node.replyTo === null ? null : databaseIdOf(node.replyTo),
  });
}

export function reviewRows(node: ReviewNode, { itemId, capturedAt }: RowContext): CaptureRow[] {
  const row = {
    id: databaseIdOf(node),
    node_id: node.id,
    pull_request_id: itemId,
    author_id: actorIdOf(node.author),
    author_association: node.authorAssociation,
    state: node.state,
    body: node.body ?? '',
    commit_oid: node.commit?.oid ?? null,
    submitted_at: node.submittedAt,
    created_at: node.createdAt,
    updated_at: node.updatedAt,
    captured_at: capturedAt,
  };
  return [...contributorRows([node.author], capturedAt), { table: 'reviews', row }];
}

/** A node of a pull request's timeline, which holds comments, reviews and commits together. */
export function timelineRows(node: TimelineNode, context: RowContext): CaptureRow[] {
  switch (node.__typename) {
    case 'IssueComment':
      return issueCommentRows(node, context);
    case 'PullRequestReview':
      return reviewRows(node, context);
    case 'PullRequestCommit':
      return pullRequestCommitRows({ commit: node.committed }, context);
  }
}

/** @param commentsCount GitHub's count of its comments; null where it was not asked */
export function threadRows(
  node: ThreadNode,
  commentsCount: number | null,
  context: RowContext,
): CaptureRow[] {
  const row = {
    id: node.id,
    pull_request_id: context.itemId,
    path: node.path,
    line: node.line,
    original_line: node.originalLine,
    start_line: node.startLine,
    original_start_line: node.originalStartLine,
    diff_side: node.diffSide,
    subject_type: node.subjectType,
    is_resolved: node.isResolved,
    is_outdated: node.isOutdated,
    resolved_by_id: actorIdOf(node.resolvedBy),
    ...(commentsCount === null ? {} : { comments_count: commentsCount }),
    captured_at: context.capturedAt,
  };
  return [...contributorRows([node.resolvedBy], context.capturedAt), { table: 'review_threads', row }];
}

export function pullRequestCommitRows(
  node: { commit: CommitNode },
  { itemId, capturedAt }: RowContext,
): CaptureRow[] {
  return commitRows('commits', { pull_request_id: itemId }, node.commit, capturedAt);
}

export function branchCommitRows(node: CommitNode, repositoryId: number, capturedAt: string): CaptureRow[] {
  return commitRows('branch_commits', { repository_id: repositoryId }, node, capturedAt);
}

export function fileRows(node: FileNode, { itemId, capturedAt }: RowContext): CaptureRow[] {
  const { path, additions, deletions } = node;
  const row = { path, additions, deletions, change_type: node.changeType, captured_at: capturedAt };
  return [{ table: 'files', row: { pull_request_id: itemId, ...row } }];
}

export function itemLabelRows(
  node: { name: string },
  { itemId, itemKind, capturedAt }: RowContext,
): CaptureRow[] {
  const row = { [`${itemKind}_id`]: itemId, name: node.name, captured_at: capturedAt };
  return [{ table: `${itemKind}_labels`, row }];
}

export function assigneeRows(node: ActorNode, { itemId, itemKind, capturedAt }: RowContext): CaptureRow[] {
  const contributorId = actorIdOf(node);
  if (contributorId === null) return [];
  const row = { [`${itemKind}_id`]: itemId, contributor_id: contributorId, captured_at: capturedAt };
  return [...contributorRows([node], capturedAt), { table: `${itemKind}_assignees`, row }];
}

export function labelRows(node: LabelNode, repositoryId: number, capturedAt: string): CaptureRow[] {
  const row = {
    id: node.id,
    repository_id: repositoryId,
    name: node.name,
    color: node.color,
    description: node.description,
    is_default: node.isDefault,
    captured_at: capturedAt,
  };
  return [{ table: 'labels', row }];
}

function commentOf(
  node: CommentNode,
  type: 'issue' | 'review',
  { capturedAt }: RowContext,
): Record<string, unknown> {
  return {
    comment_type: type,
    id: databaseIdOf(node),
    node_id: node.id,
    author_id: actorIdOf(node.author),
    author_association: node.authorAssociation,
    body: node.body ?? '',
    is_minimized: node.isMinimized,
    created_at: node.createdAt,
    updated_at: node.updatedAt,
    captured_at: capturedAt,
  };
}

function commentRows(node: CommentNode, row: Record<string, unknown>): CaptureRow[] {
  return [...contributorRows([node.author], String(row.captured_at)), { table: 'comments', row }];
}

function commitRows(
  table: 'commits' | 'branch_commits',
  parent: Record<string, unknown>,
  node: CommitNode,
  capturedAt: string,
): CaptureRow[] {
  const row = {
    ...parent,
    oid: node.oid,
    message_headline: node.messageHeadline,
    message_body: node.messageBody,
    author_name: node.author?.name ?? null,
    author_id: actorIdOf(node.author?.user),
    authored_at: node.authoredDate,
    committer_name: node.committer?.name ?? null,
    committed_at: node.committedDate,
    captured_at: capturedAt,
  };
  return [...contributorRows([node.author?.user], capturedAt), { table, row }];
}
