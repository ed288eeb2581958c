import fc from 'fast-check';
import type { RunningSandbox } from '../../sandbox/github.ts';
import type { Issue, PullRequest, Repository } from '../../sandbox/world/model.ts';

export const DEEDS = [
  'open a pull request',
  'open an issue',
  'comment',
  'edit a comment',
  'delete a comment',
  'edit a title',
  'label',
  'unlabel',
  'close or reopen',
  'push a commit',
  'review',
  'comment on a line',
  'resolve a thread',
  'merge',
  'delete an issue',
  'push to the default branch',
] as const;

/** Something that people do; `which` picks what they do it to. */
export const deed = fc.record({ do: fc.constantFrom(...DEEDS), which: fc.nat(20) });
export type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never;

/** Does it, or nothing where there is nothing to do it to. */
export async function carryOutDeed(
  { change }: RunningSandbox,
  repository: Repository,
  { do: what, which }: Deed,
): Promise<void> {
  const pick = <T>(items: Iterable<T>): T | undefined => {
    const all = [...items];
    return all[which % Math.max(1, all.length)];
  };
  const text = `${what}, ${which}`;
  const pulls = [...repository.pulls.values()];
  const pull = pick(pulls.filter(({ state }) => state === 'OPEN'));
  const issue = pick(repository.issues.values());
  const item = pick<PullRequest | Issue>([...pulls, ...repository.issues.values()]);
  const thread = pick(pulls.flatMap(({ threads }) => threads));
  const comment = pick([...pulls, ...repository.issues.values()].flatMap(({ comments }) => comments));
  switch (what) {
    case 'open a pull request':
      return void (await change.openPullRequest(repository, 'ada', {
        title: text,
        files: [['a.ts', which, 1]],
      }));
    case 'open an issue':
      return void (await change.openIssue(repository, 'eve', { title: text }));
    case 'push to the default branch':
      return void (await change.push(repository, 'ada', [text]));
    case 'comment':
      return void (item && (await change.comment(item, 'bob', text)));
    case 'edit a comment':
      return void (comment && (await change.editComment(comment, 'bob', `${text}, better`)));
    case 'delete a comment':
      return void (comment && (await change.deleteComment(comment, 'bob')));
    case 'edit a title':
      return void (item && (await change.editTitle(item, 'ada', text)));
    case 'label':
      return void (item && (await change.addLabelTo(item, 'ada', `label-${which % 3}`)));
    case 'unlabel':
      return void (item && (await change.removeLabelFrom(item, 'ada', `label-${which % 3}`)));
    case 'close or reopen':
      if (item?.kind === 'Issue') await change.closeIssue(item, 'eve');
      else if (item?.state === 'OPEN') await change.closePullRequest(item, 'ada');
      else if (item?.state === 'CLOSED') await change.reopenPullRequest(item, 'ada');
      return;
    case 'push a commit':
      return void (pull && (await change.pushCommit(pull, 'ada', text)));
    case 'review':
      return void (
        pull && (await change.review(pull, 'bob', which % 2 ? 'APPROVED' : 'CHANGES_REQUESTED', text))
      );
    case 'comment on a line':
      return void (
        pull && (await change.commentOnLine(pull, 'bob', { path: 'a.ts', line: which + 1 }, text))
      );
    case 'resolve a thread':
      return void (thread && (await change.resolveThread(thread, 'ada')));
    case 'merge':
      return void (pull && (await change.mergePullRequest(pull, 'ada')));
    case 'delete an issue':
      return void (issue && (await change.deleteIssue(issue, 'ada')));
  }
}
