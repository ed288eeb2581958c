import { type RawBuilder, sql } from 'kysely';
import { CAPTURE_TABLES } from './capture-tables.ts';
import type { Database } from './database.ts';
import type { RowGroup, Snapshot, TableName } from './validate-rows.ts';

type ItemKind = 'pull_request' | 'issue';

/** Columns of an item that only the store writes: when its nested rows, or its review threads, were last fetched whole. */
const SEEN_IN = {
  pull_request: ['nested_captured_at', 'threads_captured_at'],
  issue: ['nested_captured_at'],
} as const;

/** Nested rows of which a snapshot speaks, and the column of their item that remembers the newest one. */
interface NestedRows {
  table: TableName;
  seenIn: 'nested_captured_at' | 'threads_captured_at';
  /** GitHub tells nothing of them once they are gone: they go away; the others leave a tombstone. */
  isDeleted: boolean;
  /** Which rows of the table, where they are of several kinds. */
  only?: RawBuilder<unknown>;
}

const NESTED: Record<ItemKind, readonly NestedRows[]> = {
  pull_request: [
    ...(['commits', 'files', 'pull_request_labels', 'pull_request_assignees'] as const).map(
      (table) => ({ table, seenIn: 'nested_captured_at', isDeleted: true }) as const,
    ),
    { table: 'reviews', seenIn: 'nested_captured_at', isDeleted: false },
    {
      table: 'comments',
      seenIn: 'nested_captured_at',
      isDeleted: false,
      only: sql`found.comment_type = 'issue'`,
    },
    {
      table: 'comments',
      seenIn: 'threads_captured_at',
      isDeleted: false,
      only: sql`found.comment_type = 'review'`,
    },
    { table: 'review_threads', seenIn: 'threads_captured_at', isDeleted: false },
  ],
  issue: [
    { table: 'issue_labels', seenIn: 'nested_captured_at', isDeleted: true },
    { table: 'issue_assignees', seenIn: 'nested_captured_at', isDeleted: true },
    { table: 'comments', seenIn: 'nested_captured_at', isDeleted: false },
  ],
};

/**
 * Notes in the rows of items of which nested rows were fetched whole, and when that began, so that they are stored with it:
 * to change a row that was stored a moment ago costs more than to store it.
 * @returns the snapshots of items that have no row among these
 */
export function noteSnapshots(items: readonly RowGroup[], snapshots: readonly Snapshot[]): Snapshot[] {
  const left = new Set(snapshots);
  for (const kind of ['pull_request', 'issue'] as const) {
    const byItem = Map.groupBy(snapshots, (snapshot) => snapshot[`${kind}_id`] ?? null);
    for (const { columns, rows } of items.filter(({ table }) => table === `${kind}s`)) {
      for (const row of rows) {
        for (const snapshot of byItem.get(row.id as number) ?? []) {
          left.delete(snapshot);
          for (const seenIn of SEEN_IN[kind]) {
            if (!speaksOf(snapshot, seenIn)) continue;
            if (!columns.includes(seenIn)) columns.push(seenIn);
            row[seenIn] = laterOf(row[seenIn], snapshot.started_at);
          }
        }
      }
    }
  }
  return [...left];
}

function laterOf(known: unknown, time: string): string {
  return typeof known === 'string' && Date.parse(known) > Date.parse(time) ? known : time;
}

/** Notes the same of items that are stored already. */
export async function storeSnapshots(
  trx: Database,
  snapshots: readonly Snapshot[],
  repositoryId: number,
): Promise<void> {
  for (const kind of ['pull_request', 'issue'] as const) {
    for (const seenIn of SEEN_IN[kind]) {
      const column = `${kind}_id` as const;
      const own = snapshots.filter(
        (snapshot) => (snapshot[column] ?? null) !== null && speaksOf(snapshot, seenIn),
      );
      if (own.length === 0) continue;
      const rows = own.map(({ started_at, ...item }) => ({ id: item[column], started_at }));
      await sql`update ${sql.table(`${kind}s`)} as item
        set ${sql.ref(seenIn)} = greatest(${sql.ref(`item.${seenIn}`)}, incoming.started_at)
        from (select id, max(started_at) as started_at
          from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as r (id bigint, started_at timestamptz)
          group by 1) as incoming
        where item.id = incoming.id`.execute(trx);
    }
  }
  for (const { started_at: startedAt } of snapshots.filter(isOfRepository)) {
    await sql`update repositories set threads_captured_at = greatest(threads_captured_at, ${startedAt})
      where id = ${repositoryId}`.execute(trx);
    await entombThreads(trx, repositoryId);
  }
}

