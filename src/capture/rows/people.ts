import type { CaptureRow } from '../../destination/destination.ts';
import type { ActorNode, Identified } from '../queries/nodes.ts';

/** GitHub's numeric id; null when GitHub tells neither of its two spellings. */
export function databaseIdOf(node: Identified): number | null {
  return node.fullDatabaseId === null || node.fullDatabaseId === undefined
    ? (node.databaseId ?? null)
    : Number(node.fullDatabaseId);
}

/** The id under which an actor is stored. Null: a ghost (the account is gone), or one that GitHub gives no number. */
export function actorIdOf(actor: ActorNode | null | undefined): number | null {
  return actor?.databaseId ?? actor?.user?.databaseId ?? null;
}

/** The contributors rows of those actors that have an id. */
export function contributorRows(
  actors: readonly (ActorNode | null | undefined)[],
  capturedAt: string,
): CaptureRow[] {
  return actors.flatMap((actor) => {
    const id = actorIdOf(actor);
    if (!actor || id === null) return [];
    const row: Record<string, unknown> = {
      id,
      login: actor.login,
      type: actor.__typename,
      captured_at: capturedAt,
    };
    if (actor.id !== undefined) row.node_id = actor.id;
    if (actor.avatarUrl) row.avatar_url = actor.avatarUrl;
    if (actor.name !== undefined) row.name = actor.name;
    return [{ table: 'contributors', row }];
  });
}
