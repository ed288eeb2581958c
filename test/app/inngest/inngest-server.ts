import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import type { Config } from '../../../src/config/config.ts';

/** Where the test finds the real server; without it the test is skipped. */
export const INNGEST_BIN = process.env.INNGEST_BIN;

/** The dev server, or a server of one's own, which has keys. */
export type InngestCommand = 'dev' | 'start';

export interface InngestServer {
  /** Everything that the server wrote, for the message of a failure. */
  output: () => string;
  /** Status of the runs of an event that was sent. */
  runs(eventId: string): Promise<{ id: string; status: string }[]>;
  /** As a person does it in Inngest's pages. */
  cancelRun(id: string): Promise<void>;
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

export interface InngestServerOptions {
  command: InngestCommand;
  port: number;
  /** Where the app serves its functions; it is asked to register them, as at a deployment. */
  serveUrl: string;
  /** Where a server of one's own keeps its state. */
  directory: string;
}

const KEYS = { eventKey: 'e7e7e7e7', signingKey: '0123456789abcdef0123456789abcdef' };

/** The app's settings for such a server. */
export function inngestConfig(command: InngestCommand, port: number): Config['inngest'] {
  const baseUrl = `http://127.0.0.1:${port}`;
  return command === 'dev'
    ? { mode: 'dev', eventKey: null, signingKey: null, baseUrl }
    : { mode: 'cloud', ...KEYS, baseUrl };
}

/** Starts the server and waits until it answers. */
export async function startInngestServer(
  binary: string,
  { command, port, serveUrl, directory }: InngestServerOptions,
): Promise<InngestServer> {
  const [gateway, gatewayGrpc, executorGrpc] = await freePorts(3);
  const url = `http://127.0.0.1:${port}`;
  const keys = ['--event-key', KEYS.eventKey, '--signing-key', KEYS.signingKey];
  const child: ChildProcess = spawn(
    binary,
    [
      ...(command === 'dev' ? ['dev', '--no-discovery'] : ['start', '--sqlite-dir', directory, ...keys]),
      ...['--host', '127.0.0.1', '--port', `${port}`, '--sdk-url', serveUrl],
      ...['--connect-gateway-port', `${gateway}`, '--connect-gateway-grpc-port', `${gatewayGrpc}`],
      ...['--connect-executor-grpc-port', `${executorGrpc}`, '--retry-interval', '1', '--tick', '50'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH, DO_NOT_TRACK: '1' } },
  );
  let output = '';
  child.stdout?.on('data', (chunk) => (output += chunk));
  child.stderr?.on('data', (chunk) => (output += chunk));
  const exited = once(child, 'exit');
  await untilHealthy(url, exited, () => output);
  const ask = (path: string, method = 'GET') =>
    fetch(`${url}${path}`, { method, headers: { authorization: `Bearer ${KEYS.signingKey}` } });
  return {
    output: () => output,
    async runs(eventId) {
      // The REST answer is cached for 15 s unless the query differs.
      const response = await ask(`/v1/events/${eventId}/runs?_=${Math.random()}`);
      const { data } = (await response.json()) as { data: { run_id: string; status: string }[] };
      return (data ?? []).map(({ run_id: id, status }) => ({ id, status }));
    },
    async cancelRun(id) {
      const { status } = await ask(`/v1/runs/${id}`, 'DELETE');
      if (status >= 300) throw new Error(`the run was not cancelled: HTTP ${status}`);
    },
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      await exited;
    },
  };
}

async function untilHealthy(url: string, exited: Promise<unknown>, output: () => string): Promise<void> {
  let isGone = false;
  void exited.then(() => {
    isGone = true;
  });
  for (let tries = 0; tries < 300; tries++) {
    if (isGone) throw new Error(`inngest ended: ${output()}`);
    const response = await fetch(`${url}/health`).catch(() => null);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`inngest did not answer: ${output()}`);
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createTcpServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** Serves a request listener on a free port. */
export async function serveOnFreePort(
  listener: Parameters<typeof createServer>[1],
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer({}, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}
