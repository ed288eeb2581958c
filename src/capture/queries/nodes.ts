/** GitHub's objects as the queries here ask for them. Everything that the schema lets be null may be null. */
export interface Connection<T> {
  totalCount: number;
  pageInfo: PageInfo;
  nodes: (T | null)[] | null;
}
export interface PageInfo {
  hasNextPage: boolean;
  endCursor: string | null;
}
export interface Identified {
  databaseId: number | null;
  fullDatabaseId: string | null;
}
export interface ActorNode {
  __typename: string;
  login: string;
  avatarUrl: string | null;
  id?: string;
  databaseId?: number | null;
  name?: string | null;
  user?: { databaseId: number | null } | null;
}
/** A pull request or an issue by its least fields; the others are there unless it had to be asked for less. */
export interface ItemNode extends Identified {
  id: string;
  number: number;
  state: string;
  createdAt: string;
  updatedAt: string;
}
export interface ItemScalars extends ItemNode {
  title: string;
  body: string | null;
  locked: boolean;
  author: ActorNode | null;
  authorAssociation: string;
  closedAt: string | null;
  milestone: { title: string } | null;
}
export interface PullRequestNode extends ItemScalars {
  isDraft: boolean;
  mergedAt: string | null;
  mergedBy: ActorNode | null;
  mergeCommit: { oid: string } | null;
  baseRefName: string;
  baseRefOid: string;
  headRefName: string;
  headRefOid: string;
  headRepository: { nameWithOwner: string } | null;
  reviewDecision: string | null;
  additions: number;
  deletions: number;
  changedFiles: number;
  /** Conversation and review comments together. */
  totalCommentsCount: number | null;
}
export interface IssueNode extends ItemScalars {
  stateReason: string | null;
}
export interface CommentNode extends Identified {
  id: string;
  author: ActorNode | null;
  authorAssociation: string;
  body: string | null;
  isMinimized: boolean;
  createdAt: string;
  updatedAt: string | null;
}
export interface ReviewCommentNode extends CommentNode {
  pullRequestReview: Identified | null;
  replyTo: Identified | null;
}
export interface ReviewNode extends Identified {
  id: string;
  author: ActorNode | null;
  authorAssociation: string;
  state: string;
  body: string | null;
  commit: { oid: string } | null;
  submittedAt: string | null;
  createdAt: string;
  updatedAt: string;
}
export interface CommitNode {
  oid: string;
  messageHeadline: string;
  messageBody: string;
  authoredDate: string;
  committedDate: string;
  author: { name: string | null; user: ActorNode | null } | null;
  committer: { name: string | null } | null;
}
export type TimelineNode =
  | ({ __typename: 'IssueComment' } & CommentNode)
  | ({ __typename: 'PullRequestReview' } & ReviewNode)
  | { __typename: 'PullRequestCommit'; committed: CommitNode };
export interface FileNode {
  path: string;
  additions: number;
  deletions: number;
  changeType: string;
}
export interface ThreadNode {
  id: string;
  path: string;
  line: number | null;
  originalLine: number | null;
  startLine: number | null;
  originalStartLine: number | null;
  diffSide: string;
  subjectType: string;
  isResolved: boolean;
  isOutdated: boolean;
  resolvedBy: ActorNode | null;
}
export interface LabelNode {
  id: string;
  name: string;
  color: string;
  description: string | null;
  isDefault: boolean;
}
export interface RepositoryNode {
  id: string;
  databaseId: number | null;
  nameWithOwner: string;
  isPrivate: boolean;
  isArchived: boolean;
  isFork: boolean;
  isEmpty: boolean;
  createdAt: string;
  stargazerCount: number;
  defaultBranchRef: { name: string } | null;
  pullRequests: { totalCount: number };
  issues: { totalCount: number };
  mentionableUsers?: { totalCount: number };
}
