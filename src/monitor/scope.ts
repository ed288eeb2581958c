import { type RawBuilder, sql } from 'kysely';

/** Which repositories somebody may see: all of them, or those that GitHub shows to that person. */
export type Scope = { kind: 'all' } | { kind: 'some'; repositoryIds: readonly number[] };

export const EVERYTHING: Scope = { kind: 'all' };

/** A condition on a column that holds a repository's id. */
export function inScope(column: string, scope: Scope): RawBuilder<boolean> {
  if (scope.kind === 'all') return sql<boolean>`true`;
  return sql<boolean>`${sql.ref(column)} = ANY(${[...scope.repositoryIds]}::bigint[])`;
}

/** Of these repositories, those that are in the scope. */
export function narrowScope(scope: Scope, repositoryIds: readonly number[]): Scope {
  if (scope.kind === 'all') return { kind: 'some', repositoryIds };
  const visible = new Set(scope.repositoryIds);
  return { kind: 'some', repositoryIds: repositoryIds.filter((id) => visible.has(id)) };
}

export function isInScope(repositoryId: number, scope: Scope): boolean {
  return scope.kind === 'all' || scope.repositoryIds.includes(repositoryId);
}
