import { type RawBuilder, sql } from 'kysely';
import { inScope, type Scope } from '../monitor/scope.ts';
import type { Processor } from '../route/decide-route.ts';
import type { Database } from '../store/database.ts';
import { EXECUTIONS_OF_A_RUN, SLICE_MS } from './executions.ts';
import { type Month, monthOf } from './month.ts';

/** What runs of jobs have used, as it was measured. */
export interface Usage {
  /** Runs that were sent to whoever carries them out. */
  runs: number;
  /** Those of them that the worker in the app carried out. */
  runsInApp: number;
  /** Minutes of workflow runs, from the first claim of a job to the last word that came. */
  minutes: number;
  /** The same with each workflow run rounded up to whole minutes, where GitHub bills them. */
  billedMinutes: number;
  /** The same where they cost nothing: in public repositories, and on self-hosted runners. */
  freeMinutes: number;
  /** Executions of Inngest, with its tries again after waits for GitHub, without those after failures. */
  executions: number;
  /** What Inngest would have needed for all of it: that of its own runs, and two for each slice of a bulk run. */
  executionsOnInngest: number;
  /** GraphQL points, REST requests and stored rows of the runs that have ended. */
  points: number;
  requests: number;
  rows: number;
}

export type ProcessorUsage = Usage & { processor: Processor };
export type RepositoryUsage = Usage & { repositoryId: number; repository: string };

export interface UsageOptions {
  month: Month;
  /** Until when runs count that go on. */
  now: Date;
  scope: Scope;
}

/** A month's usage by where the work ran; a processor without a run is left out. */
export async function readUsageByProcessor(db: Database, options: UsageOptions): Promise<ProcessorUsage[]> {
  const { scope } = options;
  // The repository stands with the job, whose row is looked up only where it matters.
  const isSeen =
    scope.kind === 'all'
      ? sql`true`
      : sql`job_id IN (SELECT id FROM progressive_capture_jobs WHERE ${inScope('repository_id', scope)})`;
  const { rows } = await sql<ProcessorUsage>`
    WITH measured AS (${measuredRuns(options)})
    SELECT processor_type AS processor, ${SUMS} FROM measured WHERE ${isSeen}
    GROUP BY processor_type ORDER BY processor_type`.execute(db);
  return rows.map(tidyMinutes);
}

/** A month's usage by repository, the most expensive first. */
export async function readUsageByRepository(
  db: Database,
  options: UsageOptions & { limit: number },
): Promise<RepositoryUsage[]> {
  const { rows } = await sql<RepositoryUsage>`
    WITH measured AS (${measuredRuns(options)}), used AS (
      SELECT job.repository_id AS "repositoryId", ${SUMS}
      FROM measured JOIN progressive_capture_jobs AS job ON job.id = job_id
      WHERE ${inScope('job.repository_id', options.scope)}
      GROUP BY job.repository_id)
    SELECT used.*, repository.full_name AS repository
    FROM used JOIN repositories AS repository ON repository.id = "repositoryId"
    ORDER BY "billedMinutes" DESC, "executions" DESC, "minutes" DESC, "points" DESC, repository.full_name
    LIMIT ${options.limit}`.execute(db);
  return rows.map(tidyMinutes);
}

/** What a budget counts of this month: billed minutes of GitHub Actions, or executions of Inngest. */
export async function countMonth(db: Database, processor: Processor, now: Date): Promise<number> {
  const column = processor === 'inngest' ? 'executions' : 'billed_minutes';
  const { rows } = await sql<{ count: number }>`
    WITH measured AS (${measuredRuns({ month: monthOf(now), now, processor })})
    SELECT coalesce(sum(${sql.ref(column)}), 0)::double precision AS count FROM measured`.execute(db);
  return tidy(rows[0]?.count ?? 0);
}

/** Shares of whole minutes add up to whole minutes, but for the last digits. */
function tidyMinutes<Row extends Usage>(usage: Row): Row {
  const { minutes, billedMinutes, freeMinutes } = usage;
  return {
    ...usage,
    ...{ minutes: tidy(minutes), billedMinutes: tidy(billedMinutes), freeMinutes: tidy(freeMinutes) },
  };
}

