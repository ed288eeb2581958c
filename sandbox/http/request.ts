import type { IncomingMessage } from 'node:http';
import type { RequestRecord } from '../stats.ts';

/** A request as it is matched, counted and shown in `sandbox.requests`. */
export interface RequestInfo {
  /** From 1, over everything that the server was asked. */
  readonly number: number;
  readonly kind: 'graphql' | 'rest' | 'oidc';
  readonly method: string;
  /** When it began to come in, by the sandbox's clock. */
  readonly arrivedAt: number;
  /** Without the `/api/v3` prefix and the query string. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** The parsed JSON body, or undefined. */
  readonly body: unknown;
  /** The GraphQL document, when it is one. */
  readonly graphql: string | null;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  /** JSON, or text that is sent as it is. */
  body?: unknown;
  /** The body as it goes over the wire, where it was made already. */
  json?: string;
  /** What the request was charged, where that is to be known. */
  spent?: Partial<Pick<RequestRecord, 'serviceMs' | 'points' | 'isRefused'>>;
}

const MAX_BODY = 10 * 1024 * 1024;

/** Reads a request to its end. Throws for a body that is too long or is not JSON. */
export async function readRequest(
  message: IncomingMessage,
  { number, arrivedAt }: Pick<RequestInfo, 'number' | 'arrivedAt'>,
): Promise<RequestInfo> {
  const url = new URL(message.url ?? '/', 'http://localhost');
  const path = url.pathname.replace(/^\/api\/v3(?=\/|$)/, '').replace(/\/+$/, '') || '/';
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new Error('the request body is too long');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  const body: unknown = text === '' ? undefined : parseBody(text, message.headers['content-type'] ?? '');
  const isGraphql = path === '/api/graphql' || path === '/graphql';
  const document = isGraphql && typeof body === 'object' && body && 'query' in body ? body.query : null;
  return {
    number,
    arrivedAt,
    kind: isGraphql ? 'graphql' : path.startsWith('/_services') ? 'oidc' : 'rest',
    method: message.method ?? 'GET',
    path,
    query: url.searchParams,
    headers: message.headers,
    body,
    graphql: typeof document === 'string' ? document : null,
  };
}

function parseBody(text: string, contentType: string): unknown {
  if (contentType.includes('x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(text));
  try {
    return JSON.parse(text);
  } catch {
    return INVALID_JSON;
  }
}

/** Stands for a body that is no JSON; GitHub answers 400 "Problems parsing JSON". */
export const INVALID_JSON = Symbol('invalid JSON');
