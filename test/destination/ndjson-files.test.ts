import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compactTable, extentOf, type TableRules } from '../../src/destination/compact-ndjson.ts';
import { type CaptureRow, UnsupportedError } from '../../src/destination/destination.ts';
import { createNdjsonFilesDestination } from '../../src/destination/ndjson-files.ts';
import { NDJSON_TABLES } from '../../src/destination/ndjson-tables.ts';
import { withDatabase } from '../support/databases.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ndjson-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const open = (checkpointKey = 'acme/widgets') => createNdjsonFilesDestination({ directory, checkpointKey });
const minute = (number: number) => `2026-01-01T00:${String(number).padStart(2, '0')}:00Z`;
const batch = (sequence: number, rows: CaptureRow[]) => ({
  sequence,
  checkpoint: { page: sequence },
  progress: { done: 1, total: 10, points: 1, requests: 1, rows: 1, pointsLeft: null, restLeft: null },
  rows,
});
const contributor = (id: number, login: string, at = 1): CaptureRow => ({
  table: 'contributors',
  row: { id, login, type: 'User', captured_at: minute(at) },
});
const commit = (oid: string, at: number): CaptureRow => ({
  table: 'commits',
  row: { pull_request_id: 5, oid, message_headline: `commit ${oid}`, captured_at: minute(at) },
});
const pull = (title: string, at: number): CaptureRow => ({
  table: 'pull_requests',
  row: {
    id: 5,
    repository_id: 1,
    number: 1,
    title,
    state: 'OPEN',
    created_at: minute(0),
    updated_at: minute(at),
    captured_at: minute(at),
  },
});
const comment = (id: number, at: number): CaptureRow => ({
  table: 'comments',
  row: {
    comment_type: 'issue',
    id,
    pull_request_id: 5,
    body: `text ${id}`,
    created_at: minute(0),
    captured_at: minute(at),
  },
});
const snapshot = (at: number): CaptureRow => ({
  table: 'snapshots',
  row: { pull_request_id: 5, started_at: minute(at), captured_at: minute(at) },
});

