import type { JobLog } from '../jobs/job-log.ts';
import { requeueAbandonedRuns } from '../jobs/lost-runs.ts';
import { type RunJobOptions, runJob } from '../jobs/run-job.ts';
import type { Database } from '../store/database.ts';
import type { Dispatcher } from './dispatcher.ts';

export interface InProcessDispatcher extends Dispatcher {
  capacity: () => Promise<number>;
  /** Gives up what an earlier life of the sole owner of this database left running. Call once, before dispatching. */
  recover(): Promise<void>;
  /** Stops what runs at its next batch and waits until each has been queued for its continuation. */
  close(): Promise<void>;
}

/** Runs at a time: captures wait for GitHub far more than they compute. */
const CONCURRENCY = 4;
/** Three heartbeats; a process that was killed is noticed after this. */
const LEASE_MS = 60_000;
/** A long capture steps aside this often, so that recent work and other repositories get their turn. */
const SLICE_MS = 50_000;

/** The worker inside this process: does Inngest's part where there is no Inngest. Its queue is the job table. */
export function createInProcessDispatcher(
  options: Omit<
    RunJobOptions,
    'jobId' | 'run' | 'worker' | 'inngestRunId' | 'signal' | 'leaseMs' | 'sliceMs'
  > & {
    concurrency?: number;
    /** Milliseconds; for tests. */
    sliceMs?: number;
    /** A run is over: there is room, and perhaps a continuation. */
    onSettled?: () => void;
  },
): InProcessDispatcher {
  const { db, log, concurrency = CONCURRENCY, sliceMs = SLICE_MS, onSettled = () => {} } = options;
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();

  async function carryOut(jobId: string, run: number): Promise<void> {
    try {
      await runJob({
        ...options,
        jobId,
        run,
        worker: 'in_process',
        signal: stopping.signal,
        leaseMs: LEASE_MS,
        sliceMs,
      });
    } catch (err) {
      // The outcome could not be recorded; when its lease is over the job is queued again.
      log.error({ err, job: jobId, stage: 'capture' }, 'A run could not be recorded.');
    }
  }

  return {
    name: 'in_process',
    leaseMs: LEASE_MS,
    capacity: async () => (stopping.signal.aborted ? 0 : concurrency - running.size),
    async dispatch(job, run) {
      const work = carryOut(job.id, run).finally(() => {
        running.delete(work);
        onSettled();
      });
      running.add(work);
      return {};
    },
    recover: () => recover(db, log),
    async close() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

async function recover(db: Database, log: JobLog): Promise<void> {
  for (const { jobId, run, status } of await requeueAbandonedRuns(db, new Date())) {
    log.warn(
      { job: jobId, run, stage: 'dispatch', status },
      'A run of an earlier life of this process is given up.',
    );
  }
}
