import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { minify } from 'terser';

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
  const folder = await mkdtemp(join(tmpdir(), 'hybrid-capture-stats-'));
  try {
    const stats = join(folder, 'stats.json');
    // Without the cache, or what was built before decides about the result.
    const options = ['--minify', '--no-cache', '--stats-out', stats, '--quiet'];
    await promisify(execFile)(process.execPath, [ncc, 'build', entry, '--out', outDir, ...options], {
      cwd: root,
    });
    await minifyChunks(outDir);
    const packages = findPackages(JSON.parse(await readFile(stats, 'utf8')));
    await writeFile(join(outDir, 'licenses.txt'), await renderLicenses(packages));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** ncc's `--minify` is about the first file alone; those that are loaded on demand stay as webpack wrote them. */
async function minifyChunks(folder: string): Promise<void> {
  for (const name of (await readdir(folder)).filter((file) => /^\d+\.index\.js$/.test(file))) {
    const path = join(folder, name);
    const options = { module: true, keep_classnames: true, keep_fnames: true };
    const { code } = await minify(await readFile(path, 'utf8'), options);
    await writeFile(path, `${code}\n`);
  }
}

/** What webpack tells of a module; one that was joined from several has them inside. */
interface BundledModule {
  identifier?: string;
  modules?: BundledModule[];
}

/**
 * The folders of the packages that are in the bundle. (ncc's own `--license` names no package whose modules were all
 * joined with others, which is most of them.)
 */
function findPackages({ modules = [] }: BundledModule): Set<string> {
  const folders = new Set<string>();
  for (const { identifier = '', modules: inner = [] } of modules) {
    // After the loaders that it went through; the innermost `node_modules` is the package's.
    const path = identifier.split('!').at(-1) ?? '';
    const [folder] = /\/[^|]*\/node_modules\/(?:@[^/|]+\/)?[^/|]+/.exec(path) ?? [];
    if (folder !== undefined) folders.add(folder);
    for (const name of findPackages({ modules: inner })) folders.add(name);
  }
  return folders;
}

async function renderLicenses(folders: ReadonlySet<string>): Promise<string> {
  const texts = await Promise.all(
    [...folders].map(async (folder) => {
      const about = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
      const file = (await readdir(folder)).find((name) => /^licen[cs]e/i.test(name));
      const text = file === undefined ? '' : (await readFile(join(folder, file), 'utf8')).trim();
      return `${about.name}\n${about.license}\n${text}\n`;
    }),
  );
  return texts.sort().join('\n');
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
