import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type MergeRules, mergeRow } from '../../src/destination/merge-row.ts';

const VERSIONED: MergeRules = { key: ['id'], version: 'updated_at', keep: new Set(['title', 'author_id']) };
const UNVERSIONED: MergeRules = { key: ['id'], version: 'captured_at', keep: new Set() };
const day = (number: number) => `2026-01-0${number}T00:00:00Z`;

describe('mergeRow', () => {
  test('the newer version wins, whichever comes last', () => {
    const older = { id: 1, title: 'a', state: 'OPEN', updated_at: day(1), captured_at: day(3) };
    const newer = { id: 1, title: 'b', state: 'MERGED', updated_at: day(2), captured_at: day(2) };
    const merged = { ...newer, captured_at: day(3) };
    expect(mergeRow(older, newer, VERSIONED)).toEqual(merged);
    expect(mergeRow(newer, older, VERSIONED)).toEqual(merged);
  });

  test('of equal versions the one captured later wins', () => {
    const first = { id: 1, title: 'a', updated_at: day(1), captured_at: day(1) };
    const second = { id: 1, title: 'b', updated_at: day(1), captured_at: day(2) };
    expect(mergeRow(first, second, VERSIONED)).toEqual(second);
    expect(mergeRow(second, first, VERSIONED)).toEqual(second);
    expect(
      mergeRow(
        { id: 1, login: 'a', captured_at: day(1) },
        { id: 1, login: 'b', captured_at: day(1) },
        UNVERSIONED,
      ),
    ).toEqual({
      id: 1,
      login: 'b',
      captured_at: day(1),
    });
  });

  test('an absent column is left alone; a newer null erases, but not what is kept; empty text does', () => {
    const stored = {
      id: 1,
      title: 'a',
      author_id: 7,
      milestone: 'v1',
      body: 'x',
      updated_at: day(1),
      captured_at: day(1),
    };
    const incoming = {
      id: 1,
      title: '',
      author_id: null,
      milestone: null,
      updated_at: day(2),
      captured_at: day(2),
    };
    expect(mergeRow(stored, incoming, VERSIONED)).toEqual({ ...stored, ...incoming, author_id: 7 });
  });

  test('an older record does not replace a null that is a value of its own', () => {
    const reopened = { id: 1, state: 'OPEN', closed_at: null, updated_at: day(3), captured_at: day(3) };
    const closed = { id: 1, state: 'CLOSED', closed_at: day(2), updated_at: day(2), captured_at: day(2) };
    expect(mergeRow(reopened, closed, VERSIONED)).toEqual(reopened);
  });

  test('an older record fills in what was not known', () => {
    const stored = { id: 1, title: null, additions: 0, updated_at: day(2), captured_at: day(2) };
    const incoming = {
      id: 1,
      title: 'a',
      additions: 5,
      deletions: 3,
      updated_at: day(1),
      captured_at: day(1),
    };
    expect(mergeRow(stored, incoming, VERSIONED)).toEqual({ ...stored, title: 'a', deletions: 3 });
  });

  test('times are compared as times', () => {
    const stored = { id: 1, title: 'a', updated_at: '2026-01-01T00:00:00Z', captured_at: day(1) };
    const incoming = { id: 1, title: 'b', updated_at: '2026-01-01T00:30:00+01:00', captured_at: day(1) };
    expect(mergeRow(stored, incoming, VERSIONED).title).toBe('a');
  });

  describe('tombstones', () => {
    const alive = { id: 1, body: 'text', updated_at: day(1), captured_at: day(2), deleted_at: null };
    const tombstone = { id: 1, deleted_at: day(3), captured_at: day(3) };
    const dead = { ...alive, body: null, captured_at: day(3), deleted_at: day(3) };

    test('take the body, whichever comes last', () => {
      expect(mergeRow(alive, tombstone, VERSIONED)).toEqual(dead);
      expect(mergeRow({ ...dead }, alive, VERSIONED)).toEqual(dead);
    });

    test('one from before the row was seen is ignored', () => {
      expect(mergeRow({ ...alive, captured_at: day(4) }, tombstone, VERSIONED)).toMatchObject({
        body: 'text',
        deleted_at: null,
      });
    });

    test('a row that is seen again later lives', () => {
      const again = { ...alive, captured_at: day(4) };
      expect(mergeRow(dead, again, VERSIONED)).toEqual(again);
      const { deleted_at: _, ...silent } = again;
      expect(mergeRow(dead, silent, VERSIONED)).toEqual(again);
    });
  });

  test('applying a record twice changes nothing more', () => {
    const time = fc.integer({ min: 1, max: 4 }).map(day);
    const row = fc.record(
      {
        id: fc.constant(1),
        title: fc.constantFrom(null, '', 'a', 'b'),
        milestone: fc.constantFrom(null, 'v1'),
        updated_at: time,
        captured_at: time,
      },
      { requiredKeys: ['id', 'captured_at', 'updated_at'] },
    );
    fc.assert(
      fc.property(row, row, (stored, incoming) => {
        const once = mergeRow(stored, incoming, VERSIONED);
        expect(mergeRow(once, incoming, VERSIONED)).toEqual(once);
        // Nothing that was known is lost without a newer record that says so.
        if (stored.title && incoming.updated_at < stored.updated_at) expect(once.title).toBe(stored.title);
      }),
    );
  });
});