async function rowsOf(table: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(join(directory, `${table}.ndjson`), 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('files', () => {
  test('one line a row, column names as keys, each row once with the newest that is known', async () => {
    const first = open();
    expect(await first.open()).toEqual({ checkpoint: null, sequence: 0 });
    await first.write(batch(1, [contributor(1, 'old'), contributor(2, 'b'), pull('first', 1)]));
    await first.write(batch(2, [contributor(1, 'new', 2), pull('line\nbreak \u2028 and "quotes"', 2)]));
    await first.close();

    expect(await rowsOf('contributors')).toEqual([
      {
        id: 1,
        node_id: null,
        login: 'new',
        type: 'User',
        name: null,
        avatar_url: null,
        captured_at: minute(2),
      },
      {
        id: 2,
        node_id: null,
        login: 'b',
        type: 'User',
        name: null,
        avatar_url: null,
        captured_at: minute(1),
      },
    ]);
    const [row] = await rowsOf('pull_requests');
    expect(Object.keys(row ?? {})).toEqual(NDJSON_TABLES.pull_requests.columns);
    expect(row).toMatchObject({ id: 5, title: 'line\nbreak \u2028 and "quotes"', merged_at: null });
    expect(await readFile(join(directory, 'pull_requests.ndjson'), 'utf8')).not.toContain('\u2028');
    expect((await readdir(directory)).sort()).toEqual([
      '.hybrid-capture-checkpoint.json',
      'contributors.ndjson',
      'pull_requests.ndjson',
    ]);
  });

  test('a second capture goes on from the checkpoint and merges into what is there', async () => {
    const first = open();
    await first.open();
    await first.write(batch(1, [contributor(1, 'a'), pull('first', 1)]));
    await first.close();

    const second = open();
    expect(await second.open()).toEqual({ checkpoint: { page: 1 }, sequence: 1 });
    await second.write(batch(1, [contributor(9, 'ignored: this number is stored')]));
    await second.write(batch(2, [pull('second', 2), contributor(3, 'c')]));
    await second.close();
    expect((await rowsOf('contributors')).map((row) => row.login)).toEqual(['a', 'c']);
    expect((await rowsOf('pull_requests')).map((row) => row.title)).toEqual(['second']);
  });

  test('captures of several repositories keep their own places in one folder', async () => {
    const one = open('acme/one');
    await one.open();
    await one.write(batch(1, [contributor(1, 'a')]));
    await one.close();
    const two = open('acme/two');
    expect(await two.open()).toEqual({ checkpoint: null, sequence: 0 });
    await two.write(batch(1, [contributor(2, 'b')]));
    await two.close();
    expect(await rowsOf('contributors')).toHaveLength(2);
    const again = open('acme/one');
    expect(await again.open()).toEqual({ checkpoint: { page: 1 }, sequence: 1 });
    await again.close();
  });

  test('what a snapshot no longer shows is removed, or leaves a tombstone without body', async () => {
    const first = open();
    await first.open();
    await first.write(
      batch(1, [pull('p', 1), commit('a', 1), commit('b', 1), comment(1, 1), comment(2, 1), snapshot(1)]),
    );
    await first.close();
    expect(await rowsOf('commits')).toHaveLength(2);
    expect((await rowsOf('pull_requests'))[0]?.nested_captured_at).toBe(minute(1));

    const second = open();
    await second.open();
    await second.write(batch(2, [commit('b', 3), comment(2, 3), snapshot(2)]));
    await second.close();
    expect((await rowsOf('commits')).map((row) => row.oid)).toEqual(['b']);
    expect((await rowsOf('comments')).map(({ id, body, deleted_at }) => [id, body, deleted_at])).toEqual([
      [1, null, minute(2)],
      [2, 'text 2', null],
    ]);
    expect((await rowsOf('pull_requests'))[0]?.nested_captured_at).toBe(minute(2));
  });

  test('what a walk over all review threads of a repository no longer shows leaves a tombstone, there alone', async () => {
    const thread = (id: string, pullRequestId: number, at: number): CaptureRow => ({
      table: 'review_threads',
      row: { id, pull_request_id: pullRequestId, path: 'a', is_resolved: false, captured_at: minute(at) },
    });
    const other = { ...pull('other', 1) };
    other.row = { ...other.row, id: 900, repository_id: 2, number: 900 };
    const walked = { repository_id: pull('p', 1).row.repository_id, scope: 'threads' };
    const destination = open();
    await destination.open();
    await destination.write(
      batch(1, [
        pull('p', 1),
        other,
        thread('gone', Number(pull('p', 1).row.id), 1),
        thread('seen', Number(pull('p', 1).row.id), 3),
        thread('elsewhere', 900, 1),
        commit('kept', 1),
        { table: 'snapshots', row: { ...walked, started_at: minute(2), captured_at: minute(2) } },
      ]),
    );
    await destination.close();
    const threads = (await rowsOf('review_threads')).map(({ id, deleted_at }) => [id, deleted_at]);
    expect(Object.fromEntries(threads)).toEqual({ gone: minute(2), seen: null, elsewhere: null });
    expect(await rowsOf('commits')).toHaveLength(1);
    const pulls = (await rowsOf('pull_requests')).map((row) => [row.id, row.threads_captured_at]);
    expect(Object.fromEntries(pulls)).toMatchObject({ 900: null });
  });

  test('can not be asked for gaps', async () => {
    await expect(open().findGaps([], 1)).rejects.toThrow(UnsupportedError);
  });
});

describe('a killed run', () => {
  test('is continued after the last whole batch: what was half written is cut off', async () => {
    const killed = open();
    await killed.open();
    await killed.write(batch(1, [contributor(1, 'a'), commit('a', 1)]));
    // As if killed while the second batch was being appended, and later while files were being merged.
    const journal = join(directory, '.hybrid-capture-journal');
    await appendFile(join(journal, 'contributors.ndjson'), '{"id":2,"login":"ha');
    await writeFile(join(journal, 'labels.ndjson'), '{"id":"L1"}\n');
    await writeFile(
      join(directory, 'contributors.ndjson'),
      '{"id":1,"login":"a","captured_at":"2026-01-01T00:01:00Z"}\n',
    );
    await writeFile(join(directory, '.hybrid-capture-journal', 'commits.ndjson.tmp'), '{"pull_re');
    await writeFile(
      join(directory, '.hybrid-capture-lock'),
      JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() }),
    );

    const next = open();
    expect(await next.open()).toEqual({ checkpoint: { page: 1 }, sequence: 1 });
    await next.write(batch(2, [contributor(2, 'b')]));
    await next.close();
    expect((await rowsOf('contributors')).map((row) => row.login)).toEqual(['a', 'b']);
    expect(await rowsOf('commits')).toHaveLength(1);
    expect(await readdir(directory)).not.toContain('labels.ndjson');
  });

  test('rows that the checkpoint counts and that are gone are told, not skipped', async () => {
    const killed = open();
    await killed.open();
    await killed.write(batch(1, [contributor(1, 'a')]));
    await truncate(join(directory, '.hybrid-capture-journal', 'contributors.ndjson'), 5);
    await rm(join(directory, '.hybrid-capture-lock'));
    await expect(open().open()).rejects.toThrow(/lacks rows that the checkpoint says were written/);
  });
});

