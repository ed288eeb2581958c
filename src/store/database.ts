import type { Kysely } from 'kysely';
import type { DB } from './database.generated.ts';

/** A handle on the database; a transaction is one too. Inside a transaction only the transaction's handle may be used. */
export type Database = Kysely<DB>;

/** A database that this process has opened, and has to close. */
export interface OpenDatabase {
  db: Database;
  kind: 'postgres' | 'pglite';
  /**
   * From now on a connection on which a statement gets no answer for so many milliseconds is given up, and the statement
   * rejects with DatabaseUnreachableError. Of a server that has vanished without a word the system would know after a
   * quarter of an hour. An embedded database has no such connection.
   */
  expectAnswersWithin(ms: number): void;
  /** Ends all connections; a second call does nothing. */
  close(): Promise<void>;
}
