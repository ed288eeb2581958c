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
  timelineRows,
} from './rows/nested.ts';

/** A list that hangs on a pull request, an issue or a review thread. One entry here is all that captures it. */
export interface ConnectionSpec {
  field: string;
  /** What its field is given besides the page. */
  arguments?: string;
  /** The connection's type in GitHub's schema. */
  type: string;
  /** What is asked of each of its nodes. */
  selection: string;
  /** The parent's column that keeps GitHub's `totalCount`; null where it is told apart by type of node. */
  countColumn: string | null;
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

const REVIEWS: ConnectionSpec = {
  field: 'reviews',
  type: 'PullRequestReviewConnection',
  selection: REVIEW,
  countColumn: 'reviews_count',
  toRows: reviewRows,
};
const COMMITS: ConnectionSpec = {
  field: 'commits',
  type: 'PullRequestCommitConnection',
  selection: `commit { ${COMMIT} }`,
  countColumn: 'commits_count',
  toRows: pullRequestCommitRows,
};
const FILES: ConnectionSpec = {
  field: 'files',
  type: 'PullRequestChangedFileConnection',
  selection: 'path additions deletions changeType',
  countColumn: 'files_count',
  toRows: fileRows,
};

/** Everything that hangs on a pull request, each by itself. */
export const PULL_REQUEST_CONNECTIONS: readonly ConnectionSpec[] = [
  LABELS,
  ASSIGNEES,
  COMMENTS,
  REVIEWS,
  COMMITS,
  FILES,
  THREADS,
];

/** The connections that one of the timeline holds together, and what each of its types of nodes counts as. */
export const TIMELINE_PARTS: readonly ConnectionSpec[] = [COMMENTS, REVIEWS, COMMITS];
export const TIMELINE_COUNTS: Readonly<Record<string, string>> = {
  IssueComment: 'comments_count',
  PullRequestReview: 'reviews_count',
  PullRequestCommit: 'commits_count',
};
/** The timeline shows no more commits of a pull request, as people who compared the two found; `commits` has no such bound. */
export const TIMELINE_COMMITS = 250;
/** A review's `commit` may be null and an item's may not, so one of them needs another name. */
export const TIMELINE: ConnectionSpec = {
  field: 'timelineItems',
  arguments: 'itemTypes: [ISSUE_COMMENT, PULL_REQUEST_REVIEW, PULL_REQUEST_COMMIT]',
  type: 'PullRequestTimelineItemsConnection',
  selection: `__typename
    ... on IssueComment { ${COMMENT} }
    ... on PullRequestReview { ${REVIEW} }
    ... on PullRequestCommit { committed: commit { ${COMMIT} } }`,
  countColumn: null,
  toRows: timelineRows,
};

/**
 * What a bulk capture asks of each pull request: two connections where PULL_REQUEST_CONNECTIONS are seven. Labels and assignees
 * come with REST's list of pull requests, review threads and their comments by a walk of their own.
 */
export const BULK_CONNECTIONS: readonly ConnectionSpec[] = [TIMELINE, FILES];
export const LISTED_CONNECTIONS: readonly ConnectionSpec[] = [LABELS, ASSIGNEES];

export const ISSUE_CONNECTIONS: readonly ConnectionSpec[] = [LABELS, ASSIGNEES, COMMENTS];

export const THREAD_COMMENTS: ConnectionSpec = {
  field: 'comments',
  type: 'PullRequestReviewCommentConnection',
  selection: REVIEW_COMMENT,
  countColumn: 'comments_count',
  toRows: reviewCommentRows,
};

/** As many connections as fill one point of a request: GitHub rounds (1 + connections) / 100 to the nearest. */
export const CONNECTIONS_OF_ONE_POINT = 148;

/** As many items as fill one point: GitHub charges (1 + connections of all items) / 100, rounded to the nearest. */
export function onePointOf(connections: number): number {
  return Math.min(100, Math.floor(CONNECTIONS_OF_ONE_POINT / connections));
}
