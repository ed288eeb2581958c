import type { Transaction } from 'kysely';
import type { DB } from '../store/database.generated.ts';

/** Something that the app does again and again, whatever webhooks come. */
export interface Loop {
  /** Small letters and hyphens: in `POST /api/loops/{name}`, in the log, and as `loop:{name}` in `leases`. */
  name: string;
  /** Milliseconds between two passes, counted for all instances of the app together. */
  intervalMs: number;
  /**
   * One pass. Another one may follow at any time, also after one that was broken off half-way. What it throws is logged, and
   * the pass is tried again.
   * @returns what it did, for the log and the endpoint: counts and codes, nothing of GitHub's text
   */
  pass(pass: LoopPass): Promise<LoopReport>;
}

export interface LoopPass {
  now: Date;
  /** When the pass before began that came through; null: there was none. */
  lastPassedAt: Date | null;
  /** Aborted when the app stops or the lease is lost: do nothing more outside. */
  signal: AbortSignal;
  /**
   * A transaction that holds the lease to its end; the only way in which a pass may write.
   * @throws LeaseLostError when another instance has taken over: nothing was written
   */
  write<Result>(work: (trx: Transaction<DB>) => Promise<Result>): Promise<Result>;
}

export type LoopReport = Readonly<Record<string, number | string | boolean>>;
