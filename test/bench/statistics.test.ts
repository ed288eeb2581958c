import { describe, expect, test } from 'vitest';
import { median, minutesFor, ratios, sum } from '../../bench/statistics.ts';

describe('median', () => {
  test.each([
    { values: [7], middle: 7 },
    { values: [9, 1, 5], middle: 5 },
    { values: [10, 9, 1, 2], middle: 5.5 },
    { values: [100, 20, 3], middle: 20 },
  ])('of $values is $middle', ({ values, middle }) => {
    expect(median(values)).toBe(middle);
  });

  test('of nothing is an error', () => {
    expect(() => median([])).toThrow('no median of nothing');
  });
});

test('ratios are taken pair by pair', () => {
  expect(ratios([10, 30], [5, 10])).toEqual([2, 3]);
  expect(() => ratios([1], [1, 2])).toThrow('pairs');
});

test('a sum of nothing is 0', () => {
  expect(sum([])).toBe(0);
  expect(sum([1, 2.5])).toBe(3.5);
});

describe('minutes for 130,000 pull requests', () => {
  test.each([
    { state: 'GraphQL binds', graphqlMs: 51.5, restMs: 6.5, minutes: 111.6 },
    { state: 'both together bind', graphqlMs: 38.7, restMs: 46.4, minutes: 122.9 },
  ])('where $state', ({ graphqlMs, restMs, minutes }) => {
    expect(minutesFor(130_000, graphqlMs, restMs)).toBeCloseTo(minutes, 1);
  });
});
