import { describe, expect, test } from 'vitest';
import type { Grant } from '../../src/budget/grant.ts';
import { summarizeGrants, summarizeReleased } from '../../src/budget/summarize-grants.ts';

const START = Date.UTC(2026, 5, 1);
const at = (seconds: number) => new Date(START + seconds * 1_000);

/** Given at that second, with 45 s to go; the REST lane has half of everything. */
function grant(
  seconds: number,
  graphqlMs: number,
  changes: Partial<Grant> & { used?: number | null } = {},
): Grant {
  const { used = null, ...others } = changes;
  return {
    holder: 'a',
    kind: 'bulk',
    graphqlMs,
    restMs: graphqlMs / 2,
    grantedAt: at(seconds),
    usableUntil: at(seconds + 45),
    usedBefore: used === null ? null : { graphqlMs: used, restMs: used / 2 },
    isReleased: false,
    ...others,
  };
}

describe('the ledger as one holder sees it', () => {
  const seenAt = (seconds: number, grants: Grant[], used: number | null = null) =>
    summarizeGrants(grants, {
      holder: 'me',
      kind: 'bulk',
      used: used === null ? null : { graphqlMs: used, restMs: used / 2 },
      now: at(seconds),
    });

  test('empty: it is alone', () => {
    const lane = { held: 0, used: null, committed: { bulk: 0, live: 0 }, wantedByLive: 0 };
    expect(seenAt(0, [])).toEqual({
      active: { bulk: 1, live: 0 },
      lanes: { graphqlMs: lane, restMs: lane },
    });
  });

  test('of another holder the largest grant counts until a minute after its end, though a smaller one came later', () => {
    const grants = [grant(0, 20_000), grant(10, 8_000)];
    expect(seenAt(105, grants)).toMatchObject({
      active: { bulk: 1 },
      lanes: { graphqlMs: { committed: { bulk: 20_000 } }, restMs: { committed: { bulk: 10_000 } } },
    });
    expect(seenAt(106, grants).lanes.graphqlMs.committed.bulk).toBe(8_000);
    expect(seenAt(116, grants).lanes.graphqlMs.committed.bulk).toBe(0);
  });

  test('another holder is there until its last grant ends', () => {
    const grants = [grant(0, 20_000), grant(10, 8_000), grant(10, 3_000, { holder: 'b', kind: 'live' })];
    expect(seenAt(54, grants).active).toEqual({ bulk: 2, live: 1 });
    expect(seenAt(55, grants).active).toEqual({ bulk: 1, live: 0 });
  });

  test('live holders that wait with nothing want at least something, lane by lane', () => {
    const grants = [
      grant(0, 0, { holder: 'b', kind: 'live', restMs: 700 }),
      grant(0, 0, { holder: 'c', kind: 'live' }),
      grant(0, 0, { holder: 'd' }),
    ];
    expect(seenAt(1, grants)).toMatchObject({
      active: { bulk: 2, live: 2 },
      lanes: {
        graphqlMs: { wantedByLive: 2_000, committed: { live: 0 } },
        restMs: { wantedByLive: 1_200, committed: { live: 700 } },
      },
    });
  });

  test('stretches of holders that are gone add up, each until it counts no more, and nobody is there for them', () => {
    const gone = { isReleased: true, kind: 'live' } as const;
    const grants = [
      grant(0, 4_000, { ...gone, usableUntil: at(10) }),
      grant(10, 3_000, { ...gone, usableUntil: at(20) }),
    ];
    expect(seenAt(30, grants)).toMatchObject({
      active: { bulk: 1, live: 0 },
      lanes: { graphqlMs: { committed: { live: 7_000 }, wantedByLive: 7_000 } },
    });
    expect(seenAt(71, grants).lanes.graphqlMs.committed.live).toBe(3_000);
    expect(seenAt(81, grants).lanes.graphqlMs.committed.live).toBe(0);
  });

  test('its own grants say what it has, and what it used of the last minute', () => {
    const own = (seconds: number, ms: number, used: number | null) =>
      grant(seconds, ms, { holder: 'me', used });
    const grants = [own(0, 5_000, 0), own(30, 9_000, 4_000)];
    expect(seenAt(60, grants, 6_500).lanes.graphqlMs).toEqual({
      held: 9_000,
      used: 6_500,
      committed: { bulk: 0, live: 0 },
      wantedByLive: 0,
    });
    // The grant of the first second is older than a minute now, and its own time is over.
    expect(seenAt(62, grants, 6_500).lanes.graphqlMs.used).toBe(2_500);
    expect(seenAt(75, grants, 6_500).lanes.graphqlMs.held).toBe(0);
    expect(seenAt(60, grants).lanes.graphqlMs.used).toBe(null);
  });
});

describe('what stays of a holder that is gone', () => {
  const left = (grants: Grant[], used: number | null, now: number) =>
    summarizeReleased(grants, {
      holder: 'a',
      used: used === null ? null : { graphqlMs: used, restMs: used / 2 },
      now: at(now),
    }).map(({ graphqlMs, restMs, usableUntil, isReleased }) => ({
      graphqlMs,
      restMs,
      until: (usableUntil.getTime() - START) / 1_000,
      isReleased,
    }));

  test('without a word of what it used: the most that it may have used, until now', () => {
    const grants = [grant(0, 20_000), grant(10, 8_000)];
    expect(left(grants, null, 12)).toEqual([
      { graphqlMs: 20_000, restMs: 10_000, until: 12, isReleased: true },
    ]);
    expect(left(grants, null, 100)).toEqual([
      { graphqlMs: 20_000, restMs: 10_000, until: 55, isReleased: true },
    ]);
  });

  test('what it used, in each stretch between two grants', () => {
    const grants = [
      grant(0, 20_000, { used: 0 }),
      grant(15, 20_000, { used: 6_000 }),
      grant(30, 20_000, { used: 7_000 }),
    ];
    expect(left(grants, 9_000, 40)).toEqual([
      { graphqlMs: 6_000, restMs: 3_000, until: 15, isReleased: true },
      { graphqlMs: 1_000, restMs: 500, until: 30, isReleased: true },
      { graphqlMs: 2_000, restMs: 1_000, until: 40, isReleased: true },
    ]);
  });

  test('a grant before which it told nothing ends no stretch', () => {
    const grants = [
      grant(0, 20_000),
      grant(15, 20_000),
      grant(30, 20_000, { used: 7_000 }),
      grant(35, 20_000),
    ];
    expect(left(grants, 9_000, 40)).toEqual([
      { graphqlMs: 7_000, restMs: 3_500, until: 30, isReleased: true },
      { graphqlMs: 2_000, restMs: 1_000, until: 40, isReleased: true },
    ]);
  });

  test('in no stretch more than it was allowed, and none where it used nothing', () => {
    const grants = [grant(0, 5_000, { used: 0 }), grant(40, 5_000, { used: 30_000 })];
    expect(left(grants, 10_000, 50)).toEqual([
      { graphqlMs: 5_000, restMs: 2_500, until: 40, isReleased: true },
    ]);
  });

  test('nothing, when it used nothing, had nothing, was gone before, or had its last grant long ago', () => {
    expect(left([grant(0, 5_000)], 0, 10)).toEqual([]);
    expect(left([], 9_000, 10)).toEqual([]);
    expect(left([grant(0, 5_000, { holder: 'b' })], 9_000, 10)).toEqual([]);
    expect(left([grant(0, 5_000, { isReleased: true })], 9_000, 10)).toEqual([]);
    expect(left([grant(0, 5_000)], 9_000, 106)).toEqual([]);
  });
});
