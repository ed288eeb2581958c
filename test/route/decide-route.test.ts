import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideRoute, isExposed, ROUTE_RULES, type RouteContext } from '../../src/route/decide-route.ts';
import { CAPTURE_INCLUDES, type WorkItem } from '../../src/work-item/work-item.ts';
import { hoursAgo, named, routeContext, workItem } from './work-item.ts';

const STOPPED = { isStopped: true };
const NOT_ENROLLED = { isEnrolled: false };
const NO_BULK = { bulk: { available: false, reason: 'no_capture_workflow' } } as const;
const LARGE = { repository: { pullRequestsCount: 1001, isNew: false } };
const NEW = { repository: { pullRequestsCount: 5, isNew: true } };

const HISTORY: Partial<WorkItem> = { type: 'history', range: {}, reason: 'installation' };
const OLD = { since: hoursAgo(24 + 1 / 3_600_000) };
const LINE = { since: hoursAgo(24) };

type Case = [
  state: string,
  item: Partial<WorkItem>,
  context: Partial<RouteContext>,
  rule: string,
  processor: string,
];

const CASES: Case[] = [
  // 0
  ['stopped: history', HISTORY, STOPPED, 'emergency_stop', 'inngest'],
  ['stopped and outside the rollout', HISTORY, { ...STOPPED, ...NOT_ENROLLED }, 'emergency_stop', 'inngest'],
  // 1
  ['outside the rollout: history', HISTORY, NOT_ENROLLED, 'not_enrolled', 'inngest'],
  [
    'outside the rollout and no workflow',
    HISTORY,
    { ...NOT_ENROLLED, ...NO_BULK },
    'not_enrolled',
    'inngest',
  ],
  // 2
  ['no workflow: history', HISTORY, NO_BULK, 'bulk_unavailable', 'inngest'],
  ['no workflow and critical', { ...HISTORY, isCritical: true }, NO_BULK, 'bulk_unavailable', 'inngest'],
  // 3
  ['critical history', { ...HISTORY, isCritical: true }, {}, 'critical_priority', 'inngest'],
  ['critical and small', { items: [1], isCritical: true }, {}, 'critical_priority', 'inngest'],
  ['critical and large', { items: named(51), isCritical: true }, {}, 'critical_priority', 'inngest'],
  ['recent half of a new repository', { ...HISTORY, range: LINE }, NEW, 'critical_priority', 'inngest'],
  [
    'older half of a new repository',
    { ...HISTORY, range: { until: hoursAgo(24) } },
    NEW,
    'historical',
    'github_actions',
  ],
  ['recent half of a known repository', { ...HISTORY, range: LINE }, {}, 'recent', 'inngest'],
  [
    'scheduled recent walk of a new repository',
    { ...HISTORY, range: LINE, reason: 'scheduled' },
    NEW,
    'scheduled',
    'github_actions',
  ],
  ['one pull request in a new repository', { items: [1] }, NEW, 'small_batch', 'inngest'],
  // 4
  ['1 named item', { items: [1] }, {}, 'small_batch', 'inngest'],
  ['10 named items', { items: named(10) }, {}, 'small_batch', 'inngest'],
  ['10 named items, old', { items: named(10), range: OLD }, {}, 'small_batch', 'inngest'],
  ['10 named items, scheduled', { items: named(10), reason: 'scheduled' }, {}, 'small_batch', 'inngest'],
  ['10 named items by a person', { items: named(10), reason: 'manual' }, {}, 'small_batch', 'inngest'],
  ['10 named items to verify', { items: named(10), type: 'verify' }, {}, 'small_batch', 'inngest'],
  // 5
  ['50 named items', { items: named(50) }, {}, 'recent', 'inngest'],
  ['51 named items', { items: named(51) }, {}, 'large_batch', 'github_actions'],
  ['51 named items by a person', { items: named(51), reason: 'manual' }, {}, 'large_batch', 'github_actions'],
  // 6
  [
    '11 named items by a person',
    { items: named(11), reason: 'manual', range: {} },
    {},
    'manual_trigger',
    'inngest',
  ],
  [
    '50 named items by a person, old',
    { items: named(50), reason: 'manual', range: OLD },
    {},
    'manual_trigger',
    'inngest',
  ],
  [
    'a range of 24 hours by a person',
    { ...HISTORY, reason: 'manual', range: LINE },
    {},
    'manual_trigger',
    'inngest',
  ],
  [
    'a range of a millisecond more by a person',
    { ...HISTORY, reason: 'manual', range: OLD },
    {},
    'historical',
    'github_actions',
  ],
  [
    'recent verification by a person',
    { type: 'verify', reason: 'manual', range: LINE },
    {},
    'manual_trigger',
    'inngest',
  ],
  [
    'a recent range by a person in a large repository',
    { ...HISTORY, reason: 'manual', range: LINE },
    LARGE,
    'manual_trigger',
    'inngest',
  ],
  // 7
  ['11 named items, recent', { items: named(11), range: LINE }, {}, 'recent', 'inngest'],
  ['a push', { type: 'branch_commits' }, {}, 'recent', 'inngest'],
  ['a push to a large repository', { type: 'branch_commits' }, LARGE, 'recent', 'inngest'],
  ['a recent verification', { type: 'verify', range: LINE }, {}, 'recent', 'inngest'],
  ['counts', { type: 'classify', range: {}, reason: 'installation' }, {}, 'recent', 'inngest'],
  ['labels', { type: 'labels', range: {} }, LARGE, 'recent', 'inngest'],
  ['a recent continuation', { ...HISTORY, range: LINE, reason: 'continuation' }, {}, 'recent', 'inngest'],
  // 8
  ['history', HISTORY, {}, 'historical', 'github_actions'],
  ['history of a large repository', HISTORY, LARGE, 'historical', 'github_actions'],
  ['history on a schedule', { ...HISTORY, reason: 'scheduled' }, {}, 'historical', 'github_actions'],
  [
    'history up to yesterday',
    { ...HISTORY, range: { until: hoursAgo(25) } },
    {},
    'historical',
    'github_actions',
  ],
  ['11 named items, old', { items: named(11), range: OLD }, {}, 'historical', 'github_actions'],
  ['verification', { type: 'verify', range: {} }, {}, 'historical', 'github_actions'],
  [
    'recent verification on a schedule',
    { type: 'verify', range: LINE, reason: 'scheduled' },
    LARGE,
    'historical',
    'github_actions',
  ],
  // 9
  [
    'a scheduled walk of 1,001',
    { ...HISTORY, range: LINE, reason: 'scheduled' },
    LARGE,
    'large_repository',
    'github_actions',
  ],
  [
    'a scheduled walk of 1,000',
    { ...HISTORY, range: LINE, reason: 'scheduled' },
    {},
    'scheduled',
    'github_actions',
  ],
  [
    'a scheduled walk of a repository that nobody counted',
    { ...HISTORY, range: LINE, reason: 'scheduled' },
    { repository: { pullRequestsCount: null, isNew: false } },
    'scheduled',
    'github_actions',
  ],
  // 10
  [
    '20 named items on a schedule in a large repository',
    { items: named(20), range: LINE, reason: 'scheduled' },
    LARGE,
    'scheduled',
    'github_actions',
  ],
  [
    '20 named items that go on',
    { items: named(20), range: {}, reason: 'continuation' },
    {},
    'scheduled',
    'github_actions',
  ],
  [
    'counts on a schedule',
    { type: 'classify', range: {}, reason: 'scheduled' },
    {},
    'scheduled',
    'github_actions',
  ],
  // 11
  ['11 named items of a webhook, of unknown age', { items: named(11), range: {} }, {}, 'default', 'inngest'],
  [
    '50 named items of a webhook, of unknown age',
    { items: named(50), range: {} },
    LARGE,
    'default',
    'inngest',
  ],
];

