import { expect, test } from 'vitest';
import { type LiveDemand, rememberDemand } from '../../src/budget/live-demand.ts';

const at = (seconds: number) => new Date(Date.UTC(2026, 5, 1) + seconds * 1_000);
const demand = (graphqlMs: number, restMs: number, seconds: number): LiveDemand => ({
  graphqlMs,
  restMs,
  seenAt: at(seconds),
});

test.each<[string, LiveDemand | null, { graphqlMs: number; restMs: number }, number, LiveDemand]>([
  ['the first wish', null, { graphqlMs: 800, restMs: 0 }, 0, demand(800, 0, 0)],
  [
    'a peak halves in three minutes',
    demand(8_000, 400, 0),
    { graphqlMs: 0, restMs: 0 },
    180,
    demand(4_000, 200, 180),
  ],
  [
    'until more is wanted, in each lane',
    demand(8_000, 400, 0),
    { graphqlMs: 4_001, restMs: 100 },
    180,
    demand(4_001, 200, 180),
  ],
  [
    'at once nothing is forgotten',
    demand(8_000, 400, 0),
    { graphqlMs: 10, restMs: 10 },
    0,
    demand(8_000, 400, 0),
  ],
  [
    'by a clock that is behind',
    demand(8_000, 400, 1),
    { graphqlMs: 10, restMs: 10 },
    0,
    demand(8_000, 400, 0),
  ],
])('%s', (_, known, wanted, seconds, expected) => {
  expect(rememberDemand(known, wanted, at(seconds))).toEqual(expected);
});
