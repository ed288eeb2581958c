import { statusOf } from '../src/github/status-of.ts';
import type { InstallationDirectory, ListedInstallation } from '../src/loops/heal-installations.ts';
import type { InstalledRepository } from '../src/work-item/payloads.ts';
import { askOnce, type GitHubApp, GitHubAwayError, type Octokit } from './github-app.ts';

const TIMEOUT_MS = 30_000;
const PER_PAGE = 100;

/**
 * Asks GitHub where the App is installed. What it answers otherwise than documented, or not at all, is a
 * GitHubAwayError.
 * Sources: https://docs.github.com/rest/apps/apps#list-installations-for-the-authenticated-app,
 * https://docs.github.com/rest/apps/installations#list-repositories-accessible-to-the-app-installation
 */
export function createInstallationDirectory(app: GitHubApp): InstallationDirectory {
  return {
    async installations() {
      const octokit = await app.app();
      try {
        const installations = await allPages(async (page) => {
          const { data } = await octokit.request('GET /app/installations', {
            per_page: PER_PAGE,
            page,
            request: askOnce(TIMEOUT_MS),
          });
          return data as GitHubInstallation[];
        });
        return installations.flatMap(installationOf);
      } catch (error) {
        throw away(error);
      }
    },
    async exists(installationId) {
      const octokit = await app.app();
      try {
        await octokit.request('GET /app/installations/{installation_id}', {
          installation_id: installationId,
          request: askOnce(TIMEOUT_MS),
        });
        return true;
      } catch (error) {
        if (statusOf(error) === 404) return false;
        throw away(error);
      }
    },
    async repositories(installationId) {
      try {
        const octokit = await app.installation(installationId);
        const first = await listRepositories(octokit);
        // One that leaves while the pages are read moves those behind it up: one of them was on no page.
        return first.isWhole ? first.repositories : (await listRepositories(octokit)).repositories;
      } catch (error) {
        // The token was refused: the installation is gone or suspended, and the next pass sees it so.
        if (statusOf(error) === 403 || statusOf(error) === 404) return null;
        throw away(error);
      }
    },
  };
}

async function listRepositories(
  octokit: Octokit,
): Promise<{ repositories: InstalledRepository[]; isWhole: boolean }> {
  let total = 0;
  const repositories = await allPages(async (page) => {
    const { data } = await octokit.request('GET /installation/repositories', {
      per_page: PER_PAGE,
      page,
      request: askOnce(TIMEOUT_MS),
    });
    total = data.total_count;
    return data.repositories.map(
      ({ id, node_id, full_name, private: isPrivate }): InstalledRepository => ({
        id: Number(id),
        node_id,
        full_name,
        private: isPrivate,
      }),
    );
  });
  return { repositories, isWhole: new Set(repositories.map(({ id }) => id)).size >= total };
}

interface GitHubInstallation {
  id: number;
  account: { id: number; login?: string; type?: string } | null;
  suspended_at?: string | null;
}

/** None of an enterprise: it has no login, and the App is installed on organisations and users. */
function installationOf({ id, account, suspended_at: at }: GitHubInstallation): ListedInstallation[] {
  if (account?.login === undefined || account.type === undefined) return [];
  const { id: accountId, login, type } = account;
  return [{ id, account: { id: accountId, login, type }, suspendedAt: at ? new Date(at) : null }];
}

async function allPages<Item>(ask: (page: number) => Promise<Item[]>): Promise<Item[]> {
  const items: Item[] = [];
  for (let page = 1; ; page++) {
    const found = await ask(page);
    items.push(...found);
    if (found.length < PER_PAGE) return items;
  }
}

function away(cause: unknown): GitHubAwayError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new GitHubAwayError(`GitHub could not be asked where the App is installed: ${reason}`, { cause });
}
