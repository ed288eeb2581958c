import { describe, expect, test } from 'vitest';
import { type HourlyBudget, judgeHour, mergeHourly } from '../../src/budget/hourly-budget.ts';

const at = (minutes: number) => new Date(Date.UTC(2026, 5, 1, 10, minutes));
const told = (left: number, minutes: number, resetMinutes: number | null = null): HourlyBudget => ({
  left,
  toldAt: at(minutes),
  resetAt: resetMinutes === null ? null : at(resetMinutes),
});

describe('what is left of an hour, and until when', () => {
  test.each<[string, HourlyBudget | null, number, number | null]>([
    ['never told', null, 0, null],
    ['told, and the hour goes on', told(70, 0, 20), 19, 20],
    ['told, and the hour is over', told(70, 0, 20), 20, null],
    ['told without its end', told(70, 0), 59, 60],
    ['told without its end, an hour ago', told(70, 0), 60, null],
    ['told with an end that no hour of GitHub has', told(70, 0, 600), 59, 60],
    ['told with such an end, an hour ago', told(70, 0, 600), 60, null],
  ])('%s', (_, budget, minutes, end) => {
    const hour = end === null ? null : { left: 70, endsAt: at(end) };
    expect(judgeHour(budget, at(minutes))).toEqual(hour);
  });
});

describe('what two runs tell', () => {
  test.each<[string, HourlyBudget | null, HourlyBudget, 'known' | 'told']>([
    ['the first one', null, told(70, 0), 'told'],
    ['later in the same hour: less', told(70, 0, 20), told(60, 1, 20), 'told'],
    ['overtaken on the way: more, which was so before', told(60, 0, 20), told(70, 1, 20), 'known'],
    ['of the next hour', told(60, 0, 20), told(5_000, 21, 80), 'told'],
    ['of the hour before', told(5_000, 21, 80), told(60, 22, 20), 'known'],
    ['after the hour, by an Action that does not tell its end', told(60, 0, 20), told(4_999, 21), 'told'],
    ['without an end: what came last', told(60, 0), told(70, 1), 'told'],
  ])('%s', (_, known, news, winner) => {
    expect(mergeHourly(known, news)).toEqual(winner === 'known' ? known : news);
  });
});
