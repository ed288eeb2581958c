import { type RawBuilder, sql } from 'kysely';
import type { Database } from './database.ts';
import type { Snapshot } from './validate-rows.ts';

/** Rows that GitHub tells nothing of once they are gone; the others leave a tombstone. */
const NESTED = {
  pull_request: {
    items: 'pull_requests',
    deleted: ['commits', 'files', 'pull_request_labels', 'pull_request_assignees'],
    entombed: ['reviews', 'review_threads', 'comments'],
  },
  issue: { items: 'issues', deleted: ['issue_labels', 'issue_assignees'], entombed: ['comments'] },
} as const;

/** Notes of which items all nested rows were fetched, and when that began. */
export async function storeSnapshots(trx: Database, snapshots: readonly Snapshot[]): Promise<void> {
  for (const kind of ['pull_request', 'issue'] as const) {
    const column = `${kind}_id` as const;
    const own = snapshots.filter((snapshot) => (snapshot[column] ?? null) !== null);
    if (own.length === 0) continue;
    await sql`update ${sql.table(NESTED[kind].items)} as item
      set nested_captured_at = greatest(item.nested_captured_at, incoming.started_at)
      from (select ${sql.ref(column)} as id, max(started_at) as started_at
        from jsonb_to_recordset(${JSON.stringify(own)}::text::jsonb) as r (${sql.ref(column)} bigint, started_at timestamptz)
        group by 1) as incoming
      where item.id = incoming.id`.execute(trx);
  }
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
    const { items, deleted, entombed } = NESTED[kind];
    const item = sql.ref(`nested.${kind}_id`);
    const parts: RawBuilder<unknown>[] = [
      sql`item as (select id, nested_captured_at as seen_at from ${sql.table(items)}
        where id = any (${[...touched[kind]]}::bigint[]) and nested_captured_at is not null)`,
      ...deleted.map(
        (table) => sql`${sql.ref(`of_${table}`)} as (delete from ${sql.table(table)} as nested using item
          where ${item} = item.id and nested.captured_at < item.seen_at)`,
      ),
      // "Last seen" just before the snapshot: a row that is seen at the very time when it began is there.
      ...entombed.map(
        (table) => sql`${sql.ref(`of_${table}`)} as (update ${sql.table(table)} as nested
          set deleted_at = item.seen_at, captured_at = item.seen_at - interval '1 microsecond'
            ${table === 'review_threads' ? sql`` : sql`, body = null`}
          from item where ${item} = item.id and nested.captured_at < item.seen_at and nested.deleted_at is null)`,
      ),
    ];
    await sql`with ${sql.join(parts)} select 1`.execute(trx);
  }
}
