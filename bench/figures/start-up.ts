import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { InputName } from '../../action/inputs.ts';
import { type Bundle, copyBundle } from '../../test/action/run-bundle.ts';
import { preloadUrl } from '../fast-time.ts';
import type { Figure, Measurement } from '../figure.ts';
import { readable } from '../render-table.ts';
import { median } from '../statistics.ts';

const MOST_MS = 300;
const MOST_BYTES = 1.5e6;
const ROUNDS = 9;

/** What a run of the Action is started with, by where its rows go. */
interface Mode {
  name: string;
  inputs: Partial<Record<InputName, string>>;
}

/** How soon the Action does something, and how much there is of it. */
export const startUp: Figure = {
  name: 'start-up',
  about: "from the start of the Action's process to its first request; size of the bundle",
  async measure({ isQuick, say }) {
    const bundle = await copyBundle();
    const server = await startListener();
    const modes: Mode[] = [
      {
        name: 'with the app',
        inputs: { 'app-url': server.url, 'job-id': '00000000-0000-4000-8000-000000000000' },
      },
      { name: 'to file:', inputs: { destination: 'file:rows', 'github-token': 'none' } },
    ];
    const times = new Map<string, number[]>(modes.map(({ name }) => [name, []]));
    try {
      for (let round = 0; round < (isQuick ? 3 : ROUNDS); round++) {
        for (const { name, inputs } of modes) {
          say(`start of the Action ${name}, ${round + 1}`);
          times.get(name)?.push(await server.timeFirstRequest(bundle, inputs));
        }
      }
      const measurements: Measurement[] = modes.map(({ name }) => {
        const ms = median(times.get(name) ?? []);
        return {
          figure: `start of the Action to its first request, ${name}, median of ${times.get(name)?.length}`,
          measured: `${readable(ms)} ms`,
          target: 'below 300 ms',
          isReached: ms < MOST_MS,
        };
      });
      return [...measurements, ...(await measureSizes(bundle, modes, server))];
    } finally {
      await server.close();
      await bundle.remove();
    }
  },
};

async function measureSizes(
  bundle: Bundle,
  modes: readonly Mode[],
  server: Listener,
): Promise<Measurement[]> {
  const files = (await readdir('dist')).filter((name) => name.endsWith('.js'));
  let all = 0;
  for (const name of files) all += (await stat(join('dist', name))).size;
  const sizes: Measurement[] = [];
  for (const { name, inputs } of modes) {
    const loaded = join(bundle.folder, `loaded-${name.replace(/\W/g, '')}`);
    await server.timeFirstRequest(bundle, inputs, {
      NODE_OPTIONS: `--import ${preloadUrl('loaded-files')}`,
      BENCH_LOADED_FILE: loaded,
    });
    const urls = new Set((await readFile(loaded, 'utf8')).trim().split('\n'));
    let bytes = 0;
    for (const url of urls) {
      if (url.includes('/action/dist/')) bytes += (await stat(fileURLToPath(url))).size;
    }
    sizes.push(sizeOf(`what the Action loads until its first request, ${name}`, bytes));
  }
  return [...sizes, sizeOf(`the whole bundle, ${files.length} files of dist/`, all)];
}

function sizeOf(figure: string, bytes: number): Measurement {
  return {
    figure,
    measured: `${readable(bytes / 1e6, 2)} MB`,
    target: 'below 1.5 MB',
    isReached: bytes < MOST_BYTES,
  };
}

interface Listener {
  url: string;
  /** Milliseconds from the start of the process to its first request here; the process is ended then. */
  timeFirstRequest(bundle: Bundle, inputs: Mode['inputs'], env?: Record<string, string>): Promise<number>;
  close(): Promise<void>;
}

/** Stands for everything that the Action may ask, and answers nothing. */
async function startListener(): Promise<Listener> {
  const server = createServer((request) => {
    server.emit('first', performance.timeOrigin + performance.now());
    request.socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    async timeFirstRequest(bundle, inputs, env = {}) {
      const run = bundle.run({
        inputs,
        env: {
          GITHUB_API_URL: url,
          GITHUB_GRAPHQL_URL: `${url}/graphql`,
          ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/oidc?v=1`,
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'none',
          ...env,
        },
        onStart: (child) => void server.once('first', () => child.kill('SIGKILL')),
      });
      const first = once(server, 'first').then(([at]) => at as number);
      const { startedAt, log } = await run;
      const silent = new Error(`the Action ended without a request:\n${log}`);
      return Promise.race([first, Promise.reject(silent)]).then((at) => at - startedAt);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
