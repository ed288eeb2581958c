import type { TableRules } from './compact-ndjson.ts';
import type { CaptureTable } from './destination.ts';

/** Texts and people that a null never erases: GitHub gives null for what it can't tell at the moment. */
const KEEP = [
  'node_id',
  'title',
  'body',
  'author_id',
  'author_name',
  'merged_by_id',
  'resolved_by_id',
  'name',
];

function table(key: string, columns: string, more: Partial<TableRules> = {}): TableRules {
  const names = columns.split(' ');
  return {
    key: key.split(' '),
    columns: names,
    version: null,
    keep: new Set(KEEP.filter((name) => names.includes(name))),
    missing: 'keep',
    snapshotOf: null,
    ...more,
  };
}

/** The tables of NDJSON files: those of the database, with the columns that a capture fills. */
export const NDJSON_TABLES: Readonly<Record<Exclude<CaptureTable, 'snapshots'>, TableRules>> = {
  repositories: table(
    'id',
    'id node_id full_name is_private is_archived is_fork is_empty default_branch stars_count contributors_count pull_requests_count issues_count counted_at created_at captured_at',
  ),
  contributors: table('id', 'id node_id login type name avatar_url captured_at'),
  labels: table('id', 'id repository_id name color description is_default deleted_at captured_at'),
  pull_requests: table(
    'id',
    'id node_id repository_id number title body state is_draft is_locked author_id author_association created_at updated_at closed_at merged_at merged_by_id merge_commit_oid base_ref base_oid head_ref head_oid head_repository milestone review_decision additions deletions changed_files comments_count reviews_count review_threads_count commits_count files_count labels_count assignees_count deleted_at nested_captured_at captured_at',
    { version: 'updated_at', snapshotOf: 'pull_request_id' },
  ),
  issues: table(
    'id',
    'id node_id repository_id number title body state state_reason is_locked author_id author_association created_at updated_at closed_at milestone comments_count labels_count assignees_count deleted_at nested_captured_at captured_at',
    { version: 'updated_at', snapshotOf: 'issue_id' },
  ),
  reviews: table(
    'id',
    'id node_id pull_request_id author_id author_association state body commit_oid submitted_at created_at updated_at deleted_at captured_at',
    { version: 'updated_at', missing: 'entomb' },
  ),
  review_threads: table(
    'id',
    'id pull_request_id path line original_line start_line original_start_line diff_side subject_type is_resolved is_outdated resolved_by_id comments_count deleted_at captured_at',
    { missing: 'entomb' },
  ),
  comments: table(
    'comment_type id',
    'comment_type id node_id pull_request_id issue_id review_thread_id review_id in_reply_to_id author_id author_association body is_minimized created_at updated_at deleted_at captured_at',
    { version: 'updated_at', missing: 'entomb' },
  ),
  commits: table(
    'pull_request_id oid',
    'pull_request_id oid message_headline message_body author_name author_id authored_at committer_name committed_at captured_at',
    { missing: 'delete' },
  ),
  branch_commits: table(
    'repository_id oid',
    'repository_id oid message_headline message_body author_name author_id authored_at committer_name committed_at captured_at',
  ),
  files: table('pull_request_id path', 'pull_request_id path additions deletions change_type captured_at', {
    missing: 'delete',
  }),
  pull_request_labels: table('pull_request_id name', 'pull_request_id name captured_at', {
    missing: 'delete',
  }),
  pull_request_assignees: table(
    'pull_request_id contributor_id',
    'pull_request_id contributor_id captured_at',
    {
      missing: 'delete',
    },
  ),
  issue_labels: table('issue_id name', 'issue_id name captured_at', { missing: 'delete' }),
  issue_assignees: table('issue_id contributor_id', 'issue_id contributor_id captured_at', {
    missing: 'delete',
  }),
};
