import type { Truth } from '../sandbox/truth.ts';

/** The tables that a capture of pull requests fills, with what makes a row of them one. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  contributors: ['id'],
  pull_requests: ['id'],
  reviews: ['id'],
  review_threads: ['id'],
  comments: ['comment_type', 'id'],
  commits: ['pull_request_id', 'oid'],
  files: ['pull_request_id', 'path'],
  pull_request_labels: ['pull_request_id', 'name'],
  pull_request_assignees: ['pull_request_id', 'contributor_id'],
};
export const COMPARED_TABLES = Object.keys(KEYS);

export type ComparedRow = Readonly<Record<string, unknown>>;

/** How rows differ from what the local GitHub holds: each number counts rows of all tables. */
export interface Comparison {
  expected: number;
  missing: number;
  surplus: number;
  /** There, with another value in some column. */
  different: number;
  /** There more than once, where each row may come only once. */
  doubled: number;
  /** Some of them, for a person to look at. */
  examples: string[];
}

export interface Comparer {
  /** Takes a row; one that came before is merged with it, the newer values last, as a store does. */
  see(table: string, row: ComparedRow): void;
  compare(): Comparison;
}

const MOST_EXAMPLES = 5;

/**
 * Compares every row and column that `truth` has of pull requests.
 * @param isOnce each row may come once only, as from a store; else it may be fetched again
 */
export function createComparer(truth: Truth, { isOnce = false } = {}): Comparer {
  const seen = new Map<string, Map<string, unknown[]>>();
  const columnsOf = (table: string) => Object.keys(truth[table]?.[0] ?? {});
  const columns = new Map(COMPARED_TABLES.map((table) => [table, columnsOf(table)]));
  let doubled = 0;
  return {
    see(table, row) {
      const names = columns.get(table);
      if (names === undefined) return;
      const rows = seen.get(table) ?? new Map<string, unknown[]>();
      seen.set(table, rows);
      const key = keyOf(table, row);
      const before = rows.get(key);
      if (before !== undefined && isOnce) doubled += 1;
      rows.set(
        key,
        names.map((name, index) => (row[name] === undefined ? before?.[index] : row[name])),
      );
    },

    compare() {
      const result: Comparison = { expected: 0, missing: 0, surplus: 0, different: 0, doubled, examples: [] };
      const note = (what: string) => {
        if (result.examples.length < MOST_EXAMPLES) result.examples.push(what);
      };
      for (const table of COMPARED_TABLES) {
        const rows = seen.get(table) ?? new Map<string, unknown[]>();
        const names = columns.get(table) ?? [];
        const expected = truth[table] ?? [];
        result.expected += expected.length;
        let found = 0;
        for (const row of expected) {
          const key = keyOf(table, row);
          const values = rows.get(key);
          if (values === undefined) {
            result.missing += 1;
            note(`${table} ${key} is missing`);
            continue;
          }
          found += 1;
          const column = names.find((name, index) => plain(values[index]) !== plain(row[name]));
          if (column === undefined) continue;
          result.different += 1;
          const value = JSON.stringify(values[names.indexOf(column)]);
          note(`${table} ${key}: ${column} is ${value}, not ${JSON.stringify(row[column])}`);
        }
        result.surplus += rows.size - found;
        if (rows.size > found) note(`${table}: ${rows.size - found} rows too many`);
      }
      return result;
    },
  };
}

/** Rows that are not as they should be. */
export const wrongRows = ({ missing, surplus, different, doubled }: Comparison): number =>
  missing + surplus + different + doubled;

const keyOf = (table: string, row: ComparedRow) =>
  (KEYS[table] ?? []).map((column) => String(row[column])).join(' ');

/** A value as it is compared: a time as GitHub spells it, nothing as null. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return `${value.toISOString().slice(0, 19)}Z`;
  return value ?? null;
}
