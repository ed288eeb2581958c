import type { Database } from '../store/database.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { fromGrant, lockLedger } from './ledger.ts';
import type { ResponseTimes } from './limits.ts';
import { noteSilence } from './silence.ts';
import { summarizeReleased } from './summarize-grants.ts';

export interface ReleasedShare {
  installationId: number;
  holder: string;
  /** Response time of all that the holder has sent; null: as much as it was allowed to. */
  used: ResponseTimes | null;
  /** Until when GitHub refuses the holder's requests; null: it does not; absent: the holder does not tell. */
  silentUntil?: Date | null;
  now: Date;
}

/**
 * Gives a holder's share back at its end: others may have it at once, but for what was used of it within GitHub's window.
 * One that waited for a share keeps its place a while. Again, or without a share, it changes nothing. A holder that ends
 * without this loses its share by and by.
 */
export async function releaseShare(
  db: Database,
  { installationId, holder, used, silentUntil, now }: ReleasedShare,
): Promise<void> {
  await inTransaction(db, async (trx) => {
    const { grants } = await lockLedger(trx, installationId, now);
    if (silentUntil) await noteSilence(trx, { installationId, silentUntil, now });
    await trx
      .deleteFrom('budget_grants')
      .where('installation_id', '=', installationId)
      .where('holder', '=', holder)
      .where('is_released', '=', false)
      .execute();
    const stretches = summarizeReleased(grants, { holder, used, now });
    if (stretches.length === 0) return;
    await trx
      .insertInto('budget_grants')
      .values(stretches.map((stretch) => fromGrant(installationId, stretch)))
      .execute();
  });
}
