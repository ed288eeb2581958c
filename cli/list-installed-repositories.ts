import type { GitHubApp, Octokit } from '../app/github-app.ts';
import { REPOSITORY, type RepositoryData } from '../src/capture/queries/repository.ts';

export interface InstalledRepository {
  fullName: string;
  isPrivate: boolean;
  isArchived: boolean;
  isFork: boolean;
  isEmpty: boolean;
  pullRequests: number;
  issues: number;
}

const PER_PAGE = 100;

/**
 * Every repository that an installation of the served accounts can see, with GitHub's own counts: one query of one point
 * each, one after the other.
 * @param only a full name, in any letter case; null: all
 */
export async function* listInstalledRepositories(
  app: GitHubApp,
  servedAccounts: readonly number[],
  only: string | null,
): AsyncGenerator<InstalledRepository> {
  const asApp = await app.app();
  for (let page = 1; ; page += 1) {
    const { data } = await asApp.request('GET /app/installations', { per_page: PER_PAGE, page });
    for (const { id, account, suspended_at } of data) {
      if (suspended_at || !account || !servedAccounts.includes(account.id)) continue;
      yield* listRepositories(await app.installation(id), only);
    }
    if (data.length < PER_PAGE) return;
  }
}

async function* listRepositories(octokit: Octokit, only: string | null): AsyncGenerator<InstalledRepository> {
  for (let page = 1; ; page += 1) {
    const { data } = await octokit.request('GET /installation/repositories', { per_page: PER_PAGE, page });
    for (const { full_name: fullName, archived, fork } of data.repositories) {
      if (only !== null && fullName.toLowerCase() !== only.toLowerCase()) continue;
      const [owner = '', name = ''] = fullName.split('/');
      const { repository } = await octokit.graphql<RepositoryData>(REPOSITORY, { owner, name });
      // It went between the list and the question.
      if (!repository) continue;
      yield {
        fullName,
        isPrivate: repository.isPrivate,
        isArchived: archived ?? false,
        isFork: fork,
        isEmpty: repository.isEmpty,
        pullRequests: repository.pullRequests?.totalCount ?? 0,
        issues: repository.issues?.totalCount ?? 0,
      };
    }
    if (data.repositories.length < PER_PAGE) return;
  }
}
