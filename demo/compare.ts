import { sql } from 'kysely';
import type { Truth, TruthRow } from '../sandbox/truth.ts';
import type { Database } from '../src/store/database.ts';

export interface TableComparison {
  table: string;
  /** Rows that the local GitHub holds. */
  expected: number;
  /** Rows that the database holds of this repository, tombstones left out. */
  stored: number;
  /** Rows of the one that the other does not have, column by column. */
  missing: string[];
  surplus: string[];
}

/** The rows of each table that belong to one repository. */
const OF_REPOSITORY: Record<string, 'repository' | 'pull_request' | 'issue' | 'either' | 'person'> = {
  contributors: 'person',
  labels: 'repository',
  pull_requests: 'repository',
  issues: 'repository',
  branch_commits: 'repository',
  reviews: 'pull_request',
  review_threads: 'pull_request',
  commits: 'pull_request',
  files: 'pull_request',
  pull_request_labels: 'pull_request',
  pull_request_assignees: 'pull_request',
  issue_labels: 'issue',
  issue_assignees: 'issue',
  comments: 'either',
};
const TOMBSTONED = ['labels', 'pull_requests', 'issues', 'reviews', 'review_threads', 'comments'];

/**
 * Compares every table with what the local GitHub holds of a repository, row by row and column by column, in both
 * directions. People are shared between repositories, so of them only those are compared that this one names.
 */
export async function compareWithTruth(
  db: Database,
  repositoryId: number,
  truth: Truth,
): Promise<TableComparison[]> {
  const comparisons: TableComparison[] = [];
  for (const [table, rows] of Object.entries(truth)) {
    const columns = Object.keys(rows[0] ?? {});
    const stored = await findStored(db, table, repositoryId);
    const expectedKeys = new Set(rows.map((row) => keyOf(row, columns)));
    const isPerson = OF_REPOSITORY[table] === 'person';
    const ids = new Set(rows.map((row) => row.id));
    const compared = isPerson ? stored.filter((row) => ids.has(row.id as number)) : stored;
    // With nothing expected there are no columns to compare by, and every stored row is one too many.
    const storedKeys = compared.map((row) =>
      columns.length > 0 ? keyOf(row, columns) : JSON.stringify(row),
    );
    const storedSet = new Set(storedKeys);
    comparisons.push({
      table,
      expected: rows.length,
      stored: compared.length,
      missing: [...expectedKeys].filter((key) => !storedSet.has(key)),
      surplus: storedKeys.filter((key) => !expectedKeys.has(key)),
    });
  }
  return comparisons;
}

/** Whether a table holds every expected row once, and nothing else. */
export function isExact({ expected, stored, missing, surplus }: TableComparison): boolean {
  return expected === stored && missing.length === 0 && surplus.length === 0;
}

async function findStored(
  db: Database,
  table: string,
  repositoryId: number,
): Promise<Record<string, unknown>[]> {
  const scope = OF_REPOSITORY[table];
  if (scope === undefined)
    throw new Error(`demo: it is not known which rows of ${table} belong to a repository`);
  const pulls = sql`pull_request_id IN (SELECT id FROM pull_requests WHERE repository_id = ${repositoryId})`;
  const issues = sql`issue_id IN (SELECT id FROM issues WHERE repository_id = ${repositoryId})`;
  const conditions = {
    repository: sql`repository_id = ${repositoryId}`,
    pull_request: pulls,
    issue: issues,
    either: sql`(${pulls} OR ${issues})`,
    person: sql`true`,
  };
  const alive = TOMBSTONED.includes(table) ? sql`AND deleted_at IS NULL` : sql``;
  const { rows } = await sql<
    Record<string, unknown>
  >`SELECT * FROM ${sql.table(table)} WHERE ${conditions[scope]} ${alive}`.execute(db);
  return rows;
}

/** A row as text, times in GitHub's spelling. */
function keyOf(row: TruthRow | Record<string, unknown>, columns: readonly string[]): string {
  return JSON.stringify(
    columns.map((column) => {
      const value = row[column];
      return value instanceof Date ? value.toISOString().replace('.000Z', 'Z') : (value ?? null);
    }),
  );
}
