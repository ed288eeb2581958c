import { createHash } from 'node:crypto';
import { diffHunkOf } from '../graphql/types/pull-request.ts';
import type {
  Association,
  Issue,
  IssueComment,
  PullRequest,
  Reaction,
  Repository,
  Review,
  ReviewComment,
  ReviewThread,
} from '../world/model.ts';
import { fullName } from '../world/model.ts';
import { makeNodeId, nodeIdOf } from '../world/node-id.ts';
import {
  type Origins,
  representLabel,
  representMilestone,
  representRepository,
  representUser,
  representUserOrNull,
} from './represent.ts';

const repoUrl = ({ apiUrl }: Origins, repository: Repository) => `${apiUrl}/repos/${fullName(repository)}`;
const htmlOf = ({ webUrl }: Origins, { kind, repository, number }: PullRequest | Issue) =>
  `${webUrl}/${fullName(repository)}/${kind === 'Issue' ? 'issues' : 'pull'}/${number}`;

const REACTIONS = ['+1', '-1', 'laugh', 'hooray', 'confused', 'heart', 'rocket', 'eyes'];

function representReactions(url: string, reactions: readonly Reaction[] | null) {
  const counts = REACTIONS.map((content) => [
    content,
    reactions?.filter((reaction) => reaction.content === content).length ?? 0,
  ]);
  return {
    url: `${url}/reactions`,
    total_count: reactions?.length ?? 0,
    ...(Object.fromEntries(counts) as Record<string, number>),
  };
}

interface Subject {
  author_association: Association;
}

/** What issues and pull requests have in common in REST. */
function shared(origins: Origins, item: PullRequest | Issue) {
  return {
    number: item.number,
    title: item.title,
    user: representUserOrNull(origins, item.author),
    labels: item.labels.map((label) => representLabel(origins, label)),
    state: item.state === 'OPEN' ? 'open' : 'closed',
    locked: item.isLocked,
    assignee: representUserOrNull(origins, item.assignees[0] ?? null),
    assignees: item.assignees.map((actor) => representUser(origins, actor)),
    milestone: item.milestone && representMilestone(origins, item.milestone),
    created_at: item.createdAt,
    updated_at: item.updatedAt,
    closed_at: item.closedAt,
    author_association: item.authorAssociation,
    active_lock_reason: null,
    // An empty body is null in REST and '' in GraphQL.
    body: item.body === '' ? null : item.body,
  } satisfies Subject & Record<string, unknown>;
}

/** REST's issue: a pull request is one too, with a `pull_request` key and an id of its own. */
export function representIssue(origins: Origins, item: PullRequest | Issue) {
  const url = `${repoUrl(origins, item.repository)}/issues/${item.number}`;
  const htmlUrl = htmlOf(origins, item);
  const pullUrl = `${repoUrl(origins, item.repository)}/pulls/${item.number}`;
  return {
    url,
    repository_url: repoUrl(origins, item.repository),
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: htmlUrl,
    id: item.issueId,
    node_id: nodeIdOf(item),
    ...shared(origins, item),
    comments: item.comments.length,
    ...(item.kind === 'PullRequest'
      ? {
          draft: item.isDraft,
          pull_request: {
            url: pullUrl,
            html_url: htmlUrl,
            diff_url: `${htmlUrl}.diff`,
            patch_url: `${htmlUrl}.patch`,
            merged_at: item.mergedAt,
          },
        }
      : {}),
    closed_by: null,
    reactions: representReactions(url, null),
    timeline_url: `${url}/timeline`,
    performed_via_github_app: null,
    state_reason: item.kind === 'Issue' ? (item.stateReason?.toLowerCase() ?? null) : null,
  };
}

/** Repositories inside a pull request carry these settings too. */
const MERGE_SETTINGS = {
  allow_squash_merge: true,
  allow_merge_commit: true,
  allow_rebase_merge: true,
  allow_auto_merge: false,
  allow_update_branch: false,
  delete_branch_on_merge: false,
};

/** A repository as the `head` and `base` of its pull requests show it. */
export const representInside = (origins: Origins, repository: Repository) => ({
  ...representRepository(origins, repository),
  ...MERGE_SETTINGS,
});

function representBranch(origins: Origins, pull: PullRequest, side: 'head' | 'base', inside: object) {
  const { owner } = pull.repository;
  const [ref, sha] = side === 'head' ? [pull.headRef, pull.headOid] : [pull.baseRef, pull.baseOid];
  const isFork = side === 'head' && pull.isCrossRepository;
  const login = isFork ? (pull.headRepository?.split('/')[0] ?? 'unknown') : owner.login;
  return {
    label: `${login}:${ref}`,
    ref,
    sha,
    user: isFork ? null : representUser(origins, owner),
    repo: isFork ? null : inside,
  };
}

/**
 * A pull request as REST lists it: without counts of lines, files and comments. `inside` is its repository as
 * `representInside` gives it; a list makes it once.
 */
