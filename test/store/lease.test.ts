import { sql } from 'kysely';
import { beforeEach, expect, it, vi } from 'vitest';
import {
  endLease,
  LeaseLostError,
  releaseLease,
  renewLease,
  requireLease,
  takeLease,
} from '../../src/store/lease.ts';
import { describeEachDatabase, describePostgres } from '../support/databases.ts';

const MINUTE = 60_000;
const PASSED = new Date('2026-11-20T12:00:00Z');
const later = (ms: number) => new Date(PASSED.getTime() + ms);

describeEachDatabase('a lease', (database) => {
  beforeEach(() => database().db.deleteFrom('leases').execute());

  const take = async (holder: string, ttlMs = MINUTE, passedBefore: Date | null = null) =>
    takeLease(database().db, 'sweep', holder, ttlMs, { passedBefore });
  const mustTake = async (...args: Parameters<typeof take>) => {
    const lease = await take(...args);
    if (!lease) throw new Error('it was not to be had');
    return lease;
  };

  it('is one holder’s until it runs out, and has a higher fence each time', async () => {
    expect(await take('a')).toEqual({ name: 'sweep', holder: 'a', fence: 1, passedAt: null });
    expect(await take('b')).toBeNull();
    expect(await take('a', 0)).toMatchObject({ fence: 2 });
    expect(await take('b')).toMatchObject({ holder: 'b', fence: 3 });
  });

  it('that ran out can be renewed, until another one has it', async () => {
    const { db } = database();
    const lease = await mustTake('a', 0);
    expect(await renewLease(db, lease, MINUTE)).toBe(true);
    expect(await take('b')).toBeNull();
    expect(await renewLease(db, lease, 0)).toBe(true);
    await mustTake('b');
    expect(await renewLease(db, lease, MINUTE)).toBe(false);
  });

  it('is required of who writes, by its fence', async () => {
    const { db } = database();
    const lease = await mustTake('a', 0);
    await db.transaction().execute((trx) => requireLease(trx, lease));
    const again = await mustTake('a', 0);
    await db.transaction().execute((trx) => requireLease(trx, again));
    const write = db.transaction().execute((trx) => requireLease(trx, lease));
    await expect(write).rejects.toThrow(LeaseLostError);
  });

  it('that was ended is free, knows when it came through, and keeps its fence', async () => {
    const { db } = database();
    await endLease(db, await mustTake('a'), PASSED);
    expect(await take('b', MINUTE, later(-1))).toBeNull();
    const next = await mustTake('b', MINUTE, PASSED);
    expect(next).toEqual({ name: 'sweep', holder: 'b', fence: 2, passedAt: PASSED });
    await endLease(db, next, null);
    expect(await take('c', MINUTE, later(-1))).toBeNull();
    expect(await take('c')).toMatchObject({ fence: 3, passedAt: PASSED });
  });

  it('that another one has taken is not ended by who had it', async () => {
    const { db } = database();
    const lease = await mustTake('a', 0);
    await mustTake('b');
    await endLease(db, lease, PASSED);
    expect(await take('c')).toBeNull();
  });

  it('that was released leaves no row', async () => {
    const { db } = database();
    await mustTake('a');
    await releaseLease(db, 'sweep', 'b');
    expect(await db.selectFrom('leases').select('holder').execute()).toEqual([{ holder: 'a' }]);
    await releaseLease(db, 'sweep', 'a');
    expect(await db.selectFrom('leases').select('holder').execute()).toEqual([]);
  });
});

describePostgres('a lease that is required in a transaction', (database) => {
  it('can be taken by nobody before that ends, though it ran out long ago', async () => {
    const { db } = database();
    const lease = await takeLease(db, 'sweep', 'a', 0);
    if (!lease) throw new Error('it was not to be had');
    const order: string[] = [];
    let taken: Promise<unknown> = Promise.resolve();
    await db.transaction().execute(async (trx) => {
      await requireLease(trx, lease);
      taken = takeLease(db, 'sweep', 'b', MINUTE).then((other) => order.push(`taken by ${other?.holder}`));
      await vi.waitUntil(async () => {
        const { rows } = await sql`SELECT FROM pg_stat_activity
          WHERE wait_event_type = 'Lock' AND datname = current_database()`.execute(db);
        return rows.length > 0;
      });
      order.push('written by a');
    });
    await taken;
    expect(order).toEqual(['written by a', 'taken by b']);
  });
});
