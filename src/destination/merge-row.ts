/** How rows of one table are told apart and which of two is newer. */
export interface MergeRules {
  /** The primary key. */
  key: readonly string[];
  /** Column that tells a row's version; where one of two rows lacks it, `captured_at` does. */
  version: string;
  /** Columns that an explicit null never erases. */
  keep: ReadonlySet<string>;
}

export type Row = Record<string, unknown>;

/**
 * What is known after `incoming` was captured of a row that is `stored`, whatever the order of their arrival: the newer
 * version wins column by column; of an older one only what was not known is taken; an absent column says nothing.
 */
export function mergeRow(stored: Row, incoming: Row, rules: MergeRules): Row {
  const isNewer = compareVersions(incoming, stored, rules) >= 0;
  const merged: Row = { ...stored };
  for (const [column, value] of Object.entries(incoming)) {
    if (column === 'deleted_at') continue;
    // Where null is a value of its own (`closed_at` of an open item), an older row must not replace it.
    const isUnknown = stored[column] === undefined || (stored[column] === null && rules.keep.has(column));
    if (isUnknown || (isNewer && !(value === null && rules.keep.has(column)))) merged[column] = value;
  }
  merged.captured_at = laterOf(stored.captured_at, incoming.captured_at);
  const deletedAt = deletionOf(stored, incoming);
  if (typeof deletedAt === 'string') return entomb(merged, deletedAt);
  return isDeleted(stored) ? { ...merged, deleted_at: null } : merged;
}

/** When the row was deleted, as far as the later of the two knows; null: it is there. */
function deletionOf(stored: Row, incoming: Row): unknown {
  if (isDeleted(stored)) {
    const isSeenAgain = timeOf(incoming.captured_at) > timeOf(stored.deleted_at);
    return isSeenAgain ? (incoming.deleted_at ?? null) : stored.deleted_at;
  }
  return timeOf(incoming.captured_at) >= timeOf(stored.captured_at) ? (incoming.deleted_at ?? null) : null;
}

/** Of a tombstone's text nothing is kept. */
export function entomb(row: Row, deletedAt: string): Row {
  return { ...row, deleted_at: deletedAt, ...('body' in row && { body: null }) };
}

export function isDeleted(row: Row): boolean {
  return row.deleted_at !== undefined && row.deleted_at !== null;
}

/** Milliseconds of an ISO 8601 time; what is no time is older than all. */
export function timeOf(value: unknown): number {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? Number.NEGATIVE_INFINITY : time;
}

function compareVersions(left: Row, right: Row, { version }: MergeRules): number {
  const isKnown = Number.isFinite(timeOf(left[version])) && Number.isFinite(timeOf(right[version]));
  const byVersion = isKnown ? compare(timeOf(left[version]), timeOf(right[version])) : 0;
  return byVersion || compare(timeOf(left.captured_at), timeOf(right.captured_at));
}

function compare(left: number, right: number): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

function laterOf(left: unknown, right: unknown): unknown {
  return timeOf(right) > timeOf(left) ? right : left;
}
