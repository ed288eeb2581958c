import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeStartProblem } from '../../app/start-problem.ts';
import { writeEnvironmentFile } from '../../app/write-environment-file.ts';
import { lockFolder } from '../../src/store/folder-lock.ts';

const MAIN = fileURLToPath(new URL('../../app/main.ts', import.meta.url));
const KEY = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}).privateKey;

let folder: string;
let busy: Server;
/** A GitHub that knows no App by this key, and hands out a new one for the code `good`. */
let github: Server;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hybrid-capture-'));
  busy = createServer();
  await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
  github = createServer((request, response) => {
    if (request.url === '/api/v3/app-manifests/good/conversions' && request.method === 'POST') {
      response.writeHead(201, { 'content-type': 'application/json' }).end(
        JSON.stringify({
          id: 99,
          client_id: 'Iv1',
          client_secret: 'cs',
          webhook_secret: 'ws',
          pem: KEY,
          html_url: 'http://127.0.0.1/apps/hybrid-capture',
        }),
      );
    } else {
      response
        .writeHead(401, { 'content-type': 'application/json' })
        .end('{"message":"A JSON web token could not be decoded"}');
    }
  });
  await new Promise<void>((resolve) => github.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  busy.close();
  github.close();
  github.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

const portOf = (server: Server) => (server.address() as AddressInfo).port;

/** Environment of an App whose GitHub can't be reached, which is no reason not to start. */
function environment(given: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    APP_ID: '4711',
    PRIVATE_KEY: KEY,
    WEBHOOK_SECRET: 'a secret of the tests',
    GHE_HOST: '127.0.0.1:9',
    GHE_PROTOCOL: 'http',
    ALLOW_EMBEDDED: '1',
    PORT: '0',
    ...given,
  };
}

interface Started {
  child: ChildProcess;
  output: { stdout: string; stderr: string };
  ended: Promise<number | null>;
}

function start(env: Record<string, string>, cwd = folder): Started {
  const child = spawn(process.execPath, [MAIN], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (data: Buffer) => {
    output.stdout += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    output.stderr += data.toString();
  });
  return { child, output, ended: new Promise((resolve) => child.once('close', resolve)) };
}

/** Waits for the line that says where it listens. */
async function listening({ output, child }: Started): Promise<string> {
  await expect
    .poll(() => output.stdout + output.stderr + (child.exitCode ?? ''), { timeout: 50_000 })
    .toMatch(/"url"|\S/);
  await expect.poll(() => /"url":"([^"]+)"/.exec(output.stdout)?.[1], { timeout: 50_000 }).toBeTruthy();
  return /"url":"([^"]+)"/.exec(output.stdout)?.[1] ?? '';
}

describe('what keeps it from starting is one clear line, without a stack, and exit code 1', () => {
  it.each([
    ['a missing private key', () => ({ PRIVATE_KEY: '' }), [/^APP_ID is set without a key/]],
    ['a malformed private key', () => ({ PRIVATE_KEY: 'no key' }), [/^PRIVATE_KEY .+/]],
    [
      'the default webhook secret in production, and another problem',
      () => ({ NODE_ENV: 'production', WEBHOOK_SECRET: 'development', PORT: 'eighty' }),
      [/^PORT .+/, /^WEBHOOK_SECRET is the default/],
    ],
    [
      'an unreachable database',
      () => ({ DATABASE_URL: 'postgres://me:hunter2@127.0.0.1:9/nowhere' }),
      [/^The database can't be used: connection refused \(host 127\.0\.0\.1, port 9/],
    ],
    [
      'one with the TLS mode that hosts write into their URLs, without the warning of pg',
      () => ({ DATABASE_URL: 'postgres://me:hunter2@127.0.0.1:9/nowhere?sslmode=require' }),
      [/^The database can't be used: connection refused/],
    ],
    [
      'a key path that is a folder',
      () => ({ PRIVATE_KEY: '', PRIVATE_KEY_PATH: folder }),
      [/^PRIVATE_KEY_PATH: .+EISDIR/],
    ],
    [
      'a key that GitHub does not know',
      () => ({ GHE_HOST: `127.0.0.1:${portOf(github)}` }),
      [/^GitHub at http:\/\/127\.0\.0\.1:\d+\/api\/v3 does not accept APP_ID 4711 with this private key/],
    ],
    [
      'a port in use',
      () => ({ PORT: String(portOf(busy)), HOST: '127.0.0.1' }),
      [/^Port \d+ of 127\.0\.0\.1 is in use: end what listens there, or set PORT/],
    ],
  ])('%s', async (_, given, expected) => {
    const cwd = mkdtempSync(join(folder, 'case-'));
    const started = start(environment(given()), cwd);
    expect(await started.ended).toBe(1);
    const lines = started.output.stderr.trim().split('\n').sort();
    expect(lines).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) expect(lines[index]).toMatch(pattern);
    expect(started.output.stderr + started.output.stdout).not.toContain('hunter2');
  });

  it('a data folder that another process holds', async () => {
    const cwd = mkdtempSync(join(folder, 'locked-'));
    const release = lockFolder(join(cwd, '.data/app'));
    const started = start(environment(), cwd);
    expect(await started.ended).toBe(1);
    release();
    expect(started.output.stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^The data folder .+ is in use by another process/),
    ]);
  });
});