export function representPullInList(
  origins: Origins,
  pull: PullRequest,
  inside: object = representInside(origins, pull.repository),
) {
  const url = `${repoUrl(origins, pull.repository)}/pulls/${pull.number}`;
  const issueUrl = `${repoUrl(origins, pull.repository)}/issues/${pull.number}`;
  const htmlUrl = htmlOf(origins, pull);
  const statusesUrl = `${repoUrl(origins, pull.repository)}/statuses/${pull.headOid}`;
  const commentUrl = `${repoUrl(origins, pull.repository)}/pulls/comments{/number}`;
  return {
    url,
    id: pull.id,
    node_id: nodeIdOf(pull),
    html_url: htmlUrl,
    diff_url: `${htmlUrl}.diff`,
    patch_url: `${htmlUrl}.patch`,
    issue_url: issueUrl,
    ...shared(origins, pull),
    merged_at: pull.mergedAt,
    merge_commit_sha: pull.mergeCommitOid,
    requested_reviewers: [],
    requested_teams: [],
    draft: pull.isDraft,
    commits_url: `${url}/commits`,
    review_comments_url: `${url}/comments`,
    review_comment_url: commentUrl,
    comments_url: `${issueUrl}/comments`,
    statuses_url: statusesUrl,
    head: representBranch(origins, pull, 'head', inside),
    base: representBranch(origins, pull, 'base', inside),
    _links: {
      self: { href: url },
      html: { href: htmlUrl },
      issue: { href: issueUrl },
      comments: { href: `${issueUrl}/comments` },
      review_comments: { href: `${url}/comments` },
      review_comment: { href: commentUrl },
      commits: { href: `${url}/commits` },
      statuses: { href: statusesUrl },
    },
    auto_merge: null,
  };
}

export function representPull(origins: Origins, pull: PullRequest) {
  const { files, threads } = pull;
  return {
    ...representPullInList(origins, pull),
    merged: pull.state === 'MERGED',
    mergeable: null,
    rebaseable: null,
    mergeable_state: 'unknown',
    merged_by: representUserOrNull(origins, pull.mergedBy),
    comments: pull.comments.length,
    review_comments: threads.reduce((count, { comments }) => count + comments.length, 0),
    maintainer_can_modify: false,
    commits: pull.commits.length,
    additions: files.reduce((sum, { additions }) => sum + additions, 0),
    deletions: files.reduce((sum, { deletions }) => sum + deletions, 0),
    changed_files: files.length,
  };
}

export function representIssueComment(origins: Origins, appSlug: string, comment: IssueComment) {
  const { subject } = comment;
  const url = `${repoUrl(origins, subject.repository)}/issues/comments/${comment.id}`;
  return {
    url,
    html_url: `${htmlOf(origins, subject)}#issuecomment-${comment.id}`,
    issue_url: `${repoUrl(origins, subject.repository)}/issues/${subject.number}`,
    id: comment.id,
    node_id: nodeIdOf(comment),
    user: representUserOrNull(origins, comment.author),
    created_at: comment.createdAt,
    updated_at: comment.updatedAt,
    author_association: comment.authorAssociation,
    body: comment.body,
    reactions: representReactions(url, comment.reactions),
    performed_via_github_app: comment.viaApp ? { slug: appSlug } : null,
  };
}

export function representReview(origins: Origins, review: Review) {
  const { pull } = review;
  const htmlUrl = `${htmlOf(origins, pull)}#pullrequestreview-${review.id}`;
  const pullUrl = `${repoUrl(origins, pull.repository)}/pulls/${pull.number}`;
  return {
    id: review.id,
    node_id: nodeIdOf(review),
    user: representUserOrNull(origins, review.author),
    body: review.body,
    state: review.state,
    html_url: htmlUrl,
    pull_request_url: pullUrl,
    author_association: review.authorAssociation,
    _links: { html: { href: htmlUrl }, pull_request: { href: pullUrl } },
    ...(review.submittedAt === null ? {} : { submitted_at: review.submittedAt }),
    commit_id: review.commitOid,
  };
}

export function representReviewComment(origins: Origins, comment: ReviewComment) {
  const { thread } = comment;
  const { pull } = thread;
  const url = `${repoUrl(origins, pull.repository)}/pulls/comments/${comment.id}`;
  const htmlUrl = `${htmlOf(origins, pull)}#discussion_r${comment.id}`;
  const pullUrl = `${repoUrl(origins, pull.repository)}/pulls/${pull.number}`;
  return {
    url,
    pull_request_review_id: comment.review?.id ?? null,
    id: comment.id,
    node_id: nodeIdOf(comment),
    diff_hunk: diffHunkOf(thread),
    path: thread.path,
    commit_id: pull.headOid,
    original_commit_id: comment.review?.commitOid ?? pull.headOid,
    user: representUserOrNull(origins, comment.author),
    body: comment.body,
    created_at: comment.createdAt,
    updated_at: comment.updatedAt,
    html_url: htmlUrl,
    pull_request_url: pullUrl,
    author_association: comment.authorAssociation,
    _links: { self: { href: url }, html: { href: htmlUrl }, pull_request: { href: pullUrl } },
    reactions: representReactions(url, comment.reactions),
    start_line: thread.startLine,
    original_start_line: thread.originalStartLine,
    start_side: thread.startLine === null ? null : thread.diffSide,
    line: thread.line,
    original_line: thread.originalLine,
    side: thread.diffSide,
    // A reply names the first comment of its thread; the first comment has no such key.
    ...(comment.replyTo ? { in_reply_to_id: comment.replyTo.id } : {}),
    original_position: thread.originalLine ?? 1,
    position: thread.line,
    subject_type: thread.subjectType.toLowerCase(),
  };
}

export function representThread(origins: Origins, thread: ReviewThread) {
  return {
    node_id: nodeIdOf(thread),
    comments: thread.comments.map((comment) => representReviewComment(origins, comment)),
  };
}

export function representReaction(origins: Origins, { id, content, user, createdAt }: Reaction) {
  const nodeId = makeNodeId('User', id).replace('U_', 'REA_');
  return { id, node_id: nodeId, user: representUser(origins, user), content, created_at: createdAt };
}

/** A weak ETag of an answer, as GitHub sends. */
export const etagOf = (text: string): string => `W/"${createHash('sha256').update(text).digest('hex')}"`;
