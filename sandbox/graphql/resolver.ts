import { canSee, type Grant, hasPermission } from '../access/grant.ts';
import type { Clock } from '../clock.ts';
import type { Repository } from '../world/model.ts';
import type { World } from '../world/world.ts';
import { forbidden } from './errors.ts';
import type { Meter } from './meter.ts';

export interface RateState {
  limit: number;
  remaining: number;
  used: number;
  /** Milliseconds since 1970. */
  resetAt: number;
}

export interface QueryContext {
  readonly world: World;
  readonly grant: Grant;
  readonly meter: Meter;
  readonly clock: Clock;
  /** Origin of GitHub's web pages, for `url` fields. */
  readonly webUrl: string;
  readonly points: number;
  readonly declaredNodes: number;
  readonly rate: RateState;
  /** Commits that a pull request's timeline shows at most; null: all. */
  readonly timelineCommits: number | null;
}

export type Args = Readonly<Record<string, never>>;
export type Resolve<T> = (source: T, args: never, context: QueryContext) => unknown;
export type Resolvers<T> = Readonly<Record<string, Resolve<T>>>;

/** Fields whose names are the properties' own: `plain<Label>()('name', 'color')`. */
export const plain =
  <T>() =>
  (...names: (keyof T & string)[]): Resolvers<T> =>
    Object.fromEntries(names.map((name) => [name, (source: T) => source[name]]));

/** The repository if the token may see it, else undefined: GitHub does not tell the two cases apart. */
export const visible = (context: QueryContext, repository: Repository | undefined): Repository | undefined =>
  repository && canSee(context.grant, repository) ? repository : undefined;

/** Throws FORBIDDEN unless the token may read pull requests, issues or contents. */
export function requireRead(context: QueryContext, ...anyOf: string[]): void {
  if (!anyOf.some((permission) => hasPermission(context.grant, permission, 'read'))) throw forbidden();
}
