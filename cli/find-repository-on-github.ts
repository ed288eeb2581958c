import type { GitHubApp } from '../app/github-app.ts';
import { statusOf } from '../src/github/status-of.ts';
import type { WorkRepository } from '../src/work-item/work-item.ts';

/** A repository that the App is installed on, asked from GitHub by its name; null where the App is not installed on it, or there is no such repository. */
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
    const status = statusOf(error);
    if (status === 404) return null;
    throw new Error(
      `GitHub could not be asked about ${fullName} (${status === 500 ? 'no answer' : `status ${status}`}). Check APP_ID, the private key and GHE_HOST, or try again.`,
      { cause: error },
    );
  }
}
