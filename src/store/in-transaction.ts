import type { Transaction } from 'kysely';
import type { DB } from './database.generated.ts';
import type { Database } from './database.ts';

/** Runs `work` in the caller's transaction, or in one of its own when the caller has none. */
export function inTransaction<Result>(
  db: Database,
  work: (trx: Transaction<DB>) => Promise<Result>,
): Promise<Result> {
  return db.isTransaction ? work(db as Transaction<DB>) : db.transaction().execute(work);
}
