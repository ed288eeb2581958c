import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import getPort from 'get-port';
import { afterAll, expect, it } from 'vitest';
import { readOptions } from '../../dev/options.ts';

const MAIN = fileURLToPath(new URL('../../dev/main.ts', import.meta.url));
const FAKE = fileURLToPath(new URL('fake-inngest.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'hybrid-capture-dev-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(args: string[], more: Record<string, string>) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: mkdtempSync(join(folder, 'run-')),
    env: {
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      APP_ID: '1',
      PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      GHE_HOST: '127.0.0.1:9',
      GHE_PROTOCOL: 'http',
      ALLOW_EMBEDDED: '1',
      HOST: '127.0.0.1',
      PORT: String(await getPort({ host: '127.0.0.1' })),
      ...more,
    },
  });
  let output = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  child.stderr.on('data', (data) => {
    output += data;
  });
  const ended = once(child, 'close');
  return {
    says: (text: RegExp) => expect.poll(() => output, { timeout: 50_000 }).toMatch(text),
    output: () => output,
    async stop() {
      child.kill('SIGTERM');
      const [code] = await ended;
      return code;
    },
  };
}

it('starts the app against the dev server of INNGEST_BIN, and both end together', async () => {
  const dev = await start([], { INNGEST_BIN: FAKE });
  await dev.says(/app {5}\| .*The app is running\./);
  expect(dev.output()).toMatch(/inngest \| started with dev .*-u http:\/\/127\.0\.0\.1:\d+\/api\/inngest/);
  expect(dev.output()).toContain('"recent_work":"inngest (dev)"');
  const url = /dev server is at (\S+)\./.exec(dev.output())?.[1] ?? '';
  expect((await fetch(url)).status).toBe(200);
  expect(await dev.stop()).toBe(0);
  await expect(fetch(url)).rejects.toThrow();
});

it('without a dev server that works, the worker in the app does its part', async () => {
  const dev = await start([], { INNGEST_BIN: '/nowhere/inngest' });
  await dev.says(/app {5}\| .*recent work is done by the worker in this process/);
  expect(dev.output()).toContain("Inngest's dev server can't be had");
  expect(await dev.stop()).toBe(0);
});

it('a tunnel is opened only where it is asked for', () => {
  expect(readOptions([])).toEqual({ inngest: true, tunnel: null });
  expect(readOptions(['--no-inngest', '--tunnel'])).toEqual({ inngest: false, tunnel: true });
  expect(readOptions(['--tunnel', 'https://smee.io/abc'])).toMatchObject({ tunnel: 'https://smee.io/abc' });
});
