import { sql } from 'kysely';
import type { Database } from './database.ts';
import { LEDGER } from './migrate.ts';
import { MIGRATIONS } from './migrations/index.ts';

/** How the tables stand to this version of the program. */
export interface MigrationState {
  /** `none`: there are no tables of ours. `newer`: a newer version has migrated them. */
  state: 'ok' | 'none' | 'behind' | 'newer';
  /** Names of migrations that this version knows and the database lacks. */
  pending: string[];
  /** Names of applied ones that this version does not know. */
  unknown: string[];
}

/** Compares what was applied with what this version has. Changes nothing, and takes no lock. */
export async function readMigrationState(db: Database): Promise<MigrationState> {
  const known = MIGRATIONS.map(({ name }) => name);
  const { rows } = await sql<{ found: boolean }>`SELECT to_regclass(${LEDGER}) IS NOT NULL AS found`.execute(
    db,
  );
  if (rows[0]?.found !== true) return { state: 'none', pending: known, unknown: [] };
  const applied = await sql<{ name: string }>`SELECT name FROM ${sql.table(LEDGER)} ORDER BY name`.execute(
    db,
  );
  const names = new Set(applied.rows.map(({ name }) => name));
  const pending = known.filter((name) => !names.has(name));
  const unknown = [...names].filter((name) => !known.includes(name));
  return { state: unknown.length > 0 ? 'newer' : pending.length > 0 ? 'behind' : 'ok', pending, unknown };
}
