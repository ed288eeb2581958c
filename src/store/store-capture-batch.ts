import { setImmediate } from 'node:timers/promises';
import { CompiledQuery, sql } from 'kysely';
import type { CaptureRow } from '../destination/destination.ts';
import { noteSnapshots, removeUnseen, storeSnapshots } from './apply-snapshots.ts';
import { CAPTURE_TABLES } from './capture-tables.ts';
import type { Database } from './database.ts';
import { mergeDuplicates } from './merge-duplicates.ts';
import { ForeignRowError, InvalidRowError, translateRowError } from './row-errors.ts';
import { foreignRowSql, parametersOf, tombstoneSql, upsertSql } from './upsert-sql.ts';
import {
  describeKey,
  type Row,
  type RowGroup,
  sortRows,
  type TableName,
  type ValidRows,
  validateRows,
  validateSnapshots,
} from './validate-rows.ts';

export interface StoreOptions {
  /** The repository that every row belongs to, whatever the rows say. */
  repositoryId: number;
  rows: readonly CaptureRow[];
}

/** One statement takes no more. (How large a batch is in bytes, who sends it limits.) */
const MOST_ROWS = 10_000;

const TABLES = Object.keys(CAPTURE_TABLES) as TableName[];
/** Tables that others refer to; those who refer to them can only be checked once they are stored. */
const ITEMS: readonly TableName[] = ['contributors', 'repositories', 'labels', 'pull_requests', 'issues'];
const NESTED = TABLES.filter((table) => !ITEMS.includes(table));

/**
 * Stores captured rows in the caller's transaction, set by set: newer rows replace, older ones fill in what is not known,
 * tombstones and snapshots take away. The order of rows is free.
 * @returns how many rows were written
 * @throws InvalidRowError, ForeignRowError: the transaction can only be rolled back then
 */
export async function storeCaptureBatch(
  trx: Database,
  { repositoryId, rows }: StoreOptions,
): Promise<{ rows: number }> {
  const sorted = sortRows(rows);
  const validate = (tables: readonly TableName[]) =>
    tables.map((table) => validateRows(table, sorted.tables.get(table) ?? [], repositoryId));
  let stored = 0;
  let running: Promise<void> = Promise.resolve();

  /** Begins this work as soon as what runs now is done; resolves when what can be sent at once is sent. */
  async function begin(work: () => Promise<void>): Promise<void> {
    running = running.then(work);
    // Until it is awaited, a failure must not count as unhandled.
    running.catch(() => {});
    await setImmediate();
  }

  /** Each statement is made while the one before runs; the last one is left `running`. */
  async function storeOneAhead(groups: readonly RowGroup[]): Promise<void> {
    for (const group of groups) {
      for (const statement of upsertsOf(group, repositoryId)) {
        await running;
        await begin(async () => {
          const changed = await upsert(trx, statement, repositoryId);
          stored += changed;
        });
      }
    }
  }

  try {
    // Compiling pays for statements that run for seconds. Of tables that were filled a moment ago, which it knows nothing
    // of, the planner believes that these would.
    await sql`set local jit = off`.execute(trx);
    const snapshots = validateSnapshots(sorted.snapshots);
    const items = validate(ITEMS);
    refuseOtherRepositories(items, repositoryId);
    const itemGroups = items.flatMap(({ groups }) => groups);
    const snapshotsOfOthers = noteSnapshots(itemGroups, snapshots);
    await storeOneAhead(itemGroups);
    const nested = validate(NESTED);
    const parents = parentsOf([
      ...nested.flatMap(({ groups }) => groups.flatMap((group) => group.rows)),
      ...snapshots,
    ]);
    await begin(async () => {
      await refuseForeignParents(trx, 'pull_requests', parents.pull_request, repositoryId);
      await refuseForeignParents(trx, 'issues', parents.issue, repositoryId);
    });
    await storeOneAhead(nested.flatMap(({ groups }) => groups));
    await running;
    await refuseForeignThreads(trx, sorted.tables.get('comments') ?? [], repositoryId);
    for (const { tombstones } of [...items, ...nested]) {
      for (const group of tombstones) stored += await entomb(trx, group, repositoryId);
    }
    await storeSnapshots(trx, snapshotsOfOthers, repositoryId);
    await removeUnseen(trx, parents);
  } catch (error) {
    // Nothing goes on in the transaction once the caller knows of it.
    await running.catch(() => {});
    throw translateRowError(error);
  }
  return { rows: stored };
}

function refuseOtherRepositories(items: readonly ValidRows[], repositoryId: number): void {
  const groups = items.flatMap((valid) => valid.groups).filter(({ table }) => table === 'repositories');
  const other = groups.flatMap(({ rows }) => rows).find(({ id }) => id !== repositoryId);
  if (other === undefined) return;
  throw new ForeignRowError(
    `repositories id ${other.id}: the batch is for repository ${repositoryId}. Nothing of it was stored.`,
  );
}

