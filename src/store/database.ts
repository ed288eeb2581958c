import type { Kysely } from 'kysely';
import type { DB } from './database.generated.ts';

/** A handle on the database; a transaction is one too. Inside a transaction only the transaction's handle may be used. */
export type Database = Kysely<DB>;

/** A database that this process has opened, and has to close. */
export interface OpenDatabase {
  db: Database;
  kind: 'postgres' | 'pglite';
  /** Ends all connections; a second call does nothing. */
  close(): Promise<void>;
}
