import { sql } from 'kysely';
import type { Database } from './database.ts';

/** The right to do something alone, until it runs out. */
export interface Lease {
  name: string;
  holder: string;
  /** One more each time that the lease is taken: who holds an older number has lost it. */
  fence: number;
  /** When what it is for came through the last time; null: never, or nobody noted it. */
  passedAt: Date | null;
}

/** Somebody else has taken the lease since: nothing that was done under it may be written any more. */
export class LeaseLostError extends Error {
  override name = 'LeaseLostError';

  constructor({ name, fence }: Lease) {
    super(`The lease ${name} (fence ${fence}) ran out, and somebody else has taken it. Nothing was written.`);
  }
}

/**
 * Takes a lease by name for `ttlMs`, or answers null: somebody else holds it, or what it is for has come through later
 * than `passedBefore`. One that ran out is anybody's. The clock is the database's, since two instances share it.
 */
export async function takeLease(
  db: Database,
  name: string,
  holder: string,
  ttlMs: number,
  { passedBefore = null }: { passedBefore?: Date | null } = {},
): Promise<Lease | null> {
  const expires = expiresIn(ttlMs);
  const taken = await db
    .insertInto('leases')
    .values({ name, holder, expires_at: expires })
    .onConflict((conflict) =>
      conflict
        .column('name')
        .doUpdateSet({ holder, expires_at: expires, fence: sql<number>`leases.fence + 1` })
        .where(sql<boolean>`(leases.expires_at <= now() OR leases.holder = ${holder})
          AND (${passedBefore}::timestamptz IS NULL OR leases.passed_at IS NULL OR leases.passed_at <= ${passedBefore})`),
    )
    .returning(['fence', 'passed_at'])
    .executeTakeFirst();
  return taken ? { name, holder, fence: taken.fence, passedAt: taken.passed_at } : null;
}

/** Holds it for `ttlMs` more; false: it is lost. One that ran out can be renewed while nobody else has taken it. */
export async function renewLease(db: Database, lease: Lease, ttlMs: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('leases')
    .set({ expires_at: expiresIn(ttlMs) })
    .where(isStillOf(lease))
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

/**
 * Makes sure that the lease is not lost, and can't be before the caller's transaction ends: what it writes is written by
 * the holder, however long it was held up.
 * @throws LeaseLostError
 */
export async function requireLease(trx: Database, lease: Lease): Promise<void> {
  const held = await trx
    .selectFrom('leases')
    .select('name')
    .where(isStillOf(lease))
    .forShare()
    .executeTakeFirst();
  if (!held) throw new LeaseLostError(lease);
}

/** Lets go of it and keeps its row, for the fence and, with `passedAt`, to tell when it came through. */
export async function endLease(db: Database, lease: Lease, passedAt: Date | null): Promise<void> {
  await db
    .updateTable('leases')
    .set({ expires_at: sql<Date>`now()`, ...(passedAt ? { passed_at: passedAt } : {}) })
    .where(isStillOf(lease))
    .execute();
}

/** Lets go of a lease whose name does not come again: its row goes too. */
export async function releaseLease(db: Database, name: string, holder: string): Promise<void> {
  await db.deleteFrom('leases').where('name', '=', name).where('holder', '=', holder).execute();
}

const expiresIn = (ttlMs: number) => sql<Date>`now() + ${ttlMs} * interval '1 millisecond'`;

const isStillOf = ({ name, holder, fence }: Lease) =>
  sql<boolean>`name = ${name} AND holder = ${holder} AND fence = ${fence}`;
