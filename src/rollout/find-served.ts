import type { Database } from '../store/database.ts';
import type { Category } from './category.ts';

/** The repositories that the App serves, with what enrolment needs of them. */
export async function findServed(db: Database): Promise<{ id: number; category: Category | null }[]> {
  return db
    .selectFrom('repositories')
    .leftJoin('repository_categories', 'repository_categories.repository_id', 'repositories.id')
    .where('repositories.removed_at', 'is', null)
    .where('repositories.installation_id', 'is not', null)
    .select(['repositories.id', 'repository_categories.category'])
    .orderBy('repositories.id')
    .execute();
}
