import type { CaptureRow } from '../destination/destination.ts';
import { CAPTURE_TABLES, type Column, type ColumnType, type TableSpecification } from './capture-tables.ts';
import { InvalidRowError } from './row-errors.ts';

export type Row = Record<string, unknown>;
export type TableName = keyof typeof CAPTURE_TABLES;

/** What one statement can store: rows of one table which leave out the same columns, but for those where that says no more than null. */
export interface RowGroup {
  table: TableName;
  /** Those that any of the rows has, as the table orders them. */
  columns: string[];
  rows: Row[];
}

/**
 * "All nested rows of this item were fetched, beginning at `started_at`." `scope` says which: `all` (the default); `items`:
 * all but review threads and their comments; `threads`: just those, of the whole repository when no item is named.
 */
export interface Snapshot {
  pull_request_id?: number | null;
  issue_id?: number | null;
  scope?: 'all' | 'items' | 'threads';
  started_at: string;
}

export interface ValidRows {
  groups: RowGroup[];
  /** Tombstones that say no more than what is gone and when: for rows that are stored already. */
  tombstones: RowGroup[];
}

const MAX_INT4 = 2_147_483_647;
const TIMESTAMP = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/;

const CHECKS: Record<ColumnType, { isValid: (value: unknown) => boolean; wanted: string }> = {
  id: {
    isValid: (value) => Number.isSafeInteger(value) && Number(value) > 0,
    wanted: 'a positive whole number',
  },
  number: { isValid: (value) => isInt4(value) && Number(value) > 0, wanted: 'a positive whole number' },
  count: { isValid: (value) => isInt4(value) && Number(value) >= 0, wanted: 'a whole number, 0 or more' },
  integer: { isValid: isInt4, wanted: 'a whole number' },
  boolean: { isValid: (value) => typeof value === 'boolean', wanted: 'true or false' },
  text: {
    isValid: (value) => typeof value === 'string' && !value.includes('\0') && value.isWellFormed(),
    wanted: 'text without NUL and without lone surrogates (replace them by U+FFFD)',
  },
  timestamp: {
    isValid: (value) =>
      typeof value === 'string' && TIMESTAMP.test(value) && !Number.isNaN(Date.parse(value)),
    wanted: 'a time in ISO 8601 with a zone',
  },
};

const SNAPSHOT: TableSpecification = {
  key: ['pull_request_id', 'issue_id'],
  version: 'captured_at',
  owner: 'parent',
  columns: {
    pull_request_id: { type: 'id', onNull: 'replace' },
    issue_id: { type: 'id', onNull: 'replace' },
    repository_id: { type: 'id', onNull: 'replace' },
    scope: { type: 'text', onNull: 'refuse', values: ['all', 'items', 'threads'] },
    started_at: { type: 'timestamp', onNull: 'refuse', isRequired: true },
    captured_at: { type: 'timestamp', onNull: 'refuse', isRequired: true },
  },
};

/**
 * Tells apart of which tables the rows are; nothing else of them is checked here.
 * @throws InvalidRowError naming a table that no capture writes
 */
export function sortRows(rows: readonly CaptureRow[]): { tables: Map<TableName, Row[]>; snapshots: Row[] } {
  const tables = new Map<TableName, Row[]>();
  const snapshots: Row[] = [];
  for (const { table, row } of rows) {
    const own = table === 'snapshots' ? snapshots : tables.get(table);
    if (own !== undefined) {
      own.push(row);
    } else if (table !== 'snapshots' && Object.hasOwn(CAPTURE_TABLES, table)) {
      tables.set(table, [row]);
    } else {
      throw new InvalidRowError(
        `A capture can't write the table "${table}". Nothing of the batch was stored.`,
      );
    }
  }
  return { tables, snapshots };
}

/**
 * Checks every value of every row of a table, and sorts the rows by what one statement can store. They belong to
 * `repositoryId`, whatever they say themselves.
 * @throws InvalidRowError naming table, key and column
 */
