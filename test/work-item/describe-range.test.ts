import { expect, test } from 'vitest';
import { describeRange } from '../../src/work-item/describe-range.ts';

const HISTORY = { type: 'history', items: [], include: ['pull-requests', 'issues'] } as const;
const since = new Date('2026-01-31T00:00:00Z');
const until = new Date('2026-02-28T12:30:00Z');

test.each([
  [HISTORY, 'pull-requests, issues from the beginning'],
  [
    { ...HISTORY, include: ['labels', 'pull-requests', 'commits', 'issues'] } as const,
    'everything from the beginning',
  ],
  [{ ...HISTORY, since }, 'pull-requests, issues since 2026-01-31 00:00 UTC'],
  [{ ...HISTORY, until }, 'pull-requests, issues from the beginning, until 2026-02-28 12:30 UTC'],
  [{ ...HISTORY, type: 'branch_commits', since } as const, 'branch commits since 2026-01-31 00:00 UTC'],
  [{ ...HISTORY, type: 'verify' } as const, 'verification'],
  [{ ...HISTORY, type: 'pull_requests', items: [12] } as const, 'pull request 12'],
  [{ ...HISTORY, type: 'issues', items: [4, 7] } as const, 'issues 4, 7'],
  [
    {
      ...HISTORY,
      type: 'pull_requests',
      items: Array.from({ length: 12 }, (_, index) => index + 1),
    } as const,
    'pull requests 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more',
  ],
])('%#: %s', (item, words) => {
  expect(describeRange(item)).toBe(words);
});
