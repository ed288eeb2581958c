import { DatabaseUnreachableError, unreachableReason } from '../src/store/database-unreachable-error.ts';

/**
 * SQLSTATEs of a server that answers, and can't do any work now: out of resources, failing over (read-only).
 * Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const NOT_NOW = /^(53...|57P0[1-5]|25006)$/;

/** Those of one transaction that can't be done now: a lock or statement that took too long, another one that broke it. */
const NOT_THIS = /^(55P03|57014|40001|40P01)$/;

/** What Kysely and PGlite say, without a code, of a database that this process has closed. */
const CLOSED = /driver has already been destroyed|PGlite is closed|after calling end on the pool/i;

/** Whether an error says that nothing can be done in the database now, whatever it is. */
export function isDatabaseGone(error: unknown): boolean {
  if (error instanceof DatabaseUnreachableError || unreachableReason(error) !== null) return true;
  return NOT_NOW.test(sqlStateOf(error)) || (error instanceof Error && CLOSED.test(error.message));
}

/** Whether an error says that the database is away (503: try again later), and not that a statement is wrong. */
export function isDatabaseAway(error: unknown): boolean {
  return isDatabaseGone(error) || NOT_THIS.test(sqlStateOf(error));
}

function sqlStateOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
