import type { Transaction } from 'kysely';
import type { DB } from '../store/database.generated.ts';
import type { Database } from '../store/database.ts';
import { HOUR_MS } from './limits.ts';

/**
 * Keeps until when GitHub refuses an installation's requests: an hour at most, which is the longest of its windows. The
 * caller has the installation's ledger locked.
 */
export async function noteSilence(
  trx: Transaction<DB>,
  { installationId, silentUntil, now }: { installationId: number; silentUntil: Date; now: Date },
): Promise<void> {
  const until = new Date(Math.min(silentUntil.getTime(), now.getTime() + HOUR_MS));
  await trx
    .updateTable('installation_budgets')
    .set({ silent_until: until })
    .where('installation_id', '=', installationId)
    .where((eb) => eb.or([eb('silent_until', 'is', null), eb('silent_until', '<', until)]))
    .execute();
}

/**
 * Until when an installation must ask GitHub nothing; null: it may. GitHub warns that who asks on while it refuses may be
 * locked out, and what one run was told holds for all of them.
 * Source: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
export async function findSilence(db: Database, installationId: number, now: Date): Promise<Date | null> {
  const row = await db
    .selectFrom('installation_budgets')
    .select('silent_until')
    .where('installation_id', '=', installationId)
    .where('silent_until', '>', now)
    .executeTakeFirst();
  return row?.silent_until ?? null;
}
