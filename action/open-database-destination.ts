import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { createDatabaseDestination } from '../src/destination/database.ts';
import type { CaptureDestination } from '../src/destination/destination.ts';
import { migrate } from '../src/store/migrate.ts';
import { openPostgres } from '../src/store/open-postgres.ts';
import { log } from './log.ts';

export interface OpenDestination {
  destination: CaptureDestination;
  close: () => Promise<void>;
}

/**
 * Opens and migrates a database to capture into. Everything about databases is imported here: the bundle has it in one file
 * of its own, which only runs into a database load.
 */
export async function openDatabaseDestination(url: string, checkpointKey: string): Promise<OpenDestination> {
  const schema = process.env.DATABASE_SCHEMA || null;
  const database = await openPostgres({ url, schema, ca: await readAuthority(process.env.DATABASE_CA) });
  try {
    const { applied } = await migrate(database.db, { schema });
    if (applied.length > 0) log.info(`Migrated the database: ${applied.join(', ')}`);
    const destination = createDatabaseDestination({ db: database.db, checkpointKey });
    return {
      destination,
      async close() {
        await destination.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** `DATABASE_CA` is PEM text or the path of a PEM file, as for the app. */
async function readAuthority(value: string | undefined): Promise<string | null> {
  if (!value) return null;
  return value.includes('-----BEGIN') ? value : readFile(value, 'utf8');
}
