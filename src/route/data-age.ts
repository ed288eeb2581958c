import type { WorkItem } from '../work-item/work-item.ts';
import type { RouteLimits } from './decide-route.ts';

/** The line between recent and older data: `recentHours` before now. Data of exactly that age is recent. */
export function recentLine({ now, limits }: { now: Date; limits: RouteLimits }): Date {
  return new Date(now.getTime() - limits.recentHours * 3_600_000);
}

/**
 * How old the data to be captured is, by the range of the changes and never by the age of a pull request.
 * - `recent`: everything is on this side of the 24-hour line.
 * - `old`: there is data beyond the line. Repository-wide work without a beginning goes back to the first day.
 * - `unknown`: named items without a range; the numbers alone say nothing about the age of the change.
 * Counts (`classify`) and labels are read as they are now, so without a range they are recent.
 */
export function dataAge(
  item: WorkItem,
  context: { now: Date; limits: RouteLimits },
): 'recent' | 'old' | 'unknown' {
  // The change is the push, whenever its commits were written.
  if (item.type === 'branch_commits' && item.reason === 'webhook') return 'recent';
  const line = recentLine(context).getTime();
  const { since, until } = item.range;
  if (since !== undefined) return since.getTime() >= line ? 'recent' : 'old';
  if (until !== undefined && until.getTime() < line) return 'old';
  if (item.items.length > 0) return 'unknown';
  return item.type === 'classify' || item.type === 'labels' ? 'recent' : 'old';
}
