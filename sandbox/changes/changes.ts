import { isoSeconds } from '../clock.ts';
import type { SandboxCore } from '../sandbox.ts';
import type { Delivery, Webhooks } from '../webhooks/announce.ts';
import type { Happening } from '../webhooks/payloads.ts';
import {
  addCommit,
  addIssue,
  addIssueComment,
  addLabel,
  addPullRequest,
  addReview,
  addReviewComment,
  addThread,
  fakeOid,
} from '../world/build.ts';
import type {
  Actor,
  Association,
  Issue,
  IssueComment,
  PullRequest,
  Repository,
  Review,
  ReviewComment,
  ReviewState,
  ReviewThread,
} from '../world/model.ts';
import { addMergeCommit } from '../world/settle.ts';

/** A change that was made, and how the App's webhook was answered (null: it was not told). */
export interface Change<T> {
  readonly made: T;
  readonly delivery: Delivery | null;
}

type Discussion = PullRequest | Issue;

/**
 * Things that people do on GitHub: each changes the world, moves `updatedAt` where GitHub does, and sends
 * the webhook that GitHub sends. `by` is a login; `null` is an account that is gone.
 */
export interface Changes {
  openPullRequest(
    repository: Repository,
    by: string,
    given: {
      title: string;
      body?: string;
      isDraft?: boolean;
      files?: [string, number, number][];
      commits?: string[];
    },
  ): Promise<Change<PullRequest>>;
  /** One more commit on the head branch (`synchronize`). */
  pushCommit(pull: PullRequest, by: string, headline: string): Promise<Change<PullRequest>>;
  editTitle(item: Discussion, by: string, title: string): Promise<Change<Discussion>>;
  editBody(item: Discussion, by: string, body: string): Promise<Change<Discussion>>;
  closePullRequest(pull: PullRequest, by: string): Promise<Change<PullRequest>>;
  reopenPullRequest(pull: PullRequest, by: string): Promise<Change<PullRequest>>;
  mergePullRequest(pull: PullRequest, by: string): Promise<Change<PullRequest>>;
  review(pull: PullRequest, by: string, state: ReviewState, body?: string): Promise<Change<Review>>;
  /** Begins a thread on a line, or answers in one. */
  commentOnLine(
    pull: PullRequest,
    by: string,
    at: { path: string; line: number },
    body: string,
  ): Promise<Change<ReviewComment>>;
  reply(thread: ReviewThread, by: string, body: string): Promise<Change<ReviewComment>>;
  resolveThread(thread: ReviewThread, by: string): Promise<Change<ReviewThread>>;
  unresolveThread(thread: ReviewThread, by: string): Promise<Change<ReviewThread>>;
  /** A comment in the conversation of a pull request or an issue. */
  comment(item: Discussion, by: string, body: string): Promise<Change<IssueComment>>;
  editComment<T extends IssueComment | ReviewComment>(
    comment: T,
    by: string,
    body: string,
  ): Promise<Change<T>>;
  deleteComment<T extends IssueComment | ReviewComment>(comment: T, by: string): Promise<Change<T>>;
  openIssue(
    repository: Repository,
    by: string,
    given: { title: string; body?: string },
  ): Promise<Change<Issue>>;
  closeIssue(issue: Issue, by: string): Promise<Change<Issue>>;
  deleteIssue(issue: Issue, by: string): Promise<Change<Issue>>;
  addLabelTo(item: Discussion, by: string, name: string): Promise<Change<Discussion>>;
  removeLabelFrom(item: Discussion, by: string, name: string): Promise<Change<Discussion>>;
  assign(item: Discussion, by: string, assignee: string): Promise<Change<Discussion>>;
  /** Commits straight on the default branch. */
  push(repository: Repository, by: string, headlines: string[]): Promise<Change<Repository>>;
  /** GitHub's staff can take a pull request away; no webhook tells of it. */
  deletePullRequest(pull: PullRequest): void;
}

