import {
  addCommit,
  addPullRequest,
  addReview,
  addReviewComment,
  addThread,
  fakeOid,
} from '../world/build.ts';
import type { Commit, PullRequest, Repository, ReviewState, ReviewThread } from '../world/model.ts';
import { addMergeCommit } from '../world/settle.ts';
import type { Scene } from './scene.ts';

interface NewPullRequest {
  title: string;
  body?: string;
  isDraft?: boolean;
  /** Path, additions, deletions. */
  files?: [string, number, number][];
  /** Headlines; one commit with the title when absent. */
  commits?: string[];
}

export type PullRequestChanges = ReturnType<typeof createPullRequestChanges>;

/**
 * What people do with pull requests and branches: each changes the world, moves `updatedAt` where GitHub
 * does, and sends the webhook that GitHub sends. `by` is a login.
 */
export function createPullRequestChanges({
  world,
  webUrl,
  now,
  touch,
  written,
  record,
  close,
  tell,
  tellOf,
}: Scene) {
  const newCommit = (pull: PullRequest, by: string, headline: string) => {
    const author = world.actor(by);
    const oid = fakeOid(`${pull.id}:${pull.commits.length}:${headline}`);
    pull.commits.push(
      addCommit(pull.repository, { oid, headline, authorName: author.login, author, authoredAt: now() }),
    );
    pull.headOid = oid;
  };

  /** Tells of commits that came to the default branch. */
  function tellPush(repository: Repository, by: string, before: string, commits: readonly Commit[]) {
    const shown = commits.map(({ oid, headline, authoredAt, authorName, authorEmail }) => ({
      ...{ id: oid, tree_id: fakeOid(oid), distinct: true, message: headline, timestamp: authoredAt },
      url: `${webUrl}/${repository.owner.login}/${repository.name}/commit/${oid}`,
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
    return tell(repository, 'push', null, { repository, sender: world.actor(by), extra });
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
    await tell(null, 'pull_request_review', 'submitted', { review, sender: world.actor(by) });
    return tell(comment, 'pull_request_review_comment', 'created', { comment, sender: world.actor(by) });
  }

  return {
    async openPullRequest(repository: Repository, by: string, given: NewPullRequest) {
      const { title, body = '', isDraft = false, files = [], commits = [title] } = given;
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
    async pushCommit(pull: PullRequest, by: string, headline: string) {
      const before = pull.headOid;
      newCommit(pull, by, headline);
      touch(pull);
      return tellOf(pull, 'synchronize', by, { extra: { before, after: pull.headOid } });
    },
    async closePullRequest(pull: PullRequest, by: string) {
      pull.state = 'CLOSED';
      close(pull, by);
      return tellOf(pull, 'closed', by);
    },
    async reopenPullRequest(pull: PullRequest, by: string) {
      Object.assign(pull, { state: 'OPEN', closedAt: null });
      touch(pull);
      record(pull, 'ReopenedEvent', by);
      return tellOf(pull, 'reopened', by);
    },
    async mergePullRequest(pull: PullRequest, by: string) {
      const mergedBy = world.actor(by);
      Object.assign(pull, { state: 'MERGED', mergedBy, mergeCommitOid: fakeOid(`merge:${pull.id}`) });
      record(pull, 'MergedEvent', by);
      close(pull, by);
      pull.mergedAt = pull.closedAt;
      const { repository } = pull;
      const before = repository.branchCommits.at(-1)?.oid ?? '0'.repeat(40);
      addMergeCommit(world, pull, pull.updatedAt);
      await tellPush(repository, by, before, repository.branchCommits.slice(-1));
      return tellOf(pull, 'closed', by);
    },
    async review(pull: PullRequest, by: string, state: ReviewState, body = '') {
      const review = addReview(world, pull, { ...written(pull.repository, by, body), state });
      if (state === 'APPROVED' || state === 'CHANGES_REQUESTED') pull.reviewDecision = state;
      touch(pull);
      return tell(review, 'pull_request_review', 'submitted', { review, sender: world.actor(by) });
    },
    commentOnLine: (
      pull: PullRequest,
      by: string,
      { path, line }: { path: string; line: number },
      body: string,
    ) => addComment(addThread(world, pull, { path, line, originalLine: line }), by, body),
    reply: addComment,
    resolveThread: (thread: ReviewThread, by: string) => setResolved(thread, by, true),
    unresolveThread: (thread: ReviewThread, by: string) => setResolved(thread, by, false),
    async push(repository: Repository, by: string, headlines: string[]) {
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
      return tellPush(repository, by, before, commits);
    },
    deletePullRequest(pull: PullRequest) {
      pull.repository.pulls.delete(pull.number);
      pull.repository.version++;
      world.forget(pull);
    },
  };
}
