import { type RawBuilder, sql } from 'kysely';
import { CAPTURE_TABLES } from '../store/capture-tables.ts';
import type { Database } from '../store/database.ts';
import { isOfRepository, type StoredTable } from './owned-rows.ts';

/** Rows that are read at a time, so that a long history takes no memory. */
const PAGE = 1_000;

export type StoredRow = Record<string, unknown>;

/** The rows of one table that belong to a repository, by their key; column names as keys, every column. */
export async function* readRows(
  db: Database,
  table: StoredTable,
  repositoryId: number,
): AsyncGenerator<StoredRow> {
  const { key } = CAPTURE_TABLES[table];
  const columns = sql.join(key.map((name) => sql.ref(name)));
  let after: RawBuilder<unknown> = sql`true`;
  for (;;) {
    const { rows }: { rows: { row: StoredRow }[] } = await sql<{ row: StoredRow }>`
      SELECT to_jsonb(t) AS row FROM ${sql.table(table)} AS t
      WHERE ${isOfRepository(table, repositoryId)} AND ${after} ORDER BY ${columns} LIMIT ${PAGE}`.execute(
      db,
    );
    for (const { row } of rows) yield row;
    const last = rows.at(-1)?.row;
    if (!last || rows.length < PAGE) return;
    after = sql`(${columns}) > (${sql.join(key.map((name) => sql.val(last[name])))})`;
  }
}
