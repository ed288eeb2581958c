import { describe, expect, test } from 'vitest';
import { createLane } from '../../src/github/lane.ts';

const LIMITS = { msPerMinute: 10_000, requestsPerMinute: 100 };

function laneOf(limits = LIMITS, atOnce = 2) {
  let time = 0;
  const waits: number[] = [];
  const sleep = async (ms: number) => {
    waits.push(ms);
    time += ms;
  };
  const lane = createLane(limits, { now: () => time, sleep, atOnce });
  /** A request that takes this long by the lane's clock. */
  const request = (durationMs: number) => async () => {
    time += durationMs;
    return { result: durationMs, durationMs };
  };
  return { lane, waits, request };
}

describe('lane', () => {
  test('waits when the minute is used up', async () => {
    const { lane, waits, request } = laneOf();
    for (let i = 0; i < 3; i += 1) await lane.run(request(4_000), { maxWaitMs: 100_000 });
    // The first leaves the minute at 64,500, when the third is expected to end; the second ended at 8,000.
    expect(waits).toEqual([64_500 - 3_250 - 8_000]);
  });

  test('tells a wait above the allowed one, and sends nothing', async () => {
    const { lane, waits, request } = laneOf();
    await lane.run(request(9_500), { maxWaitMs: 1_000 });
    await expect(lane.run(request(9_500), { maxWaitMs: 1_000 })).rejects.toMatchObject({
      code: 'rate_limited',
      // The first leaves the minute at 70,000; the second is expected to take half of it and what was expected before.
      retryAt: new Date(70_000 - 5_250),
    });
    expect(waits).toEqual([]);
  });

  test('tells one that looks at its share now and then how long the lane is busy, and keeps no place for it', async () => {
    const { lane, waits, request } = laneOf();
    await lane.run(request(9_500), { maxWaitMs: 1e6 });
    const waiting = lane.run(request(9_500), { maxWaitMs: 1e6, maxLaneWaitMs: 5_000 });
    await expect(waiting).rejects.toMatchObject({ name: 'LaneBusyError', waitMs: 70_000 - 5_250 - 9_500 });
    lane.limit({ ...LIMITS, msPerMinute: 20_000 });
    await expect(lane.run(request(9_500), { maxWaitMs: 1e6, maxLaneWaitMs: 5_000 })).resolves.toBe(9_500);
    expect(waits).toEqual([]);
  });

  test('without a share it refuses until it gets one', async () => {
    const { lane, request } = laneOf({ ...LIMITS, msPerMinute: 0 });
    await expect(lane.run(request(1), { maxWaitMs: 1e9 })).rejects.toMatchObject({ code: 'rate_limited' });
    lane.limit(LIMITS);
    await expect(lane.run(request(1), { maxWaitMs: 0 })).resolves.toBe(1);
  });

  test('keeps the order, so many at once, also when one fails', async () => {
    const { lane } = laneOf();
    const order: string[] = [];
    const gates = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
    const runs = gates.map((gate, i) =>
      lane
        .run(
          async () => {
            order.push(`begin ${i}`);
            await gate.promise;
            return { result: i, durationMs: 1 };
          },
          { maxWaitMs: 0 },
        )
        .catch(() => -1),
    );
    await Promise.resolve();
    gates[1]?.reject(new Error('broken'));
    gates[3]?.resolve();
    gates[2]?.resolve();
    gates[0]?.resolve();
    expect(await Promise.all(runs)).toEqual([0, -1, 2, 3]);
    expect(order).toEqual(['begin 0', 'begin 1', 'begin 2', 'begin 3']);
  });
});
