import type { JobLog } from '../jobs/job-log.ts';
import type { Database } from '../store/database.ts';
import { type Lease, LeaseLostError, renewLease } from '../store/lease.ts';

export interface KeptLease {
  /** Aborted with a LeaseLostError when somebody else has the lease. */
  signal: AbortSignal;
  /** Ends the renewals; resolves when the last one is through. */
  release(): Promise<void>;
}

/** Renews a lease three times in its length, until released or lost. */
export function keepLease(options: { db: Database; lease: Lease; leaseMs: number; log: JobLog }): KeptLease {
  const { db, lease, leaseMs, log } = options;
  const controller = new AbortController();
  let renewal: Promise<void> | null = null;

  async function renew(): Promise<void> {
    try {
      if (!(await renewLease(db, lease, leaseMs))) controller.abort(new LeaseLostError(lease));
    } catch (err) {
      // While nobody else takes it, it is still ours.
      log.warn({ err, stage: 'loop', lease: lease.name }, 'A lease could not be renewed; it is tried again.');
    }
  }

  const timer = setInterval(() => {
    if (renewal !== null || controller.signal.aborted) return;
    renewal = renew().finally(() => {
      renewal = null;
    });
  }, leaseMs / 3);
  return {
    signal: controller.signal,
    async release() {
      clearInterval(timer);
      await renewal;
    },
  };
}
