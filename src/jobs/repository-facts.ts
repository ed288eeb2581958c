import { sql, type Transaction } from 'kysely';
import type { DB } from '../store/database.generated.ts';
import type { WorkRepository } from '../work-item/work-item.ts';
import type { RepositoryFacts } from './decide-job.ts';

/** Older than every answer of GitHub, whose clock counts whole seconds, so that the first one counts in full. */
export const NEVER_CAPTURED = new Date(0);

/**
 * Makes sure that repositories have their rows, which jobs need. Name, installation and visibility follow the work;
 * everything that a capture knows better stays.
 */
export async function upsertRepositories(
  trx: Transaction<DB>,
  repositories: readonly WorkRepository[],
): Promise<void> {
  const unique = new Map(repositories.map((repository) => [repository.id, repository]));
  if (unique.size === 0) return;
  // One parameter, since Postgres takes 65,535 of them.
  await sql`
    INSERT INTO repositories (id, full_name, installation_id, is_private, captured_at)
    SELECT id, "fullName", "installationId", "isPrivate", ${NEVER_CAPTURED}::timestamptz
    FROM jsonb_to_recordset(${JSON.stringify([...unique.values()])}::jsonb)
      AS r(id bigint, "fullName" text, "installationId" bigint, "isPrivate" boolean)
    ORDER BY id
    ON CONFLICT (id) DO UPDATE SET full_name = excluded.full_name,
      installation_id = excluded.installation_id, is_private = excluded.is_private
    WHERE (repositories.full_name, repositories.installation_id, repositories.is_private)
      IS DISTINCT FROM (excluded.full_name, excluded.installation_id, excluded.is_private)
  `.execute(trx);
}

/**
 * Stores what is new of repositories, and answers what is stored of them. As a rule nothing is new, so it is read before it
 * is written: a write would make transactions about one repository wait for each other.
 */
export async function rememberRepositories(
  trx: Transaction<DB>,
  repositories: readonly WorkRepository[],
  now: Date,
) {
  const ids = repositories.map(({ id }) => id);
  const stored = await findRows(trx, ids, now);
  const isStored = ({ id, fullName, installationId, isPrivate }: WorkRepository) => {
    const row = stored.get(id);
    return (
      row?.full_name === fullName && row.installation_id === installationId && row.is_private === isPrivate
    );
  };
  const changed = repositories.filter((repository) => !isStored(repository));
  if (changed.length === 0) return answerFrom(stored);
  await upsertRepositories(trx, changed);
  return answerFrom(await findRows(trx, ids, now));
}

/** What is stored of repositories, for decisions about their jobs. Answers by id; of one that is not stored, it throws. */
export async function findRepositoryFacts(trx: Transaction<DB>, repositoryIds: readonly number[], now: Date) {
  return answerFrom(await findRows(trx, repositoryIds, now));
}

async function findRows(trx: Transaction<DB>, repositoryIds: readonly number[], now: Date) {
  const rows = await trx
    .selectFrom('repositories as repository')
    .leftJoin('repository_categories as category', 'category.repository_id', 'repository.id')
    .select([
      'repository.id',
      'repository.full_name',
      'repository.installation_id',
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
    .where('repository.id', '=', sql<number>`ANY(${[...new Set(repositoryIds)]}::bigint[])`)
    .execute();
  return new Map(
    rows.map((row) => {
      const facts: RepositoryFacts = {
        category: row.category,
        pullRequestsCount: row.pull_requests_count,
        isNew: row.is_new,
      };
      return [row.id, { ...row, facts }];
    }),
  );
}

function answerFrom<Row>(byId: ReadonlyMap<number, Row>): (id: number) => Row {
  return (id) => {
    const repository = byId.get(id);
    if (repository === undefined) throw new Error(`The repository ${id} is not stored.`);
    return repository;
  };
}
