import type { CaptureRow, CaptureTable } from '../../src/destination/destination.ts';

/** A second of one fixed hour, as ISO text. */
export function at(seconds: number): string {
  return new Date(Date.UTC(2026, 0, 1, 12, 0, seconds)).toISOString();
}

/** Rows with the least that their tables want, and what a test says besides. */
const LEAST: Partial<Record<CaptureTable, Record<string, unknown>>> = {
  repositories: { id: 1, full_name: 'acme/widgets' },
  contributors: { id: 100, login: 'ada', type: 'User' },
  labels: { id: 'LA_1', repository_id: 1, name: 'bug' },
  pull_requests: { id: 10, repository_id: 1, number: 1, state: 'OPEN', created_at: at(0), updated_at: at(0) },
  issues: { id: 20, repository_id: 1, number: 2, state: 'OPEN', created_at: at(0), updated_at: at(0) },
  reviews: { id: 30, pull_request_id: 10, state: 'APPROVED' },
  review_threads: { id: 'RT_1', pull_request_id: 10, path: 'a.ts', is_resolved: false },
  comments: { comment_type: 'issue', id: 50, pull_request_id: 10, created_at: at(0) },
  commits: { pull_request_id: 10, oid: 'a'.repeat(40) },
  branch_commits: { repository_id: 1, oid: 'b'.repeat(40) },
  files: { pull_request_id: 10, path: 'a.ts', additions: 1, deletions: 0 },
  pull_request_labels: { pull_request_id: 10, name: 'bug' },
  pull_request_assignees: { pull_request_id: 10, contributor_id: 100 },
  issue_labels: { issue_id: 20, name: 'bug' },
  issue_assignees: { issue_id: 20, contributor_id: 100 },
};

export function captured(table: CaptureTable, row: Record<string, unknown> = {}, seconds = 0): CaptureRow {
  return { table, row: { ...LEAST[table], captured_at: at(seconds), ...row } };
}

/** All nested rows of the item were fetched, beginning at that second. */
export function snapshot(
  item: ({ pull_request_id: number } | { issue_id: number }) & { scope?: 'items' | 'threads' },
  seconds: number,
): CaptureRow {
  return { table: 'snapshots', row: { ...item, started_at: at(seconds), captured_at: at(seconds) } };
}

/** A row that says no more than that it is gone. */
export function gone(table: CaptureTable, key: Record<string, unknown>, seconds: number): CaptureRow {
  return { table, row: { ...key, deleted_at: at(seconds), captured_at: at(seconds) } };
}

/** One row of each table, which fit together. */
export function everything(seconds = 0): CaptureRow[] {
  return (Object.keys(LEAST) as CaptureTable[]).map((table) => captured(table, {}, seconds));
}
