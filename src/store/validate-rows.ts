import type { CaptureRow } from '../destination/destination.ts';
import { CAPTURE_TABLES, type Column, type ColumnType, type TableSpecification } from './capture-tables.ts';
import { InvalidRowError } from './row-errors.ts';

export type Row = Record<string, unknown>;
export type TableName = keyof typeof CAPTURE_TABLES;

/** The same table and the same columns: what one statement can store. */
export interface RowGroup {
  table: TableName;
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

export interface ValidBatch {
  groups: RowGroup[];
  /** Tombstones that say no more than what is gone and when: for rows that are stored already. */
  tombstones: RowGroup[];
  snapshots: Snapshot[];
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
 * Checks every value of every row, and sorts the rows by what one statement can store. Rows belong to `repositoryId`,
 * whatever they say themselves.
 * @throws InvalidRowError naming table, key and column
 */
export function validateRows(rows: readonly CaptureRow[], repositoryId: number): ValidBatch {
  const groups = new Map<string, RowGroup>();
  const tombstones = new Map<string, RowGroup>();
  const snapshots: Snapshot[] = [];
  for (const { table, row: given } of rows) {
    if (table === 'snapshots') {
      checkColumns(table, SNAPSHOT, given);
      checkRequired(table, SNAPSHOT, given);
      if (given.scope !== 'threads') checkParent(table, SNAPSHOT, given);
      snapshots.push(given as unknown as Snapshot);
      continue;
    }
    const specification = Object.hasOwn(CAPTURE_TABLES, table) ? CAPTURE_TABLES[table] : undefined;
    if (specification === undefined) {
      throw new InvalidRowError(
        `A capture can't write the table "${table}". Nothing of the batch was stored.`,
      );
    }
    const row = complete(table, specification, given, repositoryId);
    checkColumns(table, specification, row);
    if (isBareTombstone(specification, row)) {
      addTo(tombstones, table, row);
      continue;
    }
    checkRequired(table, specification, row);
    if (table === 'comments') checkParent(table, specification, row);
    addTo(groups, table, row);
  }
  return { groups: [...groups.values()], tombstones: [...tombstones.values()], snapshots };
}

/** The row with what it leaves unsaid: its repository, that it is alive, that its other parent is none. */
function complete(
  table: TableName,
  { columns, owner }: TableSpecification,
  row: Row,
  repositoryId: number,
): Row {
  const more: Row = {};
  if ('repository_id' in columns) more.repository_id = repositoryId;
  if ('deleted_at' in columns && row.deleted_at === undefined) more.deleted_at = null;
  if (table === 'comments' && (row.pull_request_id ?? row.issue_id) != null) {
    more.pull_request_id = row.pull_request_id ?? null;
    more.issue_id = row.issue_id ?? null;
  }
  // What a tombstone's text was is kept no more, nor what has lost its meaning.
  if (typeof row.deleted_at === 'string' && 'body' in row) more.body = null;
  for (const name in row) {
    const condition = Object.hasOwn(columns, name) ? columns[name]?.onlyWhile : undefined;
    if (condition !== undefined && row[condition] === false) more[name] = null;
  }
  return owner === 'global' ? { ...allColumns(columns, row), ...row } : { ...row, ...more };
}

/**
 * A row with all columns, in one order. People are shared by captures of all repositories: their rows are stored by one
 * statement in the order of their keys, for two that lock the same people in two orders would block each other.
 */
function allColumns(columns: TableSpecification['columns'], row: Row): Row {
  const names = Object.keys(columns).filter(
    (name) => row[name] !== undefined || columns[name]?.onNull === 'keep',
  );
  return Object.fromEntries(names.map((name) => [name, row[name] ?? null]));
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

function addTo(groups: Map<string, RowGroup>, table: TableName, row: Row): void {
  const columns = Object.keys(row);
  // As the columns come, since sorting them for every row costs more than a second statement for another order.
  const name = `${table} ${columns.join()}`;
  const group = groups.get(name);
  if (group === undefined) groups.set(name, { table, columns, rows: [row] });
  else group.rows.push(row);
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
