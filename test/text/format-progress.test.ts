import { describe, expect, test } from 'vitest';
import { formatDuration, formatProgress, judgePace, percentOf } from '../../src/text/format-progress.ts';

const progress = {
  ...{ done: 100, total: 400, points: 3, requests: 5, rows: 900 },
  ...{ pointsLeft: 4_812, restLeft: null },
};
const untold = { ...progress, pointsLeft: null };

describe('progress, as a line', () => {
  test.each([
    [progress, 0, 60_000, '100 of 400 (25 %), 100 a minute, about 3 min left, 4,812 points left'],
    [progress, 40, 60_000, '100 of 400 (25 %), 60 a minute, about 5 min left, 4,812 points left'],
    [progress, 100, 60_000, '100 of 400 (25 %), 4,812 points left'],
    [{ ...untold, total: null }, 0, 30_000, '100 so far, 200 a minute'],
    [{ ...progress, done: 400 }, 0, 60_000, '400 of 400 (100 %), 400 a minute, 4,812 points left'],
    [{ ...untold, restLeft: 4_950 }, 100, 0, '100 of 400 (25 %), 4,950 requests left'],
    [{ ...untold, done: 0, total: 0 }, 0, 0, '0 of 0'],
  ])('%j', (given, doneBefore, elapsedMs, line) => {
    expect(formatProgress(given, doneBefore, elapsedMs)).toBe(line);
  });
});

test.each([
  [399, 400, 99],
  [400, 400, 100],
  [0, 0, null],
  [7, null, null],
])('%d of %s is %s %', (done, total, percent) => {
  expect(percentOf({ done, total })).toBe(percent);
});

test('no end is told while hardly anything is done, or all of it', () => {
  const secondsLeft = (done: number, total: number | null, elapsedMs: number) =>
    judgePace({ done, total }, 0, elapsedMs).secondsLeft;
  expect(secondsLeft(60, 120, 60_000)).toBe(60);
  expect(secondsLeft(1, 120, 61_000)).toBeNull();
  expect(secondsLeft(120, 120, 60_000)).toBeNull();
  expect(secondsLeft(60, null, 60_000)).toBeNull();
  expect(secondsLeft(60, 120, 0)).toBeNull();
});

test.each([
  [0, '0 s'],
  [59.4, '59 s'],
  [60, '1 min'],
  [3_599, '1 h'],
  [3_600, '1 h'],
  [7_500, '2 h 5 min'],
])('%d s is %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});
