import type { GraphqlErrorEntry } from './errors.ts';

/** An answer as it came over the wire, or the failure to get one. */
export interface Exchange {
  /** HTTP status; null when no complete answer came. */
  status: number | null;
  /** Header names in lower case. */
  headers: Record<string, string>;
  /** The body's text; '' when there was none. */
  text: string;
  /** From sending to the last byte (or the failure), milliseconds. */
  durationMs: number;
  /** Why there is no complete answer: our own time-out, or the network's error. */
  failure: { isTimeout: boolean; message: string } | null;
  /** GitHub's time of the answer (`Date` header), else this machine's. */
  receivedAt: Date;
}

/** What an answer that isn't plainly good means for the one who asked. */
export type Judgement =
  | { kind: 'rate_limited'; isSecondary: boolean; retryAt: Date | null; message: string }
  | { kind: 'too_heavy'; isCertain: boolean; message: string }
  | { kind: 'transient'; isNetwork: boolean; retryAt: Date | null; message: string }
  | { kind: 'unauthorized'; message: string }
  | { kind: 'forbidden'; message: string }
  | { kind: 'not_found'; message: string }
  | { kind: 'unexpected'; message: string };

/** After a secondary limit without `retry-after`: at least a minute, then exponentially more (docs.github.com). */
export const SECONDARY_WAIT_MS = 60_000;

/** A request that took at least this long when the connection broke was probably too much for GitHub. */
const SLOW_MS = 5_000;

// "RATE_LIMIT" with code "graphql_rate_limit" is today's spelling, "RATE_LIMITED" the one of before 2026.
const RATE_LIMIT_TYPES = new Set(['RATE_LIMIT', 'RATE_LIMITED']);
const HEAVY_TYPES = new Set(['RESOURCE_LIMITS_EXCEEDED', 'MAX_NODE_LIMIT_EXCEEDED']);
// Errors about single items, whose absence the caller sees in the data: gone, or not to be seen by this token.
const ITEM_ERRORS = new Set(['NOT_FOUND', 'FORBIDDEN', 'INSUFFICIENT_SCOPES']);
const SECONDARY = /secondary rate limit|abuse detection/i;
const PRIMARY = /rate limit (already )?exceeded/i;
const TIMED_OUT = /something went wrong while executing your query|couldn't respond to your request in time/i;

/**
 * Judges an answer by HTTP status, headers and text; null when nothing speaks against reading it.
 * Sources: docs.github.com "Rate limits and query limits for the GraphQL API", "Rate limits for the REST API",
 * "Troubleshooting the REST API".
 */
export function judgeStatus(exchange: Exchange): Judgement | null {
  const { status, headers, text, failure } = exchange;
  if (failure !== null || status === null) {
    const message = failure?.message ?? 'no answer';
    if (failure?.isTimeout === true || exchange.durationMs >= SLOW_MS) {
      return { kind: 'too_heavy', isCertain: true, message };
    }
    return { kind: 'transient', isNetwork: true, retryAt: null, message };
  }
  const message = describe(exchange);
  if (status === 401) return { kind: 'unauthorized', message };
  if (status === 403 || status === 429) {
    if (SECONDARY.test(text) || headers['retry-after'] !== undefined)
      return secondaryLimit(exchange, message);
    if (headers['x-ratelimit-remaining'] === '0' || PRIMARY.test(text))
      return primaryLimit(exchange, message);
    return status === 429 ? secondaryLimit(exchange, message) : { kind: 'forbidden', message };
  }
  if (status === 404) return { kind: 'not_found', message };
  if (status === 502 || status === 504) {
    return { kind: 'too_heavy', isCertain: exchange.durationMs >= SLOW_MS, message };
  }
  if (status >= 500 || status === 408) {
    return { kind: 'transient', isNetwork: false, retryAt: retryAfter(exchange), message };
  }
  if (status >= 400) return { kind: 'unexpected', message };
  return null;
}

/**
 * Judges a GraphQL answer's `errors`; null when none of them speaks against the whole answer.
 * An error about a single item (`NOT_FOUND`, `FORBIDDEN`) is left to the one who asked for the item.
 */
export function judgeGraphqlErrors(
  errors: readonly GraphqlErrorEntry[],
  exchange: Exchange,
): Judgement | null {
  const text = errors.map((error) => error.message).join('; ');
  // Partial data beside a rate-limit error is not to be trusted: what is missing in it looks like "there is none".
  if (errors.some((error) => SECONDARY.test(error.message))) return secondaryLimit(exchange, text);
  if (errors.some(isRateLimit)) return primaryLimit(exchange, text);
  const heavy = errors.find((error) => HEAVY_TYPES.has(error.type ?? ''));
  if (heavy !== undefined) return { kind: 'too_heavy', isCertain: true, message: text };
  if (errors.some((error) => TIMED_OUT.test(error.message))) {
    return { kind: 'too_heavy', isCertain: exchange.durationMs >= SLOW_MS, message: text };
  }
  const holes = errors.filter((error) => !ITEM_ERRORS.has(error.type ?? '') && !isIdTooWide(error));
  if (holes.length === 0) return null;
  // An error with a path happened while the query ran, and leaves a hole that looks like "there is none"; one without
  // is a refusal of the query itself.
  return holes.some((error) => error.path !== undefined)
    ? { kind: 'too_heavy', isCertain: false, message: text }
    : { kind: 'unexpected', message: text };
}

/** `databaseId` has 32 bits; of a larger id it is null, perhaps with an error, and `fullDatabaseId` tells it. */
function isIdTooWide({ path }: GraphqlErrorEntry): boolean {
  return path?.at(-1) === 'databaseId';
}

function isRateLimit(error: GraphqlErrorEntry): boolean {
  return (
    RATE_LIMIT_TYPES.has(error.type ?? '') ||
    error.code === 'graphql_rate_limit' ||
    PRIMARY.test(error.message)
  );
}

function primaryLimit(exchange: Exchange, message: string): Judgement {
  const reset = Number(exchange.headers['x-ratelimit-reset']);
  const retryAt = Number.isFinite(reset) && reset > 0 ? new Date(reset * 1000) : retryAfter(exchange);
  return { kind: 'rate_limited', isSecondary: false, retryAt, message };
}

function secondaryLimit(exchange: Exchange, message: string): Judgement {
  const exhausted = exchange.headers['x-ratelimit-remaining'] === '0';
  const reset = Number(exchange.headers['x-ratelimit-reset']);
  const retryAt = retryAfter(exchange) ?? (exhausted && reset > 0 ? new Date(reset * 1000) : null);
  return { kind: 'rate_limited', isSecondary: true, retryAt, message };
}

/** `retry-after` is in seconds, or a date (RFC 9110, 10.2.3). */
function retryAfter({ headers, receivedAt }: Exchange): Date | null {
  const value = headers['retry-after'];
  if (value === undefined) return null;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return new Date(receivedAt.getTime() + Math.max(0, seconds) * 1000);
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? null : date;
}

/** Status and GitHub's own message, or the start of a body that isn't GitHub's JSON. */
function describe({ status, text }: Exchange): string {
  let message: string;
  try {
    const body: unknown = JSON.parse(text);
    const given = typeof body === 'object' && body !== null && 'message' in body ? body.message : undefined;
    message = typeof given === 'string' ? given : text;
  } catch {
    message = text.replace(/<[^>]*>/g, ' ');
  }
  message = message.replace(/\s+/g, ' ').trim().slice(0, 200);
  return message === '' ? `HTTP ${status}` : `HTTP ${status}: ${message}`;
}
