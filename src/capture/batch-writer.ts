import type { CaptureDestination, CaptureRow, WriteAnswer } from '../destination/destination.ts';
import type { Checkpoint, Progress } from '../jobs-api/protocol.ts';
import { type Change, cleanRow } from './clean-text.ts';

/** A batch is sent from this size on; below it, rows wait for company. */
const ENOUGH = { rows: 5_000, bytes: 2 * 1024 * 1024 };
/** A batch is never larger (but for a single row that is). The Jobs API's own limits are wider. */
const MOST = { rows: 10_000, bytes: 4 * 1024 * 1024 };

export interface BatchWriter {
  add(rows: readonly CaptureRow[]): void;
  /** Enough rows have come together for a batch. */
  isFull(): boolean;
  isEmpty(): boolean;
  /**
   * Hands all rows over, with where the capture stands once they are stored. Resolves when the batches before are stored
   * and this one is on its way: one batch is written while the next is fetched, so memory stays flat.
   * @returns the destination's answer to the batch before; null when there was none since the last flush
   */
  flush(checkpoint: Checkpoint, progress: () => Progress): Promise<WriteAnswer | null>;
  /** Resolves when all that was handed over is stored. */
  settle(): Promise<WriteAnswer | null>;
  /** Rows handed over to the destination and not refused, people repeated in several batches counted each time. */
  rowsWritten(): number;
  /** Values that had to be changed: how often, by `table.column` and what was done. */
  cleaned(): ReadonlyMap<string, { column: string; change: Change; count: number }>;
}

/** Collects rows to batches, and writes them in order. */
export function createBatchWriter(
  destination: CaptureDestination,
  opened: { checkpoint: Checkpoint | null; sequence: number },
  /** Told of each answer as soon as it is there. */
  onAnswer: (answer: WriteAnswer) => void = () => {},
): BatchWriter {
  let rows: CaptureRow[] = [];
  let bytes = 0;
  let { sequence } = opened;
  let stored: Checkpoint = opened.checkpoint ?? {};
  let written = 0;
  let pending: Promise<WriteAnswer> | null = null;
  const people = new Map<unknown, CaptureRow>();
  const cleaned = new Map<string, { column: string; change: Change; count: number }>();

  async function settle(): Promise<WriteAnswer | null> {
    const answer = await pending;
    pending = null;
    return answer;
  }

  return {
    add(incoming) {
      for (const { table, row: given } of incoming) {
        const { row, changes } = cleanRow(given);
        for (const { column: name, change } of changes) {
          const column = `${table}.${name}`;
          const key = `${column} ${change}`;
          cleaned.set(key, { column, change, count: (cleaned.get(key)?.count ?? 0) + 1 });
        }
        const known = table === 'contributors' ? people.get(row.id) : undefined;
        if (known !== undefined) {
          known.row = { ...known.row, ...row };
          continue;
        }
        const added = { table, row };
        if (table === 'contributors') people.set(row.id, added);
        rows.push(added);
        bytes += sizeOf(row);
      }
    },
    isFull: () => rows.length >= ENOUGH.rows || bytes >= ENOUGH.bytes,
    isEmpty: () => rows.length === 0,
    async flush(checkpoint, progress) {
      const batches = split(rows);
      rows = [];
      bytes = 0;
      people.clear();
      let answer: WriteAnswer | null = null;
      for (const [index, batch] of batches.entries()) {
        answer = (await settle()) ?? answer;
        // Until the last of them is stored, the capture stands where it stood.
        const isLast = index === batches.length - 1;
        sequence += 1;
        written += batch.length;
        const write = destination.write({
          sequence,
          checkpoint: isLast ? checkpoint : stored,
          progress: progress(),
          rows: batch,
        });
        // It is awaited by the next flush; until then a failure must not count as unhandled.
        write.then(onAnswer, () => {
          written -= batch.length;
        });
        pending = write;
      }
      stored = checkpoint;
      return answer;
    },
    settle,
    rowsWritten: () => written,
    cleaned: () => cleaned,
  };
}

/** At least one batch, since a checkpoint may move without rows. */
function split(rows: readonly CaptureRow[]): CaptureRow[][] {
  const batches: CaptureRow[][] = [];
  let batch: CaptureRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    const size = sizeOf(row.row);
    if (batch.length > 0 && (batch.length >= MOST.rows || bytes + size > MOST.bytes)) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(row);
    bytes += size;
  }
  return [...batches, batch];
}

/** About the bytes of a row as JSON: texts count, everything else is short. */
function sizeOf(row: Record<string, unknown>): number {
  let size = 20;
  for (const [column, value] of Object.entries(row)) {
    size += column.length + (typeof value === 'string' ? value.length + 6 : 12);
  }
  return size;
}
