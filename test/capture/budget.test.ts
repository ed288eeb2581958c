import { describe, expect, test } from 'vitest';
import { judgeBudget } from '../../src/capture/budget.ts';
import { BudgetShare } from '../../src/jobs-api/protocol.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const later = (seconds: number) => new Date(NOW.getTime() + seconds * 1_000);
const SHARE = BudgetShare.parse({ points: 10, reserve: 100, restRequests: 20, restReserve: 200 });
const UNUSED = { points: 0, restRequests: 0 };
const FRESH = {
  points: 0,
  restRequests: 0,
  pointsLeft: 5_000,
  resetAt: later(600),
  restLeft: 5_000,
  restResetAt: later(900),
};

describe('budget', () => {
  test.each([
    ['nothing used', 'graphql', {}, {}, 'go'],
    ['GitHub has not told what is left', 'graphql', { pointsLeft: null, resetAt: null }, {}, 'go'],
    ['all but one point used', 'graphql', { points: 9 }, {}, 'go'],
    ['all points used', 'graphql', { points: 10 }, {}, 'renew'],
    ['all points used, asked for REST', 'rest', { points: 10 }, {}, 'go'],
    ['all requests used', 'rest', { restRequests: 20 }, {}, 'renew'],
    ['no time for GraphQL', 'graphql', {}, { graphqlMsPerMinute: 0 }, 'renew'],
    ['no time for GraphQL, asked for REST', 'rest', {}, { graphqlMsPerMinute: 0 }, 'go'],
    ['one above the reserve', 'graphql', { pointsLeft: 101 }, {}, 'go'],
  ] as const)('%s: %s', (_, api, usage, share, kind) => {
    expect(judgeBudget(api, { ...SHARE, ...share }, UNUSED, { ...FRESH, ...usage }, NOW)).toEqual({ kind });
  });

  test('the reserve is left alone until the next window begins', () => {
    const usage = { ...FRESH, pointsLeft: 100, restLeft: 200 };
    expect(judgeBudget('graphql', SHARE, UNUSED, usage, NOW)).toEqual({ kind: 'wait', until: later(601) });
    expect(judgeBudget('rest', SHARE, UNUSED, usage, NOW)).toEqual({ kind: 'wait', until: later(901) });
    expect(judgeBudget('graphql', SHARE, UNUSED, usage, later(601))).toEqual({ kind: 'go' });
  });

  test('an hour that others have used up is waited for, before any request and instead of asking again', () => {
    const used = { ...SHARE, points: 0, pointsResetAt: later(60).toISOString() };
    const unseen = { ...FRESH, pointsLeft: null, resetAt: null };
    expect(judgeBudget('graphql', used, UNUSED, unseen, NOW)).toEqual({ kind: 'wait', until: later(61) });
    expect(judgeBudget('rest', used, UNUSED, unseen, NOW)).toEqual({ kind: 'go' });
    expect(judgeBudget('graphql', used, UNUSED, unseen, later(61))).toEqual({ kind: 'renew' });
    const noRequests = { ...SHARE, restRequests: 0, restResetAt: later(60).toISOString() };
    expect(judgeBudget('rest', noRequests, UNUSED, unseen, NOW)).toEqual({ kind: 'wait', until: later(61) });
    // An hour that this run saw the end of is over; the others' is the next one.
    const seen = { ...FRESH, pointsLeft: 0, resetAt: later(-10) };
    expect(judgeBudget('graphql', used, UNUSED, seen, NOW)).toEqual({ kind: 'wait', until: later(61) });
  });

  test('counts from the renewal on', () => {
    const usage = { ...FRESH, points: 25 };
    expect(judgeBudget('graphql', SHARE, { points: 16, restRequests: 0 }, usage, NOW)).toEqual({
      kind: 'go',
    });
    expect(judgeBudget('graphql', SHARE, { points: 15, restRequests: 0 }, usage, NOW)).toEqual({
      kind: 'renew',
    });
  });
});
