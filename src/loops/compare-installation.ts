import type { InstalledRepository } from '../work-item/payloads.ts';

/** What is stored of a repository that matters here. */
export interface StoredRepository {
  id: number;
  full_name: string;
  is_private: boolean;
  installation_id: number | null;
  removed_at: Date | null;
}

export interface InstallationDifference {
  /** GitHub lists them; here they are unknown, removed, or of another installation. */
  added: InstalledRepository[];
  /** Ids of those that are stored as this installation's, and that GitHub does not list. */
  removedIds: number[];
  /** Known by another name or visibility. */
  renamed: InstalledRepository[];
}

/** Where the repositories of an installation, as GitHub lists them, differ from the stored ones. Pure. */
export function compareInstallation(
  installationId: number,
  listed: readonly InstalledRepository[],
  stored: readonly StoredRepository[],
): InstallationDifference {
  const storedById = new Map(stored.map((repository) => [repository.id, repository]));
  const listedIds = new Set(listed.map(({ id }) => id));
  const isHere = (id: number) => {
    const known = storedById.get(id);
    return known !== undefined && known.removed_at === null && known.installation_id === installationId;
  };
  return {
    added: listed.filter(({ id }) => !isHere(id)),
    removedIds: stored.filter(({ id }) => isHere(id) && !listedIds.has(id)).map(({ id }) => id),
    renamed: listed.filter((repository) => {
      const known = storedById.get(repository.id);
      return (
        isHere(repository.id) &&
        (known?.full_name !== repository.full_name || known.is_private !== repository.private)
      );
    }),
  };
}

/** The part of a difference of which nothing has changed here since it was found: a webhook knows better. Pure. */
export function keepUnchanged(
  difference: InstallationDifference,
  before: readonly StoredRepository[],
  after: readonly StoredRepository[],
): InstallationDifference {
  const describe = (repository: StoredRepository | undefined) =>
    repository && JSON.stringify([repository.installation_id, repository.removed_at, repository.full_name]);
  const beforeById = new Map(before.map((repository) => [repository.id, describe(repository)]));
  const afterById = new Map(after.map((repository) => [repository.id, describe(repository)]));
  const isUnchanged = (id: number) => beforeById.get(id) === afterById.get(id);
  return {
    added: difference.added.filter(({ id }) => isUnchanged(id)),
    removedIds: difference.removedIds.filter(isUnchanged),
    renamed: difference.renamed.filter(({ id }) => isUnchanged(id)),
  };
}
