import { describe, expect, test } from 'vitest';
import { type ComparedRow, createComparer, wrongRows } from '../../bench/compare-rows.ts';

const approved = { id: 1, state: 'APPROVED', submitted_at: '2024-01-01T00:00:00Z' };
const commented = { id: 2, state: 'COMMENTED', submitted_at: null };
const file = { pull_request_id: 5, path: 'a b', additions: 1 };
const TRUTH = {
  reviews: [approved, commented],
  files: [file],
  issues: [{ id: 9, title: 'not compared' }],
};

function compare(rows: [string, ComparedRow][], isOnce = false) {
  const comparer = createComparer(TRUTH, { isOnce });
  for (const [table, row] of rows) comparer.see(table, row);
  return comparer.compare();
}

describe('rows against the truth', () => {
  const whole: [string, ComparedRow][] = [
    ['reviews', approved],
    ['reviews', { ...commented, captured_at: 'whenever' }],
    ['files', file],
    ['repositories', { id: 3 }],
  ];

  test('are right when every one is there with the same values', () => {
    expect(compare(whole)).toEqual({
      ...{ expected: 3, missing: 0, surplus: 0, different: 0, doubled: 0, examples: [] },
    });
  });

  test('of a database are right with its dates, and without what is null', () => {
    const stored = { id: 1, state: 'APPROVED', submitted_at: new Date('2024-01-01T00:00:00.000Z') };
    expect(
      wrongRows(
        compare([
          ['reviews', stored],
          ['reviews', { id: 2, state: 'COMMENTED' }],
          ['files', file],
        ]),
      ),
    ).toBe(0);
  });

  test('that are missing, too many or different are counted and shown', () => {
    const result = compare([
      ['reviews', { ...approved, state: 'DISMISSED' }],
      ['files', file],
      ['files', { ...file, path: 'c' }],
    ]);
    expect(result).toMatchObject({ missing: 1, surplus: 1, different: 1, doubled: 0 });
    expect(result.examples).toEqual([
      'reviews 1: state is "DISMISSED", not "APPROVED"',
      'reviews 2 is missing',
      'files: 1 rows too many',
    ]);
    expect(wrongRows(result)).toBe(3);
  });

  test('that come again are merged, the newer values last; doubled where each may come once', () => {
    const rows: [string, ComparedRow][] = [
      ['reviews', { id: 1, state: 'COMMENTED', submitted_at: '2024-01-01T00:00:00Z' }],
      ['reviews', { id: 1, state: 'APPROVED' }],
      ...whole.slice(1),
    ];
    expect(wrongRows(compare(rows))).toBe(0);
    expect(compare(rows, true)).toMatchObject({ doubled: 1, different: 0 });
  });
});
