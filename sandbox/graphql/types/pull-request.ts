import {
  type ChangedFile,
  type Commit,
  fullName,
  type PullRequest,
  type Review,
  type ReviewComment,
  type ReviewThread,
} from '../../world/model.ts';
import { commitKey, makeNodeId, nodeIdOf } from '../../world/node-id.ts';
import { connect, connectInOrder, type PageArguments } from '../connection.ts';
import { plain, type Resolvers, requireRead } from '../resolver.ts';
import { type TimelineArguments, timelineOf } from '../timeline.ts';
import { AUTHORED, commentKey, DISCUSSION, pathOf, userOrNull } from './discussion.ts';

/** A commit as an item of a pull request. */
export interface PullRequestCommit {
  readonly kind: 'PullRequestCommit';
  readonly pull: PullRequest;
  readonly commit: Commit;
}
const wrapped = new WeakMap<PullRequest, Map<Commit, PullRequestCommit>>();

/** The pull request's commits, the same object for the same commit every time. */
export function commitsOf(pull: PullRequest): PullRequestCommit[] {
  let map = wrapped.get(pull);
  if (!map) {
    map = new Map();
    wrapped.set(pull, map);
  }
  return pull.commits.map((commit) => {
    const item = map.get(commit) ?? { kind: 'PullRequestCommit', pull, commit };
    map.set(commit, item);
    return item;
  });
}

const sum = (files: readonly ChangedFile[], field: 'additions' | 'deletions') =>
  files.reduce((total, file) => total + file[field], 0);

const pullRequest: Resolvers<PullRequest> = {
  ...DISCUSSION,
  ...plain<PullRequest>()('isDraft', 'mergedAt', 'mergedBy', 'reviewDecision', 'isCrossRepository'),
  merged: ({ state }) => state === 'MERGED',
  baseRefName: ({ baseRef }) => baseRef,
  baseRefOid: ({ baseOid }) => baseOid,
  headRefName: ({ headRef }) => headRef,
  headRefOid: ({ headOid }) => headOid,
  headRepository: (pull, _args, { world }) => {
    if (!pull.isCrossRepository) return pull.repository;
    const [owner = '', name = ''] = pull.headRepository?.split('/') ?? [];
    return world.repository(owner, name) ?? null;
  },
  headRepositoryOwner: (pull, _args, { world }) =>
    pull.isCrossRepository
      ? (world.findActor(pull.headRepository?.split('/')[0] ?? '') ?? null)
      : pull.repository.owner,
  mergeCommit: ({ mergeCommitOid, repository }, _args, { world }) =>
    mergeCommitOid === null ? null : (world.find('Commit', `${repository.id}:${mergeCommitOid}`) ?? null),
  additions: ({ files }) => sum(files, 'additions'),
  deletions: ({ files }) => sum(files, 'deletions'),
  changedFiles: ({ files }) => files.length,
  totalCommentsCount: ({ comments, threads }) =>
    comments.length + threads.reduce((total, thread) => total + thread.comments.length, 0),
  commits: (pull, args: PageArguments, { meter }) => connectInOrder(commitsOf(pull), args, meter),
  files: (pull, args: PageArguments, { meter }) => connectInOrder(pull.files, args, meter),
  reviewThreads: (pull, args: PageArguments, { meter }) => connectInOrder(pull.threads, args, meter),
  reviews: (pull, args: PageArguments & { states?: string[]; author?: string }, { meter }) =>
    connect(
      pull.reviews.filter(
        (review) =>
          // Only its author sees a review that is not submitted yet.
          review.state !== 'PENDING' &&
          (!args.states || args.states.includes(review.state)) &&
          (args.author == null || review.author?.login.toLowerCase() === args.author.toLowerCase()),
      ),
      args,
      meter,
      commentKey,
    ),
  timelineItems: (pull, args: TimelineArguments, context) => {
    requireRead(context, 'pull_requests');
    return timelineOf(pull, args, context);
  },
};

const review: Resolvers<Review> = {
  ...AUTHORED,
  ...plain<Review>()('state', 'submittedAt'),
  isMinimized: () => false,
  repository: ({ pull }) => pull.repository,
  pullRequest: ({ pull }) => pull,
  resourcePath: ({ pull, id }) => `${pathOf(pull)}#pullrequestreview-${id}`,
  url: ({ pull, id }, _args, { webUrl }) => `${webUrl}${pathOf(pull)}#pullrequestreview-${id}`,
  commit: ({ pull, commitOid }) => pull.commits.find(({ oid }) => oid === commitOid) ?? null,
  comments: (source, args: PageArguments, { meter }) =>
    connect(
      source.pull.threads.flatMap(({ comments }) => comments.filter((comment) => comment.review === source)),
      args,
      meter,
      commentKey,
    ),
};

