import { DatabaseUnreachableError, unreachableReason } from '../src/store/database-unreachable-error.ts';

/**
 * SQLSTATEs of a server that answers, and can't do its work now: out of resources, failing over (read-only), a lock
 * or statement that took too long, a transaction that another one broke.
 * Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const NOT_NOW = /^(53...|57P0[1-5]|25006|55P03|57014|40001|40P01)$/;

/** What Kysely and PGlite say, without a code, of a database that this process has closed. */
const CLOSED = /driver has already been destroyed|PGlite is closed|after calling end on the pool/i;

/** Whether an error says that the database is away (503: try again later), and not that a statement is wrong. */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof DatabaseUnreachableError || unreachableReason(error) !== null) return true;
  if (!(error instanceof Error)) return false;
  return ('code' in error && NOT_NOW.test(String(error.code))) || CLOSED.test(error.message);
}
