import { createReadStream } from 'node:fs';
import { mkdtemp, open, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { toJsonLine } from './json-line.ts';
import { entomb, isDeleted, type MergeRules, mergeRow, type Row, timeOf } from './merge-row.ts';

/** A file, and how many bytes of it count. */
export interface Extent {
  path: string;
  bytes: number;
}

/** What became of an item's nested rows: those captured before it began are no longer there. */
export interface Snapshot {
  startedAt: string;
  capturedAt: string;
}
/** By id of the pull request or issue; `threads` speaks of a pull request's review threads and their comments. */
export type Snapshots = Record<'pull_request_id' | 'issue_id' | 'threads', Map<unknown, Snapshot>>;

export interface TableRules extends MergeRules {
  /** All columns, in the order in which they are written. */
  columns: readonly string[];
  /** Column with the item that a snapshot speaks of, and what happens to rows that it no longer shows. */
  missing: 'keep' | 'delete' | 'entomb';
  /** `pull_requests` and `issues` themselves remember when their nested rows were fetched. */
  snapshotOf: 'pull_request_id' | 'issue_id' | null;
  /** Whether a row is a review thread or belongs to one. */
  isOfThread: (row: Row) => boolean;
}

/** Rows of this many bytes are merged in memory at once, where they take some ten times as much. */
const PART_BYTES = 4 * 1024 * 1024;
/** Text that is gathered before it is written. */
const WRITE_CHARACTERS = 256 * 1024;

/**
 * Merges rows from several files into `target`, one line a row with all columns (null where not known), in no particular
 * order. Later files are captured later. Memory is bounded: large tables are split by a hash of the key first.
 * `target` may be among the sources; it is replaced in one step.
 *
 * @param workFolder for what is made on the way; on the target's file system
 */
export async function compactTable(
  target: string,
  workFolder: string,
  sources: Extent[],
  rules: TableRules,
  snapshots: Snapshots,
  partBytes = PART_BYTES,
): Promise<void> {
  const bytes = sources.reduce((sum, source) => sum + source.bytes, 0);
  const parts = Math.ceil(bytes / partBytes);
  const temporary = join(workFolder, `${basename(target)}.tmp`);
  const output = await openWriter(temporary);
  try {
    if (parts <= 1) {
      await mergeInto(output, sources, rules, snapshots);
    } else {
      const folder = await mkdtemp(join(workFolder, 'parts-'));
      try {
        const paths = Array.from({ length: parts }, (_, index) => join(folder, `${index}`));
        await split(sources, paths, rules.key);
        for (const path of paths) await mergeInto(output, [await extentOf(path)], rules, snapshots);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }
  } finally {
    await output.close();
  }
  await rename(temporary, target);
}

/** The whole file; nothing when there is none. */
export async function extentOf(path: string): Promise<Extent> {
  const bytes = await stat(path).then(
    ({ size }) => size,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return 0;
      throw error;
    },
  );
  return { path, bytes };
}

/** @throws Error that names file and line, when a line is no JSON object */
export async function* readRows({ path, bytes }: Extent): AsyncGenerator<Row> {
  if (bytes === 0) return;
  let number = 0;
  const input = createReadStream(path, { end: bytes - 1 });
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    yield parseRow(line, `${path}, line ${number}`);
  }
}

function parseRow(line: string, where: string): Row {
  try {
    const row: unknown = JSON.parse(line);
    if (typeof row === 'object' && row !== null && !Array.isArray(row)) return row as Row;
  } catch {
    // Told below, with its place.
  }
  throw new Error(`${where} is no row that a capture wrote. Remove the file, or choose another folder.`);
}

async function split(sources: Extent[], paths: string[], key: readonly string[]): Promise<void> {
  const outputs = await Promise.all(paths.map(openWriter));
  try {
    for (const source of sources) {
      for await (const row of readRows(source)) {
        await outputs[hash(keyOf(row, key)) % outputs.length]?.write(toJsonLine(row));
      }
    }
  } finally {
    for (const output of outputs) await output.close();
  }
}

async function mergeInto(output: Writer, sources: Extent[], rules: TableRules, snapshots: Snapshots) {
  const rows = new Map<string, Row>();
  for (const source of sources) {
    for await (const row of readRows(source)) {
      const key = keyOf(row, rules.key);
      const stored = rows.get(key);
      rows.set(key, stored ? mergeRow(stored, row, rules) : row);
    }
  }
  for (const row of rows.values()) {
    const shown = applySnapshot(row, rules, snapshots);
    if (shown) await output.write(toJsonLine(withAllColumns(shown, rules.columns)));
  }
}

/** The row after the snapshot of its item; null: it is no longer there. */
function applySnapshot(row: Row, rules: TableRules, snapshots: Snapshots): Row | null {
  if (rules.snapshotOf) {
    const nested = latest(row.nested_captured_at, snapshots[rules.snapshotOf].get(row.id));
    if (rules.snapshotOf === 'issue_id') return { ...row, nested_captured_at: nested };
    const threads = latest(row.threads_captured_at, snapshots.threads.get(row.id));
    return { ...row, nested_captured_at: nested, threads_captured_at: threads };
  }
  if (rules.missing === 'keep') return row;
  const snapshot = rules.isOfThread(row)
    ? snapshots.threads.get(row.pull_request_id)
    : (snapshots.pull_request_id.get(row.pull_request_id) ?? snapshots.issue_id.get(row.issue_id));
  if (!snapshot || timeOf(row.captured_at) >= timeOf(snapshot.startedAt)) return row;
  if (rules.missing === 'delete') return null;
  return isDeleted(row) ? row : entomb(row, snapshot.capturedAt);
}

function latest(stored: unknown, snapshot: Snapshot | undefined): unknown {
  const isNews = snapshot && !(timeOf(snapshot.startedAt) <= timeOf(stored));
  return isNews ? snapshot.startedAt : (stored ?? null);
}

function withAllColumns(row: Row, columns: readonly string[]): Row {
  return { ...Object.fromEntries(columns.map((column) => [column, null])), ...row };
}

function keyOf(row: Row, key: readonly string[]): string {
  return key.length === 1 && key[0] ? String(row[key[0]]) : JSON.stringify(key.map((column) => row[column]));
}

function hash(text: string): number {
  let value = 0;
  for (let index = 0; index < text.length; index += 1) value = (value * 31 + text.charCodeAt(index)) >>> 0;
  return value;
}

interface Writer {
  write(line: string): Promise<void>;
  close(): Promise<void>;
}

/** Writes to a new file in larger pieces; every failure reaches the caller. */
async function openWriter(path: string): Promise<Writer> {
  const file = await open(path, 'w');
  let pending = '';
  return {
    async write(line) {
      pending += line;
      if (pending.length < WRITE_CHARACTERS) return;
      const text = pending;
      pending = '';
      await file.appendFile(text);
    },
    async close() {
      try {
        await file.appendFile(pending);
      } finally {
        await file.close();
      }
    },
  };
}
