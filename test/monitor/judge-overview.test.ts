import { describe, expect, it } from 'vitest';
import { judgeOverview } from '../../src/monitor/judge-overview.ts';
import type { Overview } from '../../src/monitor/read-overview.ts';

const NOW = new Date('2026-11-20T12:00:00Z');
const minutesAgo = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);

function overview(changes: Partial<Overview> = {}): Overview {
  return {
    at: NOW,
    repositories: { served: 1, captured: 1 },
    counts: { queued: 0, dispatched: 0, running: 0, deferred: 0, oldestDueAt: null },
    underWay: [],
    wrong: [],
    wrongCount: 0,
    silent: 0,
    hours: [],
    routing: [],
    budgets: [],
    deliveries: [],
    ...changes,
  };
}

function hour(successes: number, errors: number): Overview['hours'][number] {
  const none = { successes: 0, errors: 0, others: 0 };
  return {
    start: NOW,
    ended: { inngest: { successes, errors, others: 0 }, github_actions: none },
    routed: { inngest: 0, github_actions: 0 },
    latency: null,
  };
}

const counts = overview().counts;
const budget = {
  installationId: 7,
  account: 'acme',
  pointsLeft: 5_000,
  pointsToldAt: NOW,
  pointsResetAt: minutesAgo(-30),
  restLeft: 249,
  restToldAt: NOW,
  restResetAt: minutesAgo(-30),
};

describe('is it healthy, and if not, where', () => {
  it.each([
    ['nothing has happened', {}, 'quiet', []],
    ['jobs end well', { hours: [hour(5, 0)] }, 'healthy', []],
    ['a job runs', { counts: { ...counts, running: 1 } }, 'healthy', []],
    ['1 of 20 went wrong', { hours: [hour(19, 1)], wrongCount: 1 }, 'attention', ['jobs_wrong']],
    ['5 of 20 went wrong', { hours: [hour(15, 5)], wrongCount: 5 }, 'failing', ['jobs_wrong']],
    [
      '1 of 2 went wrong: too few to say more',
      { hours: [hour(1, 1)], wrongCount: 1 },
      'attention',
      ['jobs_wrong'],
    ],
    [
      'due for 6 minutes',
      { counts: { ...counts, queued: 1, oldestDueAt: minutesAgo(6) } },
      'failing',
      ['overdue'],
    ],
    ['due for 4 minutes', { counts: { ...counts, queued: 1, oldestDueAt: minutesAgo(4) } }, 'healthy', []],
    ['a silent run', { counts: { ...counts, running: 1 }, silent: 1 }, 'attention', ['silent']],
    ['deferred work', { counts: { ...counts, queued: 2, deferred: 2 } }, 'healthy', ['bulk_deferred']],
    [
      'a budget that is nearly used up',
      { hours: [hour(1, 0)], budgets: [budget] },
      'attention',
      ['budget_low'],
    ],
    [
      'a budget that was reset since',
      { hours: [hour(1, 0)], budgets: [{ ...budget, restResetAt: minutesAgo(1) }] },
      'healthy',
      [],
    ],
  ] as [string, Partial<Overview>, string, string[]][])('%s', (_name, changes, level, codes) => {
    const health = judgeOverview(overview(changes), null);
    expect([health.level, health.findings.map(({ code }) => code)]).toEqual([level, codes]);
  });

  it.each([
    [79, 'quiet', []],
    [80, 'quiet', ['budget_nearly_exhausted']],
    [100, 'attention', ['budget_exhausted']],
  ])("%d %% of a month's budget are used", (used, level, codes) => {
    const unknown = { projected: null, noticeOn: null, exhaustedOn: null, held: 0 };
    const health = judgeOverview(overview(), null, [{ processor: 'inngest', used, limit: 100, ...unknown }]);
    expect([health.level, health.findings.map(({ code }) => code)]).toEqual([level, codes]);
  });
});
