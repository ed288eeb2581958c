import type { Clock } from '../clock.ts';
import { DEFAULT_SERVICE, type ServiceModel } from '../graphql/meter.ts';
import type { RateState } from '../graphql/resolver.ts';
import { RUN_BUCKET } from './tokens.ts';

/** Numbers of GitHub's documentation: "Rate limits for the REST API", "Rate limits … for the GraphQL API". */
export interface LimitOptions {
  /** False: budgets are counted and shown, nothing is refused and nothing takes time. */
  enforce: boolean;
  /** GraphQL points in an hour for each installation or user. */
  pointsPerHour: number;
  /** REST requests in an hour. */
  restPerHour: number;
  /** Both, for `github.token` in a workflow run, for each repository. */
  runTokenPerHour: number;
  service: ServiceModel;
  /** A query that needs longer is terminated. */
  timeoutMs: number;
  /** Points taken from the budget for each terminated query (GitHub does not publish how many). */
  timeoutPoints: number;
  /** A query that needs more than this gets partial results and RESOURCE_LIMITS_EXCEEDED; null: no such limit. */
  resourceLimitMs: number | null;
  /** Requests under way at once. */
  concurrency: number;
  /** Milliseconds of GraphQL, and of everything, in any 60 s. */
  graphqlMsPerMinute: number;
  totalMsPerMinute: number;
  /** Points of the secondary limits (a read 1, a write 5) in any 60 s. */
  graphqlPerMinute: number;
  restPerMinute: number;
  /**
   * Commits that `timelineItems` shows of a pull request, the latest ones; `commits` shows all. GitHub does not document
   * it; users find 250, as in REST's list of a pull request's commits. Null: all. Holds without `enforce` too.
   */
  timelineCommits: number | null;
}

export const DEFAULT_LIMITS: LimitOptions = {
  enforce: false,
  pointsPerHour: 5_000,
  restPerHour: 5_000,
  runTokenPerHour: 1_000,
  service: DEFAULT_SERVICE,
  timeoutMs: 10_000,
  timeoutPoints: 10,
  resourceLimitMs: null,
  concurrency: 100,
  graphqlMsPerMinute: 60_000,
  totalMsPerMinute: 90_000,
  graphqlPerMinute: 2_000,
  restPerMinute: 900,
  timelineCommits: 250,
};

export type Resource = 'graphql' | 'core';
export type Refusal = { limit: 'primary' } | { limit: 'secondary'; retryAfterSeconds: number; rule: string };

interface Bucket {
  resources: Record<Resource, { used: number; resetAt: number }>;
  /** What was served in the last minute. */
  recent: { at: number; resource: Resource; ms: number; points: number }[];
  underWay: number;
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** The budgets of every token: primary limits by the hour, secondary limits by the minute. */
export interface Limiter {
  readonly options: LimitOptions;
  rate(bucket: string, resource: Resource): RateState;
  /** Why the request is refused, or null; a request that is let in must be ended with `leave`. */
  enter(bucket: string, resource: Resource, points: number): Refusal | null;
  leave(bucket: string, resource: Resource, spent: { points: number; ms: number; isWrite: boolean }): void;
  /** Takes a whole budget away, as if the hour's points were spent. */
  exhaust(bucket: string, resource: Resource): void;
}

export function createLimiter(clock: Clock, options: LimitOptions): Limiter {
  const buckets = new Map<string, Bucket>();
  const bucketOf = (name: string): Bucket => {
    let bucket = buckets.get(name);
    if (!bucket) {
      const fresh = () => ({ used: 0, resetAt: clock.now() + HOUR_MS });
      bucket = { resources: { graphql: fresh(), core: fresh() }, recent: [], underWay: 0 };
      buckets.set(name, bucket);
    }
    for (const resource of Object.values(bucket.resources)) {
      if (resource.resetAt <= clock.now())
        Object.assign(resource, { used: 0, resetAt: clock.now() + HOUR_MS });
    }
    bucket.recent = bucket.recent.filter(({ at }) => at > clock.now() - MINUTE_MS);
    return bucket;
  };
  const limitOf = (name: string, resource: Resource) => {
    if (name.startsWith(RUN_BUCKET)) return options.runTokenPerHour;
    return resource === 'graphql' ? options.pointsPerHour : options.restPerHour;
  };

  const secondary = (bucket: Bucket, resource: Resource): Refusal | null => {
    const { recent } = bucket;
    const same = recent.filter((entry) => entry.resource === resource);
    const total = (entries: typeof recent, field: 'ms' | 'points') =>
      entries.reduce((sum, entry) => sum + entry[field], 0);
    const refuse = (entries: typeof recent, rule: string): Refusal => {
      const oldest = entries[0]?.at ?? clock.now();
      const waitMs = oldest + MINUTE_MS - clock.now();
      return { limit: 'secondary', retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)), rule };
    };
    if (bucket.underWay >= options.concurrency) return refuse([], 'concurrency');
    if (resource === 'graphql' && total(same, 'ms') >= options.graphqlMsPerMinute) return refuse(same, 'cpu');
    if (total(recent, 'ms') >= options.totalMsPerMinute) return refuse(recent, 'cpu');
    const perMinute = resource === 'graphql' ? options.graphqlPerMinute : options.restPerMinute;
    if (total(same, 'points') >= perMinute) return refuse(same, 'points');
    return null;
  };

  return {
    options,
    rate(name, resource) {
      const { used, resetAt } = bucketOf(name).resources[resource];
      const limit = limitOf(name, resource);
      return { limit, used, remaining: Math.max(0, limit - used), resetAt };
    },
    enter(name, resource, points) {
      const bucket = bucketOf(name);
      if (options.enforce) {
        if (bucket.resources[resource].used + points > limitOf(name, resource)) return { limit: 'primary' };
        const refusal = secondary(bucket, resource);
        if (refusal) return refusal;
      }
      bucket.underWay++;
      return null;
    },
    leave(name, resource, { points, ms, isWrite }) {
      const bucket = bucketOf(name);
      bucket.underWay--;
      bucket.resources[resource].used += points;
      bucket.recent.push({ at: clock.now(), resource, ms, points: isWrite ? 5 : 1 });
    },
    exhaust(name, resource) {
      bucketOf(name).resources[resource].used = limitOf(name, resource);
    },
  };
}
