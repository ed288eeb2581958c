import type { CaptureBatch, CaptureDestination, CaptureRow } from '../../src/destination/destination.ts';
import type { Checkpoint, ExpectedCounts, GapsResponse } from '../../src/jobs-api/protocol.ts';
import { sortAll } from './world.ts';

/** Keeps batches as the contract says: in order, each once, the checkpoint with the rows. */
export class MemoryDestination implements CaptureDestination {
  readonly batches: CaptureBatch[] = [];
  readonly rows: CaptureRow[] = [];
  checkpoint: Checkpoint | null = null;
  sequence = 0;
  /** Called before a batch is stored; may throw to let the run die there. */
  before: (batch: CaptureBatch) => void = () => {};
  next: 'continue' | 'stop' = 'continue';
  gaps: (counts: ExpectedCounts[]) => GapsResponse = () => ({ numbers: [], gaps: [] });

  async open() {
    return { checkpoint: structuredClone(this.checkpoint), sequence: this.sequence };
  }

  async write(batch: CaptureBatch) {
    this.before(batch);
    if (batch.sequence <= this.sequence) return { next: this.next };
    if (batch.sequence !== this.sequence + 1)
      throw new Error(`batch ${batch.sequence} after ${this.sequence}`);
    this.sequence = batch.sequence;
    this.checkpoint = JSON.parse(JSON.stringify(batch.checkpoint));
    this.batches.push(batch);
    this.rows.push(...structuredClone(batch.rows));
    return { next: this.next };
  }

  async findGaps(counts: ExpectedCounts[]) {
    return this.gaps(counts);
  }

  async close() {}

  of(table: string): Record<string, unknown>[] {
    return this.rows.filter((row) => row.table === table).map(({ row }) => row);
  }

  /** The same with each key once: what is asked again in another way comes again, and a store merges it. */
  uniqueKeys(): Record<string, string[]> {
    const keys = Object.entries(this.keys()).map(([table, list]) => [table, [...new Set(list)]]);
    return Object.fromEntries(keys);
  }

  /**
   * Keys of all rows of pull requests by table, once for each time that a row was written; of pull requests themselves,
   * whose totals may come later than the rest, once.
   */
  keys(): Record<string, string[]> {
    const keys: Record<string, string[]> = {};
    for (const { table, row } of this.rows) {
      const key = KEYS[table]?.(row);
      if (key === undefined || key[0] === undefined) continue;
      keys[table] ??= [];
      keys[table].push(key.filter((part) => part !== null && part !== undefined).join('|'));
    }
    if (keys.pull_requests) keys.pull_requests = [...new Set(keys.pull_requests)];
    return sortAll(keys);
  }
}

const KEYS: Record<string, (row: Record<string, unknown>) => unknown[]> = {
  pull_requests: (row) => [row.id],
  snapshots: (row) => [row.pull_request_id],
  pull_request_labels: (row) => [row.pull_request_id, row.name],
  pull_request_assignees: (row) => [row.pull_request_id, row.contributor_id],
  comments: (row) => [row.comment_type, row.id, row.pull_request_id, row.review_thread_id],
  reviews: (row) => [row.id],
  review_threads: (row) => [row.id],
  commits: (row) => [row.pull_request_id, row.oid],
  files: (row) => [row.pull_request_id, row.path],
};