export function validateRows(table: TableName, rows: readonly Row[], repositoryId: number): ValidRows {
  const specification = CAPTURE_TABLES[table];
  const columns = Object.entries(specification.columns);
  const conditions = columns.flatMap(([name, { onlyWhile }]) =>
    onlyWhile ? [[name, onlyWhile] as const] : [],
  );
  // Left out, they stay as they are; null would change them. People have none, so that one statement stores them all, in
  // the order of their keys: captures of other repositories store them too, and two orders of locks would be a deadlock.
  const optional = columns.filter(([, { onNull, isRequired }]) => onNull !== 'keep' && !isRequired);
  const groups = new Map<string, Row[]>();
  const tombstones: Row[] = [];
  for (const given of rows) {
    const row = complete(table, specification, given, repositoryId);
    for (const [name, condition] of conditions) {
      // What has lost its meaning is kept no more.
      if (row[condition] === false && name in row) row[name] = null;
    }
    checkColumns(table, specification, row);
    if (isBareTombstone(specification, row)) {
      tombstones.push(row);
      continue;
    }
    checkRequired(table, specification, row);
    if (table === 'comments') checkParent(table, specification, row);
    let leftOut = '';
    for (const [name] of optional) if (row[name] === undefined) leftOut += ` ${name}`;
    const group = groups.get(leftOut);
    if (group === undefined) groups.set(leftOut, [row]);
    else group.push(row);
  }
  const groupOf = (own: Row[]): RowGroup => ({
    table,
    columns: columns.map(([name]) => name).filter((name) => own.some((row) => row[name] !== undefined)),
    rows: own,
  });
  return {
    groups: [...groups.values()].map(groupOf),
    tombstones: tombstones.length === 0 ? [] : [groupOf(tombstones)],
  };
}

/** @throws InvalidRowError */
export function validateSnapshots(rows: readonly Row[]): Snapshot[] {
  for (const row of rows) {
    checkColumns('snapshots', SNAPSHOT, row);
    checkRequired('snapshots', SNAPSHOT, row);
    if (row.scope !== 'threads') checkParent('snapshots', SNAPSHOT, row);
  }
  return rows as unknown as Snapshot[];
}

/** The row with what it leaves unsaid: its repository, that it is alive, that its other parent is none. */
function complete(table: TableName, { columns }: TableSpecification, given: Row, repositoryId: number): Row {
  const row = { ...given };
  if ('repository_id' in columns) row.repository_id = repositoryId;
  if ('deleted_at' in columns && row.deleted_at === undefined) row.deleted_at = null;
  if (table === 'comments' && (row.pull_request_id ?? row.issue_id) != null) {
    row.pull_request_id ??= null;
    row.issue_id ??= null;
  }
  // What a tombstone's text was is kept no more.
  if (typeof row.deleted_at === 'string' && 'body' in row) row.body = null;
  return row;
}

function checkColumns(table: string, specification: TableSpecification, row: Row): void {
  for (const name in row) {
    const column = Object.hasOwn(specification.columns, name) ? specification.columns[name] : undefined;
    if (column === undefined) throw refuse(table, specification, row, name, 'is not a column of the table');
    const value = row[name];
    if (value === null) {
      if (column.onNull === 'refuse') throw refuse(table, specification, row, name, 'must not be null');
    } else if (value === undefined) {
      throw refuse(table, specification, row, name, 'is undefined: leave it out, or send null');
    } else {
      checkValue(table, specification, row, name, column);
    }
  }
}

function checkValue(
  table: string,
  specification: TableSpecification,
  row: Row,
  name: string,
  { type, values, pattern }: Column,
): void {
  const value = row[name];
  const { isValid, wanted } = CHECKS[type];
  if (!isValid(value)) throw refuse(table, specification, row, name, `must be ${wanted}`);
  if (values !== undefined && !values.includes(value as string)) {
    throw refuse(table, specification, row, name, `must be one of ${values.join(', ')}`);
  }
  if (pattern !== undefined && !pattern.test(value as string)) {
    throw refuse(table, specification, row, name, `must match ${pattern.source}`);
  }
}

function checkRequired(table: string, specification: TableSpecification, row: Row): void {
  for (const name in specification.columns) {
    if (specification.columns[name]?.isRequired && row[name] === undefined) {
      throw refuse(table, specification, row, name, 'is missing');
    }
  }
}

function checkParent(table: string, specification: TableSpecification, row: Row): void {
  const parents = [row.pull_request_id, row.issue_id].filter((id) => id !== undefined && id !== null);
  if (parents.length !== 1) {
    throw refuse(table, specification, row, 'pull_request_id', 'or issue_id must be given, and not both');
  }
}

function isBareTombstone({ key, columns }: TableSpecification, row: Row): boolean {
  if (typeof row.deleted_at !== 'string') return false;
  if (!key.every((name) => row[name] !== undefined) || row.captured_at === undefined) return false;
  return Object.entries(columns).some(([name, { isRequired }]) => isRequired && row[name] === undefined);
}

function isInt4(value: unknown): boolean {
  return Number.isInteger(value) && Math.abs(Number(value)) <= MAX_INT4;
}

function refuse(
  table: string,
  { key }: TableSpecification,
  row: Row,
  column: string,
  problem: string,
): InvalidRowError {
  return new InvalidRowError(
    `${table} ${describeKey(key, row)}: column "${column.slice(0, 60)}" ${problem}. Nothing of the batch was stored.`,
  );
}

/** The key of a row for a message, short. */
export function describeKey(key: readonly string[], row: Row): string {
  return key
    .filter((name) => row[name] !== undefined)
    .map((name) => `${name} ${String(row[name]).slice(0, 100)}`)
    .join(', ');
}
