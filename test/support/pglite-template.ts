import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import { migrate } from '../../src/store/migrate.ts';
import { MIGRATIONS } from '../../src/store/migrations/index.ts';
import { fromPglite, PGLITE_PARSERS } from '../../src/store/open-pglite.ts';

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/hybrid-capture/', import.meta.url));

/**
 * The tar file of a migrated PGlite. Making one takes seconds and loading it 0.3, so it is kept until the migrations or
 * PGlite change.
 */
export async function preparePgliteTemplate(): Promise<string> {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const manifest = join(dirname(entry), '../package.json');
  const { version } = JSON.parse(await readFile(manifest, 'utf8'));
  const hash = createHash('sha256').update(JSON.stringify([version, MIGRATIONS, migrate.toString()]));
  const file = join(CACHE, `pglite-${hash.digest('hex').slice(0, 16)}.tar`);
  if (await exists(file)) return file;

  const pglite = await PGlite.create({ parsers: PGLITE_PARSERS });
  const database = fromPglite(pglite);
  await migrate(database.db);
  const dump = await pglite.dumpDataDir('none');
  await database.close();
  await mkdir(CACHE, { recursive: true });
  // Whole or not at all, whoever else makes it at the same time.
  const unfinished = `${file}.${process.pid}`;
  await writeFile(unfinished, Buffer.from(await dump.arrayBuffer()));
  await rename(unfinished, file);
  return file;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
