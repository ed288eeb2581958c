import { describe, expect, test } from 'vitest';
import { readFlags } from '../../src/rollout/read-flags.ts';

describe('flags', () => {
  test.each([
    [['a', 'b'], { words: ['a', 'b'], flags: {} }],
    [['a', '--reason', 'x y'], { words: ['a'], flags: { reason: 'x y' } }],
    [['--reason=x=y', 'a'], { words: ['a'], flags: { reason: 'x=y' } }],
    [['--if-version', '17'], { words: [], flags: { ifVersion: 17 } }],
    [['--if-version=0'], { words: [], flags: { ifVersion: 0 } }],
  ])('%j', (args, expected) => {
    expect(readFlags(args)).toEqual(expected);
  });

  test.each([
    [['--force'], 'no such flag'],
    [['--reason'], 'lacks its value'],
    [['--reason='], 'lacks its value'],
    [['--if-version', '17x'], 'whole number'],
    [['--if-version', '-1'], 'whole number'],
    [['--if-version=1.5'], 'whole number'],
  ])('%j is a problem', (args, words) => {
    expect(readFlags(args)).toEqual({ problem: expect.stringContaining(words) });
  });
});
