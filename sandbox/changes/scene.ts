import { isoSeconds } from '../clock.ts';
import type { SandboxCore } from '../sandbox.ts';
import type { Delivery, Webhooks } from '../webhooks/announce.ts';
import type { Happening } from '../webhooks/payloads.ts';
import type { Actor, Association, Issue, PullRequest, Repository, TimelineEvent } from '../world/model.ts';
import type { World } from '../world/world.ts';

export type Discussion = PullRequest | Issue;

/** A change that was made, and how the App's webhook was answered (null: it was not told). */
export interface Change<T> {
  readonly made: T;
  readonly delivery: Delivery | null;
}

/** What every change needs: the time, the world, and a way to tell of it. */
export interface Scene {
  readonly world: World;
  readonly webUrl: string;
  now(): string;
  /** Moves `updatedAt` of a pull request or an issue. */
  touch(item: Discussion): void;
  /** Author, association, body and time of something that is written now. */
  written(repository: Repository, by: string, body: string): Written;
  /** Puts an event into the timeline. */
  record(item: Discussion, kind: TimelineEvent['kind'], by: string, more?: Partial<TimelineEvent>): void;
  close(item: Discussion, by: string): void;
  tell<T>(made: T, event: string, action: string | null, what: Happening): Promise<Change<T>>;
  /** Tells of a pull request or of an issue, whichever it is. */
  tellOf<T extends Discussion>(
    item: T,
    action: string,
    by: string,
    more?: Partial<Happening>,
  ): Promise<Change<T>>;
}

interface Written {
  author: Actor;
  authorAssociation: Association;
  body: string;
  createdAt: string;
}

export function createScene({ world, clock, webUrl }: SandboxCore, { announce }: Webhooks): Scene {
  const now = () => isoSeconds(clock.now());
  const association = (repository: Repository, actor: Actor): Association => {
    if (repository.owner === actor) return 'OWNER';
    return repository.collaborators.has(actor.id) ? 'COLLABORATOR' : 'CONTRIBUTOR';
  };
  const scene: Scene = {
    world,
    webUrl,
    now,
    touch(item) {
      item.updatedAt = now();
      item.repository.version++;
    },
    written(repository, by, body) {
      const author = world.actor(by);
      return { author, authorAssociation: association(repository, author), body, createdAt: now() };
    },
    record(item, kind, by, more = {}) {
      const event = {
        kind,
        id: world.nextId('event'),
        subject: item,
        actor: world.actor(by),
        createdAt: now(),
      };
      item.events.push({ ...event, ...more });
    },
    close(item, by) {
      scene.touch(item);
      item.closedAt = item.updatedAt;
      scene.record(item, 'ClosedEvent', by);
    },
    tell: async (made, event, action, what) => ({ made, delivery: await announce(event, action, what) }),
    tellOf(item, action, by, more = {}) {
      const happening = { sender: world.actor(by), ...more };
      return item.kind === 'PullRequest'
        ? scene.tell(item, 'pull_request', action, { pull: item, ...happening })
        : scene.tell(item, 'issues', action, { issue: item, ...happening });
    },
  };
  return scene;
}
