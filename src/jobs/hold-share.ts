import { grantShare } from '../budget/grant-share.ts';
import { NO_SHARE } from '../budget/no-share.ts';
import { releaseShare } from '../budget/release-share.ts';
import { reportUsage } from '../budget/report-usage.ts';
import type { CaptureDestination } from '../destination/destination.ts';
import type { Usage } from '../github/client.ts';
import type { BudgetShare } from '../jobs-api/protocol.ts';
import type { Database } from '../store/database.ts';
import type { Job } from './job.ts';
import type { JobLog } from './job-log.ts';

/** `jobPriority` of what is neither critical nor recent. */
const BACKGROUND = 2;

export interface HeldShare {
  /** The share that holds from now on. Where it can't be had, there is none for now; never rejects. */
  renew(): Promise<BudgetShare>;
  /** The same destination; each of its answers brings a new share. */
  renewWithWrites(destination: CaptureDestination): CaptureDestination;
  /** Gives the share back; never rejects, since a share that nobody renews is over soon. */
  release(): Promise<void>;
}

/**
 * The share of its installation's budget that a run in this process has. The history that Inngest or this process carries
 * out is bulk work too, and leaves the reserve to what has just changed.
 */
export function holdShare(options: {
  db: Database;
  job: Job;
  /** Names this very execution. */
  holder: string;
  reservePercent: number;
  usage: () => Usage;
  log: JobLog;
}): HeldShare {
  const { db, job, reservePercent, usage, log } = options;
  const installationId = job.installation_id;
  const holder = `${job.id}/${job.run}/${options.holder}`;
  const line = { job: job.id, run: job.run, stage: 'capture' };

  async function renew(): Promise<BudgetShare> {
    try {
      return await grantShare(db, {
        installationId,
        holder,
        kind: job.priority === BACKGROUND ? 'bulk' : 'live',
        report: reportUsage(usage()),
        reservePercent,
        now: new Date(),
      });
    } catch (err) {
      log.warn({ ...line, err }, "The share of the installation's budget could not be renewed.");
      return NO_SHARE;
    }
  }

  return {
    renew,
    renewWithWrites: (destination) => ({
      ...destination,
      write: async (batch) => ({ ...(await destination.write(batch)), budget: await renew() }),
    }),
    async release() {
      try {
        const { silentUntil } = usage();
        const used = reportUsage(usage());
        await releaseShare(db, { installationId, holder, used, silentUntil, now: new Date() });
      } catch (err) {
        log.warn({ ...line, err }, "The share of the installation's budget could not be given back.");
      }
    },
  };
}