export function createChanges(core: SandboxCore, { announce }: Webhooks): Changes {
  const { world } = core;
  const now = () => isoSeconds(core.clock.now());
  const isPull = (item: Discussion): item is PullRequest => item.kind === 'PullRequest';
  const touch = (item: Discussion) => {
    item.updatedAt = now();
    item.repository.version++;
  };
  const association = (repository: Repository, actor: Actor): Association =>
    repository.owner === actor
      ? 'OWNER'
      : repository.collaborators.has(actor.id)
        ? 'COLLABORATOR'
        : 'CONTRIBUTOR';
  const written = (repository: Repository, by: string, body: string) => {
    const author = world.actor(by);
    return { author, authorAssociation: association(repository, author), body, createdAt: now() };
  };
  async function tell<T>(made: T, event: string, action: string | null, what: Happening): Promise<Change<T>> {
    return { made, delivery: await announce(event, action, what) };
  }
  /** An event of a pull request or of an issue, whichever it is. */
  const tellOf = <T extends Discussion>(item: T, action: string, by: string, more: Partial<Happening> = {}) =>
    tell(item, isPull(item) ? 'pull_request' : 'issues', action, {
      ...(isPull(item) ? { pull: item } : { issue: item as Issue }),
      sender: world.actor(by),
      ...more,
    });
  const event = (item: Discussion, kind: PullRequest['events'][number]['kind'], by: string, more = {}) =>
    item.events.push({
      ...{
        kind,
        id: world.nextId('event'),
        subject: item,
        actor: world.actor(by),
        createdAt: now(),
        ...more,
      },
    });
  const newCommit = (pull: PullRequest, by: string, headline: string) => {
    const author = world.actor(by);
    const oid = fakeOid(`${pull.id}:${pull.commits.length}:${headline}`);
    pull.commits.push(
      addCommit(pull.repository, { oid, headline, authorName: author.login, author, authoredAt: now() }),
    );
    pull.headOid = oid;
  };
  const setClosed = (item: Discussion, by: string) => {
    touch(item);
    item.closedAt = item.updatedAt;
    event(item, 'ClosedEvent', by);
  };
  const discussionOf = (comment: IssueComment | ReviewComment): Discussion =>
    comment.kind === 'IssueComment' ? comment.subject : comment.thread.pull;
  const commentEvent = (comment: IssueComment | ReviewComment) =>
    comment.kind === 'IssueComment' ? 'issue_comment' : 'pull_request_review_comment';

  async function edit(item: Discussion, by: string, field: 'title' | 'body', text: string) {
    const from = item[field];
    item[field] = text;
    touch(item);
    if (field === 'body') item.lastEditedAt = item.updatedAt;
    else event(item, 'RenamedTitleEvent', by, { previousTitle: from, currentTitle: text });
    return tellOf(item, 'edited', by, { changes: { [field]: { from } } });
  }

  async function setResolved(thread: ReviewThread, by: string, isResolved: boolean) {
    const sender = world.actor(by);
    thread.isResolved = isResolved;
    thread.resolvedBy = isResolved ? sender : null;
    // Resolving a thread does not move the pull request's updatedAt.
    thread.pull.repository.version++;
    return tell(thread, 'pull_request_review_thread', isResolved ? 'resolved' : 'unresolved', {
      thread,
      sender,
    });
  }

  async function addComment(thread: ReviewThread, by: string, body: string) {
    const { pull } = thread;
    const review = addReview(world, pull, { ...written(pull.repository, by, ''), state: 'COMMENTED' });
    const comment = addReviewComment(world, thread, { ...written(pull.repository, by, body), review });
    touch(pull);
    await announce('pull_request_review', 'submitted', { review, sender: world.actor(by) });
    return tell(comment, 'pull_request_review_comment', 'created', { comment, sender: world.actor(by) });
  }

  return {
    async openPullRequest(
      repository,
      by,
      { title, body = '', isDraft = false, files = [], commits = [title] },
    ) {
      const pull = addPullRequest(world, repository, { ...written(repository, by, body), title, isDraft });
      for (const headline of commits) newCommit(pull, by, headline);
      for (const [path, additions, deletions] of files) {
        pull.files.push({
          kind: 'PullRequestChangedFile',
          path,
          additions,
          deletions,
          changeType: 'MODIFIED',
        });
      }
      return tellOf(pull, 'opened', by);
    },
    async pushCommit(pull, by, headline) {
      const before = pull.headOid;
      newCommit(pull, by, headline);
      touch(pull);
      return tellOf(pull, 'synchronize', by, { extra: { before, after: pull.headOid } });
    },
    editTitle: (item, by, title) => edit(item, by, 'title', title),
    editBody: (item, by, body) => edit(item, by, 'body', body),
    async closePullRequest(pull, by) {
      pull.state = 'CLOSED';
      setClosed(pull, by);
      return tellOf(pull, 'closed', by);
    },
    async reopenPullRequest(pull, by) {
      Object.assign(pull, { state: 'OPEN', closedAt: null });
      touch(pull);
      event(pull, 'ReopenedEvent', by);
      return tellOf(pull, 'reopened', by);
    },
    async mergePullRequest(pull, by) {
      const mergedBy = world.actor(by);
      Object.assign(pull, { state: 'MERGED', mergedBy, mergeCommitOid: fakeOid(`merge:${pull.id}`) });
      event(pull, 'MergedEvent', by);
      setClosed(pull, by);
      pull.mergedAt = pull.closedAt;
      addMergeCommit(world, pull, pull.updatedAt);
      return tellOf(pull, 'closed', by);
    },
    async review(pull, by, state, body = '') {
      const review = addReview(world, pull, { ...written(pull.repository, by, body), state });
      if (state === 'APPROVED' || state === 'CHANGES_REQUESTED') pull.reviewDecision = state;
      touch(pull);
      return tell(review, 'pull_request_review', 'submitted', { review, sender: world.actor(by) });
    },
    commentOnLine: (pull, by, { path, line }, body) =>
      addComment(addThread(world, pull, { path, line, originalLine: line }), by, body),
    reply: addComment,
    resolveThread: (thread, by) => setResolved(thread, by, true),
    unresolveThread: (thread, by) => setResolved(thread, by, false),
    async comment(item, by, body) {
      const comment = addIssueComment(world, item, written(item.repository, by, body));
      touch(item);
      return tell(comment, 'issue_comment', 'created', { comment, sender: world.actor(by) });
    },
    async editComment(comment, by, body) {
      const changes = { body: { from: comment.body } };
      comment.body = body;
      comment.updatedAt = comment.lastEditedAt = now();
      discussionOf(comment).repository.version++;
      return tell(comment, commentEvent(comment), 'edited', { comment, changes, sender: world.actor(by) });
    },
    async deleteComment(comment, by) {
      const list: unknown[] =
        comment.kind === 'IssueComment' ? comment.subject.comments : comment.thread.comments;
      list.splice(list.indexOf(comment), 1);
      world.forget(comment);
      if (comment.kind !== 'IssueComment' && comment.thread.comments.length === 0) {
        // A thread without comments is gone.
        const { threads } = comment.thread.pull;
        threads.splice(threads.indexOf(comment.thread), 1);
        world.forget(comment.thread);
      }
      touch(discussionOf(comment));
      return tell(comment, commentEvent(comment), 'deleted', { comment, sender: world.actor(by) });
    },
    async openIssue(repository, by, { title, body = '' }) {
      const issue = addIssue(world, repository, { ...written(repository, by, body), title });
      return tellOf(issue, 'opened', by);
    },
    async closeIssue(issue, by) {
      Object.assign(issue, { state: 'CLOSED', stateReason: 'COMPLETED' });
      setClosed(issue, by);
      return tellOf(issue, 'closed', by);
    },
    async deleteIssue(issue, by) {
      issue.repository.issues.delete(issue.number);
      issue.repository.version++;
      world.forget(issue);
      for (const comment of issue.comments) world.forget(comment);
      return tellOf(issue, 'deleted', by);
    },
    async addLabelTo(item, by, name) {
      const isNew = !item.repository.labels.has(name);
      const label = addLabel(world, item.repository, name);
      if (isNew) await announce('label', 'created', { label, sender: world.actor(by) });
      if (!item.labels.includes(label)) item.labels.push(label);
      touch(item);
      event(item, 'LabeledEvent', by, { label });
      return tellOf(item, 'labeled', by, { label });
    },
    async removeLabelFrom(item, by, name) {
      const label = addLabel(world, item.repository, name);
      item.labels = item.labels.filter((one) => one !== label);
      touch(item);
      event(item, 'UnlabeledEvent', by, { label });
      return tellOf(item, 'unlabeled', by, { label });
    },
    async assign(item, by, login) {
      const assignee = world.actor(login);
      if (!item.assignees.includes(assignee)) item.assignees.push(assignee);
      touch(item);
      event(item, 'AssignedEvent', by, { assignee });
      return tellOf(item, 'assigned', by, { assignee });
    },
    async push(repository, by, headlines) {
      const author = world.actor(by);
      const before = repository.branchCommits.at(-1)?.oid ?? '0'.repeat(40);
      const commits = headlines.map((headline, index) => {
        const oid = fakeOid(`push:${repository.id}:${repository.branchCommits.length}:${index}:${headline}`);
        const commit = addCommit(repository, { oid, headline, authorName: by, author, authoredAt: now() });
        return world.keep(commit);
      });
      repository.branchCommits.push(...commits);
      repository.pushedAt = now();
      repository.version++;
      const shown = commits.map(({ oid, headline, authoredAt, authorName, authorEmail }) => ({
        ...{ id: oid, tree_id: fakeOid(oid), distinct: true, message: headline, timestamp: authoredAt },
        url: `${core.webUrl}/${repository.owner.login}/${repository.name}/commit/${oid}`,
        author: { name: authorName, email: authorEmail, username: by },
        committer: { name: authorName, email: authorEmail, username: by },
        ...{ added: [], removed: [], modified: [] },
      }));
      const extra = {
        ...{ ref: `refs/heads/${repository.defaultBranch}`, before, after: commits.at(-1)?.oid ?? before },
        ...{ created: false, deleted: false, forced: false, base_ref: null, compare: '' },
        ...{
          commits: shown,
          head_commit: shown.at(-1) ?? null,
          pusher: { name: by, email: 'someone@example.com' },
        },
      };
      return tell(repository, 'push', null, { repository, sender: author, extra });
    },
    deletePullRequest(pull) {
      pull.repository.pulls.delete(pull.number);
      pull.repository.version++;
      world.forget(pull);
    },
  };
}
