import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chownSync, constants, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import getPort from 'get-port';

export interface PostgresServer {
  url: string;
  stop(): Promise<void>;
}

/** Where Debian and its derivatives keep the server, outside of PATH. */
const DEBIAN_ROOT = '/usr/lib/postgresql';

/** The folder with `initdb` and `postgres`; null: the machine has no PostgreSQL server. */
export function findPostgresBinaries(path = process.env.PATH ?? ''): string | null {
  const folders = [...path.split(delimiter), ...debianFolders()];
  return (
    folders.find((folder) => isRunnable(join(folder, 'initdb')) && isRunnable(join(folder, 'postgres'))) ??
    null
  );
}

/** Starts a new, empty server on a free port of the loopback, in a folder that goes with it. */
export async function startPostgres(binaries: string): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'hybrid-capture-postgres-'));
  const owner = serverUser();
  if (owner !== null) chownSync(folder, owner.uid, owner.gid);
  const options = { cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C' }, ...owner };
  const data = join(folder, 'data');
  await promisify(execFile)(
    join(binaries, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    options,
  );
  const port = await getPort({ host: '127.0.0.1' });
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: 100,
  };
  const server = spawn(
    join(binaries, 'postgres'),
    ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...options, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const exited = once(server, 'exit');
  const killWithUs = () => server.kill('SIGQUIT');
  process.once('exit', killWithUs);
  const log: string[] = [];
  const ready = (async () => {
    for await (const line of createInterface(server.stderr)) {
      log.push(line);
      if (line.includes('ready to accept connections')) break;
    }
  })();
  await Promise.race([ready, exited]);
  // It would stop when nobody reads what it says.
  server.stderr.resume();
  if (server.exitCode !== null) throw new Error(`postgres ended at its start:\n${log.join('\n')}`);
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      process.off('exit', killWithUs);
      server.kill('SIGQUIT');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The server refuses to run as root, so root lends it another user. */
function serverUser(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  return { uid: Number(user?.[2] ?? 65_534), gid: Number(user?.[3] ?? 65_534) };
}

function debianFolders(): string[] {
  try {
    const versions = readdirSync(DEBIAN_ROOT).sort((a, b) => Number(b) - Number(a));
    return versions.map((version) => join(DEBIAN_ROOT, version, 'bin'));
  } catch {
    return [];
  }
}

function isRunnable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
