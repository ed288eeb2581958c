import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import { Checkpoint } from '../jobs-api/protocol.ts';
import {
  compactTable,
  type Extent,
  extentOf,
  readRows,
  type Snapshot,
  type Snapshots,
} from './compact-ndjson.ts';
import {
  CAPTURE_TABLE_NAMES,
  type CaptureDestination,
  type CaptureRow,
  type CaptureTable,
  UnsupportedError,
} from './destination.ts';
import { toJsonLine } from './json-line.ts';
import { NDJSON_TABLES } from './ndjson-tables.ts';

const CHECKPOINT_FILE = '.hybrid-capture-checkpoint.json';
/** Rows of batches that aren't merged into the tables' files yet, one file a table. */
const JOURNAL_FOLDER = '.hybrid-capture-journal';
const LOCK_FILE = '.hybrid-capture-lock';

const State = z.object({
  version: z.literal(1),
  /** Bytes of each table's journal that belong to stored batches; what follows was never finished. */
  journals: z.record(z.string(), z.number().int().nonnegative()),
  captures: z.record(z.string(), z.object({ sequence: z.number().int(), checkpoint: Checkpoint })),
});
type State = z.infer<typeof State>;

export interface NdjsonFilesOptions {
  /** Made when it isn't there. */
  directory: string;
  /** Tells captures of several repositories or ranges into one folder apart. */
  checkpointKey: string;
}

/**
 * Captures into `DIR/<table>.ndjson`: column names as keys, one line a row, each row once, in no particular order.
 *
 * A batch is appended to journals beside; then the checkpoint file is replaced, which names the journals' lengths, so a
 * run that was killed is continued without a line too few or too many. `close` merges the journals into the tables'
 * files, by primary key, the newest first, and removes what a snapshot no longer shows. Memory doesn't grow with the
 * history, but for one entry a captured pull request.
 *
 * @throws Error when another run writes to the folder, or what is in it was not written by a capture
 */
export function createNdjsonFilesDestination({
  directory,
  checkpointKey,
}: NdjsonFilesOptions): CaptureDestination {
  const journalFolder = join(directory, JOURNAL_FOLDER);
  const journalOf = (table: string) => join(journalFolder, `${table}.ndjson`);
  let state: State = { version: 1, journals: {}, captures: {} };
  let isOpen = false;

  async function append(table: string, text: string): Promise<number> {
    const path = journalOf(table);
    const before = state.journals[table] ?? 0;
    const file = await open(path, 'a');
    try {
      await file.appendFile(text);
      await file.datasync();
    } catch (error) {
      await truncate(path, before).catch(() => {});
      throw error;
    } finally {
      await file.close();
    }
    return before + Buffer.byteLength(text);
  }

  async function save(next: State): Promise<void> {
    await replaceFile(join(directory, CHECKPOINT_FILE), `${JSON.stringify(next)}\n`);
    state = next;
  }

  return {
    async open() {
      await mkdir(journalFolder, { recursive: true });
      if (!isOpen) await lock(directory);
      isOpen = true;
      state = await readState(join(directory, CHECKPOINT_FILE));
      for (const table of CAPTURE_TABLE_NAMES) {
        await cutTo(journalOf(table), state.journals[table] ?? 0);
      }
      return state.captures[checkpointKey] ?? { checkpoint: null, sequence: 0 };
    },

    async write({ sequence, checkpoint, rows }) {
      if (sequence <= (state.captures[checkpointKey]?.sequence ?? 0)) return { next: 'continue' };
      const journals = { ...state.journals };
      for (const [table, text] of groupLines(rows)) journals[table] = await append(table, text);
      const captures = { ...state.captures, [checkpointKey]: { sequence, checkpoint } };
      await save({ version: 1, journals, captures });
      return { next: 'continue' };
    },

    async findGaps() {
      throw new UnsupportedError(
        'NDJSON files can’t be asked for gaps: verify needs postgres:// or the app.',
      );
    },

    async close() {
      if (!isOpen) return;
      isOpen = false;
      try {
        if (Object.values(state.journals).some((bytes) => bytes > 0)) {
          await mergeJournals(directory, journalOf, state.journals);
          await save({ ...state, journals: {} });
        }
        await rm(journalFolder, { recursive: true, force: true });
      } finally {
        await rm(join(directory, LOCK_FILE), { force: true });
      }
    },
  };
}

