import { describe, expect, test } from 'vitest';
import { type FlagName, readFlags } from '../../src/commands/read-flags.ts';

const ALL: FlagName[] = ['reason', 'if-version', 'at', 'window', 'duration', 'cron', 'force', 'dry-run'];

describe('flags', () => {
  test.each([
    [['a', 'b'], { words: ['a', 'b'], flags: {} }],
    [['a', '--reason', 'x y'], { words: ['a'], flags: { reason: 'x y' } }],
    [['--reason=x=y', 'a'], { words: ['a'], flags: { reason: 'x=y' } }],
    [['--if-version', '17'], { words: [], flags: { ifVersion: 17 } }],
    [['--if-version=v17'], { words: [], flags: { ifVersion: 17 } }],
    [['--if-version=0'], { words: [], flags: { ifVersion: 0 } }],
    [['--force', 'x', '--dry-run'], { words: ['x'], flags: { force: true, dryRun: true } }],
    [['--at', '5%'], { words: [], flags: { at: 5 } }],
    [['--window', '7d'], { words: [], flags: { windowHours: 168 } }],
    [['--duration', '90m'], { words: [], flags: { durationMinutes: 90 } }],
    [['--cron', '0 18 * * 5'], { words: [], flags: { cron: '0 18 * * 5' } }],
    [['-x'], { words: ['-x'], flags: {} }],
  ])('%j', (args, expected) => {
    expect(readFlags(args, ALL)).toEqual(expected);
  });

  test.each([
    [['--forse'], 'There is no such flag here; the flags are `--reason`'],
    [['--cancel-runs'], 'There is no such flag here'],
    [['--reason'], '`--reason` takes words in quotation marks.'],
    [['--reason='], '`--reason` takes words'],
    [['--reason', '--force'], '`--reason` takes words'],
    [['--force=yes'], '`--force` takes no value.'],
    [['--if-version', '17x'], 'the version that `status` shows'],
    [['--if-version', '-1'], 'the version'],
    [['--if-version=1.5'], 'the version'],
    [['--at', '50abc'], 'a percentage'],
    [['--at', '101'], 'a percentage'],
    [['--window', '90m'], 'hours or days'],
    [['--window', '32d'], 'at most 31 days'],
    [['--duration', '0h'], 'minutes, hours or days'],
    [['--duration', '93d'], 'at most 92 days'],
  ])('%j is a problem', (args, words) => {
    expect(readFlags(args, ALL)).toEqual({ problem: expect.stringContaining(words) });
  });

  test('that a verb does not know are words where it may never be refused', () => {
    expect(readFlags(['now', '--cancel-runs', '--forse'], ['cancel-runs'], { isLenient: true })).toEqual({
      words: ['now', '--forse'],
      flags: { cancelRuns: true },
    });
  });

  test('of a verb without any', () => {
    expect(readFlags(['--x'], [])).toEqual({ problem: 'This verb has no flags.' });
  });
});
