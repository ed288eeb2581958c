import type {
  Actor,
  Commit,
  Installation,
  Issue,
  IssueComment,
  Label,
  Milestone,
  Permission,
  PullRequest,
  Repository,
  Review,
  ReviewComment,
  ReviewThread,
} from './model.ts';
import type { World } from './world.ts';

/**
 * Puts objects into the world as history: nothing is announced, no time is touched.
 * `changes/` does it live, with webhooks.
 */

type Given<T, K extends keyof T> = Partial<T> & Pick<T, K>;

const authored = (createdAt: string) => ({
  author: null,
  authorAssociation: 'NONE' as const,
  body: '',
  createdAt,
  updatedAt: createdAt,
  lastEditedAt: null,
});

export function addRepository(world: World, fullName: string, given: Partial<Repository> = {}): Repository {
  const [owner, name] = fullName.split('/');
  if (!owner || !name) throw new Error(`sandbox: "${fullName}" is not owner/name`);
  if (world.repository(owner, name)) throw new Error(`sandbox: the repository ${fullName} exists already`);
  const createdAt = given.createdAt ?? '2020-01-01T00:00:00Z';
  return world.keep({
    kind: 'Repository',
    id: world.nextId('repository'),
    owner: world.actor(owner, 'Organization'),
    name,
    isPrivate: false,
    isArchived: false,
    isFork: false,
    defaultBranch: 'main',
    updatedAt: createdAt,
    pushedAt: createdAt,
    stars: 0,
    branchCommits: [],
    pulls: new Map(),
    issues: new Map(),
    labels: new Map(),
    milestones: new Map(),
    contents: new Map(),
    collaborators: new Map(),
    variables: new Map(),
    secrets: new Map(),
    isActionsEnabled: true,
    isBranchProtected: false,
    nextNumber: 1,
    version: 0,
    ...given,
    createdAt,
  });
}

/** The number that a new pull request or issue takes; the two share one sequence. */
function claimNumber(repository: Repository, wanted: number | undefined): number {
  const number = wanted ?? repository.nextNumber;
  if (repository.pulls.has(number) || repository.issues.has(number)) {
    throw new Error(`sandbox: number ${number} is taken in ${repository.name}`);
  }
  repository.nextNumber = Math.max(repository.nextNumber, number + 1);
  repository.version++;
  return number;
}

const discussion = () => ({
  isLocked: false,
  closedAt: null,
  labels: [],
  assignees: [],
  milestone: null,
  comments: [],
  events: [],
});

export function addPullRequest(
  world: World,
  repository: Repository,
  given: Given<PullRequest, 'title' | 'createdAt'>,
): PullRequest {
  const number = claimNumber(repository, given.number);
  const pull: PullRequest = {
    ...authored(given.createdAt),
    ...discussion(),
    kind: 'PullRequest',
    id: world.nextId('PullRequest'),
    issueId: world.nextId('issue'),
    repository,
    state: 'OPEN',
    isDraft: false,
    mergedAt: null,
    mergedBy: null,
    mergeCommitOid: null,
    baseRef: repository.defaultBranch,
    baseOid: fakeOid(`base:${repository.id}:${number}`),
    headRef: `branch-${number}`,
    headOid: fakeOid(`head:${repository.id}:${number}`),
    headRepository: null,
    isCrossRepository: false,
    reviewDecision: null,
    commits: [],
    files: [],
    reviews: [],
    threads: [],
    ...given,
    number,
  };
  repository.pulls.set(number, pull);
  return world.keep(pull);
}

export function addIssue(
  world: World,
  repository: Repository,
  given: Given<Issue, 'title' | 'createdAt'>,
): Issue {
  const number = claimNumber(repository, given.number);
  const id = world.nextId('issue');
  const issue: Issue = {
    ...authored(given.createdAt),
    ...discussion(),
    kind: 'Issue',
    id,
    issueId: id,
    repository,
    state: 'OPEN',
    stateReason: null,
    ...given,
    number,
  };
  repository.issues.set(number, issue);
  return world.keep(issue);
}

