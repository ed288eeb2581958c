import { beforeEach, describe, expect, it, test } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { describeCost, formatDollars } from '../../src/cost/describe-cost.ts';
import { monthOf } from '../../src/cost/month.ts';
import { priceExecutions, priceShare, priceUsage } from '../../src/cost/price-usage.ts';
import { type CostOptions, readCost } from '../../src/cost/read-cost.ts';
import type { Database } from '../../src/store/database.ts';
import { resetJobs } from '../jobs/job-fixture.ts';
import { withDatabase } from '../support/databases.ts';
import { insertRuns, NOW } from './run-fixture.ts';

function configOf(env: Record<string, string>) {
  const loaded = loadConfig(env);
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.config;
}

describe('money', () => {
  const { prices } = configOf({});

  test('without configuration: the published minute, and the executions of the free plan', () => {
    expect(priceUsage({ billedMinutes: 1_000, executions: 50_000 }, prices)).toEqual({
      actions: 6,
      inngest: 0,
      total: 6,
    });
    expect(priceUsage({ billedMinutes: 1_000, executions: 50_001 }, prices)).toEqual({
      actions: 6,
      inngest: null,
      total: null,
    });
  });

  test('what is included costs nothing', () => {
    const paid = { ...prices, includedActionsMinutes: 3_000, inngestThousandExecutions: 0.05 };
    expect(priceUsage({ billedMinutes: 3_000, executions: 0 }, paid).total).toBe(0);
    expect(priceUsage({ billedMinutes: 3_100, executions: 60_000 }, paid)).toEqual({
      actions: expect.closeTo(0.6),
      inngest: expect.closeTo(0.5),
      total: expect.closeTo(1.1),
    });
    expect(priceExecutions(60_000, { ...paid, includedInngestExecutions: 0 })).toBeCloseTo(3);
  });

  test('a repository has its share of what is paid', () => {
    const whole = {
      total: { billedMinutes: 100, executions: 60_000 },
      price: { actions: 0.6, inngest: 0.5, total: 1.1 },
    };
    expect(priceShare({ billedMinutes: 50, executions: 6_000 }, whole)).toBeCloseTo(0.35);
    const unknown = { ...whole, price: { actions: 0.6, inngest: null, total: null } };
    expect(priceShare({ billedMinutes: 50, executions: 0 }, unknown)).toBeCloseTo(0.3);
    expect(priceShare({ billedMinutes: 50, executions: 2 }, unknown)).toBeNull();
    expect(
      priceShare(
        { billedMinutes: 0, executions: 0 },
        { ...whole, total: { billedMinutes: 0, executions: 0 } },
      ),
    ).toBe(0);
  });

  test.each([
    [0, '$0.00'],
    [0.004, 'below $0.01'],
    [0.006, '$0.01'],
    [20_341.756, '$20,341.76'],
    [null, 'not known'],
  ])('%s is shown as %s', (amount, text) => {
    expect(formatDollars(amount)).toBe(text);
  });
});

describe('a month in words', () => {
  const database = withDatabase();
  let db: Database;
  beforeEach(async () => {
    db = database().db;
    await resetJobs(db);
  });
  const describeAt = async (env: Record<string, string> = {}, options: Partial<CostOptions> = {}) =>
    Object.fromEntries(describeCost(await readCost(db, configOf(env), { now: NOW, ...options })));
  const DAY = 86_400;
  /** Since 10 days, 61 minutes in private and 5 in public repositories, and 100 executions. */
  const spend = () =>
    insertRuns(db, [
      { at: -10 * DAY, seconds: 3_650, billing: 'billed', points: 10, requests: 20, rows: 3_000 },
      { at: -DAY, seconds: 290, billing: 'free_public' },
      ...Array.from({ length: 50 }, () => ({ worker: 'inngest' as const, at: -DAY, points: 1 })),
      { worker: 'in_process', at: -DAY },
    ]);

  it('tells where, how much, what else it could have been, and how it goes on', async () => {
    await spend();
    expect(await describeAt()).toEqual({
      'GitHub Actions': '2 runs: 65.7 min measured, 61 billed and 5 free, 10 points, 20 requests, 3,000 rows',
      Inngest:
        "51 runs, 1 of them in the app's own process: 100 executions (50,000 are included), 50 points, 0 requests, 0 rows",
      'In money': 'GitHub Actions $0.37, Inngest $0.00',
      'All on Inngest': '260 executions instead of 100, $0.00, $0.37 less than now',
      "At the month's end": 'about 125 billed min, 205 executions, $0.75, if it goes on as since 2026-11-10',
    });
  });

  it('tells of the runs in the app also where others have waited for GitHub', async () => {
    await insertRuns(db, [{ worker: 'inngest', pauses: 3 }, { worker: 'in_process' }]);
    expect((await describeAt()).Inngest).toMatch(
      /^2 runs, 1 of them in the app's own process: 5 executions /,
    );
  });

  it('tells what is saved, where Inngest costs more', async () => {
    await spend();
    const env = { INCLUDED_INNGEST_EXECUTIONS: '0', PRICE_INNGEST_THOUSAND_EXECUTIONS: '10' };
    expect((await describeAt(env))['All on Inngest']).toBe(
      '260 executions instead of 100, $2.60, so $1.23 are saved',
    );
    expect((await describeAt({ INCLUDED_INNGEST_EXECUTIONS: '0' }))['In money']).toBe(
      'GitHub Actions $0.37, Inngest not known: PRICE_INNGEST_THOUSAND_EXECUTIONS is not set',
    );
  });

  it('is honest where little or nothing is measured', async () => {
    expect(await describeAt({ MAX_ACTIONS_MINUTES_PER_MONTH: '100' })).toEqual({
      Runs: 'none in this month yet, so nothing is projected',
      'Budget of minutes': '0 of 100 used (0 %)',
    });
    await insertRuns(db, [{ at: -DAY }]);
    expect((await describeAt())["At the month's end"]).toBe(
      'not projected yet: less than 2 days are measured',
    );
    expect(await describeAt({}, { month: monthOf(new Date('2026-10-01T00:00:00Z')) })).toEqual({
      Runs: 'none in this month',
    });
  });

  it('of a part of the repositories has no budgets', async () => {
    await spend();
    const scope = { kind: 'some', repositoryIds: [1] } as const;
    const cost = await describeAt({ MAX_ACTIONS_MINUTES_PER_MONTH: '100' }, { scope });
    expect(Object.keys(cost)).not.toContain('Budget of minutes');
  });

  it.each([
    ['1000', "61 of 1,000 used (6 %): at this pace 12 % by the month's end"],
    ['100', '61 of 100 used (61 %): at this pace 80 % on 2026-11-23, 100 % on 2026-11-26'],
    ['70', '61 of 70 used (87 %): at this pace 100 % on 2026-11-21'],
    [
      '61',
      '61 of 61 used (100 %): bulk work waits until 2026-12-01, or until MAX_ACTIONS_MINUTES_PER_MONTH is raised; 2 jobs held',
    ],
  ])('a budget of %s minutes: %s', async (limit, text) => {
    await spend();
    await db
      .updateTable('progressive_capture_jobs')
      .set({ status: 'queued', status_reason: 'budget_exhausted', completed_at: null })
      .where('processor_type', '=', 'github_actions')
      .execute();
    expect((await describeAt({ MAX_ACTIONS_MINUTES_PER_MONTH: limit }))['Budget of minutes']).toBe(text);
  });
});
