import { describe, expect, test } from 'vitest';
import { FreezeWindow, judgeFreeze, openUntil, readFreezeWindows } from '../../src/rollout/freeze-windows.ts';

function window(changes: Partial<FreezeWindow> = {}): FreezeWindow {
  return {
    name: 'weekends',
    kind: 'deny',
    scope: 'all',
    timezone: 'Europe/Berlin',
    cron: '0 18 * * 5',
    start: null,
    durationMinutes: 62 * 60,
    reason: null,
    ...changes,
  };
}

const at = (time: string) => new Date(time);

describe('a window that begins on Fridays at 18:00 in Berlin and lasts 62 hours', () => {
  // November 2026: Berlin is an hour ahead of UTC.
  test.each([
    ['2026-11-20T16:59:59Z', null],
    ['2026-11-20T17:00:00Z', '2026-11-23T07:00:00.000Z'],
    ['2026-11-22T12:34:56Z', '2026-11-23T07:00:00.000Z'],
    ['2026-11-23T06:59:59Z', '2026-11-23T07:00:00.000Z'],
    ['2026-11-23T07:00:00Z', null],
    // In summer it is two.
    ['2026-07-03T15:59:59Z', null],
    ['2026-07-03T16:00:00Z', '2026-07-06T06:00:00.000Z'],
  ])('at %s', (time, until) => {
    expect(openUntil(window(), at(time))?.toISOString() ?? null).toBe(until);
  });
});

test.each(['2026-11-20T12:00:00.000Z', '2026-11-20T12:00:00.500Z', '2026-11-20T12:00:59.500Z'])(
  'a window that begins each minute and lasts two is open at %s',
  (time) => {
    const always = window({ cron: '* * * * *', durationMinutes: 2 });
    expect(openUntil(always, at(time))).toEqual(at('2026-11-20T12:02:00Z'));
  },
);

test('a window with a start is open once', () => {
  const once = window({ cron: null, start: '2026-12-20T00:00:00Z', durationMinutes: 60 });
  expect(openUntil(once, at('2026-12-19T23:59:59Z'))).toBeNull();
  expect(openUntil(once, at('2026-12-20T00:00:00Z'))).toEqual(at('2026-12-20T01:00:00Z'));
  expect(openUntil(once, at('2026-12-20T01:00:00Z'))).toBeNull();
});

describe('increases', () => {
  const friday = at('2026-11-20T20:00:00Z');
  const monday = at('2026-11-23T09:00:00Z');
  const hours = (changes: Partial<FreezeWindow> = {}) =>
    window({
      name: 'office',
      kind: 'allow',
      cron: '0 9 * * 1-5',
      durationMinutes: 480,
      timezone: 'UTC',
      ...changes,
    });
  const frozen = (windows: FreezeWindow[], now: Date, isAutomatic = false) =>
    judgeFreeze(windows, { now, isAutomatic }).frozen;

  test('are free without windows', () => {
    expect(frozen([], friday)).toBe(false);
  });
  test('are frozen while a deny window is open', () => {
    expect(judgeFreeze([window()], { now: friday, isAutomatic: false })).toMatchObject({
      frozen: true,
      text: 'the freeze window `weekends` is open until 2026-11-23 07:00 UTC',
    });
    expect(frozen([window()], monday)).toBe(false);
  });
  test('are free in an allow window alone', () => {
    expect(frozen([hours()], monday)).toBe(false);
    expect(judgeFreeze([hours()], { now: friday, isAutomatic: false })).toMatchObject({
      frozen: true,
      until: at('2026-11-23T09:00:00Z'),
    });
  });
  test('are frozen where a deny and an allow window are open: deny wins', () => {
    const always = window({ cron: '0 0 * * *', durationMinutes: 1_440 });
    expect(frozen([hours(), always], monday)).toBe(true);
  });
  test('of people are not bound by windows for the guard', () => {
    expect(frozen([window({ scope: 'automatic' })], friday, false)).toBe(false);
    expect(frozen([window({ scope: 'automatic' })], friday, true)).toBe(true);
  });
  test('are frozen for good when the last allow window is over', () => {
    const past = hours({ cron: null, start: '2026-01-01T00:00:00Z' });
    expect(judgeFreeze([past], { now: monday, isAutomatic: false })).toMatchObject({
      frozen: true,
      until: null,
      text: 'no window allows increases any more',
    });
  });
});

describe('what is no window', () => {
  test.each([
    ['a name with spaces', { name: 'a b' }],
    ['an unknown time zone', { timezone: 'Mars/Base' }],
    ['a cron rule of four fields', { cron: '0 18 * *' }],
    ['a cron rule that never comes', { cron: '0 0 31 2 *' }],
    ['neither cron nor start', { cron: null }],
    ['both cron and start', { start: '2026-12-20T00:00:00Z' }],
    ['a start without its zone', { cron: null, start: '2026-12-20T00:00:00' }],
    ['no duration', { durationMinutes: 0 }],
    ['a duration of years', { durationMinutes: 1_000_000 }],
  ])('%s', (_, changes) => {
    expect(FreezeWindow.safeParse(window(changes)).success).toBe(false);
  });

  test('freezes where it stands in the database, since nobody knows what was meant', () => {
    const windows = readFreezeWindows([{ name: 'x' }]);
    expect(judgeFreeze(windows, { now: new Date(), isAutomatic: false })).toMatchObject({ frozen: true });
    expect(judgeFreeze(readFreezeWindows({}), { now: new Date(), isAutomatic: false }).frozen).toBe(true);
  });
});
