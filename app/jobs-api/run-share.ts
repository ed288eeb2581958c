import type { Transaction } from 'kysely';
import { grantShare } from '../../src/budget/grant-share.ts';
import type { ResponseTimes } from '../../src/budget/limits.ts';
import { releaseShare } from '../../src/budget/release-share.ts';
import type { BudgetReport } from '../../src/budget/report-usage.ts';
import type { Job, JobRun } from '../../src/jobs/job.ts';
import type { BudgetShare } from '../../src/jobs-api/protocol.ts';
import type { DB } from '../../src/store/database.generated.ts';
import type { JobsApiContext } from './context.ts';

/** A run of a job, in the attempt that GitHub carries out. */
export interface AttemptOfRun {
  job: Pick<Job, 'id' | 'installation_id'>;
  run: Pick<JobRun, 'run' | 'workflow_run_attempt'>;
}

/** Gives a run its share of the installation's budget, or renews it; the last statements of the caller's transaction. */
export function grantRunShare(
  trx: Transaction<DB>,
  { config, now }: Pick<JobsApiContext, 'config' | 'now'>,
  attempt: AttemptOfRun,
  report: BudgetReport | null,
): Promise<BudgetShare> {
  return grantShare(trx, {
    installationId: attempt.job.installation_id,
    holder: holderOf(attempt),
    kind: 'bulk',
    report,
    reservePercent: config.liveReservePercent,
    now: now(),
  });
}

/** Gives the share of a run that has ended back to the others. */
export function releaseRunShare(
  trx: Transaction<DB>,
  { now }: Pick<JobsApiContext, 'now'>,
  attempt: AttemptOfRun,
  used: ResponseTimes | null,
): Promise<void> {
  const installationId = attempt.job.installation_id;
  return releaseShare(trx, { installationId, holder: holderOf(attempt), used, now: now() });
}

/** Another attempt is another machine, which knows nothing of what the one before used in the last minute. */
function holderOf({ job, run }: AttemptOfRun): string {
  return `${job.id}/${run.run}/${run.workflow_run_attempt}`;
}
