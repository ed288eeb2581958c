import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideRoute } from '../../src/route/decide-route.ts';
import { splitWorkItem } from '../../src/route/split-work-item.ts';
import type { WorkItem } from '../../src/work-item/work-item.ts';
import { hoursAgo, named, routeContext, workItem } from './work-item.ts';

const LINE = hoursAgo(24);
const CONTEXT = routeContext();
const HISTORY: Partial<WorkItem> = { type: 'history', reason: 'installation', range: {} };

describe('work that spans the 24-hour line', () => {
  test('becomes the last 24 hours and the rest', () => {
    const item = workItem(HISTORY);
    expect(splitWorkItem(item, CONTEXT)).toEqual([
      { ...item, range: { since: LINE } },
      { ...item, range: { until: LINE } },
    ]);
  });

  test('keeps its own ends', () => {
    const item = workItem({
      ...HISTORY,
      reason: 'manual',
      range: { since: hoursAgo(100), until: hoursAgo(1) },
    });
    expect(splitWorkItem(item, CONTEXT).map(({ range }) => range)).toEqual([
      { since: LINE, until: hoursAgo(1) },
      { since: hoursAgo(100), until: LINE },
    ]);
  });

  test('in a new repository has a critical recent half and an ordinary rest', () => {
    const halves = splitWorkItem(workItem(HISTORY), { ...CONTEXT, isNew: true });
    expect(halves.map(({ isCritical }) => isCritical)).toEqual([true, false]);
    expect(halves.map((half) => decideRoute(half, CONTEXT).rule)).toEqual([
      'critical_priority',
      'historical',
    ]);
  });

  test('that was asked for as critical is critical in both halves', () => {
    const halves = splitWorkItem(workItem({ ...HISTORY, isCritical: true }), CONTEXT);
    expect(halves.map(({ isCritical }) => isCritical)).toEqual([true, true]);
  });

  test('has halves that run on different sides', () => {
    const halves = splitWorkItem(workItem(HISTORY), CONTEXT);
    expect(halves.map((half) => decideRoute(half, CONTEXT).processor)).toEqual(['inngest', 'github_actions']);
  });

  test.each([
    ['manual', 2],
    ['continuation', 2],
    ['scheduled', 1],
  ] as const)('for the reason %s becomes %i', (reason, count) => {
    expect(splitWorkItem(workItem({ ...HISTORY, reason }), CONTEXT)).toHaveLength(count);
  });
});

describe('work that is not split', () => {
  test.each<[string, Partial<WorkItem>]>([
    ['named items', { items: named(60), range: {} }],
    ['named items of a history', { ...HISTORY, items: [1] }],
    ['a range that begins at the line', { ...HISTORY, range: { since: LINE } }],
    ['a range that ends at the line', { ...HISTORY, range: { until: LINE } }],
    ['an old range', { ...HISTORY, range: { since: hoursAgo(90), until: hoursAgo(30) } }],
    ['counts', { type: 'classify', range: {} }],
    ['a push', { type: 'branch_commits', range: { since: hoursAgo(30) } }],
    ['verification', { type: 'verify', range: {} }],
  ])('%s', (_, changes) => {
    const item = workItem(changes);
    expect(splitWorkItem(item, CONTEXT)).toEqual([item]);
  });

  test('a range that ends a millisecond after the line is split', () => {
    const until = new Date(LINE.getTime() + 1);
    expect(splitWorkItem(workItem({ ...HISTORY, range: { until } }), CONTEXT)).toHaveLength(2);
  });
});

test('splitting twice changes nothing more', () => {
  fc.assert(
    fc.property(
      fc.record(
        {
          since: fc.double({ min: 0, max: 60, noNaN: true }).map(hoursAgo),
          until: fc.double({ min: 0, max: 60, noNaN: true }).map(hoursAgo),
        },
        { requiredKeys: [] },
      ),
      (range) => {
        const halves = splitWorkItem(workItem({ ...HISTORY, range }), CONTEXT);
        expect(halves.flatMap((half) => splitWorkItem(half, CONTEXT))).toEqual(halves);
      },
    ),
  );
});
