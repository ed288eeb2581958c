import type { JobLog } from '../jobs/job-log.ts';
import type { PlannedJob } from '../jobs/plan-work.ts';

/** One line for each job that a loop has made, or why there is none. */
export function logPlanned(log: JobLog, planned: readonly PlannedJob[], durationMs: number): void {
  for (const plan of planned) {
    const line = { repository: plan.item.repository.fullName, stage: 'route', duration_ms: durationMs };
    if (plan.outcome === 'skipped') log.info({ ...line, reason: plan.reason }, plan.message);
    else {
      const { processor, rule } = plan.route;
      log.info({ ...line, job: plan.job.id, processor, rule }, plan.message);
    }
  }
}
