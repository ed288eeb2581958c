import type {
  BudgetShare,
  Checkpoint,
  ExpectedCounts,
  GapsResponse,
  Progress,
} from '../jobs-api/protocol.ts';

/** The tables that a capture may write, and `snapshots`, which says that all nested rows of an item were fetched. */
export const CAPTURE_TABLE_NAMES = [
  'repositories',
  'contributors',
  'labels',
  'pull_requests',
  'issues',
  'reviews',
  'review_threads',
  'comments',
  'commits',
  'branch_commits',
  'files',
  'pull_request_labels',
  'pull_request_assignees',
  'issue_labels',
  'issue_assignees',
  'snapshots',
] as const;
export type CaptureTable = (typeof CAPTURE_TABLE_NAMES)[number];

/** One row on its way to the store: column names as keys, timestamps as ISO strings. An absent key was not fetched. */
export interface CaptureRow {
  table: CaptureTable;
  row: Record<string, unknown>;
}

/** What is stored whole or not at all: rows, and where the capture stands once they are stored. */
export interface CaptureBatch {
  /** 1 for the first batch of a checkpoint key, then one more each; a number that is already stored changes nothing. */
  sequence: number;
  checkpoint: Checkpoint;
  progress: Progress;
  rows: CaptureRow[];
}

/** Where a capture's rows go, and where its checkpoint is kept. */
export interface CaptureDestination {
  /** What was stored last; `checkpoint` null and `sequence` 0 when there is nothing yet. */
  open(): Promise<{ checkpoint: Checkpoint | null; sequence: number }>;
  /** Stores rows, checkpoint and sequence in one transaction; rejects when nothing of it was stored. */
  write(batch: CaptureBatch): Promise<WriteAnswer>;
  /**
   * The pull requests whose stored rows differ from GitHub's totals; at most 1,000 counts a call. The repository is told
   * since a capture that only compares may not have written anything yet.
   * @throws UnsupportedError by a destination that can't be asked.
   */
  findGaps(counts: ExpectedCounts[], repositoryId: number): Promise<GapsResponse>;
  close(): Promise<void>;
}

export interface WriteAnswer {
  next: 'continue' | 'stop';
  /** Replaces the share that the run had before. */
  budget?: BudgetShare;
}

/** The destination can't do what was asked of it, whatever is tried. */
export class UnsupportedError extends Error {
  override name = 'UnsupportedError';
}