const thread: Resolvers<ReviewThread> = {
  ...plain<ReviewThread>()(
    'path',
    'line',
    'originalLine',
    'startLine',
    'originalStartLine',
    'diffSide',
    'subjectType',
    'isResolved',
    'isOutdated',
  ),
  id: nodeIdOf,
  isCollapsed: ({ isResolved }) => isResolved,
  resolvedBy: ({ resolvedBy }) => userOrNull(resolvedBy),
  startDiffSide: ({ startLine, diffSide }) => (startLine === null ? null : diffSide),
  repository: ({ pull }) => pull.repository,
  pullRequest: ({ pull }) => pull,
  comments: (source, args: PageArguments & { skip?: number | null }, { meter }) =>
    connect(args.skip ? source.comments.slice(args.skip) : source.comments, args, meter, commentKey),
};

const reviewComment: Resolvers<ReviewComment> = {
  ...AUTHORED,
  ...plain<ReviewComment>()('replyTo', 'isMinimized'),
  path: ({ thread }) => thread.path,
  line: ({ thread }) => thread.line,
  originalLine: ({ thread }) => thread.originalLine,
  startLine: ({ thread }) => thread.startLine,
  originalStartLine: ({ thread }) => thread.originalStartLine,
  subjectType: ({ thread }) => thread.subjectType,
  outdated: ({ thread }) => thread.isOutdated,
  state: () => 'SUBMITTED',
  diffHunk: ({ thread }) => diffHunkOf(thread),
  draftedAt: ({ createdAt }) => createdAt,
  pullRequestReview: ({ review }) => review,
  pullRequest: ({ thread }) => thread.pull,
  repository: ({ thread }) => thread.pull.repository,
  resourcePath: ({ thread, id }) => `${pathOf(thread.pull)}#discussion_r${id}`,
  url: ({ thread, id }, _args, { webUrl }) => `${webUrl}${pathOf(thread.pull)}#discussion_r${id}`,
};

export const diffHunkOf = ({ originalLine }: ReviewThread): string =>
  `@@ -${originalLine ?? 1},1 +${originalLine ?? 1},1 @@`;

const changedFile: Resolvers<ChangedFile> = plain<ChangedFile>()(
  'path',
  'additions',
  'deletions',
  'changeType',
);

const pullRequestCommit: Resolvers<PullRequestCommit> = {
  id: ({ pull, commit }) => makeNodeId('PullRequestCommit', `${pull.id}:${commit.oid}`),
  commit: ({ commit }) => commit,
  pullRequest: ({ pull }) => pull,
  url: ({ pull, commit }, _args, { webUrl }) => `${webUrl}${pathOf(pull)}/commits/${commit.oid}`,
};

const commit: Resolvers<Commit> = {
  ...plain<Commit>()('oid', 'repository'),
  id: (source) => makeNodeId('Commit', commitKey(source)),
  abbreviatedOid: ({ oid }) => oid.slice(0, 7),
  message: ({ headline, body }) => (body === '' ? headline : `${headline}\n\n${body}`),
  messageHeadline: ({ headline }) => headline,
  messageBody: ({ body }) => body,
  authoredDate: ({ authoredAt }) => authoredAt,
  committedDate: ({ committedAt }) => committedAt,
  author: (source) => source,
  committer: (source) => source,
  url: ({ repository, oid }, _args, { webUrl }) => `${webUrl}/${fullName(repository)}/commit/${oid}`,
  history: ({ repository }, args: PageArguments & { since?: string; until?: string }, context) => {
    requireRead(context, 'contents');
    const wanted = repository.branchCommits.filter(
      ({ committedAt }) =>
        (args.since == null || Date.parse(committedAt) >= Date.parse(args.since)) &&
        (args.until == null || Date.parse(committedAt) <= Date.parse(args.until)),
    );
    return connectInOrder(wanted.reverse(), args, context.meter);
  },
};

const gitActor: Resolvers<Commit> = {
  name: ({ authorName }) => authorName,
  email: ({ authorEmail }) => authorEmail,
  date: ({ authoredAt }) => authoredAt,
  user: ({ author }) => userOrNull(author),
};

export const PULL_REQUEST_TYPES = {
  PullRequest: pullRequest,
  PullRequestReview: review,
  PullRequestReviewThread: thread,
  PullRequestReviewComment: reviewComment,
  PullRequestChangedFile: changedFile,
  PullRequestCommit: pullRequestCommit,
  Commit: commit,
  GitActor: gitActor,
};