interface Upsert {
  table: TableName;
  rows: readonly Row[];
  query: CompiledQuery;
}

function* upsertsOf({ table, columns, rows }: RowGroup, repositoryId: number): Generator<Upsert> {
  const statement = upsertSql(table, columns);
  for (const chunk of chunksOf(mergeDuplicates(rows, CAPTURE_TABLES[table]))) {
    const parameters = parametersOf(table, statement, columns, chunk, repositoryId);
    yield { table, rows: chunk, query: CompiledQuery.raw(statement, parameters) };
  }
}

async function upsert(trx: Database, { table, rows, query }: Upsert, repositoryId: number): Promise<number> {
  const changed = await run(trx, query);
  if (changed < rows.length) await refuseForeignRow(trx, table, rows, repositoryId);
  return changed;
}

async function entomb(trx: Database, { table, columns, rows }: RowGroup, repositoryId: number) {
  const told = [...CAPTURE_TABLES[table].key, 'deleted_at', 'captured_at'];
  const named = columns.filter((name) => told.includes(name));
  const statement = tombstoneSql(table, named);
  let stored = 0;
  for (const chunk of chunksOf(mergeDuplicates(rows, CAPTURE_TABLES[table]))) {
    await refuseForeignRow(trx, table, chunk, repositoryId);
    const parameters = parametersOf(table, statement, named, chunk, repositoryId);
    stored += await run(trx, CompiledQuery.raw(statement, parameters));
  }
  return stored;
}

async function run(trx: Database, query: CompiledQuery): Promise<number> {
  const { numAffectedRows } = await trx.executeQuery(query);
  return Number(numAffectedRows ?? 0);
}

/** Names a row whose key is stored under another repository; nothing happens when there is none. */
async function refuseForeignRow(
  trx: Database,
  table: TableName,
  keys: readonly Row[],
  repositoryId: number,
): Promise<void> {
  const { key } = CAPTURE_TABLES[table];
  const statement = foreignRowSql(table);
  if (statement === null) return;
  const parameters = parametersOf(table, statement, key, keys, repositoryId);
  const { rows } = await trx.executeQuery<Row>(CompiledQuery.raw(statement, parameters));
  const [foreign] = rows;
  if (foreign === undefined) return;
  throw new ForeignRowError(
    `${table} ${describeKey(key, foreign)} is stored under another repository than ${repositoryId}. Nothing of the batch was stored.`,
  );
}

async function refuseForeignParents(
  trx: Database,
  table: 'pull_requests' | 'issues',
  ids: readonly number[],
  repositoryId: number,
): Promise<void> {
  if (ids.length === 0) return;
  const { rows } = await sql<{ id: number; owner: number | null }>`
    select given.id, item.repository_id as owner
    from unnest(${[...ids]}::bigint[]) as given (id) left join ${sql.table(table)} as item on item.id = given.id
    where item.repository_id is distinct from ${repositoryId} limit 1`.execute(trx);
  const [foreign] = rows;
  if (foreign === undefined) return;
  const name = `${table} id ${foreign.id}`;
  if (foreign.owner === null) {
    throw new InvalidRowError(
      `${name} is not stored, and rows of the batch belong to it. Send it before them or with them. Nothing of the batch was stored.`,
    );
  }
  throw new ForeignRowError(
    `${name}, which rows of the batch belong to, is stored under another repository than ${repositoryId}. Nothing of the batch was stored.`,
  );
}

/** A comment's thread must be of the repository too. */
async function refuseForeignThreads(trx: Database, comments: readonly Row[], repositoryId: number) {
  const ids = new Set(comments.map((row) => row.review_thread_id).filter((id) => typeof id === 'string'));
  const keys = [...ids].map((id) => ({ id }));
  for (const chunk of chunksOf(keys)) await refuseForeignRow(trx, 'review_threads', chunk, repositoryId);
}

function parentsOf(rows: readonly { pull_request_id?: unknown; issue_id?: unknown }[]) {
  const parents = { pull_request: new Set<number>(), issue: new Set<number>() };
  for (const { pull_request_id, issue_id } of rows) {
    if (typeof pull_request_id === 'number') parents.pull_request.add(pull_request_id);
    if (typeof issue_id === 'number') parents.issue.add(issue_id);
  }
  return { pull_request: [...parents.pull_request], issue: [...parents.issue] };
}

/** The rows in parts, none of them too large for one statement. */
function* chunksOf(rows: readonly Row[]): Generator<readonly Row[]> {
  for (let start = 0; start < rows.length; start += MOST_ROWS) yield rows.slice(start, start + MOST_ROWS);
}
