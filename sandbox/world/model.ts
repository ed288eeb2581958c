/**
 * What the local GitHub holds: plain objects that point at each other. Times are ISO 8601 in UTC with
 * whole seconds, as GitHub writes them. Every numeric `id` is GitHub's database id; node ids are derived.
 */

export type ActorKind = 'User' | 'Bot' | 'Organization' | 'Mannequin';

export interface Actor {
  readonly kind: ActorKind;
  readonly id: number;
  /** GraphQL's spelling: a bot is `dependabot` here and `dependabot[bot]` in REST. */
  login: string;
  name: string | null;
}

export type Role = 'admin' | 'maintain' | 'write' | 'triage' | 'read';

export interface Label {
  readonly kind: 'Label';
  readonly id: number;
  readonly repository: Repository;
  name: string;
  color: string;
  description: string | null;
  isDefault: boolean;
}

export interface Milestone {
  readonly kind: 'Milestone';
  readonly id: number;
  readonly repository: Repository;
  readonly number: number;
  title: string;
  state: 'OPEN' | 'CLOSED';
  createdAt: string;
  updatedAt: string;
}

export interface Commit {
  readonly kind: 'Commit';
  readonly oid: string;
  readonly repository: Repository;
  headline: string;
  body: string;
  authorName: string;
  authorEmail: string;
  /** The account that GitHub ties to the e-mail address, if any. */
  author: Actor | null;
  authoredAt: string;
  committedAt: string;
}

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'RENAMED' | 'COPIED' | 'CHANGED';

export interface ChangedFile {
  readonly kind: 'PullRequestChangedFile';
  path: string;
  additions: number;
  deletions: number;
  changeType: ChangeType;
}

export interface Reaction {
  readonly id: number;
  readonly content: string;
  readonly user: Actor;
  readonly createdAt: string;
}

/** What pull requests, issues, reviews and comments share. `author` null is a deleted account (a ghost). */
interface Authored {
  readonly id: number;
  author: Actor | null;
  authorAssociation: Association;
  body: string;
  createdAt: string;
  updatedAt: string;
  lastEditedAt: string | null;
}

export type Association =
  | 'OWNER'
  | 'MEMBER'
  | 'COLLABORATOR'
  | 'CONTRIBUTOR'
  | 'FIRST_TIME_CONTRIBUTOR'
  | 'NONE';

export interface IssueComment extends Authored {
  readonly kind: 'IssueComment';
  readonly subject: PullRequest | Issue;
  isMinimized: boolean;
  /** Slug of the GitHub App that wrote it, or null for a person. */
  viaApp: boolean;
  reactions: Reaction[] | null;
}

export type ReviewState = 'PENDING' | 'COMMENTED' | 'APPROVED' | 'CHANGES_REQUESTED' | 'DISMISSED';

export interface Review extends Authored {
  readonly kind: 'PullRequestReview';
  readonly pull: PullRequest;
  state: ReviewState;
  submittedAt: string | null;
  commitOid: string | null;
}

export interface ReviewComment extends Authored {
  readonly kind: 'PullRequestReviewComment';
  readonly thread: ReviewThread;
  review: Review | null;
  replyTo: ReviewComment | null;
  isMinimized: boolean;
  reactions: Reaction[] | null;
}

export interface ReviewThread {
  readonly kind: 'PullRequestReviewThread';
  readonly id: number;
  readonly pull: PullRequest;
  path: string;
  line: number | null;
  originalLine: number | null;
  startLine: number | null;
  originalStartLine: number | null;
  diffSide: 'LEFT' | 'RIGHT';
  subjectType: 'LINE' | 'FILE';
  isResolved: boolean;
  isOutdated: boolean;
  resolvedBy: Actor | null;
  readonly comments: ReviewComment[];
}

export type EventKind =
  | 'LabeledEvent'
  | 'UnlabeledEvent'
  | 'AssignedEvent'
  | 'ClosedEvent'
  | 'ReopenedEvent'
  | 'MergedEvent'
  | 'RenamedTitleEvent'
  | 'ConvertToDraftEvent'
  | 'ReadyForReviewEvent';

