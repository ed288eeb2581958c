import type { Exchange } from './judge-answer.ts';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface SendOptions {
  fetch?: Fetch;
  /** For the whole answer, its body included. */
  timeoutMs: number;
  /** What the duration is measured by, milliseconds. */
  now: () => number;
  signal?: AbortSignal;
}

/**
 * Sends a request and reads the whole answer: what came, how long it took, and a response of the same content for
 * the library that reads it. A failure to get an answer is told in the exchange, with a response of status 599.
 */
export async function sendRecorded(
  url: string,
  init: RequestInit,
  options: SendOptions,
): Promise<{ exchange: Exchange; response: Response }> {
  const aborter = new AbortController();
  const abort = () => aborter.abort();
  let isTimeout = false;
  const timer = setTimeout(() => {
    isTimeout = true;
    abort();
  }, options.timeoutMs);
  options.signal?.addEventListener('abort', abort);
  if (options.signal?.aborted === true) abort();
  const startedAt = options.now();
  try {
    const response = await (options.fetch ?? fetch)(url, { ...init, signal: aborter.signal });
    const text = await response.text();
    const headers = Object.fromEntries(response.headers);
    const exchange: Exchange = {
      status: response.status,
      headers,
      text,
      durationMs: options.now() - startedAt,
      failure: null,
      receivedAt: timeOf(headers.date),
    };
    const isEmpty = response.status === 204 || response.status === 205 || response.status === 304;
    return {
      exchange,
      response: new Response(isEmpty ? null : text, { status: response.status, headers: response.headers }),
    };
  } catch (error) {
    const message = isTimeout ? `no answer in ${options.timeoutMs / 1000} s` : reasonOf(error);
    const exchange: Exchange = {
      status: null,
      headers: {},
      text: '',
      durationMs: options.now() - startedAt,
      failure: { isTimeout, message },
      receivedAt: new Date(),
    };
    return { exchange, response: new Response(null, { status: 599 }) };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', abort);
  }
}

function timeOf(date: string | undefined): Date {
  const time = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(time) ? new Date() : new Date(time);
}

/** fetch says "fetch failed" and keeps the reason in `cause`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}
