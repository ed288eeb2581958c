import { sql } from 'kysely';
import type { Database } from '../src/store/database.ts';

export interface StoredRepository {
  id: number;
  fullName: string;
  /** The App is installed on it, so it goes on being captured. */
  isServed: boolean;
}

/**
 * Repositories that have rows, also those that the App has left; all of them, or every one that has or had this name.
 * Throws where there is none of the name.
 */
export async function findStoredRepositories(db: Database, fullName?: string): Promise<StoredRepository[]> {
  let query = db
    .selectFrom('repositories')
    .select(['id', 'full_name', 'installation_id', 'removed_at'])
    .orderBy('full_name')
    .orderBy('id');
  if (fullName !== undefined) query = query.where(sql`lower(full_name)`, '=', fullName.toLowerCase());
  const rows = await query.execute();
  if (fullName !== undefined && rows.length === 0) {
    throw new Error(`${fullName} is not in the database: check the spelling.`);
  }
  return rows.map((row) => ({
    id: row.id,
    fullName: row.full_name,
    isServed: row.installation_id !== null && row.removed_at === null,
  }));
}
