import type { Actor, PullRequest, Repository } from './world/model.ts';
import { nodeIdOf } from './world/node-id.ts';

/** A row: column names as keys, values as a database would hold them. */
export type TruthRow = Readonly<Record<string, string | number | boolean | null>>;
export type Truth = Readonly<Record<string, readonly TruthRow[]>>;

const idOf = (actor: Actor | null): number | null => actor?.id ?? null;

/**
 * What a repository holds, as plain sorted rows for each kind of thing: made straight from the world, so
 * that it is a check on everything between it and a database. Pending reviews are nobody's to see.
 */
export function truthOf(repository: Repository): Truth {
  const pulls = [...repository.pulls.values()];
  const issues = [...repository.issues.values()];
  const discussions = [...pulls, ...issues];
  const reviews = pulls.flatMap((pull) => pull.reviews.filter(({ state }) => state !== 'PENDING'));
  const threads = pulls.flatMap((pull) => pull.threads);
  const people = new Map<number, Actor>();
  const see = (...actors: (Actor | null)[]) => {
    for (const actor of actors) if (actor) people.set(actor.id, actor);
  };
  for (const item of discussions)
    see(item.author, ...item.assignees, ...item.comments.map(({ author }) => author));
  for (const pull of pulls) see(pull.mergedBy);
  for (const { author } of reviews) see(author);
  for (const { resolvedBy, comments } of threads) see(resolvedBy, ...comments.map(({ author }) => author));
  const commonOf = (item: (typeof discussions)[number]) => ({
    id: item.id,
    node_id: nodeIdOf(item),
    repository_id: repository.id,
    number: item.number,
    title: item.title,
    body: item.body,
    state: item.state,
    is_locked: item.isLocked,
    author_id: idOf(item.author),
    author_association: item.authorAssociation,
    created_at: item.createdAt,
    updated_at: item.updatedAt,
    closed_at: item.closedAt,
    milestone: item.milestone?.title ?? null,
  });
  return {
    contributors: sorted([...people.values()].map(({ id, login, kind }) => ({ id, login, type: kind }))),
    labels: sorted(
      [...repository.labels.values()].map((label) => ({
        id: nodeIdOf(label),
        name: label.name,
        color: label.color,
        description: label.description,
      })),
    ),
    pull_requests: sorted(pulls.map((pull) => ({ ...commonOf(pull), ...pullColumns(pull) }))),
    issues: sorted(issues.map((issue) => ({ ...commonOf(issue), state_reason: issue.stateReason }))),
    reviews: sorted(
      reviews.map((review) => ({
        id: review.id,
        pull_request_id: review.pull.id,
        author_id: idOf(review.author),
        state: review.state,
        body: review.body,
        submitted_at: review.submittedAt,
      })),
    ),
    review_threads: sorted(
      threads.map((thread) => ({
        id: nodeIdOf(thread),
        pull_request_id: thread.pull.id,
        path: thread.path,
        line: thread.line,
        original_line: thread.originalLine,
        is_resolved: thread.isResolved,
        is_outdated: thread.isOutdated,
        resolved_by_id: idOf(thread.resolvedBy?.kind === 'User' ? thread.resolvedBy : null),
      })),
    ),
    comments: sorted([
      ...discussions.flatMap((item) =>
        item.comments.map((comment) => ({
          comment_type: 'issue',
          id: comment.id,
          pull_request_id: item.kind === 'PullRequest' ? item.id : null,
          issue_id: item.kind === 'Issue' ? item.id : null,
          review_thread_id: null,
          in_reply_to_id: null,
          author_id: idOf(comment.author),
          body: comment.body,
          created_at: comment.createdAt,
          updated_at: comment.updatedAt,
        })),
      ),
      ...threads.flatMap((thread) =>
        thread.comments.map((comment) => ({
          comment_type: 'review',
          id: comment.id,
          pull_request_id: thread.pull.id,
          issue_id: null,
          review_thread_id: nodeIdOf(thread),
          in_reply_to_id: comment.replyTo?.id ?? null,
          author_id: idOf(comment.author),
          body: comment.body,
          created_at: comment.createdAt,
          updated_at: comment.updatedAt,
        })),
      ),
    ]),
    commits: sorted(
      pulls.flatMap((pull) =>
        pull.commits.map((commit) => ({
          pull_request_id: pull.id,
          oid: commit.oid,
          message_headline: commit.headline,
          author_name: commit.authorName,
          authored_at: commit.authoredAt,
        })),
      ),
    ),
    branch_commits: sorted(
      repository.branchCommits.map(({ oid, headline, committedAt }) => ({
        repository_id: repository.id,
        oid,
        message_headline: headline,
        committed_at: committedAt,
      })),
    ),
    files: sorted(
      pulls.flatMap((pull) =>
        pull.files.map(({ path, additions, deletions, changeType }) => ({
          pull_request_id: pull.id,
          path,
          additions,
          deletions,
          change_type: changeType,
        })),
      ),
    ),
    pull_request_labels: sorted(
      pulls.flatMap((pull) => pull.labels.map(({ name }) => ({ pull_request_id: pull.id, name }))),
    ),
    pull_request_assignees: sorted(
      pulls.flatMap((pull) =>
        pull.assignees.map(({ id }) => ({ pull_request_id: pull.id, contributor_id: id })),
      ),
    ),
    issue_labels: sorted(
      issues.flatMap((issue) => issue.labels.map(({ name }) => ({ issue_id: issue.id, name }))),
    ),
    issue_assignees: sorted(
      issues.flatMap((issue) =>
        issue.assignees.map(({ id }) => ({ issue_id: issue.id, contributor_id: id })),
      ),
    ),
  };
}

function pullColumns(pull: PullRequest) {
  const visible = pull.reviews.filter(({ state }) => state !== 'PENDING').length;
  return {
    is_draft: pull.isDraft,
    merged_at: pull.mergedAt,
    merged_by_id: idOf(pull.mergedBy),
    merge_commit_oid: pull.mergeCommitOid,
    base_ref: pull.baseRef,
    base_oid: pull.baseOid,
    head_ref: pull.headRef,
    head_oid: pull.headOid,
    review_decision: pull.reviewDecision,
    additions: pull.files.reduce((sum, { additions }) => sum + additions, 0),
    deletions: pull.files.reduce((sum, { deletions }) => sum + deletions, 0),
    changed_files: pull.files.length,
    comments_count: pull.comments.length,
    reviews_count: visible,
    review_threads_count: pull.threads.length,
    commits_count: pull.commits.length,
    files_count: pull.files.length,
    labels_count: pull.labels.length,
    assignees_count: pull.assignees.length,
  };
}

/** Rows by the values of their columns, in order. */
function sorted<T extends TruthRow>(rows: T[]): T[] {
  const keyOf = (row: T) => Object.values(row).slice(0, 3).join('\u0000');
  return rows
    .map((row) => ({ row, key: keyOf(row) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ row }) => row);
}
