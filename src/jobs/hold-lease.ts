import type { Progress } from '../jobs-api/protocol.ts';
import type { Database } from '../store/database.ts';
import type { JobLog } from './job-log.ts';
import { heartbeat } from './runs.ts';

export interface HeldLease {
  /** Aborted when the run is no longer ours: told to stop, or no heartbeat came through for the whole lease. */
  signal: AbortSignal;
  /** Ends the heartbeats; resolves when the last one is through. */
  release(): Promise<void>;
}

/** Renews the lease of a running run three times in its length, until released. */
export function holdLease(options: {
  db: Database;
  jobId: string;
  run: number;
  holder: string;
  leaseMs: number;
  log: JobLog;
  progress: () => Progress | null;
}): HeldLease {
  const { db, jobId, run, holder, leaseMs, log } = options;
  const controller = new AbortController();
  let renewedAt = Date.now();
  let beat: Promise<void> = Promise.resolve();
  let isBeating = false;

  async function renew(): Promise<void> {
    try {
      const answer = await heartbeat(db, { jobId, run, holder, leaseMs, progress: options.progress() });
      if (answer === 'stop') controller.abort();
      else renewedAt = Date.now();
    } catch (err) {
      log.warn({ err, job: jobId, stage: 'capture' }, 'A heartbeat failed.');
      if (Date.now() - renewedAt >= leaseMs) controller.abort();
    }
  }

  const timer = setInterval(() => {
    if (isBeating || controller.signal.aborted) return;
    isBeating = true;
    beat = renew().finally(() => {
      isBeating = false;
    });
  }, leaseMs / 3);
  return {
    signal: controller.signal,
    release: () => {
      clearInterval(timer);
      return beat;
    },
  };
}
