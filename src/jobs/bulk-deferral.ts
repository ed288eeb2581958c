import { executionsOfRuns } from '../cost/executions.ts';
import type { Database } from '../store/database.ts';
import type { Job } from './job.ts';

/** Bulk work that a stop, the rollout or a missing workflow keeps away from GitHub Actions; Inngest does it in slices. */
export function isBulkOnInngest(job: Pick<Job, 'is_bulk' | 'processor_type'>): boolean {
  return job.is_bulk && job.processor_type === 'inngest';
}

/** How many executions the runs of bulk work cost that Inngest (or the worker in its place) was given since midnight, UTC. */
export async function countBulkExecutionsToday(db: Database, now: Date): Promise<number> {
  const { runs, pauses } = await db
    .selectFrom('job_runs as run')
    .innerJoin('progressive_capture_jobs as job', 'job.id', 'run.job_id')
    .select(({ fn }) => [fn.countAll<number>().as('runs'), fn.sum<number | null>('run.pauses').as('pauses')])
    .where('run.created_at', '>=', startOfDay(now))
    .where('run.processor_type', '=', 'inngest')
    .where('job.is_bulk', '=', true)
    .executeTakeFirstOrThrow();
  return executionsOfRuns({ runs, pauses: Number(pauses ?? 0) });
}

/** When the next day begins, UTC: the daily cap is fresh then. */
export function nextDay(now: Date): Date {
  return new Date(startOfDay(now).getTime() + 86_400_000);
}

function startOfDay(now: Date): Date {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()));
}

/** For people: what bulk work outside GitHub Actions is waiting for, and the command that starts it now. */
export function explainDeferral(fullName: string, explanation: string, limit: number): string {
  return `Bulk work of ${fullName} waits: ${explanation}, and today's ${limit} executions (INNGEST_BULK_PER_DAY) are used up. \`/rollout include ${fullName}\` starts it in GitHub Actions.`;
}
