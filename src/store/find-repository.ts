import { sql } from 'kysely';
import type { WorkRepository } from '../work-item/work-item.ts';
import type { Database } from './database.ts';

/**
 * A repository that the App serves, by its name in any letter case; null where there is none.
 * A name can have been another repository's before: the one that was seen last is meant.
 */
export async function findServedRepository(db: Database, fullName: string): Promise<WorkRepository | null> {
  const row = await db
    .selectFrom('repositories')
    .select(['id', 'full_name', 'installation_id', 'is_private'])
    .where(sql`lower(full_name)`, '=', fullName.toLowerCase())
    .where('removed_at', 'is', null)
    .where('installation_id', 'is not', null)
    .orderBy('captured_at', 'desc')
    .executeTakeFirst();
  if (!row || row.installation_id === null) return null;
  return {
    id: row.id,
    fullName: row.full_name,
    installationId: row.installation_id,
    isPrivate: row.is_private,
  };
}
