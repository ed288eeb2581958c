import type { EventRule } from './event-table.ts';
import type { Tombstone } from './parsed-event.ts';
import type { PayloadIssue } from './payloads.ts';

/** What a payload may tell of something that is gone. */
export interface Deleted {
  issue?: PayloadIssue;
  label?: { node_id: string; name: string };
  deletedComment?: { comment_type: 'issue' | 'review'; id: number };
}

/** The rows that mark as deleted what an event says is gone; its text is not among them. */
export function tombstonesOf(
  rule: EventRule,
  deleted: Deleted,
  repositoryId: number,
  now: Date,
): Tombstone[] {
  const gone = { deleted_at: now.toISOString(), captured_at: now.toISOString() };
  const { issue, label, deletedComment } = deleted;
  switch (rule.outcome) {
    case 'delete_review_comment':
    case 'delete_conversation_comment':
      return deletedComment ? [{ table: 'comments', row: { ...deletedComment, ...gone } }] : [];
    case 'delete_issue':
      return issue
        ? [
            { table: 'issues', row: { ...issueColumns(issue, repositoryId, now), ...gone } },
            // GitHub tells nothing of its comments, labels and assignees: a snapshot in which there are none.
            {
              table: 'snapshots',
              row: { issue_id: issue.id, started_at: gone.deleted_at, captured_at: gone.captured_at },
            },
          ]
        : [];
    case 'delete_label':
      return label
        ? [
            {
              table: 'labels',
              row: { id: label.node_id, repository_id: repositoryId, name: label.name, ...gone },
            },
          ]
        : [];
    default:
      return [];
  }
}

/** What the table of issues must know of one, its text left out. */
function issueColumns(issue: PayloadIssue, repositoryId: number, now: Date): Record<string, unknown> {
  return {
    id: issue.id,
    repository_id: repositoryId,
    number: issue.number,
    state: issue.state.toUpperCase(),
    created_at: (issue.created_at ?? now).toISOString(),
    updated_at: (issue.updated_at ?? now).toISOString(),
  };
}
