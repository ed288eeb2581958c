import { PGlite, types } from '@electric-sql/pglite';
import { Kysely, PGliteDialect } from 'kysely';
import type { DB } from './database.generated.ts';
import type { OpenDatabase } from './database.ts';
import { lockFolder } from './folder-lock.ts';

/** Ids and amounts come as numbers, as with Postgres. */
export const PGLITE_PARSERS = { [types.INT8]: Number, [types.NUMERIC]: Number };

/**
 * Opens embedded Postgres in a folder, created if it isn't there; a new one takes some seconds.
 * @throws DataFolderLockedError when another process has the folder
 */
export async function openPglite({ dataDir }: { dataDir: string }): Promise<OpenDatabase> {
  const release = lockFolder(dataDir);
  try {
    const pglite = await PGlite.create({ dataDir, parsers: PGLITE_PARSERS });
    return fromPglite(pglite, release);
  } catch (error) {
    release();
    throw new Error(
      `The embedded database in ${dataDir} can't be opened: ${error instanceof Error ? error.message : String(error)}. If the folder holds nothing that you need, remove it; otherwise restore it from a copy.`,
      { cause: error },
    );
  }
}

/** A PGlite that is open, as a database; closing the database closes it. */
export function fromPglite(pglite: PGlite, onClosed: () => void = () => {}): OpenDatabase {
  const db = new Kysely<DB>({ dialect: new PGliteDialect({ pglite }) });
  let closing: Promise<void> | undefined;
  const close = () => {
    // Kysely leaves a PGlite that no query has gone to as it is.
    closing ??= db
      .destroy()
      .then(() => (pglite.closed ? undefined : pglite.close()))
      .finally(onClosed);
    return closing;
  };
  return { db, kind: 'pglite', expectAnswersWithin: () => {}, close };
}
