import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../../demo/main.ts', import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hybrid-capture-demo-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the demo in a folder of its own; `onStdout` sees what it has written so far. */
function demo(
  args: readonly string[],
  onStdout: (text: string, kill: (signal: NodeJS.Signals) => void) => void = () => {},
): Promise<Ended> {
  const { DATABASE_URL: _, DATABASE_SCHEMA: __, ...env } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended: Ended = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (data: Buffer) => {
    ended.stdout += data.toString();
    onStdout(ended.stdout, (signal) => child.kill(signal));
  });
  child.stderr.on('data', (data: Buffer) => {
    ended.stderr += data.toString();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ ...ended, code }));
  });
}

const LINE = {
  ...{ number: 1, title: 'One', body: '', author: 'mona', createdAt: '2024-05-01T12:00:00Z' },
  ...{ mergedAt: null, mergedBy: null, sha: 'a'.repeat(40), labels: ['bug'], files: [['a.ts', 1, 0]] },
  ...{
    commits: [],
    reviews: [],
    comments: [{ author: null, body: 'hi', at: '2024-05-02T12:00:00Z' }],
    threads: [],
  },
};

function write(name: string, content: Buffer | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}
const gzipLines = (name: string, ...lines: unknown[]) =>
  write(
    name,
    gzipSync(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')),
  );

describe('the whole story', () => {
  it('ends by itself with exit code 0 when every row is exact, and keeps the rows', async () => {
    const { code, stdout, stderr } = await demo(['--exit']);
    expect(stderr).toBe('');
    expect(code, stdout).toBe(0);
    expect(stdout.trimEnd().split('\n').at(-1)?.trim()).toBe('Everything is exact.');
    for (let stage = 1; stage <= 8; stage += 1) expect(stdout).toContain(`\n${stage}. `);
    expect(stdout).toMatch(/^ {3}pull_requests +(\d+) +\1 +0 +0 {2}exact$/m);
    expect(stdout).toMatch(/^ {3}github_actions +historical +history +completed +/m);
    expect(stdout).not.toContain('DIFFERENT');
    const kept = /rows in (\S+)/.exec(stdout)?.[1] ?? '';
    expect(existsSync(join(folder, kept, 'PG_VERSION')), kept).toBe(true);
  });

  it('is broken off by a signal within seconds, with one line and a code that is not 0', async () => {
    let sentMs = 0;
    const { code, stdout, stderr } = await demo(['--exit'], (text, kill) => {
      if (sentMs > 0 || !text.includes('\n3. ')) return;
      sentMs = Date.now();
      kill('SIGINT');
    });
    expect(stderr).toBe('demo: stopped by SIGINT.\n');
    expect(code).toBe(130);
    expect(Date.now() - sentMs).toBeLessThan(15_000);
    expect(stdout).not.toContain('exact');
  });
});

describe('what it refuses is one line on stderr', () => {
  it.concurrent.each([
    [
      'a data set that is not there',
      1,
      () => ['--dataset', join(folder, 'absent.gz')],
      /there is no such file/,
    ],
    ['one that is not gzip', 1, () => ['--dataset', write('plain.gz', '{}')], /is not a gzip file/],
    ['an empty one', 1, () => ['--dataset', gzipLines('empty.gz')], /holds no pull requests/],
    [
      'a line that is no JSON',
      1,
      () => ['--dataset', gzipLines('text.gz', LINE, 'no')],
      /: line 2: is not JSON/,
    ],
    [
      'a line with a bad field',
      1,
      () => ['--dataset', gzipLines('field.gz', LINE, { ...LINE, number: 'two' })],
      /: line 2: number: /,
    ],
    ['a forgotten file name', 2, () => ['--dataset', '--exit'], /Name a file/],
    ['a port that is none', 2, () => ['--port', '65536'], /A port is an integer from 0 to 65535/],
    ['an unknown option', 2, () => ['--quick'], /unknown option '--quick'/],
  ] as const)('%s', async (_, exitCode, args, expected) => {
    const { code, stderr } = await demo([...args(), '--exit']);
    expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(expected)]);
    expect(code).toBe(exitCode);
  });

  it('a port in use, before anything is stored', async () => {
    const busy = createServer();
    await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
    const { port } = busy.address() as { port: number };
    const before = existsSync(join(folder, '.data')) ? readdirSync(join(folder, '.data')) : [];
    const { code, stderr } = await demo(['--exit', '--port', String(port)]);
    busy.close();
    expect(stderr).toBe(`demo: port ${port} is in use: give --port another one, or leave it out.\n`);
    expect(code).toBe(1);
    expect(existsSync(join(folder, '.data')) ? readdirSync(join(folder, '.data')) : []).toEqual(before);
  });
});

it('the example of the data set format is one', async () => {
  const text = readFileSync(new URL('../../docs/demo.md', import.meta.url), 'utf8');
  const example = /```json\n([\s\S]+?)```/.exec(text)?.[1] ?? '';
  const { createWorld } = await import('../../sandbox/world/world.ts');
  const { addRepository } = await import('../../sandbox/world/build.ts');
  const { loadDataset } = await import('../../sandbox/dataset.ts');
  const world = createWorld();
  const repository = addRepository(world, 'acme/widgets');
  await loadDataset(world, repository, gzipLines('example.gz', JSON.parse(example)));
  expect([...repository.pulls.keys()]).toEqual([1]);
});
