import { formatTime } from '../text/format-time.ts';
import { CAPTURE_INCLUDES, type WorkItem } from './work-item.ts';

const MOST_NUMBERS = 10;

/**
 * What of a repository is captured, in words without a name: `pull requests 12, 15`, `pull-requests since 2026-01-31
 * 00:00 UTC`, `verification`. Answers, names of workflow runs and job summaries say it alike.
 */
export function describeRange({
  type,
  items,
  since,
  until,
  include,
}: Pick<WorkItem, 'type' | 'items' | 'include'> & { since?: Date | null; until?: Date | null }): string {
  if (items.length > 0) {
    const noun = type === 'issues' ? 'issue' : 'pull request';
    const shown = items.slice(0, MOST_NUMBERS).join(', ');
    const more = items.length > MOST_NUMBERS ? ` and ${items.length - MOST_NUMBERS} more` : '';
    return `${noun}${items.length === 1 ? '' : 's'} ${shown}${more}`;
  }
  if (type === 'verify') return 'verification';
  if (type === 'classify') return 'classification';
  const isEverything = CAPTURE_INCLUDES.every((one) => include.includes(one));
  const what =
    type !== 'history' ? type.replaceAll('_', ' ') : isEverything ? 'everything' : include.join(', ');
  const from = since ? `since ${formatTime(since)}` : 'from the beginning';
  return `${what} ${from}${until ? `, until ${formatTime(until)}` : ''}`;
}
