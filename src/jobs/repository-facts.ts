import { sql, type Transaction } from 'kysely';
import type { DB } from '../store/database.generated.ts';
import type { WorkRepository } from '../work-item/work-item.ts';
import type { RepositoryFacts } from './decide-job.ts';

/** Older than every answer of GitHub, whose clock counts whole seconds, so that the first one counts in full. */
const NEVER_CAPTURED = new Date(0);

/**
 * Makes sure that a repository has its row, which a job needs. Name, installation and visibility follow the work item;
 * everything that a capture knows better stays.
 */
export async function upsertRepository(trx: Transaction<DB>, repository: WorkRepository): Promise<void> {
  const columns = {
    full_name: repository.fullName,
    installation_id: repository.installationId,
    is_private: repository.isPrivate,
  };
  await trx
    .insertInto('repositories')
    .values({ id: repository.id, ...columns, captured_at: NEVER_CAPTURED })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(columns))
    .execute();
}

/** What is stored of a repository, for decisions about its jobs. */
export async function findRepositoryFacts(trx: Transaction<DB>, repositoryId: number, now: Date) {
  const row = await trx
    .selectFrom('repositories as repository')
    .leftJoin('repository_categories as category', 'category.repository_id', 'repository.id')
    .select([
      'repository.full_name',
      'repository.is_private',
      'repository.is_archived',
      'repository.is_fork',
      'repository.is_empty',
      'repository.pull_requests_count',
      'repository.issues_count',
      'repository.settings',
      'category.category',
      sql<boolean>`NOT EXISTS (SELECT FROM progressive_capture_jobs AS job
        WHERE job.repository_id = repository.id AND job.created_at < ${new Date(now.getTime() - 86_400_000)})`.as(
        'is_new',
      ),
    ])
    .where('repository.id', '=', repositoryId)
    .executeTakeFirstOrThrow();
  const facts: RepositoryFacts = {
    category: row.category,
    pullRequestsCount: row.pull_requests_count,
    isNew: row.is_new,
  };
  return { ...row, facts };
}
