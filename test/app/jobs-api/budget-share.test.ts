import { describe, expect, it } from 'vitest';
import { shareBudget } from '../../../app/jobs-api/budget-share.ts';

describe("a run's share of the points", () => {
  it.each<[number | null, number, number]>([
    [null, 1, 4_500],
    [12_500, 1, 12_000],
    [5_000, 2, 2_250],
    [503, 2, 1],
    [501, 1, 1],
    [500, 1, 0],
    [0, 1, 0],
  ])('of %s left, %i runs at once: %i', (pointsLeft, runsAtOnce, points) => {
    expect(shareBudget(pointsLeft, runsAtOnce)).toEqual({ points, reserve: 500 });
  });
});
