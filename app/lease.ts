import { sql } from 'kysely';
import type { Database } from '../src/store/database.ts';

/**
 * Takes a lease by name for `ttlMs`, or says false: somebody else holds it. One that ran out is anybody's. The clock is
 * the database's, since two instances share it.
 */
export async function takeLease(db: Database, name: string, holder: string, ttlMs: number): Promise<boolean> {
  const expires = sql<Date>`now() + ${ttlMs} * interval '1 millisecond'`;
  const taken = await db
    .insertInto('leases')
    .values({ name, holder, expires_at: expires })
    .onConflict((conflict) =>
      conflict
        .column('name')
        .doUpdateSet({ holder, expires_at: expires, fence: sql<number>`leases.fence + 1` })
        .where(sql<boolean>`leases.expires_at < now() OR leases.holder = ${holder}`),
    )
    .returning('name')
    .executeTakeFirst();
  return taken !== undefined;
}

export async function releaseLease(db: Database, name: string, holder: string): Promise<void> {
  await db.deleteFrom('leases').where('name', '=', name).where('holder', '=', holder).execute();
}
