/** The database gives no answer, or doesn't let us in; work can go on when it is back. */
export class DatabaseUnreachableError extends Error {
  override name = 'DatabaseUnreachableError';
  readonly code = 'database_unreachable';
}

/** Conditions of PostgreSQL that say "not now" or "not you", by SQLSTATE (PostgreSQL manual, appendix A). */
const REFUSALS: Record<string, string> = {
  '28000': 'the server refuses this user',
  '28P01': 'the password is wrong',
  '3D000': 'the database does not exist',
  '53300': 'the server has too many connections',
  '57P01': 'the server is shutting down',
  '57P02': 'the server crashed',
  '57P03': 'the server is starting up or shutting down',
};

const NETWORK: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection lost',
  EPIPE: 'connection lost',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name could not be looked up',
  ETIMEDOUT: 'no answer in time',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ENOENT: 'no such socket',
  EACCES: 'no permission for the socket',
};

/** Messages of `pg` and `pg-pool` that come without a code. */
const MESSAGES: [RegExp, string][] = [
  [/timeout expired|timeout exceeded|connection timeout/i, 'no answer in time'],
  [/connection terminated|not queryable|connection ended/i, 'connection lost'],
  [/does not support SSL/i, 'the server does not offer TLS'],
  [/certificate|self-signed|altname/i, "the server's TLS certificate is not trusted (DATABASE_CA)"],
];

/** Why the database can't be used just now; null: the error is about something else, a statement for instance. */
export function unreachableReason(error: unknown): string | null {
  if (error instanceof AggregateError) {
    return error.errors.map(unreachableReason).find((reason) => reason !== null) ?? null;
  }
  if (!(error instanceof Error)) return null;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const known = REFUSALS[code] ?? NETWORK[code] ?? (code.startsWith('08') ? 'connection lost' : undefined);
  if (known !== undefined) return known;
  // An error of a statement has a five-character SQLSTATE, and its message may quote anything.
  if (/^[0-9A-Z]{5}$/.test(code)) return null;
  return MESSAGES.find(([pattern]) => pattern.test(error.message))?.[1] ?? null;
}
