import { dataAge } from '../route/data-age.ts';
import type { RouteLimits } from '../route/decide-route.ts';
import type { WorkItem } from '../work-item/work-item.ts';

/** The order within a queue: 0 critical, 1 recent or named, 2 the rest. Within one number smaller repositories go first. */
export function jobPriority(item: WorkItem, context: { now: Date; limits: RouteLimits }): 0 | 1 | 2 {
  if (item.isCritical) return 0;
  if (item.reason === 'scheduled' || item.type === 'verify') return 2;
  return dataAge(item, context) === 'old' ? 2 : 1;
}
