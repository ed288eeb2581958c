import { isoSeconds } from '../clock.ts';
import type { SandboxCore } from '../sandbox.ts';
import type { Delivery, Webhooks } from '../webhooks/announce.ts';
import { shortRepositories } from '../webhooks/payloads.ts';
import { addInstallation } from '../world/build.ts';
import type { Installation, Repository } from '../world/model.ts';

/** What the owner of an account does with the App, and to repositories as a whole. */
export interface InstallationChanges {
  /** Installs the App on some repositories of one account. */
  install(
    repositories: Repository[],
    by: string,
  ): Promise<{ installation: Installation; delivery: Delivery | null }>;
  uninstall(installation: Installation, by: string): Promise<Delivery | null>;
  suspend(installation: Installation, by: string): Promise<Delivery | null>;
  unsuspend(installation: Installation, by: string): Promise<Delivery | null>;
  addRepositories(
    installation: Installation,
    repositories: Repository[],
    by: string,
  ): Promise<Delivery | null>;
  removeRepositories(
    installation: Installation,
    repositories: Repository[],
    by: string,
  ): Promise<Delivery | null>;
  rename(repository: Repository, by: string, name: string): Promise<Delivery | null>;
  archive(repository: Repository, by: string): Promise<Delivery | null>;
}

export function createInstallationChanges(core: SandboxCore, { announce }: Webhooks): InstallationChanges {
  const { world } = core;
  const now = () => isoSeconds(core.clock.now());
  const repositoriesOf = ({ repositoryIds }: Installation) =>
    [...repositoryIds].flatMap((id) => world.find('Repository', id) ?? []);
  const tell = (installation: Installation, action: string, by: string) =>
    announce('installation', action, {
      installation,
      sender: world.actor(by),
      extra: { repositories: shortRepositories(repositoriesOf(installation)), requester: null },
    });
  const tellRepositories = (
    installation: Installation,
    action: 'added' | 'removed',
    repositories: Repository[],
    by: string,
  ) =>
    announce('installation_repositories', action, {
      installation,
      sender: world.actor(by),
      extra: {
        repository_selection: installation.selection,
        repositories_added: action === 'added' ? shortRepositories(repositories) : [],
        repositories_removed: action === 'removed' ? shortRepositories(repositories) : [],
        requester: null,
      },
    });
  return {
    async install(repositories, by) {
      const [first] = repositories;
      if (!first || repositories.some(({ owner }) => owner !== first.owner)) {
        throw new Error('sandbox: an installation is of one account and at least one of its repositories');
      }
      const installation = addInstallation(world, first.owner, repositories, core.app.permissions, now());
      return { installation, delivery: await tell(installation, 'created', by) };
    },
    async uninstall(installation, by) {
      const delivery = await tell(installation, 'deleted', by);
      world.installations.delete(installation.id);
      return delivery;
    },
    async suspend(installation, by) {
      const delivery = await tell(installation, 'suspend', by);
      installation.suspendedAt = now();
      return delivery;
    },
    async unsuspend(installation, by) {
      installation.suspendedAt = null;
      return tell(installation, 'unsuspend', by);
    },
    async addRepositories(installation, repositories, by) {
      for (const { id } of repositories) installation.repositoryIds.add(id);
      return tellRepositories(installation, 'added', repositories, by);
    },
    async removeRepositories(installation, repositories, by) {
      for (const { id } of repositories) installation.repositoryIds.delete(id);
      return tellRepositories(installation, 'removed', repositories, by);
    },
    async rename(repository, by, name) {
      const changes = { repository: { name: { from: repository.name } } };
      repository.name = name;
      repository.updatedAt = now();
      return announce('repository', 'renamed', { repository, changes, sender: world.actor(by) });
    },
    async archive(repository, by) {
      repository.isArchived = true;
      repository.updatedAt = now();
      return announce('repository', 'archived', { repository, sender: world.actor(by) });
    },
  };
}
