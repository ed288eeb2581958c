import { beforeAll, describe, expect, it } from 'vitest';
import { judgeOverview, type OperatorView } from '../../src/monitor/judge-overview.ts';
import type { Overview } from '../../src/monitor/read-overview.ts';
import { type RolloutPicture, readPicture } from '../../src/rollout/read-picture.ts';
import { ensureRollout } from '../../src/rollout/rollout-store.ts';
import { testConfig } from '../app/start-test-app.ts';
import { createInPglite } from '../support/databases.ts';

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
});

describe('what only an operator sees', () => {
  let picture: RolloutPicture;
  beforeAll(async () => {
    const { db, close } = await createInPglite();
    await ensureRollout(db, testConfig().rollout);
    picture = await readPicture(db, { environmentStop: false, maxActionsMinutes: null, now: new Date() });
    await close();
  });
  const busy = overview({ hours: [hour(5, 0)] });
  const judge = (operator: OperatorView) => {
    const { level, findings } = judgeOverview(busy, operator);
    return [level, findings.map(({ code, severity }) => `${severity} ${code}`)];
  };
  const none = { alarms: [], failedDeliveries: 0 };

  it('a rollout of which too little is known is healthy so far, not healthy', () => {
    expect(judge({ picture, incidents: none })).toEqual(['unproven', ['note unproven']]);
  });

  it('a guard that has never looked in an old epoch is silent', () => {
    const epochStartedAt = new Date(picture.evidence.at.getTime() - 16 * 60_000);
    const rollout = { ...picture.rollout, epochStartedAt };
    expect(judge({ picture: { ...picture, rollout }, incidents: none })).toEqual([
      'failing',
      ['critical guard_silent', 'note unproven'],
    ]);
  });

  it('an alarm is critical, a notice and a delivery that fails are warnings', () => {
    const alarms = [
      { level: 'notice', code: 'budget_nearly_exhausted', message: 'Soon.' },
      { level: 'alarm', code: 'no_webhooks', message: 'Nothing comes.' },
    ] as const;
    const incidents = { alarms: [...alarms], failedDeliveries: 2 };
    const { findings } = judgeOverview(busy, { picture, incidents });
    expect(findings.map(({ severity, text, section }) => [severity, text, section]).slice(0, 3)).toEqual([
      ['critical', 'Nothing comes.', 'deliveries'],
      ['warning', 'Soon.', 'cost'],
      ['warning', 'GitHub could not deliver 2 events so far.', 'deliveries'],
    ]);
  });
});