describe('decideRoute', () => {
  test.each(CASES)('%s', (_, item, context, rule, processor) => {
    const decision = decideRoute(workItem(item), routeContext(context));
    expect(decision).toEqual({ rule, processor, explanation: expect.stringMatching(/^\S.{8,}/) });
  });

  test('keeps the order and the names of the table', () => {
    expect(ROUTE_RULES.map(({ code, processor }) => `${code} ${processor}`)).toEqual([
      'emergency_stop inngest',
      'not_enrolled inngest',
      'bulk_unavailable inngest',
      'critical_priority inngest',
      'small_batch inngest',
      'large_batch github_actions',
      'manual_trigger inngest',
      'recent inngest',
      'historical github_actions',
      'large_repository github_actions',
      'scheduled github_actions',
      'default inngest',
    ]);
  });

  test('every rule is reached by a case', () => {
    expect(new Set(CASES.map(([, , , rule]) => rule))).toEqual(new Set(ROUTE_RULES.map(({ code }) => code)));
  });

  test('follows the limits of the operator', () => {
    const context = routeContext({
      limits: { recentHours: 2, smallBatch: 3, largeBatch: 5, largeRepository: 0 },
      repository: { pullRequestsCount: 1, isNew: false },
    });
    const rule = (item: Partial<WorkItem>) => decideRoute(workItem(item), context).rule;
    expect(rule({ items: named(3) })).toBe('small_batch');
    expect(rule({ items: named(4) })).toBe('recent');
    expect(rule({ items: named(5), reason: 'manual', range: {} })).toBe('manual_trigger');
    expect(rule({ items: named(6) })).toBe('large_batch');
    expect(rule({ range: { since: hoursAgo(2) } })).toBe('recent');
    expect(rule({ range: { since: hoursAgo(2.001) } })).toBe('historical');
    expect(rule({ range: { since: hoursAgo(1) }, reason: 'scheduled' })).toBe('large_repository');
  });

  test('says in the explanation what is missing for bulk work', () => {
    const { explanation } = decideRoute(workItem(HISTORY), routeContext(NO_BULK));
    expect(explanation).toContain('CAPTURE_WORKFLOW is not set');
  });
});

