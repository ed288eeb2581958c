import { createHash } from 'node:crypto';
import { dataAge } from '../route/data-age.ts';
import type { RouteLimits } from '../route/decide-route.ts';
import type { WorkItem } from '../work-item/work-item.ts';

/** A B-tree entry of Postgres holds at most a third of a page, about 2,700 bytes. */
const LONGEST_TARGET = 200;

/**
 * What a job captures, as the text by which work that has not started is found again: the numbers of its items, or for
 * work over a range its class, `recent` or `history` (ranges of one class merge). Everything else is `all`.
 */
export function jobTarget(item: WorkItem, context: { now: Date; limits: RouteLimits }): string {
  if (item.items.length > 0) {
    const numbers = item.items.join(',');
    if (numbers.length <= LONGEST_TARGET) return numbers;
    return `sha256:${createHash('sha256').update(numbers).digest('hex')}`;
  }
  if (item.type !== 'history' && item.type !== 'verify') return 'all';
  return dataAge(item, context) === 'recent' ? 'recent' : 'history';
}
