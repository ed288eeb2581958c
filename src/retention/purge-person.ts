import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { DB } from '../store/database.generated.ts';
import { PEOPLE } from './owned-rows.ts';
import type { PurgedRows } from './purge-repository.ts';

/** What a person has written, by table. Their name stands in commits, too. */
const WRITINGS = [
  { table: 'pull_requests', erased: ['title', 'body'] },
  { table: 'issues', erased: ['title', 'body'] },
  { table: 'reviews', erased: ['body'] },
  { table: 'comments', erased: ['body'] },
  { table: 'commits', erased: ['message_headline', 'message_body', 'author_name', 'committer_name'] },
  { table: 'branch_commits', erased: ['message_headline', 'message_body', 'author_name', 'committer_name'] },
] as const;

/** How many rows of each table name the person, or were written by them. */
export async function countPerson(trx: Transaction<DB>, personId: number): Promise<PurgedRows> {
  const places = new Map<string, RawBuilder<unknown>[]>();
  for (const { table, column } of PEOPLE) {
    const condition = sql`${sql.ref(column)} = ${personId}::bigint`;
    places.set(table, [...(places.get(table) ?? []), condition]);
  }
  places.set('contributors', [sql`id = ${personId}::bigint`]);
  places.set('commands', [sql`actor_id = ${personId}::bigint`]);
  places.set('progressive_capture_jobs', [sql`actor_id = ${personId}::bigint`]);
  const rows: PurgedRows = {};
  for (const [table, conditions] of places) {
    const counted = await sql<{ count: number }>`
      SELECT count(*)::integer AS count FROM ${sql.table(table)}
      WHERE ${sql.join(conditions, sql` OR `)}`.execute(trx);
    const count = counted.rows[0]?.count ?? 0;
    if (count > 0) rows[table] = count;
  }
  return rows;
}

/**
 * Erases what the person has written and everything that names them; the rows stay, without an author, so that counts and
 * threads remain whole. The rollout's history, which is an audit that nothing can change, keeps who steered it.
 */
export async function purgePerson(trx: Transaction<DB>, personId: number): Promise<PurgedRows> {
  const id = sql`${personId}::bigint`;
  await sql`SELECT FROM contributors WHERE id = ${id} FOR UPDATE`.execute(trx);
  const rows = await countPerson(trx, personId);
  for (const { table, erased } of WRITINGS) {
    const assignments = erased.map((column) => sql`${sql.ref(column)} = NULL`);
    await sql`UPDATE ${sql.table(table)} SET ${sql.join(assignments)} WHERE author_id = ${id}`.execute(trx);
  }
  await sql`UPDATE progressive_capture_jobs SET actor_id = NULL, actor_login = NULL WHERE actor_id = ${id}`.execute(
    trx,
  );
  await sql`DELETE FROM commands WHERE actor_id = ${id}`.execute(trx);
  // The columns that point at it become NULL by their foreign keys, and assignments go.
  await sql`DELETE FROM contributors WHERE id = ${id}`.execute(trx);
  return rows;
}