function speaksOf({ scope = 'all' }: Snapshot, seenIn: NestedRows['seenIn']): boolean {
  return scope === 'all' || (scope === 'items') === (seenIn === 'nested_captured_at');
}

function isOfRepository(snapshot: Snapshot): boolean {
  return (snapshot.pull_request_id ?? snapshot.issue_id ?? null) === null;
}

/** Review threads and their comments that a walk over all of the repository's would have seen, and didn't. */
async function entombThreads(trx: Database, repositoryId: number): Promise<void> {
  const nested = NESTED.pull_request.filter(({ seenIn }) => seenIn === 'threads_captured_at');
  const item = sql`item as (select p.id, r.threads_captured_at as seen_at
    from repositories r join pull_requests p on p.repository_id = r.id where r.id = ${repositoryId})`;
  await sql`with ${sql.join([item, ...nested.map((rows) => removal(rows, 'pull_request', 'seen_at'))])} select 1`.execute(
    trx,
  );
}

/**
 * Removes the nested rows of these items that were last seen before the item's newest snapshot began: it would have seen
 * them. Done for every item that a batch touches, not only for those with a snapshot in it, so that rows which arrive
 * after a later snapshot don't come back.
 */
export async function removeUnseen(
  trx: Database,
  touched: { pull_request: readonly number[]; issue: readonly number[] },
): Promise<void> {
  for (const kind of ['pull_request', 'issue'] as const) {
    if (touched[kind].length === 0) continue;
    const ids = sql`any (${[...touched[kind]]}::bigint[])`;
    const item =
      kind === 'issue'
        ? sql`item as (select id, nested_captured_at from issues where id = ${ids})`
        : sql`item as (select p.id, p.nested_captured_at,
            greatest(p.threads_captured_at, r.threads_captured_at) as threads_captured_at
            from pull_requests p join repositories r on r.id = p.repository_id where p.id = ${ids})`;
    const removals = NESTED[kind].map((rows) => removal(rows, kind, rows.seenIn));
    await sql`with ${sql.join([item, ...removals])} select 1`.execute(trx);
  }
}

/**
 * One part of a `with`: removes rows that were last seen before the time in that column of `item`. They are looked for item
 * by item, through the index (OFFSET keeps the two apart): as a plain join it would be planned by statistics, and of a
 * table that was filled a moment ago there are none, so it would compare each of its rows with each of the items.
 */
function removal({ table, seenIn, isDeleted, only }: NestedRows, kind: ItemKind, column: string) {
  const name = sql.ref(`${seenIn}_${table}`);
  const seenAt = sql.ref(`item.${column}`);
  const { key } = CAPTURE_TABLES[table];
  const alive = isDeleted ? sql`` : sql`and found.deleted_at is null`;
  const unseen = sql`item cross join lateral (select ${sql.join(key.map((part) => sql.ref(`found.${part}`)))}
    from ${sql.table(table)} as found where ${sql.ref(`found.${kind}_id`)} = item.id
      and found.captured_at < ${seenAt} ${only === undefined ? sql`` : sql`and ${only}`} ${alive} offset 0) as unseen`;
  const isUnseen = sql.join(
    [
      ...key.map((part) => sql`${sql.ref(`nested.${part}`)} = ${sql.ref(`unseen.${part}`)}`),
      // Once more: another transaction may have seen it meanwhile.
      sql`nested.captured_at < ${seenAt}`,
    ],
    sql` and `,
  );
  if (isDeleted)
    return sql`${name} as (delete from ${sql.table(table)} as nested using ${unseen} where ${isUnseen})`;
  // "Last seen" just before the snapshot: a row that is seen at the very time when it began is there.
  return sql`${name} as (update ${sql.table(table)} as nested
    set deleted_at = ${seenAt}, captured_at = ${seenAt} - interval '1 microsecond'
      ${table === 'review_threads' ? sql`` : sql`, body = null`}
    from ${unseen} where ${isUnseen})`;
}
