import { describe, expect, it, test } from 'vitest';
import { monthOf } from '../../src/cost/month.ts';
import { findReached, judgePace, type Pace, project } from '../../src/cost/project-month.ts';

const at = (text: string) => new Date(`2026-11-${text}Z`);
const NOVEMBER = monthOf(at('15T12:00:00'));
const LONG_AGO = new Date('2026-01-01T00:00:00Z');

test('a month is one of UTC', () => {
  expect(NOVEMBER).toEqual({
    name: '2026-11',
    from: new Date('2026-11-01T00:00:00Z'),
    to: new Date('2026-12-01T00:00:00Z'),
  });
  expect(monthOf(new Date('2026-12-31T23:59:59.999Z')).to).toEqual(new Date('2027-01-01T00:00:00Z'));
});

describe('the pace of a month', () => {
  it.each<[string, Date, Date | null, Pace['kind']]>([
    ['its second day', at('02T23:59:59'), LONG_AGO, 'too_early'],
    ['its third day', at('03T00:00:00'), LONG_AGO, 'known'],
    ['later, with the first run of all yesterday', at('20T12:00:00'), at('19T12:00:00'), 'too_early'],
    ['without any run', at('20T12:00:00'), null, 'too_early'],
    ['when it is over', new Date('2026-12-01T00:00:00Z'), LONG_AGO, 'over'],
  ])('%s', (_, now, firstRunAt, kind) => {
    expect(judgePace(NOVEMBER, { now, firstRunAt }).kind).toBe(kind);
  });

  const known = (now: Date, firstRunAt = LONG_AGO) => {
    const pace = judgePace(NOVEMBER, { now, firstRunAt });
    if (pace.kind !== 'known') throw new Error(pace.kind);
    return pace;
  };

  it('goes on as it did since the month began', () => {
    const pace = known(at('11T00:00:00'));
    expect(pace.since).toEqual(NOVEMBER.from);
    expect(project(100, pace)).toBe(300);
    expect(project(0, pace)).toBe(0);
  });

  it('goes on as it did since the first run of all, where that is later', () => {
    const pace = known(at('21T00:00:00'), at('11T00:00:00'));
    expect(pace.since).toEqual(at('11T00:00:00'));
    expect(project(100, pace)).toBe(200);
  });

  it.each([
    [200, at('21T00:00:00')],
    [300, null],
    [299, at('30T21:36:00')],
    [100, null],
    [50, null],
  ])('%d are reached at that pace: %s', (amount, day) => {
    const now = at('11T00:00:00');
    expect(findReached(amount, 100, known(now), now)).toEqual(day);
  });

  it('nothing is reached where nothing is used', () => {
    const now = at('11T00:00:00');
    expect(findReached(10, 0, known(now), now)).toBeNull();
  });
});
