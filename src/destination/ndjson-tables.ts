import { CAPTURE_TABLES, type TableSpecification } from '../store/capture-tables.ts';
import type { TableRules } from './compact-ndjson.ts';

type StoredTable = keyof typeof CAPTURE_TABLES;

/** Rows of NDJSON files: the tables of the database, with the columns that a capture fills. */
export const NDJSON_TABLES = Object.fromEntries(
  Object.entries(CAPTURE_TABLES).map(([name, specification]) => [name, rulesOf(name, specification)]),
) as Record<StoredTable, TableRules>;

function rulesOf(name: string, { key, version, owner, columns }: TableSpecification): TableRules {
  const snapshotOf = name === 'pull_requests' ? 'pull_request_id' : name === 'issues' ? 'issue_id' : null;
  const names = Object.keys(columns);
  return {
    key,
    columns: [
      ...names,
      ...(snapshotOf ? ['nested_captured_at'] : []),
      ...(name === 'pull_requests' ? ['threads_captured_at'] : []),
    ],
    version,
    keep: new Set(names.filter((column) => columns[column]?.onNull !== 'replace')),
    // Nested rows that have no place for a tombstone go away, as in the database.
    missing: owner !== 'parent' ? 'keep' : 'deleted_at' in columns ? 'entomb' : 'delete',
    snapshotOf,
    isOfThread: (row) => name === 'review_threads' || row.comment_type === 'review',
  };
}
