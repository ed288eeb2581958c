import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GRANT_LASTS_MS } from '../../src/budget/grant.ts';
import { LEAST_MS_PER_MINUTE, WINDOW_MS } from '../../src/budget/limits.ts';
import { createInstallation, findPeaks, type Installation, limitsOf, sumOf } from './greedy-holders.ts';
import { createMemoryLedger } from './memory-ledger.ts';

const kind = fc.constantFrom('bulk' as const, 'live' as const);
const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('start' as const), kind, isLate: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('renew' as const),
      who: fc.nat(20),
      lateMs: fc.constantFrom(0, 0, 3_000, 15_000),
      isLost: fc.boolean(),
      tells: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('release' as const), who: fc.nat(20), tells: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const), who: fc.nat(20) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.constantFrom(1_000, 5_000, 14_000, 29_000, 45_000, 61_000, 107_000),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function carryOut(installation: Installation, step: Step): Promise<void> {
  if (step.do === 'pass') return installation.pass(step.ms);
  if (step.do === 'start') return void (await installation.start(step.kind, step));
  const present = installation.holders.filter(({ isGone }) => !isGone);
  const holder = present[step.who % Math.max(1, present.length)];
  if (holder === undefined) return;
  if (step.do === 'renew') await installation.renew(holder, step);
  else if (step.do === 'release') await installation.release(holder, step.tells);
  else installation.kill(holder);
}

async function renewAll(installation: Installation): Promise<void> {
  for (const holder of installation.holders) if (!holder.isGone) await installation.renew(holder);
}

/** Holders ask again all 25 s, in turn. */
async function settle(installation: Installation, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 25_000) {
    installation.pass(25_000);
    await renewAll(installation);
  }
}

/** Shares of long live jobs grow step by step, and those of bulk runs shrink with them: each step takes a grant's life. */
const LONG_ENOUGH_MS = 6 * (GRANT_LASTS_MS + WINDOW_MS);

describe('whatever the order of claims, renewals, ends, deaths, late and lost answers', () => {
  test('no 60 s see more than the totals, and bulk work never takes the reserve', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 60 }),
        fc.constantFrom(0, 10, 35, 90),
        async (steps, reservePercent) => {
          const installation = createInstallation(createMemoryLedger(), { reservePercent });
          for (const one of steps) await carryOut(installation, one);
          installation.pass(60_000);
          const peaks = findPeaks(installation);
          const limits = limitsOf(reservePercent);
          for (const lane of ['graphqlMs', 'restMs'] as const) {
            expect(peaks.all[lane]).toBeLessThanOrEqual(limits.all[lane]);
            expect(peaks.bulk[lane]).toBeLessThanOrEqual(limits.bulk[lane]);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  test.each([
    ['at once', false, 0],
    ['at once, though its answer came late', false, 15_000],
    ['at the last moment', true, 0],
    ['at the last moment, and its answer came late', true, 15_000],
  ])(
    'a lost holder that uses its share %s has used it out of sight of the next one',
    async (_, isLate, lateMs) => {
      const installation = createInstallation(createMemoryLedger());
      const lost = await installation.start('bulk', { isLate, lateMs });
      let free = null;
      const next = await installation.start('bulk');
      while (installation.now < lost.startedAt + 150_000) {
        installation.pass(1_000);
        await installation.renew(next);
        if (next.share?.allowed.graphqlMs === 48_600) free ??= installation.now - lost.startedAt;
      }
      expect(sumOf(lost)).toEqual({ graphqlMs: 48_600, restMs: 24_300 });
      expect(findPeaks(installation).all).toEqual({ graphqlMs: 48_600, restMs: 24_300 });
      // 30 s it holds, 15 s it may be on its way, and 61 s it counts.
      expect(free).toBe(106_000);
    },
  );

  test('afterwards every bulk run that goes on asking has its part, and a live job finds room', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.integer({ min: 1, max: 12 }),
        async (steps, newcomers) => {
          const installation = createInstallation(createMemoryLedger());
          for (const one of steps) await carryOut(installation, one);
          for (let count = 0; count < newcomers; count += 1) await installation.start('bulk');
          await settle(installation, LONG_ENOUGH_MS);
          const present = installation.holders.filter(({ isGone }) => !isGone);
          const bulk = present.filter((one) => one.kind === 'bulk');
          const parts = bulk.length + Math.max(bulk.length, present.length - bulk.length);
          const part = limitsOf().bulk.graphqlMs / parts;
          for (const holder of bulk) {
            expect(holder.share?.allowed.graphqlMs).toBeGreaterThanOrEqual(Math.floor(part));
          }
          const live = await installation.start('live');
          expect(live.share?.allowed.graphqlMs).toBeGreaterThanOrEqual(LEAST_MS_PER_MINUTE.graphqlMs);
          expect(live.share?.allowed.restMs).toBeGreaterThanOrEqual(LEAST_MS_PER_MINUTE.restMs);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('shares become fair', () => {
  test.each([1, 2, 3, 8, 24])('%i bulk runs have equal parts of all but the reserve', async (runs) => {
    const installation = createInstallation(createMemoryLedger());
    for (let run = 0; run < runs; run += 1) await installation.start('bulk');
    // Each has heard once that there are others; what the first one had before is free once it counts no more.
    await renewAll(installation);
    await settle(installation, GRANT_LASTS_MS + WINDOW_MS);
    const { bulk } = limitsOf();
    expect(installation.holders.map(({ share }) => share?.allowed)).toEqual(
      Array.from({ length: runs }, () => ({
        graphqlMs: Math.floor(bulk.graphqlMs / runs),
        restMs: Math.floor(bulk.restMs / runs),
      })),
    );
  });

  test('a live job that goes on takes everything where it is alone, and an equal part beside a bulk run', async () => {
    const installation = createInstallation(createMemoryLedger());
    const live = await installation.start('live');
    expect(live.share?.allowed).toEqual({ graphqlMs: 5_400, restMs: 2_700 });
    await settle(installation, LONG_ENOUGH_MS);
    expect(live.share?.allowed.graphqlMs).toBeGreaterThan(53_000);
    const bulk = await installation.start('bulk');
    await settle(installation, LONG_ENOUGH_MS);
    expect(live.share?.allowed).toEqual({ graphqlMs: 24_300, restMs: 12_150 });
    expect(bulk.share?.allowed).toEqual({ graphqlMs: 24_300, restMs: 12_150 });
  });

  test('what a dead holder had is there for others once its grant is over and counts no more', async () => {
    const installation = createInstallation(createMemoryLedger());
    const first = await installation.start('bulk');
    installation.kill(first);
    const second = await installation.start('bulk');
    expect(second.share?.allowed.graphqlMs).toBe(0);
    installation.pass(GRANT_LASTS_MS + WINDOW_MS - 1_000);
    expect((await installation.renew(second)).graphqlMsPerMinute).toBe(0);
    installation.pass(1_000);
    expect((await installation.renew(second)).graphqlMsPerMinute).toBe(48_600);
  });
});
