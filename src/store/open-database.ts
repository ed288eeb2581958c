import type { OpenDatabase } from './database.ts';
import { openPostgres } from './open-postgres.ts';

export type { Database, OpenDatabase } from './database.ts';

/** The part of the configuration that chooses the database. */
export interface DatabaseChoice {
  /** Null: embedded PGlite in `dataDir`. */
  url: string | null;
  ca: string | null;
  schema: string | null;
  dataDir: string;
}

/** Opens the database that is configured. */
export async function openDatabase({ url, ca, schema, dataDir }: DatabaseChoice): Promise<OpenDatabase> {
  if (url !== null) return openPostgres({ url, ca, schema });
  // Only when needed: it is large, and has no place in the Action's bundle.
  const { openPglite } = await import('./open-pglite.ts');
  return openPglite({ dataDir });
}
