import { sql } from 'kysely';
import type { Database } from '../store/database.ts';

/**
 * A run and its one step: what Inngest counts of each run of a job that it was given.
 * Source: https://www.inngest.com/docs/usage-limits/inngest ("executions")
 */
export const EXECUTIONS_OF_A_RUN = 2;

/** When the calendar month began, UTC. */
export function startOfMonth(now: Date): Date {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
}

/** When the next calendar month begins, UTC. */
export function nextMonth(now: Date): Date {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1));
}

/** Minutes of this month's workflow runs, each rounded up as it is billed; those that go on count up to now. */
export async function countActionsMinutes(db: Database, now: Date): Promise<number> {
  const { rows } = await sql<{ minutes: number }>`
    SELECT coalesce(sum(ceil(extract(epoch FROM coalesce(ended_at, ${now}) - started_at) / 60)), 0)::double precision AS minutes
    FROM job_runs
    WHERE processor_type = 'github_actions' AND created_at >= ${startOfMonth(now)} AND started_at IS NOT NULL`.execute(
    db,
  );
  return Number(rows[0]?.minutes ?? 0);
}

/** Executions of this month's runs that Inngest was given, without its own tries again. */
export async function countInngestExecutions(db: Database, now: Date): Promise<number> {
  const { count } = await db
    .selectFrom('job_runs')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('worker', '=', 'inngest')
    .where('created_at', '>=', startOfMonth(now))
    .executeTakeFirstOrThrow();
  return count * EXECUTIONS_OF_A_RUN;
}
