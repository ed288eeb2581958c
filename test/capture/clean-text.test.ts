import { describe, expect, test } from 'vitest';
import { cleanRow } from '../../src/capture/clean-text.ts';
import { BATCH_LIMITS } from '../../src/jobs-api/protocol.ts';

describe('a clean row', () => {
  test('stays the same object when nothing has to be changed', () => {
    const row = {
      path: 'a'.repeat(2_048),
      message_body: 'b'.repeat(131_072),
      authored_at: '1970-01-01T00:00:00Z',
    };
    expect(cleanRow(row)).toEqual({ row, changes: [] });
    expect(cleanRow(row).row).toBe(row);
  });

  test('cuts a text beyond all measure, visibly, and below a line of the Jobs API however it is escaped', () => {
    for (const character of ['\u0001', '\u2028', '語', '😀', 'a']) {
      const { row, changes } = cleanRow({
        message_body: character.repeat(2 * 1024 * 1024),
        message_headline: 'h',
      });
      const body = String(row.message_body);
      expect(changes).toEqual([{ column: 'message_body', change: 'cut' }]);
      expect(body.endsWith('…') && body.isWellFormed()).toBe(true);
      expect(body.length).toBeGreaterThan(131_070);
      expect(Buffer.byteLength(JSON.stringify(row))).toBeLessThan(BATCH_LIMITS.lineBytes);
      expect(row.message_headline).toBe('h');
    }
  });

  test('cuts a path to what an index takes, and keeps two paths two', () => {
    const [one, other] = ['one', 'other'].map((end) => cleanRow({ path: `${'d/'.repeat(2_000)}${end}` }));
    expect(one?.changes).toEqual([{ column: 'path', change: 'cut' }]);
    expect(one?.row.path).not.toBe(other?.row.path);
    for (const path of ['d/'.repeat(2_000), '語'.repeat(1_300), '😀'.repeat(1_000)]) {
      expect(Buffer.byteLength(String(cleanRow({ path }).row.path))).toBeLessThanOrEqual(2_048);
    }
  });

  test.each([
    '0000-12-31T00:00:00Z',
    '20001-01-01T00:00:00Z',
    '-0001-01-01T00:00:00Z',
    '2020-13-01T00:00:00Z',
  ])('does not know the time of a commit of %s', (time) => {
    expect(cleanRow({ authored_at: time, committed_at: '9999-01-01T00:00:00Z' })).toEqual({
      row: { authored_at: null, committed_at: '9999-01-01T00:00:00Z' },
      changes: [{ column: 'authored_at', change: 'dropped' }],
    });
  });

  test('replaces what PostgreSQL can not hold', () => {
    expect(cleanRow({ title: 'a\0b\ud800', path: '\udc00', number: 3 })).toEqual({
      row: { title: 'a\uFFFDb\uFFFD', path: '\uFFFD', number: 3 },
      changes: [
        { column: 'title', change: 'replaced' },
        { column: 'path', change: 'replaced' },
      ],
    });
  });
});
