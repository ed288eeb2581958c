import type { Truth } from '../../sandbox/truth.ts';
import type { CaptureRow } from '../../src/destination/destination.ts';

const KEYS: Record<string, readonly string[]> = {
  comments: ['comment_type', 'id'],
  commits: ['pull_request_id', 'oid'],
  branch_commits: ['repository_id', 'oid'],
  files: ['pull_request_id', 'path'],
  pull_request_labels: ['pull_request_id', 'name'],
  pull_request_assignees: ['pull_request_id', 'contributor_id'],
  issue_labels: ['issue_id', 'name'],
  issue_assignees: ['issue_id', 'contributor_id'],
};

/**
 * What a store that merges rows by key would hold, cut to the tables and columns of the truth and in its order, for a
 * comparison of the two as wholes. Tables that `ignored` names are left out of both.
 */
export function compareWithTruth(rows: readonly CaptureRow[], truth: Truth, ignored: readonly string[] = []) {
  const stored: Record<string, unknown[]> = {};
  const expected: Record<string, unknown[]> = {};
  for (const [table, truthRows] of Object.entries(truth)) {
    if (ignored.includes(table)) continue;
    const keyOf = (row: Readonly<Record<string, unknown>>) =>
      (KEYS[table] ?? ['id']).map((column) => row[column]).join('\0');
    const merged = new Map<string, Record<string, unknown>>();
    for (const { row } of rows.filter((captured) => captured.table === table)) {
      merged.set(keyOf(row), { ...merged.get(keyOf(row)), ...row });
    }
    const columns = Object.keys(truthRows[0] ?? {});
    const cut = (row: Readonly<Record<string, unknown>>) =>
      columns.map((column) => [column, row[column] ?? null]);
    const inOrder = (all: Iterable<Readonly<Record<string, unknown>>>) =>
      [...all].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)).map(cut);
    stored[table] = inOrder(merged.values());
    expected[table] = inOrder(truthRows);
  }
  return { stored, expected };
}
