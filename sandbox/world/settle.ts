import { addCommit } from './build.ts';
import type { PullRequest, Repository } from './model.ts';
import type { World } from './world.ts';

/** The latest time of anything in the pull request. */
export function lastChange(pull: PullRequest): string {
  let last = pull.mergedAt ?? pull.closedAt ?? pull.createdAt;
  const see = (time: string) => {
    if (time > last) last = time;
  };
  for (const comment of pull.comments) see(comment.updatedAt);
  for (const review of pull.reviews) see(review.updatedAt);
  for (const thread of pull.threads) for (const comment of thread.comments) see(comment.updatedAt);
  return last;
}

/** Puts the merge of a pull request on the default branch. */
export function addMergeCommit(world: World, pull: PullRequest, mergedAt: string): void {
  const { repository, mergeCommitOid: oid } = pull;
  if (oid === null) return;
  const author = pull.mergedBy ?? pull.author;
  const commit = addCommit(repository, {
    oid,
    headline: `${pull.title} (#${pull.number})`,
    authorName: author?.name ?? author?.login ?? 'ghost',
    author: author?.kind === 'User' ? author : null,
    authoredAt: mergedAt,
  });
  repository.branchCommits.push(world.keep(commit));
}

/** After history was put in: sorts lists as GitHub shows them and sets the repository's own times. */
export function settle(repository: Repository): void {
  const byTime = (a: { createdAt: string; id: number }, b: { createdAt: string; id: number }) =>
    a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : a.id - b.id;
  for (const item of [...repository.pulls.values(), ...repository.issues.values()]) {
    item.comments.sort(byTime);
    if (item.kind === 'PullRequest') {
      item.reviews.sort(byTime);
      for (const { comments } of item.threads) comments.sort(byTime);
    }
    if (item.updatedAt > repository.updatedAt) repository.updatedAt = item.updatedAt;
  }
  repository.branchCommits.sort((a, b) => (a.committedAt < b.committedAt ? -1 : 1));
  repository.pushedAt = repository.branchCommits.at(-1)?.committedAt ?? repository.pushedAt;
  repository.version++;
}
