import { afterAll, beforeAll } from 'vitest';
import type { RunningSandbox } from '../../sandbox/github.ts';
import { startSandbox } from '../../sandbox/github.ts';
import {
  addInstallation,
  addIssueComment,
  addPullRequest,
  addRepository,
} from '../../sandbox/world/build.ts';
import type { Installation, Repository } from '../../sandbox/world/model.ts';
import { createWorld } from '../../sandbox/world/world.ts';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/config.ts';
import type { TokenFor } from '../../src/jobs/run-job.ts';
import type { WorkRepository } from '../../src/work-item/work-item.ts';

export const PULL_REQUESTS = 60;

export interface LocalGitHub {
  sandbox: RunningSandbox;
  repository: Repository;
  installation: Installation;
  workRepository: WorkRepository;
  tokenFor: TokenFor;
  config: Config;
}

/** A local GitHub with one repository of 60 pull requests, a comment on each, on which the App is installed. */
export function useLocalGitHub(): () => LocalGitHub {
  let github: LocalGitHub | undefined;
  beforeAll(async () => {
    github = await startLocalGitHub();
  });
  afterAll(() => github?.sandbox.close());
  return () => {
    if (!github) throw new Error('the local GitHub is there while tests run');
    return github;
  };
}

async function startLocalGitHub(): Promise<LocalGitHub> {
  const world = createWorld();
  const repository = addRepository(world, 'acme/widgets', { stars: 3 });
  for (let number = 1; number <= PULL_REQUESTS; number++) {
    const createdAt = new Date(Date.UTC(2026, 0, number)).toISOString().replace('.000', '');
    const pull = addPullRequest(world, repository, { number, title: `Change ${number}`, createdAt });
    addIssueComment(world, pull, { body: `On ${number}`, createdAt });
  }
  const sandbox = await startSandbox({ world });
  const installation = addInstallation(
    world,
    sandbox.app.owner,
    [repository],
    sandbox.app.permissions,
    '2026-01-01T00:00:00Z',
  );
  const loaded = loadConfig({
    GHE_HOST: new URL(sandbox.webUrl).host,
    GHE_PROTOCOL: 'http',
    INNGEST_DEV: '1',
  });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return {
    sandbox,
    repository,
    installation,
    workRepository: {
      id: repository.id,
      fullName: 'acme/widgets',
      installationId: installation.id,
      isPrivate: false,
    },
    tokenFor: async (_, repositoryId) => {
      const { token, expiresAt } = sandbox.tokens.issueInstallationToken(installation, {
        repositoryIds: new Set(repositoryId === null ? [] : [repositoryId]),
        permissions: sandbox.app.permissions,
      });
      return { token, expiresAt: new Date(expiresAt) };
    },
    config: loaded.config,
  };
}
