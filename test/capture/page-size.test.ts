import { describe, expect, test } from 'vitest';
import {
  growPageSize,
  type PageSize,
  restorePageSize,
  shrinkPageSize,
  startPageSize,
} from '../../src/capture/page-size.ts';

function grown(state: PageSize, times: number, durationMs: number): PageSize {
  let next = state;
  for (let i = 0; i < times; i += 1) next = growPageSize(next, next.size, durationMs);
  return next;
}

describe('page size', () => {
  test('starts at what is allowed', () => {
    expect(startPageSize(21).size).toBe(21);
    expect(startPageSize(2_000, 1_000)).toMatchObject({ size: 1_000, max: 2_000 });
    expect(startPageSize(21, 50).size).toBe(21);
  });

  test('halves on failure, down to 1', () => {
    let state = startPageSize(21);
    const sizes: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      state = shrinkPageSize(state, state.size);
      sizes.push(state.size);
    }
    expect(sizes).toEqual([10, 5, 2, 1, 1, 1]);
  });

  test.each([
    ['grows by half at once while it is far from what would take too long', 1, 2_499, 15],
    ['up to its maximum', 3, 100, 21],
    ['grows by an eighth after three requests that left some room', 3, 2_500, 11],
    ['not after two', 2, 2_500, 10],
    ['not when the larger one would take 5 s', 9, 4_600, 10],
    ['just below that it does', 3, 4_500, 11],
    ['keeps its size up to 8 s', 9, 8_000, 10],
    ['shrinks above 8 s though it was answered', 1, 8_001, 5],
  ])('%s', (_, times, durationMs, size) => {
    expect(grown({ ...startPageSize(21), size: 10 }, times, durationMs).size).toBe(size);
  });

  test('keeps to less room, where the share of the budget is small', () => {
    const state = { ...startPageSize(21), size: 10 };
    expect(growPageSize(state, 10, 1_000, 1_050)).toMatchObject({ size: 10, streak: 0 });
    expect(growPageSize(state, 10, 1_800, 1_050)).toMatchObject({ size: 5, failedAt: 10 });
  });

  test('never grows above its maximum', () => {
    expect(grown(startPageSize(21), 100, 10).size).toBe(21);
  });

  test('a short last page says nothing', () => {
    expect(growPageSize(startPageSize(21), 4, 100)).toMatchObject({ size: 21, streak: 0, good: 4 });
  });

  test('stays below the size that failed, and tries it again only after 30 good requests', () => {
    const failed = shrinkPageSize(startPageSize(21), 21);
    expect(failed).toMatchObject({ size: 10, failedAt: 21 });
    expect(grown(failed, 29, 10).size).toBeLessThanOrEqual(20);
    const below = { ...failed, size: 20 };
    expect(grown(below, 29, 10).size).toBe(20);
    expect(grown(below, 30, 10)).toMatchObject({ size: 21, failedAt: null });
  });

  test('one item that failed alone does not keep the others small', () => {
    let state = grown(startPageSize(21), 3, 10);
    for (let i = 0; i < 6; i += 1) state = shrinkPageSize(state, state.size);
    expect(restorePageSize(state)).toMatchObject({ size: 10, failedAt: null });
  });
});
