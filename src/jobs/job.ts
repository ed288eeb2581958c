import type { Selectable } from 'kysely';
import type { DB } from '../store/database.generated.ts';
import type { WorkItem, WorkRepository } from '../work-item/work-item.ts';

/** A row of `progressive_capture_jobs`. */
export type Job = Selectable<DB['progressive_capture_jobs']>;
/** A row of `job_runs`. */
export type JobRun = Selectable<DB['job_runs']>;

/** Who carries out a run. `in_process` does Inngest's part where there is no Inngest. */
export type Worker = 'inngest' | 'workflow' | 'in_process';

/** The work item that the job's row stands for, for routing it again. */
export function jobWorkItem(job: Job, repository: Omit<WorkRepository, 'id' | 'installationId'>): WorkItem {
  return {
    repository: { id: job.repository_id, installationId: job.installation_id, ...repository },
    type: job.job_type,
    items: job.items,
    range: {
      ...(job.range_since ? { since: job.range_since } : {}),
      ...(job.range_until ? { until: job.range_until } : {}),
    },
    include: job.include as WorkItem['include'],
    reason: job.reason,
    ...(job.actor_id !== null && job.actor_login !== null
      ? { actor: { id: job.actor_id, login: job.actor_login } }
      : {}),
    isCritical: job.is_critical,
    ...(job.delivery_id !== null ? { deliveryId: job.delivery_id } : {}),
  };
}