const tidy = (value: number) => Math.round(value * 1e6) / 1e6;

/** When the first run of all was made; null: there has been none. */
export async function findFirstRun(db: Database): Promise<Date | null> {
  const { first } = await db
    .selectFrom('job_runs')
    .select((eb) => eb.fn.min('created_at').as('first'))
    .executeTakeFirstOrThrow();
  return first;
}

/**
 * The runs of a month, each with what it used. A workflow run that works through several jobs is measured once, from its
 * first claim to its last word, rounded up once as GitHub bills it, and shared out over its jobs by the time of each.
 * Source of the rounding: https://docs.github.com/billing/reference/actions-runner-pricing
 */
function measuredRuns({
  month,
  now,
  processor,
}: Pick<UsageOptions, 'month' | 'now'> & { processor?: Processor }): RawBuilder<unknown> {
  const sent = sql`created_at >= ${month.from} AND created_at < ${month.to} AND worker IS NOT NULL
    ${processor ? sql`AND processor_type = ${processor}` : sql``}`;
  const inActions = sql`processor_type = 'github_actions' AND started_at IS NOT NULL`;
  return sql`
    SELECT job_id, processor_type, worker, points, requests, rows_stored, 0 AS executions,
      minutes * share AS minutes,
      CASE WHEN billing LIKE 'free%' THEN 0 ELSE greatest(1, ceil(minutes)) * share END AS billed_minutes,
      CASE WHEN billing LIKE 'free%' THEN greatest(1, ceil(minutes)) * share ELSE 0 END AS free_minutes,
      ${EXECUTIONS_OF_A_RUN}::integer * greatest(1, ceil(seconds * 1000 / ${SLICE_MS}::integer)) AS executions_on_inngest
    FROM (
      SELECT *, extract(epoch FROM max(last_at) OVER run - min(started_at) OVER run)::double precision / 60 AS minutes,
        coalesce(seconds / nullif(sum(seconds) OVER run, 0), 1.0 / count(*) OVER run) AS share
      FROM (
        SELECT job_runs.*, extract(epoch FROM coalesce(ended_at, ${now}) - started_at)::double precision AS seconds,
          greatest(coalesce(ended_at, ${now}), asked_next_at) AS last_at
        FROM job_runs WHERE ${sent} AND ${inActions}) AS timed
      WINDOW run AS (PARTITION BY workflow_run_id, workflow_run_attempt,
        CASE WHEN workflow_run_id IS NULL THEN job_id || ' ' || run END)) AS shared
    UNION ALL
    SELECT job_id, processor_type, worker, points, requests, rows_stored,
      CASE WHEN worker = 'inngest' THEN ${OF_A_RUN} ELSE 0 END, 0, 0, 0,
      CASE WHEN processor_type = 'inngest' THEN ${OF_A_RUN} ELSE 0 END
    FROM job_runs WHERE ${sent} AND NOT (${inActions})`;
}

/** `executionsOfRuns` of one row of `job_runs`. */
const OF_A_RUN = sql`${EXECUTIONS_OF_A_RUN}::integer + pauses`;

const SUMS = sql.join(
  [
    sql`count(*)::double precision AS runs`,
    sql`(count(*) FILTER (WHERE worker = 'in_process'))::double precision AS "runsInApp"`,
    ...(
      [
        ['minutes', 'minutes'],
        ['billed_minutes', 'billedMinutes'],
        ['free_minutes', 'freeMinutes'],
        ['executions', 'executions'],
        ['executions_on_inngest', 'executionsOnInngest'],
        ['points', 'points'],
        ['requests', 'requests'],
        ['rows_stored', 'rows'],
      ] as const
    ).map(([column, name]) => sql`coalesce(sum(${sql.ref(column)}), 0)::double precision AS ${sql.id(name)}`),
  ],
  sql`, `,
);