/** An entry of the timeline that is nothing but an event. */
export interface TimelineEvent {
  readonly kind: EventKind;
  readonly id: number;
  readonly subject: PullRequest | Issue;
  readonly actor: Actor | null;
  readonly createdAt: string;
  readonly label?: Label;
  readonly assignee?: Actor;
  readonly previousTitle?: string;
  readonly currentTitle?: string;
}

interface Discussion extends Authored {
  readonly repository: Repository;
  readonly number: number;
  /** The id that REST's `/issues` gives, for pull requests too: not the pull request's id. */
  readonly issueId: number;
  title: string;
  isLocked: boolean;
  closedAt: string | null;
  labels: Label[];
  assignees: Actor[];
  milestone: Milestone | null;
  readonly comments: IssueComment[];
  readonly events: TimelineEvent[];
}

export interface PullRequest extends Discussion {
  readonly kind: 'PullRequest';
  state: 'OPEN' | 'CLOSED' | 'MERGED';
  isDraft: boolean;
  mergedAt: string | null;
  mergedBy: Actor | null;
  mergeCommitOid: string | null;
  baseRef: string;
  baseOid: string;
  headRef: string;
  headOid: string;
  /** `owner/name` of a fork; null when it is this repository or when the fork was deleted. */
  headRepository: string | null;
  isCrossRepository: boolean;
  reviewDecision: 'APPROVED' | 'CHANGES_REQUESTED' | 'REVIEW_REQUIRED' | null;
  readonly commits: Commit[];
  readonly files: ChangedFile[];
  readonly reviews: Review[];
  readonly threads: ReviewThread[];
}

export interface Issue extends Discussion {
  readonly kind: 'Issue';
  state: 'OPEN' | 'CLOSED';
  stateReason: 'COMPLETED' | 'NOT_PLANNED' | 'REOPENED' | null;
}

export interface Repository {
  readonly kind: 'Repository';
  readonly id: number;
  owner: Actor;
  name: string;
  isPrivate: boolean;
  isArchived: boolean;
  isFork: boolean;
  defaultBranch: string;
  createdAt: string;
  updatedAt: string;
  pushedAt: string;
  stars: number;
  /** Commits that are on the default branch, oldest first. */
  readonly branchCommits: Commit[];
  readonly pulls: Map<number, PullRequest>;
  readonly issues: Map<number, Issue>;
  readonly labels: Map<string, Label>;
  readonly milestones: Map<number, Milestone>;
  /** Text files of the default branch by path, so far as somebody reads them. */
  readonly contents: Map<string, string>;
  readonly collaborators: Map<number, Role>;
  /** `vars` of GitHub Actions. */
  readonly variables: Map<string, string>;
  /** `secrets` of GitHub Actions. */
  readonly secrets: Map<string, string>;
  isActionsEnabled: boolean;
  /** Of the default branch. */
  isBranchProtected: boolean;
  nextNumber: number;
  /** Goes up with every change, so that sorted lists may be kept between requests. */
  version: number;
}

export type Permission = 'read' | 'write' | 'admin';

export interface Installation {
  readonly id: number;
  readonly account: Actor;
  selection: 'all' | 'selected';
  readonly repositoryIds: Set<number>;
  permissions: Record<string, Permission>;
  createdAt: string;
  suspendedAt: string | null;
}

export type Entity =
  | Actor
  | Repository
  | PullRequest
  | Issue
  | IssueComment
  | Review
  | ReviewComment
  | ReviewThread
  | Label
  | Milestone
  | Commit;
export type EntityKind = Entity['kind'];

export const fullName = (repository: Repository): string => `${repository.owner.login}/${repository.name}`;

/** A login as REST and the web spell it. */
export const restLogin = (actor: Actor): string =>
  actor.kind === 'Bot' ? `${actor.login}[bot]` : actor.login;
