import { expect, test } from 'vitest';
import { readable, renderTable } from '../../bench/render-table.ts';

test('a line for each measurement, and nothing in a cell that would end it', () => {
  const table = renderTable(
    [
      { figure: 'points', measured: '24.3', target: 'at most 25', isReached: true },
      { figure: 'a | b', measured: '3\nlines', target: '0', isReached: false },
    ],
    ['Made by a test.'],
  );
  expect(table).toBe(
    [
      '| figure | measured | target | |',
      '|---|---|---|---|',
      '| points | 24.3 | at most 25 | ✅ |',
      '| a \\| b | 3 lines | 0 | ❌ |',
      '',
      'Made by a test.',
      '',
    ].join('\n'),
  );
});

test.each([
  [1234.56, 0, '1,235'],
  [1234.56, 1, '1,234.6'],
  [0.5, 2, '0.50'],
])('%f with %i digits is %s', (value, digits, text) => {
  expect(readable(value, digits)).toBe(text);
});
