import type { WorkItem } from '../work-item/work-item.ts';
import { explainBulkReason } from './bulk-availability.ts';
import { dataAge } from './data-age.ts';

export type Processor = 'inngest' | 'github_actions';

/** The operator's limits; defaults in the configuration. */
export interface RouteLimits {
  /** Hours. Changes younger than this are recent. */
  recentHours: number;
  /** Named items, inclusive. */
  smallBatch: number;
  /** Named items; more than this is a large batch. */
  largeBatch: number;
  /** Pull requests; more than this is a large repository. */
  largeRepository: number;
}

export interface RouteContext {
  now: Date;
  limits: RouteLimits;
  /** Emergency stop, in the database or by the environment. */
  isStopped: boolean;
  isEnrolled: boolean;
  /** `reason` is a code of `BULK_UNAVAILABLE`. */
  bulk: { available: true } | { available: false; reason: string };
  repository: {
    /** As GitHub counts them; null while unknown, which is not large. */
    pullRequestsCount: number | null;
    /** The App has served it for less than 24 hours. */
    isNew: boolean;
  };
}

interface RouteRule {
  code: string;
  when: (item: WorkItem, context: RouteContext) => boolean;
  processor: Processor;
  /** One sentence for people: why this rule held. */
  explain: (item: WorkItem, context: RouteContext) => string;
}

/** The routing table: the first rule that holds decides. `docs/routing.md` tells it in prose. */
export const ROUTE_RULES = [
  {
    code: 'emergency_stop',
    when: (_, context) => context.isStopped,
    processor: 'inngest',
    explain: () => 'the rollout is stopped, so nothing starts in GitHub Actions',
  },
  {
    code: 'not_enrolled',
    when: (_, context) => !context.isEnrolled,
    processor: 'inngest',
    explain: (item) => `${item.repository.fullName} is outside the rollout`,
  },
  {
    code: 'bulk_unavailable',
    when: (_, context) => !context.bulk.available,
    processor: 'inngest',
    explain: (_, { bulk }) => (bulk.available ? '' : explainBulkReason(bulk.reason)),
  },
  {
    code: 'critical_priority',
    when: (item, context) => item.isCritical || isRecentHalfOfNewRepository(item, context),
    processor: 'inngest',
    explain: (item) =>
      item.isCritical ? 'the work is critical' : 'the recent part of a repository that is new to the App',
  },
  {
    code: 'small_batch',
    when: (item, { limits }) => item.items.length >= 1 && item.items.length <= limits.smallBatch,
    processor: 'inngest',
    explain: (item, { limits }) => `${count(item)} named, at most ${limits.smallBatch} are a small batch`,
  },
  {
    code: 'large_batch',
    when: (item, { limits }) => item.items.length > limits.largeBatch,
    processor: 'github_actions',
    explain: (item, { limits }) => `${count(item)} named, more than ${limits.largeBatch} are a large batch`,
  },
  {
    code: 'manual_trigger',
    when: (item, context) =>
      item.reason === 'manual' &&
      (item.items.length > 0 ? item.items.length <= context.limits.largeBatch : isRecent(item, context)),
    processor: 'inngest',
    explain: (item, { limits }) =>
      item.items.length > 0
        ? `a person named ${count(item)}`
        : `a person asked for a range within ${limits.recentHours} hours`,
  },
  {
    code: 'recent',
    when: (item, context) => isRecent(item, context) && item.reason !== 'scheduled',
    processor: 'inngest',
    explain: (_, { limits }) => `everything in the range is younger than ${limits.recentHours} hours`,
  },
  {
    code: 'historical',
    when: (item, context) => item.type === 'verify' || dataAge(item, context) === 'old',
    processor: 'github_actions',
    explain: (item, { limits }) =>
      item.type === 'verify' ? 'verification' : `the range holds data older than ${limits.recentHours} hours`,
  },
  {
    code: 'large_repository',
    when: (item, { repository, limits }) =>
      item.items.length === 0 && (repository.pullRequestsCount ?? 0) > limits.largeRepository,
    processor: 'github_actions',
    explain: (_, { repository, limits }) =>
      `repository-wide work on ${repository.pullRequestsCount} pull requests, more than ${limits.largeRepository} are large`,
  },
  {
    code: 'scheduled',
    when: (item) => item.reason !== 'webhook' && item.reason !== 'manual',
    processor: 'github_actions',
    explain: () => 'scheduled or background work',
  },
  {
    code: 'default',
    when: () => true,
    processor: 'inngest',
    explain: () => 'no other rule holds',
  },
] as const satisfies readonly RouteRule[];

export type RuleCode = (typeof ROUTE_RULES)[number]['code'];

export interface RouteDecision {
  processor: Processor;
  rule: RuleCode;
  explanation: string;
}

/** Decides where a work item runs. Pure, and the only implementation: the first rule of the table that holds. */
export function decideRoute(item: WorkItem, context: RouteContext): RouteDecision {
  for (const rule of ROUTE_RULES) {
    if (rule.when(item, context)) {
      return { processor: rule.processor, rule: rule.code, explanation: rule.explain(item, context) };
    }
  }
  throw new Error('The last routing rule holds always.');
}

/**
 * Whether the rollout makes a difference for this item: enrolled, it would run in GitHub Actions.
 * Only exposed jobs tell something about the bulk path.
 */
export function isExposed(item: WorkItem, context: RouteContext): boolean {
  return decideRoute(item, { ...context, isEnrolled: true }).processor === 'github_actions';
}

function isRecent(item: WorkItem, context: RouteContext): boolean {
  return dataAge(item, context) === 'recent';
}

function isRecentHalfOfNewRepository(item: WorkItem, context: RouteContext): boolean {
  const isHistory = item.type === 'history' && item.items.length === 0 && item.reason !== 'scheduled';
  return context.repository.isNew && isHistory && isRecent(item, context);
}

function count(item: WorkItem): string {
  return item.items.length === 1 ? '1 item' : `${item.items.length} items`;
}
