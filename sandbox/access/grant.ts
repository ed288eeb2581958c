import type { Actor, Permission, Repository } from '../world/model.ts';

/** What the bearer of a token may do. */
export interface Grant {
  readonly kind: 'app' | 'installation' | 'user';
  readonly installationId: number | null;
  /** Null: every repository. */
  readonly repositoryIds: ReadonlySet<number> | null;
  /** Null: everything. */
  readonly permissions: Readonly<Record<string, Permission>> | null;
  /** Milliseconds since 1970, or null for a token that does not expire. */
  readonly expiresAt: number | null;
  /** Names the rate limit budget that requests draw on. */
  readonly bucket: string;
  /** Who is seen to write with this token. */
  readonly actor: Actor;
}

const LEVEL: Record<Permission, number> = { read: 1, write: 2, admin: 3 };

export const canSee = (grant: Grant, repository: Repository): boolean =>
  grant.kind !== 'app' && (grant.repositoryIds === null || grant.repositoryIds.has(repository.id));

/** Whether the token has a permission such as `issues` at a level; `metadata: read` comes with every token. */
export function hasPermission(grant: Grant, name: string, level: Permission): boolean {
  if (grant.permissions === null) return true;
  if (name === 'metadata' && level === 'read') return true;
  const granted = grant.permissions[name];
  return granted !== undefined && LEVEL[granted] >= LEVEL[level];
}
