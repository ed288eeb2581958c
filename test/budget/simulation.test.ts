import { beforeEach, expect, test } from 'vitest';
import { grantShare } from '../../src/budget/grant-share.ts';
import { releaseShare } from '../../src/budget/release-share.ts';
import type { Database } from '../../src/store/database.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { createInstallation, findPeaks, type Holder, limitsOf, sumOf } from './greedy-holders.ts';

const MINUTES = 15;
const BULK_RUNS = 8;

/** Mulberry32: the same numbers in each run of the tests. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describeEachDatabase('eight bulk runs and live jobs of one installation', (database) => {
  let db: Database;
  beforeEach(async () => {
    db = database().db;
    await db.deleteFrom('installation_budgets').execute();
  });

  test.each([1, 2])(
    'coming and going at random (%i) stay inside together, and nobody starves',
    async (seed) => {
      const random = createRandom(seed);
      const installation = createInstallation({
        grant: (request) => grantShare(db, { installationId: 7, ...request }),
        release: (released) => releaseShare(db, { installationId: 7, ...released }),
      });
      /** When each bulk run asks next, and when it ends. */
      const bulk = new Map<Holder, { asksAt: number; endsAt: number }>();
      const live = new Map<Holder, { asksAt: number }>();
      const waits: number[] = [];

      const endAt = installation.now + MINUTES * 60_000;
      while (installation.now < endAt) {
        const { now } = installation;
        if (bulk.size < BULK_RUNS && random() < 0.05) {
          const endsAt = now + (2 + random() * 8) * 60_000;
          bulk.set(await installation.start('bulk', { isLate: random() < 0.2 }), {
            asksAt: now + 15_000,
            endsAt,
          });
        }
        // A webhook in five seconds, each worth about two pull requests.
        if (random() < 0.2)
          live.set(await installation.start('live', { needMs: 800 }), { asksAt: now + 1_000 });

        for (const [run, { asksAt, endsAt }] of bulk) {
          if (now >= endsAt) {
            bulk.delete(run);
            if (random() < 0.2) installation.kill(run);
            else await installation.release(run, random() < 0.8);
          } else if (now >= asksAt) {
            await installation.renew(run, {
              lateMs: random() < 0.1 ? random() * 15_000 : 0,
              isLost: random() < 0.05,
              tells: random() < 0.9,
            });
            bulk.set(run, { asksAt: now + 5_000 + random() * 15_000, endsAt });
          }
        }
        for (const [job, { asksAt }] of live) {
          if (sumOf(job).graphqlMs >= 800 && sumOf(job).restMs >= 800) {
            live.delete(job);
            waits.push(now - job.startedAt);
            await installation.release(job);
          } else if (now >= asksAt) {
            await installation.renew(job);
            live.set(job, { asksAt: now + 1_000 });
          }
        }
        installation.pass(1_000);
      }

      const peaks = findPeaks(installation);
      const limits = limitsOf();
      for (const lane of ['graphqlMs', 'restMs'] as const) {
        expect(peaks.all[lane]).toBeLessThanOrEqual(limits.all[lane]);
        expect(peaks.bulk[lane]).toBeLessThanOrEqual(limits.bulk[lane]);
      }
      const runs = installation.holders.filter((one) => one.kind === 'bulk');
      console.log(
        seed,
        runs.length,
        waits.length,
        peaks,
        waits
          .toSorted((a, b) => a - b)
          .filter((_, i) => i % 10 === 0)
          .join(),
        runs.map((r) => [sumOf(r).graphqlMs, r.uses.length]).join(' '),
        runs.reduce((t, r) => t + sumOf(r).graphqlMs, 0) / MINUTES,
        live.size,
      );
    },
  );
});
