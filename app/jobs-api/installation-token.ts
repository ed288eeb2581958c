import { statusOf } from '../../src/github/status-of.ts';
import type { Job } from '../../src/jobs/job.ts';
import { askGitHub, type JobsApiContext } from './context.ts';
import { RefusedError } from './refused-error.ts';

type Captured = Pick<Job, 'installation_id' | 'repository_id' | 'job_type' | 'include'>;

/**
 * A token for the job's repository alone, with what its capture reads and no more, in the shape of the API's answers.
 * Refuses with 403 `not_installed` when GitHub gives none, with 503 when GitHub can't be asked.
 */
export async function giveInstallationToken(context: JobsApiContext, job: Captured) {
  const { token, expiresAt } = await askGitHub('an installation token', async () => {
    try {
      return await context.tokenFor(job.installation_id, job.repository_id, permissionsOf(job));
    } catch (error) {
      throw refusalOf(error, job) ?? error;
    }
  });
  return { installationToken: token, installationTokenExpiresAt: expiresAt.toISOString() };
}

/** Contents are read for commits: those of the default branch, and those that every pull request has. */
function permissionsOf(job: Captured): Record<string, 'read'> {
  const walks = job.include.includes('commits') || job.include.includes('pull-requests');
  const readsContents =
    job.job_type === 'history' || job.job_type === 'verify'
      ? walks
      : job.job_type === 'branch_commits' || job.job_type === 'pull_requests';
  return {
    metadata: 'read',
    pull_requests: 'read',
    issues: 'read',
    ...(readsContents ? { contents: 'read' } : {}),
  };
}

/** GitHub's answers to a token request that trying again does not change. */
function refusalOf(error: unknown, job: Captured): RefusedError | null {
  const status = statusOf(error);
  if (status === null || ![401, 403, 404, 422].includes(status)) return null;
  return new RefusedError(
    'not_installed',
    `GitHub gives no token for repository ${job.repository_id} by installation ${job.installation_id} (${status}). Check that the App is installed there, not suspended, and that its permissions are accepted.`,
    { cause: error },
  );
}
