import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Another process works in the data folder. */
export class DataFolderLockedError extends Error {
  override name = 'DataFolderLockedError';
  readonly code = 'data_folder_locked';
}

const LOCK_FILE = 'hybrid-capture.lock';
/** https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/**
 * Takes a folder for this process alone, and creates it if need be. The lock is a lock of the operating system on a
 * file in the folder, held through SQLite, the one thing in Node that takes such locks: it ends with the process,
 * however that ends, so there is no stale lock to judge by age or process number (a killed container's 1 is alive again
 * in the next one), and none to refresh, which a long statement of PGlite would prevent.
 * @returns what releases it
 * @throws DataFolderLockedError, and Error when the folder can't be written
 */
export function lockFolder(folder: string): () => void {
  const path = resolve(folder);
  const lock = openLockFile(path);
  try {
    lock.exec('BEGIN IMMEDIATE');
    // Readable by the one who is refused, to name the holder.
    lock.exec(`PRAGMA user_version = ${process.pid}; COMMIT; BEGIN IMMEDIATE`);
  } catch (error) {
    const holder = isBusy(error) ? holderOf(lock) : null;
    lock.close();
    if (holder === null) throw error;
    throw new DataFolderLockedError(
      `The data folder ${path} is in use by another process (${holder}). Two processes in one folder lose rows, so stop the other one, give this one a folder of its own, or set DATABASE_URL to a PostgreSQL server.`,
    );
  }
  return () => lock.close();
}

function openLockFile(path: string): DatabaseSync {
  try {
    mkdirSync(path, { recursive: true });
    return new DatabaseSync(join(path, LOCK_FILE));
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? cause.code : cause;
    throw new Error(
      `The data folder ${path} can't be written (${why}). Give this user a folder that it may write, or set DATABASE_URL to a PostgreSQL server.`,
      { cause },
    );
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}

function holderOf(lock: DatabaseSync): string {
  try {
    return `process ${lock.prepare('PRAGMA user_version').get()?.user_version}`;
  } catch {
    // The holder was just writing its number.
    return 'just started';
  }
}
