import { createGitHubApp, type GitHubApp } from '../app/github-app.ts';
import { createJobsRepository } from '../app/jobs-repository.ts';
import { createLog } from '../app/log.ts';
import type { Config } from '../src/config/config.ts';

/** The App, as the credentials of the configuration give it; null without credentials. */
export async function openGitHubApp({ github }: Config): Promise<GitHubApp | null> {
  const { appId, privateKey, webhookSecret } = github;
  if (appId === null || privateKey === null) return null;
  // No webhook is verified here, so any secret will do.
  const identity = { ...github, appId, privateKey, webhookSecret: webhookSecret ?? 'unused' };
  return createGitHubApp({ github: identity, log: createLog('fatal', process.stderr) });
}

/** Decides with the same knowledge as the app; a GitHub that can't be asked is an error, not a "not installed". */
export async function readJobsRepositoryVisibility(config: Config, app: GitHubApp) {
  const jobsRepository = createJobsRepository({ config, app, log: createLog('fatal', process.stderr) });
  try {
    await jobsRepository.id();
  } catch (cause) {
    throw new Error('GitHub could not be asked about the repository of CAPTURE_WORKFLOW; try again.', {
      cause,
    });
  }
  return jobsRepository.current()?.visibility ?? null;
}
