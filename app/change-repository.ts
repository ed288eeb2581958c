import { cancelJobs } from '../src/jobs/runs.ts';
import type { Database } from '../src/store/database.ts';
import type { ParsedEvent } from '../src/work-item/parsed-event.ts';

/**
 * Brings the stored name and flags of a repository up to its event. Its numeric id survives renames and transfers.
 * A deleted one loses its jobs and keeps its rows (`removed_at` starts RETAIN_REMOVED_DAYS).
 * A repository that is not stored stays unknown: its first work brings it.
 */
export async function changeRepository(
  trx: Database,
  event: Extract<ParsedEvent, { kind: 'repository_change' }>,
  now: Date,
): Promise<void> {
  const { repository, installationId } = event.origin;
  await trx
    .updateTable('repositories')
    .set({
      full_name: repository.full_name,
      is_private: repository.private,
      ...(repository.archived === undefined ? {} : { is_archived: repository.archived }),
      ...(repository.default_branch === undefined ? {} : { default_branch: repository.default_branch }),
      ...(installationId === null ? {} : { installation_id: installationId }),
      ...(event.change === 'deleted' ? { removed_at: now } : {}),
    })
    .where('id', '=', repository.id)
    .execute();
  if (event.change === 'deleted')
    await cancelJobs(trx, { repositoryId: repository.id }, 'repository_deleted', now);
}
