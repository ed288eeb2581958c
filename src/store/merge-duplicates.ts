import type { TableSpecification } from './capture-tables.ts';
import type { Row } from './validate-rows.ts';

/**
 * One row for each key, ordered by key: a statement can't change a row twice, and two transactions that lock rows in one
 * order don't deadlock. Of rows with one key the newer wins, by the rules of the statement that stores it.
 */
export function mergeDuplicates(rows: readonly Row[], specification: TableSpecification): Row[] {
  const byKey = new Map<string, Row>();
  for (const row of rows) {
    const key = specification.key.map((name) => String(row[name])).join('\0');
    const other = byKey.get(key);
    byKey.set(key, other === undefined ? row : mergeRows(other, row, specification));
  }
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

/** What two observations of one row, of one group, say together. */
function mergeRows(stored: Row, incoming: Row, specification: TableSpecification): Row {
  const [newer, older] = isNewer(incoming, stored, specification) ? [incoming, stored] : [stored, incoming];
  const merged: Row = { ...newer };
  for (const [name, { onNull }] of Object.entries(specification.columns)) {
    if (onNull === 'keep') merged[name] ??= older[name];
  }
  for (const [name, { onlyWhile }] of Object.entries(specification.columns)) {
    if (onlyWhile !== undefined && merged[onlyWhile] === false && name in merged) merged[name] = null;
  }
  if (timeOf(older.captured_at) > timeOf(newer.captured_at)) merged.captured_at = older.captured_at;
  if ('deleted_at' in merged) {
    merged.deleted_at = deletionOf(stored, incoming);
    if (merged.deleted_at !== null && 'body' in merged) merged.body = null;
  }
  return merged;
}

function isNewer(incoming: Row, stored: Row, { version }: TableSpecification): boolean {
  const captured = timeOf(incoming.captured_at) - timeOf(stored.captured_at);
  const versions = timeOf(incoming[version]) - timeOf(stored[version]);
  return (Number.isNaN(versions) ? captured : versions || captured) >= 0;
}

/** Whether it is gone, by the later of the two; by the one that says so when they are of one time. */
function deletionOf(stored: Row, incoming: Row): unknown {
  const order = timeOf(incoming.captured_at) - timeOf(stored.captured_at);
  if (order > 0 && incoming.deleted_at === null) return null;
  if (order < 0 && stored.deleted_at === null) return null;
  const times = [stored.deleted_at, incoming.deleted_at].filter((time) => time !== null);
  return times.length === 2 && timeOf(times[1]) < timeOf(times[0]) ? times[1] : (times[0] ?? null);
}

function timeOf(value: unknown): number {
  return typeof value === 'string' ? Date.parse(value) : Number.NaN;
}
