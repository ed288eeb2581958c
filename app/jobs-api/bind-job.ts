import { markSent, reserveRun } from '../../src/jobs/runs.ts';
import type { Database } from '../../src/store/database.ts';
import { type JobsApiContext, RUN_LEASE_MS } from './context.ts';

/** Binds a queued job to the workflow run; false when a dispatcher was faster, or the installation has its runs. */
export async function bindJob(
  trx: Database,
  jobId: string,
  workflowRunId: number,
  { config, now }: Pick<JobsApiContext, 'config' | 'now'>,
): Promise<boolean> {
  const reserved = await reserveRun(trx, jobId, `workflow:${workflowRunId}`, {
    now: now(),
    bulkPerInstallation: config.bulk.perInstallation,
  });
  if (!reserved) return false;
  await markSent(trx, {
    jobId,
    run: reserved.run,
    worker: 'workflow',
    workflowRunId,
    leaseMs: RUN_LEASE_MS,
    now: now(),
  });
  return true;
}
