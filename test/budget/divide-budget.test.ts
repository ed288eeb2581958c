import { describe, expect, test } from 'vitest';
import { type BudgetState, divideBudget, type LaneState } from '../../src/budget/divide-budget.ts';

const NOBODY: LaneState = { held: 0, used: null, committed: { bulk: 0, live: 0 }, wantedByLive: 0 };

interface Situation extends Partial<Omit<BudgetState, 'active' | 'lanes'>> {
  bulk?: number;
  live?: number;
  /** The same in both lanes; the REST lane, which is half as wide, has half of it. */
  lane?: Partial<LaneState>;
}

function share({ bulk = 0, live = 0, lane = {}, kind = 'bulk', ...state }: Situation) {
  const graphqlMs = { ...NOBODY, ...lane };
  const half = (value: number) => value / 2;
  const restMs = {
    held: half(graphqlMs.held),
    used: graphqlMs.used === null ? null : half(graphqlMs.used),
    committed: { bulk: half(graphqlMs.committed.bulk), live: half(graphqlMs.committed.live) },
    wantedByLive: half(graphqlMs.wantedByLive),
  };
  return divideBudget({
    kind,
    reservePercent: 10,
    active: { bulk: bulk + (kind === 'bulk' ? 1 : 0), live: live + (kind === 'live' ? 1 : 0) },
    lanes: { graphqlMs, restMs },
    pointsLeft: null,
    restLeft: null,
    ...state,
  });
}

describe("a bulk run's response time", () => {
  test.each<[string, Situation, number]>([
    ['alone: all but the reserve', {}, 48_600],
    ['alone, without a reserve: all', { reservePercent: 0 }, 54_000],
    [
      'new, beside one that has it all: nothing yet',
      { bulk: 1, lane: { committed: { bulk: 48_600, live: 0 } } },
      0,
    ],
    [
      'beside one that has half: the other half',
      { bulk: 1, lane: { committed: { bulk: 24_300, live: 0 } } },
      24_300,
    ],
    ['one of two, the other with nothing yet: half', { bulk: 1, lane: { held: 48_600 } }, 24_300],
    ['one of eight', { bulk: 7, lane: { held: 48_600 } }, 6_075],
    [
      'what is free is less than its part',
      { bulk: 1, lane: { committed: { bulk: 40_000, live: 0 } } },
      8_600,
    ],
    ['what is free is of no use', { bulk: 1, lane: { committed: { bulk: 47_601, live: 0 } } }, 0],
    ['what is free is just of use', { bulk: 1, lane: { committed: { bulk: 47_600, live: 0 } } }, 1_000],
    [
      'so many runs that a part would be of no use: the least that is',
      { bulk: 99, lane: { held: 48_600 } },
      1_000,
    ],
    [
      'live work wants something: the reserve stays on top of it',
      { live: 1, lane: { wantedByLive: 8_600, committed: { bulk: 0, live: 3_000 } } },
      40_000,
    ],
    [
      'live work wants more than half: they step back to half',
      { lane: { held: 48_600, wantedByLive: 40_000 } },
      24_300,
    ],
    ['all runs together', { bulk: 1, live: 2, lane: { held: 24_300, wantedByLive: 40_000 } }, 12_150],
    [
      'or an equal part each, where there are more live holders',
      { live: 2, lane: { held: 48_600, wantedByLive: 40_000 } },
      16_200,
    ],
    ['live work uses nearly everything', { live: 2, lane: { committed: { bulk: 0, live: 48_000 } } }, 0],
  ])('%s', (_, situation, graphqlMs) => {
    const { graphqlMsPerMinute, restMsPerMinute } = share(situation);
    expect({ graphqlMsPerMinute, restMsPerMinute }).toEqual({
      graphqlMsPerMinute: graphqlMs,
      restMsPerMinute: Math.floor(graphqlMs / 2),
    });
  });
});

describe("a live job's response time", () => {
  test.each<[string, Situation, number]>([
    ['new: the reserve, as much as some pull requests need', {}, 5_400],
    ['new, without a reserve: the same', { reservePercent: 0 }, 5_400],
    ['new, with a large reserve: that', { reservePercent: 40 }, 21_600],
    [
      'new, beside bulk work that has everything else: half of the reserve',
      { bulk: 1, lane: { committed: { bulk: 48_600, live: 0 } } },
      2_700,
    ],
    [
      'the next one: half of the rest',
      { bulk: 1, live: 1, lane: { committed: { bulk: 48_600, live: 2_700 } } },
      1_350,
    ],
    [
      'one after that: the least that is of use',
      { bulk: 1, live: 2, lane: { committed: { bulk: 48_600, live: 4_050 } } },
      1_000,
    ],
    [
      'when the rest is of no use: nothing yet',
      { bulk: 1, live: 3, lane: { committed: { bulk: 48_600, live: 5_050 } } },
      0,
    ],
    ['used half of its share: twice as much', { lane: { held: 5_400, used: 2_700 } }, 10_800],
    ['used less than half: the same', { lane: { held: 5_400, used: 2_699 } }, 5_400],
    ['does not tell: twice as much', { lane: { held: 5_400, used: null } }, 10_800],
    ['goes on alone: at most half of what is free on top', { lane: { held: 40_000, used: 40_000 } }, 47_000],
    [
      'goes on beside another live one: an equal part',
      { live: 1, lane: { held: 20_000, used: 20_000 } },
      27_000,
    ],
    [
      'goes on beside bulk work: an equal part, without the reserve',
      { bulk: 1, lane: { held: 20_000, used: 20_000 } },
      24_300,
    ],
    ['had more than its part: it gives back', { bulk: 1, live: 1, lane: { held: 40_000, used: 0 } }, 16_200],
  ])('%s', (_, situation, graphqlMs) => {
    const { graphqlMsPerMinute, restMsPerMinute } = share({ kind: 'live', ...situation });
    expect({ graphqlMsPerMinute, restMsPerMinute }).toEqual({
      graphqlMsPerMinute: graphqlMs,
      restMsPerMinute: Math.floor(graphqlMs / 2),
    });
  });
});

describe('points and REST requests of the hour', () => {
  test.each<
    [string, Situation, [points: number, reserve: number, restRequests: number, restReserve: number]]
  >([
    ['not told yet: what every installation has at least', {}, [4_500, 500, 4_500, 500]],
    ['of a large installation', { pointsLeft: 12_500, restLeft: 11_000 }, [12_000, 500, 10_500, 500]],
    [
      'in equal parts among the bulk runs that are there',
      { bulk: 1, live: 3, pointsLeft: 5_000, restLeft: 503 },
      [2_250, 500, 1, 500],
    ],
    ['at the reserve, and below it', { pointsLeft: 500, restLeft: 20 }, [0, 500, 0, 500]],
    [
      'below nothing, as GitHub says when it takes points for a time-out',
      { pointsLeft: -3 },
      [0, 500, 4_500, 500],
    ],
    ['with another reserve', { reservePercent: 25 }, [3_750, 1_250, 3_750, 1_250]],
    ['for live work: all of it', { kind: 'live', bulk: 4, pointsLeft: 321, restLeft: 17 }, [321, 0, 17, 0]],
    ['for live work, not told yet', { kind: 'live' }, [5_000, 0, 5_000, 0]],
  ])('%s', (_, situation, [points, reserve, restRequests, restReserve]) => {
    expect(share(situation)).toMatchObject({ points, reserve, restRequests, restReserve });
  });
});
