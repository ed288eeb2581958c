import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/**
 * Bundles `build/action/main.js` (what `npm run build` made) with everything that it needs into `dist/`.
 * With `--check` it leaves `dist/` alone, and fails when that isn't what the sources build.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

if (process.argv.includes('--check')) {
  const fresh = await mkdtemp(join(tmpdir(), 'hybrid-capture-dist-'));
  try {
    await bundle(fresh);
    const stale = await findDifferences(fresh, dist);
    if (stale.length > 0) {
      process.stderr.write(
        `dist/ is not what the sources build: ${stale.join(', ')}. Run \`npm run build:action\` and commit dist/.\n`,
      );
      process.exitCode = 1;
    }
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
} else {
  await rm(dist, { recursive: true, force: true });
  await bundle(dist);
}

async function bundle(outDir: string): Promise<void> {
  const ncc = fileURLToPath(import.meta.resolve('@vercel/ncc/dist/ncc/cli.js'));
  const entry = join(root, 'build', 'action', 'main.js');
  // Without the cache, or what was built before decides about the result.
  const options = ['--minify', '--no-cache', '--license', 'licenses.txt', '--quiet'];
  await promisify(execFile)(process.execPath, [ncc, 'build', entry, '--out', outDir, ...options], {
    cwd: root,
  });
}

/** Names of files that only one of the folders has, or that differ. */
async function findDifferences(fresh: string, committed: string): Promise<string[]> {
  const [left, right] = await Promise.all([readFiles(fresh), readFiles(committed)]);
  const names = [...new Set([...left.keys(), ...right.keys()])].sort();
  return names
    .filter((name) => !(left.get(name)?.equals(right.get(name) ?? Buffer.of()) && right.has(name)))
    .map(
      (name) =>
        `dist/${name} ${left.has(name) ? (right.has(name) ? 'differs' : 'is missing') : 'is left over'}`,
    );
}

async function readFiles(folder: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(
      files.map(async (file) => [file.slice(folder.length + 1), await readFile(file)] as const),
    ),
  );
}
