import { createServer } from 'node:net';
import process, { loadEnvFile } from 'node:process';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from './child.ts';
import { readOptions } from './options.ts';
import { startInngest } from './start-inngest.ts';

const APP = fileURLToPath(new URL('../app/main.ts', import.meta.url));
const SMEE = 'smee-client@5.0.0';
const INNGEST_PORT = 8288;

/** `npm run dev`: the app, Inngest's dev server where it can be had, a tunnel where asked for. All of it ends together. */
async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  try {
    loadEnvFile();
  } catch {
    // There is no .env file.
  }
  const print = (line: string) => process.stdout.write(`${line}\n`);
  const env: Record<string, string | undefined> = { ...process.env };
  const port = env.PORT || '3000';
  const children: Child[] = [];
  const stop = () => {
    for (const child of children) child.stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);

  const isConfigured = Boolean(env.INNGEST_DEV || env.INNGEST_EVENT_KEY || env.INNGEST_PRODUCTION_EVENT_KEY);
  if (options.inngest && !isConfigured) {
    const inngest = await startInngest(env, {
      port: await choosePort(INNGEST_PORT),
      serveUrl: `http://127.0.0.1:${port}/api/inngest`,
      print,
    });
    if (inngest) {
      children.push(inngest);
      env.INNGEST_DEV = inngest.url;
      print(`dev     | Inngest's dev server is at ${inngest.url}.`);
    } else {
      print(
        "dev     | Inngest's dev server can't be had (set INNGEST_BIN to its program): the worker in the app does its part.",
      );
    }
  }
  const app = startChild('app', [process.execPath, APP], env, print);
  children.push(app);
  if (options.tunnel !== null) {
    const channel = options.tunnel === true ? [] : ['--url', options.tunnel];
    const target = ['--target', `http://127.0.0.1:${port}/api/github/webhooks`];
    children.push(startChild('tunnel', ['npx', '--yes', SMEE, ...channel, ...target], env, print));
  }
  const { code } = await app.ended;
  stop();
  await Promise.all(children.map((child) => child.ended));
  return code ?? 1;
}

/** The usual one, or where somebody listens there already a free one. */
async function choosePort(wanted: number): Promise<number> {
  const server = createServer();
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
  await listen(wanted).catch(() => listen(0));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No port is free on 127.0.0.1.');
  return address.port;
}

process.exitCode = await main();
