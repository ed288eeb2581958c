import { existsSync } from 'node:fs';
import { sql } from 'kysely';
import { type Config, loadConfig } from '../src/config/config.ts';
import { type Database, openDatabase } from '../src/store/open-database.ts';
import { readMigrationState } from '../src/store/read-migration-state.ts';
import type { Terminal } from './terminal.ts';

/** The configuration, or an error for each of its problems. */
export function readConfig(terminal: Terminal): Config {
  const loaded = loadConfig(terminal.env);
  if (loaded.ok) return loaded.config;
  throw new AggregateError(loaded.problems.map((problem) => new Error(problem)));
}

/**
 * Does something with the database of the configuration, and closes it.
 * With `isNew` it may be empty, or not be there yet; else that is an error that says what to do.
 * Throws DataFolderLockedError while the app has the embedded database: it has one owner.
 */
export async function withDatabase(
  config: Config,
  { isNew = false }: { isNew?: boolean },
  work: (db: Database) => Promise<void>,
): Promise<void> {
  const { url, dataDir } = config.database;
  if (!isNew && url === null && !existsSync(dataDir)) {
    throw new Error(
      `There is no embedded database in ${dataDir} yet: start the app, run "hybrid-capture migrate", or set DATABASE_URL.`,
    );
  }
  const database = await openDatabase(config.database);
  try {
    if (!isNew && !(await hasTables(database.db))) {
      throw new Error('The database has no tables of this app yet: run "hybrid-capture migrate" first.');
    }
    await work(database.db).catch((error) => explain(error, database.db));
  } finally {
    await database.close();
  }
}

/**
 * What the database refused, where its tables are behind, is told as that. It is asked afterwards, so that what works with
 * older tables, as a stop must, is done.
 * @throws always
 */
async function explain(error: unknown, db: Database): Promise<never> {
  const isFromDatabase = error instanceof Error && 'code' in error && /^[0-9A-Z]{5}$/.test(`${error.code}`);
  const tables = isFromDatabase ? await readMigrationState(db).catch(() => null) : null;
  if (tables?.state !== 'behind') throw error;
  throw new Error('The tables are of an older version: run "hybrid-capture migrate".', { cause: error });
}

async function hasTables(db: Database): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    SELECT to_regclass('rollout_configuration') IS NOT NULL AS found`.execute(db);
  return rows[0]?.found === true;
}
