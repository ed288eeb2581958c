import type { Actor, ActorKind, Entity, EntityKind, Installation, Repository } from './model.ts';
import { commitKey, parseNodeId } from './node-id.ts';

/**
 * First database ids. GitHub numbers each kind apart, so issue comments, review comments and reviews
 * overlap here on purpose; and it passed 2^31 long ago, so `databaseId` (32 bits) can't carry them.
 */
const FIRST_ID: Record<string, number> = {
  actor: 1_000_001,
  repository: 700_000_001,
  PullRequest: 2_400_000_001,
  issue: 2_600_000_001,
  IssueComment: 2_500_000_001,
  PullRequestReviewComment: 2_500_000_001,
  PullRequestReview: 2_500_000_001,
  PullRequestReviewThread: 1,
  Label: 9_000_000_001,
  Milestone: 11_000_001,
  event: 17_000_000_001,
  installation: 50_000_001,
  reaction: 300_000_001,
};

/** The store: objects by kind and id, repositories by name, accounts by login, installations of the App. */
export interface World {
  nextId(sequence: keyof typeof FIRST_ID & string): number;
  /** Keeps an object so that `find` knows it. */
  keep<T extends Entity>(entity: T): T;
  forget(entity: Entity): void;
  find<K extends EntityKind>(kind: K, key: number | string): Extract<Entity, { kind: K }> | undefined;
  findNode(nodeId: string): Entity | undefined;
  /** The account with this login (any letter case, `[bot]` or not); made when it does not exist yet. */
  actor(login: string, kind?: ActorKind): Actor;
  findActor(login: string): Actor | undefined;
  actors(): Iterable<Actor>;
  repositories(): Iterable<Repository>;
  repository(owner: string, name: string): Repository | undefined;
  /** `owner/name`; throws when there is none. */
  repositoryNamed(fullName: string): Repository;
  readonly installations: Map<number, Installation>;
  installationOf(repository: Repository): Installation | undefined;
}

export function createWorld(): World {
  const next = { ...FIRST_ID };
  const byKind = new Map<EntityKind, Map<number | string, Entity>>();
  const actors = new Map<string, Actor>();
  const installations = new Map<number, Installation>();
  const keyOf = (entity: Entity) => (entity.kind === 'Commit' ? commitKey(entity) : entity.id);
  const ofKind = (kind: EntityKind) => {
    let map = byKind.get(kind);
    if (!map) {
      map = new Map();
      byKind.set(kind, map);
    }
    return map;
  };
  const repositories = () => ofKind('Repository').values() as Iterable<Repository>;
  const world: World = {
    installations,
    repositories,
    nextId(sequence) {
      const id = next[sequence];
      if (id === undefined) throw new Error(`sandbox: no id sequence ${sequence}`);
      next[sequence] = id + 1;
      return id;
    },
    keep(entity) {
      ofKind(entity.kind).set(keyOf(entity), entity);
      return entity;
    },
    forget(entity) {
      ofKind(entity.kind).delete(keyOf(entity));
    },
    find: (kind, key) => ofKind(kind).get(key) as never,
    findNode(nodeId) {
      const parsed = parseNodeId(nodeId);
      if (!parsed) return undefined;
      const map = byKind.get(parsed.kind as EntityKind);
      return map?.get(parsed.kind === 'Commit' ? parsed.key : Number(parsed.key));
    },
    actors: () => actors.values(),
    findActor: (login) => actors.get(login.toLowerCase().replace(/\[bot\]$/, '')),
    actor(login, kind) {
      const found = world.findActor(login);
      if (found) return found;
      const isBot = login.endsWith('[bot]');
      const actor: Actor = {
        kind: kind ?? (isBot ? 'Bot' : 'User'),
        id: world.nextId('actor'),
        login: login.replace(/\[bot\]$/, ''),
        name: null,
      };
      actors.set(actor.login.toLowerCase(), actor);
      return world.keep(actor);
    },
    repository(owner, name) {
      const wanted = `${owner}/${name}`.toLowerCase();
      for (const repository of repositories()) {
        if (`${repository.owner.login}/${repository.name}`.toLowerCase() === wanted) return repository;
      }
      return undefined;
    },
    repositoryNamed(fullName) {
      const [owner = '', name = ''] = fullName.split('/');
      const repository = world.repository(owner, name);
      if (!repository) throw new Error(`sandbox: there is no repository ${fullName}`);
      return repository;
    },
    installationOf(repository) {
      for (const installation of installations.values()) {
        if (installation.repositoryIds.has(repository.id)) return installation;
      }
      return undefined;
    },
  };
  return world;
}
