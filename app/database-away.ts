/**
 * SQLSTATE classes and codes that say the server can't serve now, whatever the statement.
 * Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
 * 08 connection, 53 out of resources (too many connections, disk full), 57P01-57P05 shutdown and restart,
 * 25006 read-only (a failover is under way), 55P03 and 57014 lock or statement time-out, 40001 and 40P01 retry.
 */
const AWAY_SQLSTATE = /^(08...|53...|57P0[1-5]|25006|55P03|57014|40001|40P01)$/;

const AWAY_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EPIPE',
]);

/** What pg, its pool and PGlite say, without a code, of a connection that is gone. */
const AWAY_MESSAGE =
  /connection terminated|timeout exceeded when trying to connect|after calling end on the pool|client has encountered a connection error|not queryable|PGlite is clos|driver has already been destroyed|connection timeout/i;

/** Whether an error says that the database is away (503: try again later), and not that a statement is wrong. */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isDatabaseAway);
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return AWAY_SQLSTATE.test(code) || AWAY_CODES.has(code) || AWAY_MESSAGE.test(error.message);
}
