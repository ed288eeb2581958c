import { beforeEach, expect, it } from 'vitest';
import { findCapturedUntil } from '../../src/jobs/captured-until.ts';
import type { CaptureInclude } from '../../src/work-item/work-item.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { emptyCaptures, type GivenCapture, insertCapture, insertRepository } from './captured-history.ts';

const day = (n: number) => new Date(Date.UTC(2026, 0, n));
const REPOSITORY = 42;

describeEachDatabase('the time up to which complete captures have everything', (database) => {
  beforeEach(async () => {
    const { db } = database();
    await emptyCaptures(db);
    await insertRepository(db, REPOSITORY);
    await insertRepository(db, 43);
    await insertCapture(db, { repositoryId: 43, startedAt: day(28) });
  });

  const found = async (include: CaptureInclude[] = ['pull-requests']) =>
    (await findCapturedUntil(database().db, [REPOSITORY, 44], include)).get(REPOSITORY) ?? null;
  const given = async (...captures: Partial<GivenCapture>[]) => {
    for (const capture of captures) {
      await insertCapture(database().db, { repositoryId: REPOSITORY, startedAt: day(31), ...capture });
    }
  };

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
    [
      'a part within another one, and a hole',
      [
        [null, 4],
        [1, 20],
        [2, 3],
        [22, 25],
      ],
      20,
    ],
    [
      'a part that two others join',
      [
        [null, 10],
        [15, 30],
        [8, 20],
      ],
      30,
    ],
  ])('%s', async (_, captures, expected) => {
    await given(
      ...captures.map(([since, until]) => ({ since: since === null ? null : day(since), until: day(until) })),
    );
    expect(await found()).toEqual(expected === null ? null : day(expected));
  });

  it('without an end, a capture has what there was when its run began', async () => {
    await given({ startedAt: day(12) });
    expect(await found()).toEqual(day(12));
  });

  it('nor has it what came later, when it was meant to go on', async () => {
    await given({ startedAt: day(12), until: day(20) });
    expect(await found()).toEqual(day(12));
  });

  it('what is incomplete, failed or under way has nothing', async () => {
    await given({ complete: false }, { status: 'failed' }, { status: 'running' }, { status: 'queued' });
    expect(await found()).toBeNull();
  });

  it('each kind by itself: the one that was captured least decides', async () => {
    await given(
      { startedAt: day(12), include: ['pull-requests', 'labels'] },
      { startedAt: day(10), include: ['issues'] },
      { startedAt: day(14), since: day(11), include: ['pull-requests'] },
    );
    expect(await found(['pull-requests'])).toEqual(day(14));
    expect(await found(['labels', 'pull-requests'])).toEqual(day(12));
    expect(await found(['pull-requests', 'issues', 'labels'])).toEqual(day(10));
    expect(await found(['commits', 'pull-requests'])).toBeNull();
  });
});
