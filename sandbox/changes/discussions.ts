import { addIssue, addIssueComment, addLabel } from '../world/build.ts';
import type { Issue, IssueComment, Repository, ReviewComment } from '../world/model.ts';
import type { Discussion, Scene } from './scene.ts';

type Comment = IssueComment | ReviewComment;

export type DiscussionChanges = ReturnType<typeof createDiscussionChanges>;

/** What people do with issues, and alike with issues and pull requests: comments, labels, edits. */
export function createDiscussionChanges({ world, now, touch, written, record, close, tell, tellOf }: Scene) {
  const discussionOf = (comment: Comment): Discussion =>
    comment.kind === 'IssueComment' ? comment.subject : comment.thread.pull;
  const commentEvent = (comment: Comment) =>
    comment.kind === 'IssueComment' ? 'issue_comment' : 'pull_request_review_comment';

  async function edit(item: Discussion, by: string, field: 'title' | 'body', text: string) {
    const from = item[field];
    item[field] = text;
    touch(item);
    if (field === 'body') item.lastEditedAt = item.updatedAt;
    else record(item, 'RenamedTitleEvent', by, { previousTitle: from, currentTitle: text });
    return tellOf(item, 'edited', by, { changes: { [field]: { from } } });
  }

  return {
    editTitle: (item: Discussion, by: string, title: string) => edit(item, by, 'title', title),
    editBody: (item: Discussion, by: string, body: string) => edit(item, by, 'body', body),
    async comment(item: Discussion, by: string, body: string) {
      const comment = addIssueComment(world, item, written(item.repository, by, body));
      touch(item);
      return tell(comment, 'issue_comment', 'created', { comment, sender: world.actor(by) });
    },
    async editComment<T extends Comment>(comment: T, by: string, body: string) {
      const changes = { body: { from: comment.body } };
      comment.body = body;
      comment.updatedAt = comment.lastEditedAt = now();
      discussionOf(comment).repository.version++;
      return tell(comment, commentEvent(comment), 'edited', { comment, changes, sender: world.actor(by) });
    },
    async deleteComment<T extends Comment>(comment: T, by: string) {
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
    async openIssue(
      repository: Repository,
      by: string,
      { title, body = '' }: { title: string; body?: string },
    ) {
      const issue = addIssue(world, repository, { ...written(repository, by, body), title });
      return tellOf(issue, 'opened', by);
    },
    async closeIssue(issue: Issue, by: string) {
      Object.assign(issue, { state: 'CLOSED', stateReason: 'COMPLETED' });
      close(issue, by);
      return tellOf(issue, 'closed', by);
    },
    async deleteIssue(issue: Issue, by: string) {
      issue.repository.issues.delete(issue.number);
      issue.repository.version++;
      world.forget(issue);
      for (const comment of issue.comments) world.forget(comment);
      return tellOf(issue, 'deleted', by);
    },
    async addLabelTo(item: Discussion, by: string, name: string) {
      const isNew = !item.repository.labels.has(name);
      const label = addLabel(world, item.repository, name);
      if (isNew) await tell(null, 'label', 'created', { label, sender: world.actor(by) });
      if (!item.labels.includes(label)) item.labels.push(label);
      touch(item);
      record(item, 'LabeledEvent', by, { label });
      return tellOf(item, 'labeled', by, { label });
    },
    async removeLabelFrom(item: Discussion, by: string, name: string) {
      const label = addLabel(world, item.repository, name);
      item.labels = item.labels.filter((one) => one !== label);
      touch(item);
      record(item, 'UnlabeledEvent', by, { label });
      return tellOf(item, 'unlabeled', by, { label });
    },
    async assign(item: Discussion, by: string, login: string) {
      const assignee = world.actor(login);
      if (!item.assignees.includes(assignee)) item.assignees.push(assignee);
      touch(item);
      record(item, 'AssignedEvent', by, { assignee });
      return tellOf(item, 'assigned', by, { assignee });
    },
  };
}
