import type { CaptureTable } from '../destination/destination.ts';

/** `id` is a positive whole number; `number` too, of 32 bits; `count` may be 0; `integer` has either sign. */
export type ColumnType = 'id' | 'number' | 'count' | 'integer' | 'boolean' | 'text' | 'timestamp';

export interface Column {
  type: ColumnType;
  /**
   * What null does in a newer row: `refuse`: the column is never null; `keep`: it means "not known", and what is known
   * stays; `replace`: it is a value like others ("not closed").
   */
  onNull: 'refuse' | 'keep' | 'replace';
  /** A new row must have it. */
  isRequired?: true;
  /** What a text may be. */
  values?: readonly string[];
  pattern?: RegExp;
  /** The value has a meaning only while this column, which is required, is true. */
  onlyWhile?: string;
}

export interface TableSpecification {
  /** The primary key. */
  key: readonly string[];
  /** Tells which of two rows is newer, with `captured_at` among equals; where it is null, `captured_at` alone. */
  version: 'updated_at' | 'captured_at';
  /** What says to which repository a row belongs; `global`: to none. */
  owner: 'self' | 'repository_id' | 'parent' | 'global';
  columns: Readonly<Record<string, Column>>;
}

type StoredTable = Exclude<CaptureTable, 'snapshots'>;

const required = (type: ColumnType, more: Partial<Column> = {}): Column => ({
  type,
  onNull: 'refuse',
  isRequired: true,
  ...more,
});
const defaulted = (type: ColumnType): Column => ({ type, onNull: 'refuse' });
const kept = (type: ColumnType, more: Partial<Column> = {}): Column => ({ type, onNull: 'keep', ...more });
const replaced = (type: ColumnType): Column => ({ type, onNull: 'replace' });

const CAPTURED = { captured_at: required('timestamp') };
const PULL_REQUEST = { pull_request_id: required('id') };
const ISSUE = { issue_id: required('id') };
const REPOSITORY = { repository_id: required('id') };
const AUTHOR = { author_id: kept('id'), author_association: kept('text') };
const OID = { oid: required('text', { pattern: /^[0-9a-f]{40,64}$/ }) };

const COMMIT = {
  ...OID,
  message_headline: kept('text'),
  message_body: kept('text'),
  author_name: kept('text'),
  author_id: kept('id'),
  authored_at: kept('timestamp'),
  committer_name: kept('text'),
  committed_at: kept('timestamp'),
  ...CAPTURED,
};

const ITEM = {
  id: required('id'),
  node_id: kept('text'),
  ...REPOSITORY,
  number: required('number'),
  title: kept('text'),
  body: kept('text'),
  is_locked: kept('boolean'),
  ...AUTHOR,
  created_at: required('timestamp'),
  updated_at: required('timestamp'),
  closed_at: replaced('timestamp'),
  milestone: replaced('text'),
  comments_count: kept('count'),
  labels_count: kept('count'),
  assignees_count: kept('count'),
  deleted_at: replaced('timestamp'),
  ...CAPTURED,
};

/**
 * The tables that a capture writes, as src/store/migrations has them, in the order in which rows that refer to others
 * can be stored.
 */