describe('bad folders', () => {
  test('one that another run writes to', async () => {
    await writeFile(
      join(directory, '.hybrid-capture-lock'),
      JSON.stringify({ pid: process.ppid, host: hostname() }),
    );
    await expect(open().open()).rejects.toThrow(/is being written by another run/);
  });

  test('a checkpoint that is none', async () => {
    await writeFile(join(directory, '.hybrid-capture-checkpoint.json'), '{}');
    await expect(open().open()).rejects.toThrow(/is no checkpoint that this version can read/);
  });

  test('a table file that a capture did not write; nothing is lost', async () => {
    await writeFile(join(directory, 'contributors.ndjson'), 'hello\n');
    const destination = open();
    await destination.open();
    await destination.write(batch(1, [contributor(1, 'a')]));
    await expect(destination.close()).rejects.toThrow(
      /contributors\.ndjson, line 1 is no row that a capture wrote/,
    );
    expect(await readFile(join(directory, 'contributors.ndjson'), 'utf8')).toBe('hello\n');
  });
});

test('large tables are merged in parts with the same result', async () => {
  const rules: TableRules = NDJSON_TABLES.contributors;
  const line = (id: number, login: string, at: number) =>
    `${JSON.stringify({ id, login, type: 'User', captured_at: minute(at) })}\n`;
  const base = join(directory, 'base');
  const journal = join(directory, 'journal');
  const ids = Array.from({ length: 500 }, (_, index) => index + 1);
  await writeFile(base, ids.map((id) => line(id, `old-${id}`, 1)).join(''));
  await writeFile(
    journal,
    ids
      .filter((id) => id % 2)
      .map((id) => line(id, `new-${id}`, 2))
      .join(''),
  );
  const none = { pull_request_id: new Map(), issue_id: new Map(), threads: new Map() };
  const sources = [await extentOf(base), await extentOf(journal)];
  const read = async (path: string) => (await readFile(path, 'utf8')).trimEnd().split('\n').sort();

  await compactTable(join(directory, 'whole'), directory, sources, rules, none);
  await compactTable(join(directory, 'parts'), directory, sources, rules, none, 4_000);
  const whole = await read(join(directory, 'whole'));
  expect(whole).toHaveLength(500);
  expect(whole.filter((text) => text.includes('"login":"new-'))).toHaveLength(250);
  expect(await read(join(directory, 'parts'))).toEqual(whole);
  expect((await readdir(directory)).sort()).toEqual(['base', 'journal', 'parts', 'whole']);
});

describe('the tables', () => {
  const database = withDatabase();

  test('have the keys and columns of the database', async () => {
    const columns = await sql<{ table_name: string; column_name: string }>`
      SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()`.execute(
      database().db,
    );
    const keys = await sql<{ table_name: string; column_name: string }>`
      SELECT k.table_name, k.column_name FROM information_schema.key_column_usage k
      JOIN information_schema.table_constraints c USING (constraint_name, table_schema)
      WHERE c.constraint_type = 'PRIMARY KEY' AND k.table_schema = current_schema()`.execute(database().db);
    for (const [table, rules] of Object.entries(NDJSON_TABLES)) {
      const of = (rows: typeof columns.rows) =>
        rows.filter((row) => row.table_name === table).map((row) => row.column_name);
      expect(of(columns.rows), table).toEqual(expect.arrayContaining([...rules.columns]));
      expect(of(keys.rows).sort(), table).toEqual([...rules.key].sort());
    }
  });
});
