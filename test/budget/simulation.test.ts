import { describe, expect, test } from 'vitest';
import { grantShare } from '../../src/budget/grant-share.ts';
import { releaseShare } from '../../src/budget/release-share.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { findPeaks, limitsOf, sumOf } from './greedy-holders.ts';
import { createMemoryLedger } from './memory-ledger.ts';
import { type Simulated, simulateInstallation } from './simulate-installation.ts';

/** Bulk work adapts to live work only as far as grants run out. */
const WARM_UP_MS = 180_000;

function expectInside({ installation }: Simulated): void {
  const peaks = findPeaks(installation);
  const limits = limitsOf();
  for (const lane of ['graphqlMs', 'restMs'] as const) {
    expect(peaks.all[lane]).toBeLessThanOrEqual(limits.all[lane]);
    expect(peaks.bulk[lane]).toBeLessThanOrEqual(limits.bulk[lane]);
  }
}

describe('eight bulk runs and live jobs of one installation that come and go', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('stay inside together, and all get on (%i)', async (seed) => {
    const minutes = 30;
    const simulated = await simulateInstallation(createMemoryLedger(), { seed, minutes });
    expectInside(simulated);

    const { installation, waits } = simulated;
    const used = installation.uses.reduce((sum, use) => sum + (use.kind === 'bulk' ? use.graphqlMs : 0), 0);
    // Of 48,600; live work takes 3,200, and what killed and silent runs had lies idle for a while.
    expect(used / minutes).toBeGreaterThan(36_000);
    const longRuns = installation.holders.filter(
      (one) => one.kind === 'bulk' && one.startedAt < installation.now - 180_000,
    );
    expect(longRuns.length).toBeGreaterThan(20);
    for (const run of longRuns) expect(sumOf(run).graphqlMs).toBeGreaterThan(1_000);

    expect(waits.length).toBeGreaterThan(90);
    expect(waits.filter(({ ms }) => ms === 0).length / waits.length).toBeGreaterThan(0.95);
    const later = waits.filter(({ since }) => since > WARM_UP_MS).map(({ ms }) => ms);
    expect(Math.max(...later)).toBeLessThanOrEqual(15_000);
  });
});

describeEachDatabase('the same through a database', (database) => {
  test('stays inside too, use by use', async () => {
    const { db } = database();
    const options = { seed: 1, minutes: 4 };
    const simulated = await simulateInstallation(
      {
        grant: (request) => grantShare(db, { installationId: 7, ...request }),
        release: (released) => releaseShare(db, { installationId: 7, ...released }),
      },
      options,
    );
    expectInside(simulated);
    const inMemory = await simulateInstallation(createMemoryLedger(), options);
    expect(simulated.installation.uses).toEqual(inMemory.installation.uses);
    expect(simulated.waits.length).toBeGreaterThan(10);
  });
});