export function addIssueComment(
  world: World,
  subject: PullRequest | Issue,
  given: Given<IssueComment, 'createdAt'>,
): IssueComment {
  const comment: IssueComment = {
    ...authored(given.createdAt),
    kind: 'IssueComment',
    id: world.nextId('IssueComment'),
    subject,
    isMinimized: false,
    viaApp: false,
    reactions: null,
    ...given,
  };
  subject.comments.push(comment);
  return world.keep(comment);
}

export function addReview(
  world: World,
  pull: PullRequest,
  given: Given<Review, 'createdAt' | 'state'>,
): Review {
  const review: Review = {
    ...authored(given.createdAt),
    kind: 'PullRequestReview',
    id: world.nextId('PullRequestReview'),
    pull,
    submittedAt: given.state === 'PENDING' ? null : given.createdAt,
    commitOid: pull.headOid,
    ...given,
  };
  pull.reviews.push(review);
  return world.keep(review);
}

export function addThread(world: World, pull: PullRequest, given: Given<ReviewThread, 'path'>): ReviewThread {
  const thread: ReviewThread = {
    kind: 'PullRequestReviewThread',
    id: world.nextId('PullRequestReviewThread'),
    pull,
    line: 1,
    originalLine: 1,
    startLine: null,
    originalStartLine: null,
    diffSide: 'RIGHT',
    subjectType: 'LINE',
    isResolved: false,
    isOutdated: false,
    resolvedBy: null,
    comments: [],
    ...given,
  };
  pull.threads.push(thread);
  return world.keep(thread);
}

export function addReviewComment(
  world: World,
  thread: ReviewThread,
  given: Given<ReviewComment, 'createdAt'>,
): ReviewComment {
  const comment: ReviewComment = {
    ...authored(given.createdAt),
    kind: 'PullRequestReviewComment',
    id: world.nextId('PullRequestReviewComment'),
    thread,
    review: null,
    replyTo: thread.comments[0] ?? null,
    isMinimized: false,
    reactions: null,
    ...given,
  };
  thread.comments.push(comment);
  return world.keep(comment);
}

export function addCommit(
  repository: Repository,
  given: { oid: string; headline: string; authorName: string; authoredAt: string } & Partial<Commit>,
): Commit {
  return {
    kind: 'Commit',
    repository,
    body: '',
    authorEmail: 'someone@example.com',
    author: null,
    committedAt: given.authoredAt,
    ...given,
  };
}

/** The repository's label of that name, made with a colour of its own when it is new. */
export function addLabel(world: World, repository: Repository, name: string): Label {
  const found = repository.labels.get(name);
  if (found) return found;
  const label: Label = {
    kind: 'Label',
    id: world.nextId('Label'),
    repository,
    name,
    color: fakeOid(name).slice(0, 6),
    description: null,
    isDefault: false,
  };
  repository.labels.set(name, label);
  return world.keep(label);
}

export function addMilestone(
  world: World,
  repository: Repository,
  title: string,
  createdAt: string,
): Milestone {
  const number = repository.milestones.size + 1;
  const id = world.nextId('Milestone');
  const milestone: Milestone = {
    kind: 'Milestone',
    id,
    repository,
    number,
    title,
    state: 'OPEN',
    createdAt,
    updatedAt: createdAt,
  };
  repository.milestones.set(number, milestone);
  return world.keep(milestone);
}

/** The App installed on some of an account's repositories. */
export function addInstallation(
  world: World,
  account: Actor,
  repositories: readonly Repository[],
  permissions: Record<string, Permission>,
  createdAt: string,
): Installation {
  const installation: Installation = {
    id: world.nextId('installation'),
    account,
    selection: 'selected',
    repositoryIds: new Set(repositories.map((repository) => repository.id)),
    permissions: { ...permissions },
    createdAt,
    suspendedAt: null,
  };
  world.installations.set(installation.id, installation);
  return installation;
}

/** 40 hex digits drawn from a text: what stands for a commit id where none is given. Not cryptographic. */
export function fakeOid(text: string): string {
  let oid = '';
  for (let part = 0; part < 5; part++) {
    let hash = 0x811c9dc5 ^ (part * 0x9e3779b9);
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    hash ^= hash >>> 15;
    hash = Math.imul(hash, 0x85ebca6b);
    oid += ((hash ^ (hash >>> 13)) >>> 0).toString(16).padStart(8, '0');
  }
  return oid;
}
