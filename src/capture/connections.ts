import type { CaptureRow } from '../destination/destination.ts';
import { COMMENT, COMMIT, REVIEW, REVIEW_COMMENT } from './queries/fields.ts';
import {
  assigneeRows,
  fileRows,
  issueCommentRows,
  itemLabelRows,
  pullRequestCommitRows,
  type RowContext,
  reviewCommentRows,
  reviewRows,
} from './rows/nested.ts';

/** A list that hangs on a pull request, an issue or a review thread. One entry here is all that captures it. */
export interface ConnectionSpec {
  field: string;
  /** The connection's type in GitHub's schema. */
  type: string;
  /** What is asked of each of its nodes. */
  selection: string;
  /** The parent's column that keeps GitHub's `totalCount`. */
  countColumn: string;
  toRows: (node: never, context: RowContext) => CaptureRow[];
}

/** Threads are only listed with their pull request; their own fields and comments come by node id, many at a time. */
const THREADS: ConnectionSpec = {
  field: 'reviewThreads',
  type: 'PullRequestReviewThreadConnection',
  selection: 'id',
  countColumn: 'review_threads_count',
  toRows: () => [],
};
const COMMENTS: ConnectionSpec = {
  field: 'comments',
  type: 'IssueCommentConnection',
  selection: COMMENT,
  countColumn: 'comments_count',
  toRows: issueCommentRows,
};
const LABELS: ConnectionSpec = {
  field: 'labels',
  type: 'LabelConnection',
  selection: 'name',
  countColumn: 'labels_count',
  toRows: itemLabelRows,
};
const ASSIGNEES: ConnectionSpec = {
  field: 'assignees',
  type: 'UserConnection',
  selection: '...UserFields',
  countColumn: 'assignees_count',
  toRows: assigneeRows,
};

export const PULL_REQUEST_CONNECTIONS: readonly ConnectionSpec[] = [
  LABELS,
  ASSIGNEES,
  COMMENTS,
  {
    field: 'reviews',
    type: 'PullRequestReviewConnection',
    selection: REVIEW,
    countColumn: 'reviews_count',
    toRows: reviewRows,
  },
  {
    field: 'commits',
    type: 'PullRequestCommitConnection',
    selection: `commit { ${COMMIT} }`,
    countColumn: 'commits_count',
    toRows: pullRequestCommitRows,
  },
  {
    field: 'files',
    type: 'PullRequestChangedFileConnection',
    selection: 'path additions deletions changeType',
    countColumn: 'files_count',
    toRows: fileRows,
  },
  THREADS,
];

export const ISSUE_CONNECTIONS: readonly ConnectionSpec[] = [LABELS, ASSIGNEES, COMMENTS];

export const THREAD_COMMENTS: ConnectionSpec = {
  field: 'comments',
  type: 'PullRequestReviewCommentConnection',
  selection: REVIEW_COMMENT,
  countColumn: 'comments_count',
  toRows: reviewCommentRows,
};

/** As many items as fill one point: GitHub charges (1 + connections of all items) / 100, rounded to the nearest. */
export function onePointOf(connections: number): number {
  return Math.min(100, Math.floor(148 / connections));
}
