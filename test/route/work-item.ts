import type { RouteContext } from '../../src/route/decide-route.ts';
import type { WorkItem } from '../../src/work-item/work-item.ts';

export const NOW = new Date('2026-03-10T12:00:00Z');

export function hoursAgo(hours: number): Date {
  return new Date(NOW.getTime() - hours * 3_600_000);
}

/** A webhook about something that changed an hour ago, with changes. */
export function workItem(changes: Partial<WorkItem> = {}): WorkItem {
  return {
    repository: { id: 7, fullName: 'acme/widgets', installationId: 1, isPrivate: false },
    type: 'pull_requests',
    items: [],
    range: { since: hoursAgo(1) },
    include: ['pull-requests'],
    reason: 'webhook',
    isCritical: false,
    ...changes,
  };
}

/** Pull requests 1 to `count`. */
export function named(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** Everything allowed: enrolled, not stopped, bulk work available, a small old repository. */
export function routeContext(changes: Partial<RouteContext> = {}): RouteContext {
  return {
    now: NOW,
    limits: { recentHours: 24, smallBatch: 10, largeBatch: 50, largeRepository: 1000 },
    isStopped: false,
    isEnrolled: true,
    bulk: { available: true },
    repository: { pullRequestsCount: 1000, isNew: false },
    ...changes,
  };
}