it('a data folder that can not be written', async () => {
  const cwd = mkdtempSync(join(folder, 'file-'));
  writeFileSync(join(cwd, '.data'), '');
  const started = start(environment(), cwd);
  expect(await started.ended).toBe(1);
  expect(started.output.stderr).toMatch(
    /^The data folder .+ can't be written \(ENOTDIR\)\. .+DATABASE_URL.+\n$/,
  );
});

it('a role that may not create tables is told what to grant', () => {
  const error = Object.assign(new Error('permission denied for schema public'), { code: '42501' });
  expect(describeStartProblem(error)).toMatch(
    /^The database refuses: permission denied for schema public\. .+CREATE/,
  );
});

describe('npm start', () => {
  it('runs on the embedded database, says so, keeps it over a restart, and ends on SIGTERM with 0', async () => {
    const cwd = mkdtempSync(join(folder, 'runs-'));
    for (const expected of ['first', 'again']) {
      const started = start(environment(), cwd);
      const url = await listening(started);
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      expect(started.output.stdout, 'GitHub is away').toMatch(/could not be asked whether it knows this App/);
      expect(started.output.stdout, expected).toContain('recent work is done by the worker in this process');
      started.child.kill('SIGTERM');
      expect(await started.ended, started.output.stderr).toBe(0);
      expect(started.output.stderr).toBe('');
    }
  });
});

describe('without credentials', () => {
  it('serves the set-up page to this machine, writes .env, and ends', async () => {
    const cwd = mkdtempSync(join(folder, 'setup-'));
    const host = `127.0.0.1:${portOf(github)}`;
    const env = { PATH: process.env.PATH ?? '', PORT: '0', GHE_HOST: host, GHE_PROTOCOL: 'http' };
    const started = start(env, cwd);
    const url = await listening(started);

    const page = await (await fetch(url)).text();
    const manifest = JSON.parse(
      /name="manifest" value="([^"]+)"/.exec(page)?.[1]?.replaceAll('&quot;', '"') ?? '{}',
    );
    expect(manifest).toMatchObject({
      public: false,
      redirect_url: `${url}/setup/callback`,
      default_permissions: { metadata: 'read', contents: 'read', issues: 'write' },
    });
    const state = /settings\/apps\/new\?state=(\w+)/.exec(page)?.[1] ?? '';
    expect(page).toContain(`action="http://${host}/settings/apps/new?state=${state}"`);

    const proxied = await fetch(url, { headers: { 'x-forwarded-for': '203.0.113.9' } });
    expect(proxied.status).toBe(403);
    const code = /\?code=(\w+)/.exec(started.output.stdout)?.[1] ?? '';
    const withCode = await fetch(`${url}/?code=${code}`, { headers: { 'x-forwarded-for': '203.0.113.9' } });
    expect(withCode.status).toBe(200);
    expect((await fetch(`${url}/setup/callback?code=good&state=guessed`)).status).toBe(403);
    expect((await fetch(`${url}/setup/callback?code=bad&state=${state}`)).status).toBe(502);

    expect((await fetch(`${url}/setup/callback?code=good&state=${state}`)).status).toBe(200);
    expect(await started.ended).toBe(0);
    const file = join(cwd, '.env');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('APP_ID="99"');
    expect(text).toContain(`PRIVATE_KEY="${KEY.trim().replaceAll('\n', '\\n')}"`);
    expect(started.output.stdout + started.output.stderr).not.toContain('PRIVATE KEY');
  });

  it('refuses in production', async () => {
    const env = {
      PATH: process.env.PATH ?? '',
      NODE_ENV: 'production',
      WEBHOOK_SECRET: 'x'.repeat(32),
      PORT: '0',
    };
    const started = start(env, mkdtempSync(join(folder, 'production-')));
    expect(await started.ended).toBe(1);
    expect(started.output.stderr).toMatch(/^APP_ID and PRIVATE_KEY are not set/);
  });
});

it('writes into .env what is new, and leaves the rest', () => {
  const file = join(folder, 'some.env');
  writeFileSync(file, 'PORT=4000\nPRIVATE_KEY="-----BEGIN\nold\n-----END"\n# a note\nAPP_ID=1\n');
  writeEnvironmentFile(file, { APP_ID: '2', PRIVATE_KEY: 'a\nb\n' });
  expect(readFileSync(file, 'utf8')).toBe('PORT=4000\n# a note\nAPP_ID="2"\nPRIVATE_KEY="a\\nb"\n');
});
