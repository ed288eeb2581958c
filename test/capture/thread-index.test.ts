import { describe, expect, test } from 'vitest';
import type { ThreadNode } from '../../src/capture/queries/nodes.ts';
import type { RestReviewComment } from '../../src/capture/rest/nodes.ts';
import {
  addThreads,
  candidatesFor,
  findThread,
  isAskedOut,
  type PullRequestThreads,
  rememberThreads,
} from '../../src/capture/thread-index.ts';

const thread = (id: string, more: Partial<ThreadNode> = {}): ThreadNode => ({
  id,
  path: 'a.ts',
  line: null,
  originalLine: 4,
  startLine: null,
  originalStartLine: null,
  diffSide: 'RIGHT',
  subjectType: 'LINE',
  isResolved: false,
  isOutdated: true,
  resolvedBy: null,
  ...more,
});
function pullOf(threads: ThreadNode[]): PullRequestThreads {
  const pull = rememberThreads(1);
  addThreads(pull, threads);
  return pull;
}

const comment = (id: number, more: Partial<RestReviewComment> = {}): RestReviewComment => ({
  id,
  node_id: `C_${id}`,
  pull_request_url: 'https://api.github.com/repos/o/r/pulls/1',
  author_association: 'NONE',
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
  path: 'a.ts',
  original_line: 4,
  side: 'RIGHT',
  subject_type: 'line',
  ...more,
});

describe('the thread of a review comment', () => {
  test.each<[string, Partial<ThreadNode>, Partial<RestReviewComment>]>([
    ['by line', { originalLine: 9 }, { original_line: 9 }],
    ['by file', { path: 'b.ts' }, { path: 'b.ts' }],
    ['by side', { diffSide: 'LEFT' }, { side: 'LEFT' }],
    ['by the beginning of several lines', { originalStartLine: 2 }, { original_start_line: 2 }],
    [
      'of a whole file',
      { originalLine: null, subjectType: 'FILE' },
      { original_line: null, subject_type: 'file' },
    ],
  ])('is known by its place: %s', (_, ofThread, ofComment) => {
    const pull = pullOf([thread('T1'), thread('T2', ofThread)]);
    expect(findThread(pull, comment(1))).toBe('T1');
    expect(findThread(pull, comment(2, ofComment))).toBe('T2');
  });

  test('is the one of the comment that it answers, also when that one was deleted', () => {
    const pull = pullOf([thread('T1'), thread('T2', { originalLine: 9 })]);
    expect(findThread(pull, comment(5, { in_reply_to_id: 1 }))).toBe('T1');
    // GitHub moved this one's line; the comment that it answers decides.
    expect(findThread(pull, comment(6, { in_reply_to_id: 1, original_line: 9 }))).toBe('T1');
  });

  test('is not guessed where two began at one place, and known once their first comments are', () => {
    const pull = pullOf([thread('T1'), thread('T2')]);
    expect(findThread(pull, comment(1))).toBeNull();
    pull.byRoot.set(1, 'T2');
    expect(findThread(pull, comment(1))).toBe('T2');
    // The only one that is left there.
    expect(findThread(pull, comment(8, { in_reply_to_id: 7 }))).toBe('T1');
    expect(findThread(pull, comment(9))).toBeNull();
  });

  test('is not one that another comment began', () => {
    const pull = pullOf([thread('T1')]);
    expect(findThread(pull, comment(1))).toBe('T1');
    expect(findThread(pull, comment(2))).toBeNull();
  });

  test('is not looked for before all threads are known', () => {
    const pull = { ...pullOf([thread('T1')]), cursor: 'next' };
    expect(findThread(pull, comment(1))).toBeNull();
    expect(findThread({ ...pull, cursor: null }, comment(1))).toBe('T1');
  });

  test('is asked of those threads that began at its place, or else of all that are not known', () => {
    const pull = pullOf([
      thread('T1'),
      thread('T2'),
      thread('T3', { originalLine: 9 }),
      thread('T4', { path: 'b' }),
    ]);
    expect(candidatesFor(pull, comment(1))).toEqual(['T1']);
    expect(candidatesFor(pull, comment(1, { path: 'elsewhere' }))).toEqual(['T1', 'T2', 'T3', 'T4']);
    pull.byRoot.set(7, 'T1').set(8, 'T2');
    expect(candidatesFor(pull, comment(1))).toEqual(['T3', 'T4']);
  });

  test('is none when every thread was asked for its first comment', () => {
    const pull = pullOf([thread('T1'), thread('T2')]);
    expect(isAskedOut(pull)).toBe(false);
    pull.asked.add('T1').add('T2');
    expect(candidatesFor(pull, comment(1))).toEqual([]);
    expect(findThread(pull, comment(1))).toBeNull();
    expect(isAskedOut(pull)).toBe(true);
    expect(isAskedOut({ ...pull, cursor: 'next' })).toBe(false);
  });
});