export const CAPTURE_TABLES: Readonly<Record<StoredTable, TableSpecification>> = {
  contributors: {
    key: ['id'],
    version: 'captured_at',
    owner: 'global',
    columns: {
      id: required('id'),
      node_id: kept('text'),
      login: required('text', { pattern: /./ }),
      type: required('text', {
        values: ['User', 'Bot', 'Organization', 'Mannequin', 'EnterpriseUserAccount'],
      }),
      name: kept('text'),
      avatar_url: kept('text'),
      ...CAPTURED,
    },
  },
  repositories: {
    key: ['id'],
    version: 'captured_at',
    owner: 'self',
    columns: {
      id: required('id'),
      node_id: kept('text'),
      full_name: required('text', { pattern: /^[^/]+\/[^/]+$/ }),
      is_private: defaulted('boolean'),
      is_archived: defaulted('boolean'),
      is_fork: defaulted('boolean'),
      is_empty: defaulted('boolean'),
      default_branch: replaced('text'),
      stars_count: kept('count'),
      contributors_count: kept('count'),
      pull_requests_count: kept('count'),
      issues_count: kept('count'),
      counted_at: kept('timestamp'),
      created_at: kept('timestamp'),
      ...CAPTURED,
    },
  },
  labels: {
    key: ['id'],
    version: 'captured_at',
    owner: 'repository_id',
    columns: {
      id: required('text'),
      ...REPOSITORY,
      name: required('text'),
      color: kept('text'),
      description: kept('text'),
      is_default: kept('boolean'),
      deleted_at: replaced('timestamp'),
      ...CAPTURED,
    },
  },
  pull_requests: {
    key: ['id'],
    version: 'updated_at',
    owner: 'repository_id',
    columns: {
      ...ITEM,
      state: required('text', { values: ['OPEN', 'CLOSED', 'MERGED'] }),
      is_draft: kept('boolean'),
      merged_at: replaced('timestamp'),
      merged_by_id: kept('id'),
      merge_commit_oid: kept('text'),
      base_ref: kept('text'),
      base_oid: kept('text'),
      head_ref: kept('text'),
      head_oid: kept('text'),
      head_repository: kept('text'),
      review_decision: replaced('text'),
      additions: kept('count'),
      deletions: kept('count'),
      changed_files: kept('count'),
      reviews_count: kept('count'),
      review_threads_count: kept('count'),
      review_comments_count: kept('count'),
      commits_count: kept('count'),
      files_count: kept('count'),
    },
  },
  issues: {
    key: ['id'],
    version: 'updated_at',
    owner: 'repository_id',
    columns: {
      ...ITEM,
      state: required('text', { values: ['OPEN', 'CLOSED'] }),
      state_reason: replaced('text'),
    },
  },
  reviews: {
    key: ['id'],
    version: 'updated_at',
    owner: 'parent',
    columns: {
      id: required('id'),
      node_id: kept('text'),
      ...PULL_REQUEST,
      ...AUTHOR,
      state: required('text', {
        values: ['PENDING', 'COMMENTED', 'APPROVED', 'CHANGES_REQUESTED', 'DISMISSED'],
      }),
      body: kept('text'),
      commit_oid: kept('text'),
      submitted_at: kept('timestamp'),
      created_at: kept('timestamp'),
      updated_at: kept('timestamp'),
      deleted_at: replaced('timestamp'),
      ...CAPTURED,
    },
  },
  review_threads: {
    key: ['id'],
    version: 'captured_at',
    owner: 'parent',
    columns: {
      id: required('text'),
      ...PULL_REQUEST,
      path: required('text'),
      line: replaced('integer'),
      original_line: kept('integer'),
      start_line: replaced('integer'),
      original_start_line: kept('integer'),
      diff_side: kept('text'),
      subject_type: kept('text'),
      is_resolved: required('boolean'),
      is_outdated: kept('boolean'),
      resolved_by_id: kept('id', { onlyWhile: 'is_resolved' }),
      comments_count: kept('count'),
      deleted_at: replaced('timestamp'),
      ...CAPTURED,
    },
  },
  comments: {
    key: ['comment_type', 'id'],
    version: 'updated_at',
    owner: 'parent',
    columns: {
      comment_type: required('text', { values: ['issue', 'review'] }),
      id: required('id'),
      node_id: kept('text'),
      pull_request_id: replaced('id'),
      issue_id: replaced('id'),
      review_thread_id: kept('text'),
      review_id: kept('id'),
      in_reply_to_id: kept('id'),
      ...AUTHOR,
      body: kept('text'),
      is_minimized: kept('boolean'),
      created_at: required('timestamp'),
      updated_at: kept('timestamp'),
      deleted_at: replaced('timestamp'),
      ...CAPTURED,
    },
  },
  commits: {
    key: ['pull_request_id', 'oid'],
    version: 'captured_at',
    owner: 'parent',
    columns: { ...PULL_REQUEST, ...COMMIT },
  },
  branch_commits: {
    key: ['repository_id', 'oid'],
    version: 'captured_at',
    owner: 'repository_id',
    columns: { ...REPOSITORY, ...COMMIT },
  },
  files: {
    key: ['pull_request_id', 'path'],
    version: 'captured_at',
    owner: 'parent',
    columns: {
      ...PULL_REQUEST,
      path: required('text'),
      additions: required('count'),
      deletions: required('count'),
      change_type: kept('text'),
      ...CAPTURED,
    },
  },
  pull_request_labels: {
    key: ['pull_request_id', 'name'],
    version: 'captured_at',
    owner: 'parent',
    columns: { ...PULL_REQUEST, name: required('text'), ...CAPTURED },
  },
  pull_request_assignees: {
    key: ['pull_request_id', 'contributor_id'],
    version: 'captured_at',
    owner: 'parent',
    columns: { ...PULL_REQUEST, contributor_id: required('id'), ...CAPTURED },
  },
  issue_labels: {
    key: ['issue_id', 'name'],
    version: 'captured_at',
    owner: 'parent',
    columns: { ...ISSUE, name: required('text'), ...CAPTURED },
  },
  issue_assignees: {
    key: ['issue_id', 'contributor_id'],
    version: 'captured_at',
    owner: 'parent',
    columns: { ...ISSUE, contributor_id: required('id'), ...CAPTURED },
  },
};
