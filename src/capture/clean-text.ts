import { createHash } from 'node:crypto';

/** What had to be changed in a value so that every destination takes its row. */
export type Change = 'replaced' | 'cut' | 'dropped';

/**
 * GitHub's bodies have up to 65,536 characters, but a commit's message is as long as its author likes. A character takes
 * up to 6 bytes in JSON, so that a row with one such text stays below the 1 MiB that the Jobs API takes for a line.
 */
const MOST_CHARACTERS = 131_072;
/** What stands in an index: PostgreSQL takes 2,704 bytes there, and a file's path may have 4,096. */
const INDEXED = new Set(['path', 'name', 'login']);
const MOST_INDEXED_BYTES = 2_048;
/** Git's times are what the author's clock said; the year may be 0 or 20,000. GitHub's own times are sound. */
const GIT_TIMES = new Set(['authored_at', 'committed_at']);
const TIME = /^(?!0000)\d{4}-/;

/**
 * A row that a database can hold, whatever strangers wrote: NUL and lone surrogates become U+FFFD, what is too long is cut
 * and ends in `…`, a commit's impossible time is not known. `changes` tells of the columns that were changed.
 */
export function cleanRow(row: Record<string, unknown>): {
  row: Record<string, unknown>;
  changes: { column: string; change: Change }[];
} {
  const changes: { column: string; change: Change }[] = [];
  let clean = row;
  const set = (column: string, value: string | null, change: Change) => {
    if (clean === row) clean = { ...row };
    clean[column] = value;
    changes.push({ column, change });
  };
  for (const [column, given] of Object.entries(row)) {
    if (typeof given !== 'string') continue;
    const text = toStorable(given);
    if (text !== given) set(column, text, 'replaced');
    if (INDEXED.has(column) ? Buffer.byteLength(text) > MOST_INDEXED_BYTES : text.length > MOST_CHARACTERS) {
      set(column, INDEXED.has(column) ? cutApart(text) : cut(text, MOST_CHARACTERS), 'cut');
    }
    if (GIT_TIMES.has(column) && !(TIME.test(text) && !Number.isNaN(Date.parse(text)))) {
      set(column, null, 'dropped');
    }
  }
  return { row: clean, changes };
}

/** Text that PostgreSQL can hold. */
export function toStorable(text: string): string {
  return text.isWellFormed() && !text.includes('\0') ? text : text.toWellFormed().replaceAll('\0', '\uFFFD');
}

/** @param most length of the result, in UTF-16 units; no character is cut in two */
function cut(text: string, most: number): string {
  return `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** As long as an index takes; two texts that begin alike stay two. */
function cutApart(text: string): string {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  // At most 3 bytes a UTF-16 unit.
  return `${cut(text, Math.floor(MOST_INDEXED_BYTES / 3) - hash.length)}${hash}`;
}
