import { sql, type Transaction } from 'kysely';
import { selfServiceLease } from '../jobs/self-service-lease.ts';
import type { DB } from '../store/database.generated.ts';
import { isOfRepository, PEOPLE, STORED_TABLES } from './owned-rows.ts';

/** Rows by table; tables without any are left out. */
export type PurgedRows = Record<string, number>;

/** What besides captured rows tells of a repository. */
const TRACES = [
  { table: 'progressive_capture_jobs', column: 'repository_id' },
  { table: 'rollout_metrics', column: 'repository_id' },
  { table: 'capture_checkpoints', column: 'repository_id' },
  { table: 'deliveries', column: 'repository_id' },
  { table: 'commands', column: 'repository_id' },
] as const;

/** How many rows a purge of this repository takes away. People go where they occur nowhere else. */
export async function countRepository(trx: Transaction<DB>, repositoryId: number): Promise<PurgedRows> {
  const rows: PurgedRows = {};
  for (const table of STORED_TABLES) {
    const condition = table === 'contributors' ? isOnlyIn(repositoryId) : isOfRepository(table, repositoryId);
    rows[table] = await count(trx, table, condition);
  }
  for (const { table, column } of TRACES) {
    rows[table] = await count(trx, table, sql<boolean>`${sql.ref(column)} = ${repositoryId}::bigint`);
  }
  return Object.fromEntries(Object.entries(rows).filter(([, number]) => number > 0));
}

/** Takes all of it away; to be called in the transaction that writes the audit. */
export async function purgeRepository(trx: Transaction<DB>, repositoryId: number): Promise<PurgedRows> {
  // Nothing of it is added between the counting and the end of the transaction.
  await sql`SELECT FROM repositories WHERE id = ${repositoryId}::bigint FOR UPDATE`.execute(trx);
  const rows = await countRepository(trx, repositoryId);
  const people = await sql<{ id: number }>`
    SELECT id FROM contributors WHERE ${isOnlyIn(repositoryId)}`.execute(trx);
  for (const { table, column } of TRACES) {
    await sql`DELETE FROM ${sql.table(table)} WHERE ${sql.ref(column)} = ${repositoryId}::bigint`.execute(
      trx,
    );
  }
  await sql`DELETE FROM leases WHERE name = ${selfServiceLease(repositoryId)}`.execute(trx);
  // Everything that was captured hangs on it.
  await sql`DELETE FROM repositories WHERE id = ${repositoryId}::bigint`.execute(trx);
  await sql`DELETE FROM contributors WHERE id = ANY (${people.rows.map(({ id }) => id)}::bigint[])`.execute(
    trx,
  );
  return rows;
}

function isOnlyIn(repositoryId: number) {
  const elsewhere = PEOPLE.map(
    ({ table, column }) =>
      sql`EXISTS (SELECT FROM ${sql.table(table)} WHERE ${sql.ref(column)} = contributors.id
        AND ${isOfRepository(table, repositoryId)} IS NOT TRUE)`,
  );
  return sql<boolean>`${isOfRepository('contributors', repositoryId)} AND NOT (${sql.join(elsewhere, sql` OR `)})`;
}

async function count(trx: Transaction<DB>, table: string, condition: ReturnType<typeof sql<boolean>>) {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*)::integer AS count FROM ${sql.table(table)} WHERE ${condition}`.execute(trx);
  return rows[0]?.count ?? 0;
}
