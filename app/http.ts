import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AppLog } from './log.ts';

/** Answers a request and returns true, or returns false: not its path. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

export interface RunningServer {
  /** Where this machine reaches it, without a slash at the end. */
  url: string;
  port: number;
  /** Takes no more requests, waits for those in flight (at most `graceMs`), and frees the port. */
  close(graceMs: number): Promise<void>;
}

/**
 * How long an idle connection is kept. Longer than what is before us keeps its own, 60 s as a rule: it would send a
 * webhook into a connection that is just being closed.
 */
const KEEP_ALIVE_MS = 75_000;

/** What is still read of a refused body, so that the sender hears the refusal rather than a cut connection. */
const DRAIN = { bytes: 32 * 1024 * 1024, ms: 5_000 };

const JSON_TYPE = 'application/json; charset=utf-8';

/** One server on `node:http`; the first handler that knows a path answers. `port` 0 takes a free one. */
export async function startHttpServer(options: {
  host: string;
  port: number;
  handlers: HttpHandler[];
  /** Bodies that announce more bytes are not invited by `100 Continue`. */
  maxBodyBytes: number;
  log: AppLog;
}): Promise<RunningServer> {
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    void answerRequest(options.handlers, request, response, options.log);
  };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, answer);
  // A client that asks first (`Expect: 100-continue`) is refused before it sends a byte of the body.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (Number(request.headers['content-length'] ?? 0) <= options.maxBodyBytes) response.writeContinue();
    answer(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  const isAnyAddress = options.host === '0.0.0.0' || options.host === '::';
  const host = isAnyAddress ? '127.0.0.1' : options.host.includes(':') ? `[${options.host}]` : options.host;
  return { url: `http://${host}:${port}`, port, close: (graceMs) => closeServer(server, graceMs) };
}

/** A listener that answers every path, for one path alone. */
export function onPath(path: string, listener: RequestListener): HttpHandler {
  return (request, response) => {
    if (pathOf(request) !== path) return false;
    listener(request, response);
    return true;
  };
}

/** Writes a whole JSON answer. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, JSON_TYPE, `${JSON.stringify(body)}\n`);
}

/**
 * Answers a request whose body is not wanted, and closes the connection: not before the body has ended or enough of it was
 * drained, since the sender might never read the answer if the connection were reset under what it sends.
 */
export function refuseBody(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: unknown,
): void {
  response.setHeader('connection', 'close');
  // By its length the answer is complete; ending it is what closes the connection.
  response.write(begin(response, status, JSON_TYPE, `${JSON.stringify(body)}\n`));
  const end = () => response.end();
  request.once('end', end);
  drain(request, end);
}

/** Throws away what is still sent of a body; `enough` is called when that takes too long or becomes too much. */
export function drain(request: IncomingMessage, enough: () => void): void {
  let bytes = 0;
  const timer = setTimeout(enough, DRAIN.ms).unref();
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > DRAIN.bytes) enough();
  });
  request.once('close', () => clearTimeout(timer));
  request.resume();
}

/** Writes a whole HTML answer, with a policy that runs no script. */
export function sendHtml(
  response: ServerResponse,
  status: number,
  html: string,
  formAction = "'self'",
): void {
  response.setHeader(
    'content-security-policy',
    `default-src 'none'; style-src 'unsafe-inline'; form-action ${formAction}; frame-ancestors 'none'; base-uri 'none'`,
  );
  send(response, status, 'text/html; charset=utf-8', html);
}

/** The path of a request, without its query. Null where it is no path. */
export function pathOf(request: IncomingMessage): string | null {
  return URL.parse(request.url ?? '/', 'http://localhost')?.pathname ?? null;
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.end(begin(response, status, type, text));
}

/** Writes the head of a whole answer, and answers its body. */
function begin(response: ServerResponse, status: number, type: string, text: string): Buffer {
  const body = Buffer.from(text);
  response.writeHead(status, {
    'content-type': type,
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  return body;
}

async function answerRequest(
  handlers: HttpHandler[],
  request: IncomingMessage,
  response: ServerResponse,
  log: AppLog,
): Promise<void> {
  try {
    for (const handle of handlers) if (await handle(request, response)) return;
    sendJson(response, 404, {
      error: { code: 'not_found', message: 'Nothing is served at this path; see / for what is.' },
    });
  } catch (error) {
    log.error({ err: error, path: pathOf(request) }, 'A request could not be answered.');
    if (response.headersSent) response.destroy();
    else sendJson(response, 500, { error: { code: 'internal_error', message: 'The log says more.' } });
  }
}

async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}