async function mergeJournals(
  directory: string,
  journalOf: (table: string) => string,
  journals: State['journals'],
) {
  const extent = (table: CaptureTable): Extent => ({ path: journalOf(table), bytes: journals[table] ?? 0 });
  const { snapshots, repositories } = await readSnapshots(extent('snapshots'));
  const hasSnapshots = Object.values(snapshots).some(({ size }) => size > 0) || repositories.size > 0;
  for (const [table, rules] of Object.entries(NDJSON_TABLES)) {
    const target = join(directory, `${table}.ndjson`);
    const journal = extent(table as CaptureTable);
    const base = await extentOf(target);
    const isTouched =
      hasSnapshots && base.bytes > 0 && (rules.missing !== 'keep' || rules.snapshotOf !== null);
    if (journal.bytes > 0 || isTouched)
      await compactTable(target, join(directory, JOURNAL_FOLDER), [base, journal], rules, snapshots);
    // Comes before the tables of what is nested in pull requests.
    if (table === 'pull_requests' && repositories.size > 0) {
      await spread(repositories, await extentOf(target), snapshots.threads);
    }
  }
}

/** A walk over all review threads of a repository speaks of each of its pull requests. */
async function spread(
  repositories: ReadonlyMap<unknown, Snapshot>,
  pullRequests: Extent,
  threads: Snapshots['threads'],
): Promise<void> {
  for await (const { id, repository_id: repositoryId } of readRows(pullRequests)) {
    const snapshot = repositories.get(repositoryId);
    const own = threads.get(id);
    if (snapshot && !(own && Date.parse(own.startedAt) > Date.parse(snapshot.startedAt)))
      threads.set(id, snapshot);
  }
}

/** What the journal says of items, and of the review threads of whole repositories (by their id). */
async function readSnapshots(
  journal: Extent,
): Promise<{ snapshots: Snapshots; repositories: Map<unknown, Snapshot> }> {
  const snapshots: Snapshots = { pull_request_id: new Map(), issue_id: new Map(), threads: new Map() };
  const repositories = new Map<unknown, Snapshot>();
  for await (const row of readRows(journal)) {
    const snapshot = { startedAt: String(row.started_at), capturedAt: String(row.captured_at) };
    const { pull_request_id: pull = null, issue_id: issue = null, scope = 'all' } = row;
    // A later one of the same item is the newer one.
    if (pull === null && issue === null) repositories.set(row.repository_id, snapshot);
    if (issue !== null) snapshots.issue_id.set(issue, snapshot);
    if (pull !== null && scope !== 'threads') snapshots.pull_request_id.set(pull, snapshot);
    if (pull !== null && scope !== 'items') snapshots.threads.set(pull, snapshot);
  }
  return { snapshots, repositories };
}

function groupLines(rows: CaptureRow[]): Map<CaptureTable, string> {
  const lines = new Map<CaptureTable, string[]>();
  for (const { table, row } of rows) {
    const group = lines.get(table);
    if (group) group.push(toJsonLine(row));
    else lines.set(table, [toJsonLine(row)]);
  }
  return new Map([...lines].map(([table, group]) => [table, group.join('')]));
}

async function readState(path: string): Promise<State> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return { version: 1, journals: {}, captures: {} };
  try {
    return State.parse(JSON.parse(text));
  } catch {
    throw new Error(
      `${path} is no checkpoint that this version can read. Remove it to capture from the beginning.`,
    );
  }
}

async function cutTo(path: string, bytes: number): Promise<void> {
  const { bytes: found } = await extentOf(path);
  if (found < bytes) {
    throw new Error(
      `${path} lacks rows that the checkpoint says were written. Remove the folder to capture anew.`,
    );
  }
  if (found > bytes) await truncate(path, bytes);
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

/** Two runs that write to one folder would lose rows. The lock of a run that is gone is taken over. */
async function lock(directory: string): Promise<void> {
  const path = join(directory, LOCK_FILE);
  const holder = JSON.stringify({ pid: process.pid, host: hostname() });
  try {
    await writeFile(path, holder, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const other = await readFile(path, 'utf8').catch(() => '');
    if (isAlive(other)) {
      throw new Error(
        `${directory} is being written by another run (${path}). Wait for its end, or choose another folder.`,
      );
    }
    await writeFile(path, holder);
  }
}

function isAlive(holder: string): boolean {
  try {
    const { pid, host } = JSON.parse(holder) as { pid: number; host: string };
    return host === hostname() && pid !== process.pid && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
