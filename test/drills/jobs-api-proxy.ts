import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One call of the Action to the app, before it gets there. */
export interface Call {
  /** Last part of the path, such as `claim`, `batches` or `finish`. */
  name: string;
  /** Of this name, counted from 1. */
  number: number;
  /** Sends it on; may be called again. */
  forward(): Promise<{ status: number; body: string }>;
}

/** Answers what the Action gets, or never: null. */
export type Interceptor = (call: Call) => Promise<{ status: number; body: string } | null>;

export interface JobsApiProxy {
  url: string;
  /** Where calls go, without a slash at the end. */
  target: string;
  intercept: Interceptor;
  close(): Promise<void>;
}

/** Stands between the Action and the app, so that a drill can lose, double and hold up what is said. */
export async function startJobsApiProxy(): Promise<JobsApiProxy> {
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    void (async () => {
      const body = await readBody(request);
      const name = request.url?.split('/').at(-1) ?? '';
      const number = (counts.get(name) ?? 0) + 1;
      counts.set(name, number);
      const {
        host: _,
        connection: __,
        'content-length': ___,
        'transfer-encoding': ____,
        ...headers
      } = request.headers;
      const forward = async () => {
        const answer = await fetch(`${proxy.target}${request.url}`, {
          method: request.method ?? 'GET',
          headers: headers as Record<string, string>,
          ...(body.length > 0 ? { body: new Uint8Array(body) } : {}),
        });
        return { status: answer.status, body: await answer.text() };
      };
      const answer = await proxy.intercept({ name, number, forward });
      if (answer === null) {
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
    })().catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: JobsApiProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target: '',
    intercept: (call) => call.forward(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return proxy;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
