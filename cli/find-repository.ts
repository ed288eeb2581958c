import { sql } from 'kysely';
import type { GitHubApp } from '../app/github-app.ts';
import type { Database } from '../src/store/database.ts';
import type { WorkRepository } from '../src/work-item/work-item.ts';

/**
 * A repository that the App serves, by its name in any letter case; null where there is none.
 * A name can have been another repository's before: the one that was seen last is meant.
 */
export async function findStoredRepository(db: Database, fullName: string): Promise<WorkRepository | null> {
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

/** The same, asked from GitHub; null where the App is not installed on it, or there is no such repository. */
export async function findRepositoryOnGitHub(
  app: GitHubApp,
  fullName: string,
): Promise<WorkRepository | null> {
  const [owner = '', repo = ''] = fullName.split('/');
  const request = { retries: 0, signal: AbortSignal.timeout(10_000) };
  try {
    const asApp = await app.app();
    const { data: installation } = await asApp.request('GET /repos/{owner}/{repo}/installation', {
      owner,
      repo,
      request,
    });
    const asInstallation = await app.installation(installation.id);
    const { data } = await asInstallation.request('GET /repos/{owner}/{repo}', { owner, repo, request });
    return {
      id: Number(data.id),
      fullName: data.full_name,
      installationId: installation.id,
      isPrivate: data.private,
    };
  } catch (error) {
    const status = error instanceof Error && 'status' in error ? error.status : null;
    if (status === 404) return null;
    throw new Error(
      `GitHub could not be asked about ${fullName} (${status === 500 ? 'no answer' : `status ${status}`}). Check APP_ID, the private key and GHE_HOST, or try again.`,
      { cause: error },
    );
  }
}
