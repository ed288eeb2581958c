import type { EventName } from './payloads.ts';

/** What becomes of a webhook event. docs/events.md shows this table; a test compares the two. */
export type EventOutcome =
  | 'capture_pull_request'
  | 'capture_issue'
  | 'capture_conversation'
  | 'capture_labels'
  | 'capture_branch_commits'
  | 'delete_review_comment'
  | 'delete_conversation_comment'
  | 'delete_issue'
  | 'delete_label'
  | 'change_repository'
  | 'change_installation'
  | 'end_workflow_run'
  | 'nothing';

export interface EventRule {
  event: EventName;
  /** `*` is every action that no line above names, also one that GitHub adds later. */
  action: string;
  outcome: EventOutcome;
  why: string;
}

/** Ordered; the first line that fits an event and its action holds. */
export const EVENT_TABLE: readonly EventRule[] = [
  line(
    'pull_request',
    '*',
    'capture_pull_request',
    'Every action changes the pull request or what hangs on it.',
  ),
  line(
    'pull_request_review',
    '*',
    'capture_pull_request',
    'Submitted, edited or dismissed: its reviews have changed.',
  ),
  line(
    'pull_request_review_comment',
    'deleted',
    'delete_review_comment',
    'A tombstone without body at once; the pull request is captured again for its counts.',
  ),
  line('pull_request_review_comment', '*', 'capture_pull_request', 'Its review threads have changed.'),
  line(
    'pull_request_review_thread',
    '*',
    'capture_pull_request',
    'Resolved or unresolved: its review threads have changed.',
  ),
  line(
    'issue_comment',
    'deleted',
    'delete_conversation_comment',
    'A tombstone without body at once; the issue or pull request is captured again for its counts.',
  ),
  line(
    'issue_comment',
    '*',
    'capture_conversation',
    'The issue, or the pull request where it is on one. A comment that was created may carry slash commands; an edited one never does.',
  ),
  line('issues', 'deleted', 'delete_issue', 'A tombstone without body. There is nothing left to capture.'),
  line('issues', 'transferred', 'delete_issue', 'Gone from this repository; the other one sends `opened`.'),
  line('issues', '*', 'capture_issue', 'Every other action changes the issue.'),
  line('label', 'deleted', 'delete_label', 'A tombstone.'),
  line('label', '*', 'capture_labels', 'The labels of the repository are captured again.'),
  line(
    'push',
    '*',
    'capture_branch_commits',
    'Commits of the default branch. Other branches, tags and deletions become nothing.',
  ),
  line('repository', 'created', 'nothing', '`installation_repositories` says whether the App may read it.'),
  line(
    'repository',
    '*',
    'change_repository',
    'The stored name and flags follow it (`edited`, `renamed`, `transferred`, `archived`, `unarchived`, `privatized`, `publicized`); `deleted` cancels its jobs and keeps its rows for `RETAIN_REMOVED_DAYS`.',
  ),
  line(
    'installation',
    'new_permissions_accepted',
    'nothing',
    'Tokens are asked for with exactly the permissions that each needs.',
  ),
  line(
    'installation',
    '*',
    'change_installation',
    '`created` classifies each repository and starts its history; `deleted` and `suspend` cancel jobs; `unsuspend` classifies again.',
  ),
  line(
    'installation_repositories',
    '*',
    'change_installation',
    '`added` is classified and starts its history; `removed` cancels jobs and keeps rows for `RETAIN_REMOVED_DAYS`.',
  ),
  line(
    'workflow_run',
    'completed',
    'end_workflow_run',
    'In the jobs repository: ends a run whose report never came. In any other repository: nothing.',
  ),
  line('workflow_run', '*', 'nothing', 'A run that has begun reports by itself, through the Jobs API.'),
];

/** The table's line for an event and its action. */
export function findEventRule(event: EventName, action: string | null): EventRule {
  const rule = EVENT_TABLE.find((r) => r.event === event && (r.action === '*' || r.action === action));
  if (!rule)
    throw new Error(`The event table has no line for ${event}; add one to src/work-item/event-table.ts.`);
  return rule;
}

function line(event: EventName, action: string, outcome: EventOutcome, why: string): EventRule {
  return { event, action, outcome, why };
}