const anyItem: fc.Arbitrary<WorkItem> = fc
  .record({
    type: fc.constantFrom<WorkItem['type']>(
      'pull_requests',
      'issues',
      'history',
      'branch_commits',
      'labels',
      'classify',
      'verify',
    ),
    items: fc.integer({ min: 0, max: 60 }).map(named),
    range: fc.record(
      {
        since: fc.double({ min: 0, max: 48, noNaN: true }).map(hoursAgo),
        until: fc.double({ min: 0, max: 48, noNaN: true }).map(hoursAgo),
      },
      { requiredKeys: [] },
    ),
    include: fc.subarray([...CAPTURE_INCLUDES]),
    reason: fc.constantFrom<WorkItem['reason']>(
      'webhook',
      'manual',
      'scheduled',
      'installation',
      'continuation',
    ),
    isCritical: fc.boolean(),
  })
  .map((changes) => workItem(changes));

const anyContext: fc.Arbitrary<RouteContext> = fc
  .record({
    isStopped: fc.boolean(),
    isEnrolled: fc.boolean(),
    bulk: fc.constantFrom<RouteContext['bulk']>({ available: true }, NO_BULK.bulk),
    repository: fc.record({
      pullRequestsCount: fc.option(fc.integer({ min: 0, max: 2000 })),
      isNew: fc.boolean(),
    }),
  })
  .map((changes) => routeContext(changes));

describe('for any work in any context', () => {
  test('the decision is that of the first rule that holds', () => {
    fc.assert(
      fc.property(anyItem, anyContext, (item, context) => {
        const first = ROUTE_RULES.find((rule) => rule.when(item, context));
        const decision = decideRoute(item, context);
        expect(decision.rule).toBe(first?.code);
        expect(decision.processor).toBe(first?.processor);
      }),
    );
  });

  test('stopped, outside the rollout, without bulk work or critical, it goes to Inngest', () => {
    fc.assert(
      fc.property(anyItem, anyContext, (item, context) => {
        fc.pre(context.isStopped || !context.isEnrolled || !context.bulk.available || item.isCritical);
        expect(decideRoute(item, context).processor).toBe('inngest');
      }),
    );
  });

  test('it is exposed exactly when enrolling its repository would send it to GitHub Actions', () => {
    fc.assert(
      fc.property(anyItem, anyContext, (item, context) => {
        const enrolled = decideRoute(item, { ...context, isEnrolled: true }).processor;
        expect(isExposed(item, context)).toBe(enrolled === 'github_actions');
        if (context.isStopped || !context.bulk.available) expect(isExposed(item, context)).toBe(false);
      }),
    );
  });

  test('neither the item nor the context is changed, and the same question has the same answer', () => {
    fc.assert(
      fc.property(anyItem, anyContext, (item, context) => {
        const before = JSON.stringify([item, context]);
        expect(decideRoute(item, context)).toEqual(decideRoute(item, context));
        expect(JSON.stringify([item, context])).toBe(before);
      }),
    );
  });
});

test('history is exposed although the repository is outside the rollout', () => {
  expect(isExposed(workItem(HISTORY), routeContext(NOT_ENROLLED))).toBe(true);
  expect(isExposed(workItem({ items: [1] }), routeContext(NOT_ENROLLED))).toBe(false);
});
