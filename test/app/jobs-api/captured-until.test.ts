import { describe, expect, it } from 'vitest';
import { joinCaptures } from '../../../app/jobs-api/captured-until.ts';

const day = (n: number | null) => (n === null ? null : new Date(Date.UTC(2026, 0, n)));

describe('what complete captures have fetched', () => {
  it.each<[string, [number | null, number][], number | null]>([
    ['nothing', [], null],
    ['a part that does not begin at the beginning', [[1, 9]], null],
    ['all of it', [[null, 9]], 9],
    [
      'all of it, then what was new',
      [
        [null, 9],
        [8, 10],
      ],
      10,
    ],
    [
      'the recent half before the rest',
      [
        [8, 9],
        [null, 8],
      ],
      9,
    ],
    [
      'a later part with a hole before it',
      [
        [null, 5],
        [6, 9],
      ],
      5,
    ],
    [
      'a hole that another whole capture closed',
      [
        [null, 5],
        [6, 9],
        [null, 10],
      ],
      10,
    ],
    [
      'parts in a chain',
      [
        [4, 7],
        [null, 4],
        [7, 11],
      ],
      11,
    ],
  ])('%s', (_, captures, expected) => {
    const complete = captures.map(([since, until]) => ({
      since: day(since),
      until: new Date(Date.UTC(2026, 0, until)),
    }));
    expect(joinCaptures(complete)).toEqual(day(expected));
  });
});
