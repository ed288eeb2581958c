import type { WorkItem } from '../work-item/work-item.ts';
import { dataAge, recentLine } from './data-age.ts';
import type { RouteLimits } from './decide-route.ts';

/**
 * Splits work that spans the 24-hour line into the last 24 hours and the rest, in this order, so that each half is
 * routed by its own data. The halves meet at the line: the rest ends where the recent half begins.
 * Named items, scheduled work and work on one side of the line come back as they are: `[item]`.
 * In a repository that is new (`isNew`), the recent half is critical.
 */
export function splitWorkItem(
  item: WorkItem,
  context: { now: Date; limits: RouteLimits; isNew?: boolean },
): WorkItem[] {
  const line = recentLine(context);
  const { until } = item.range;
  const endsBeforeLine = until !== undefined && until.getTime() <= line.getTime();
  const isSplittable = item.type === 'history' && item.items.length === 0 && item.reason !== 'scheduled';
  if (!isSplittable || endsBeforeLine || dataAge(item, context) !== 'old') return [item];
  return [
    {
      ...item,
      range: { ...item.range, since: line },
      isCritical: item.isCritical || context.isNew === true,
    },
    { ...item, range: { ...item.range, until: line } },
  ];
}
