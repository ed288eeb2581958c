import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';

/** Where the test finds the real server; without it the test is skipped. */
export const INNGEST_BIN = process.env.INNGEST_BIN;

export interface InngestServer {
  url: string;
  /** Everything that the server wrote, for the message of a failure. */
  output: () => string;
  /** Asks the app to register its functions, as a deployment would. */
  register(serveUrl: string): Promise<number>;
  /** Status of the runs of an event that was sent, by GraphQL, which is not cached. */
  runs(eventId: string): Promise<{ id: string; status: string }[]>;
  stop(): Promise<void>;
}

/** Starts `inngest dev` on free ports and waits until it answers. */
export async function startInngestServer(binary: string): Promise<InngestServer> {
  const [port, gateway, gatewayGrpc, executorGrpc] = await freePorts(4);
  const url = `http://127.0.0.1:${port}`;
  const child: ChildProcess = spawn(
    binary,
    [
      ...['dev', '--no-discovery', '--no-poll', '--host', '127.0.0.1', '--port', `${port}`],
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
  return {
    url,
    output: () => output,
    register: async (serveUrl) => (await fetch(serveUrl, { method: 'PUT' })).status,
    runs: (eventId) => findRuns(url, eventId),
    async stop() {
      child.kill('SIGTERM');
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

async function findRuns(url: string, eventId: string): Promise<{ id: string; status: string }[]> {
  // The REST answer is cached for 15 s unless the query differs.
  const response = await fetch(`${url}/v1/events/${eventId}/runs?_=${Math.random()}`);
  const { data } = (await response.json()) as { data: { run_id: string; status: string }[] };
  return (data ?? []).map(({ run_id: id, status }) => ({ id, status }));
}

async function freePorts(count: number): Promise<number[]> {
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
