import { sql } from 'kysely';
import { WAITING_FOR_GITHUB } from '../../src/jobs/pause-run.ts';
import type { Database } from '../../src/store/database.ts';

/** What the database tells of all instances together. */
export interface StoredMetrics {
  queue: { processor: string; priority: number; count: number; oldestSeconds: number }[];
  underWay: { processor: string; status: string; count: number }[];
  /** Of the last 24 hours. */
  ended: { processor: string; outcome: string; count: number }[];
  /** Of the jobs that webhooks made and that ended well in the last hour: seconds from the event to its rows. */
  latency: { processor: string; quantile: string; seconds: number }[];
  /** The lowest of all installations whose hour is not over. */
  budget: { resource: 'graphql' | 'rest'; remaining: number }[];
  /** Seconds since a capture has ended well; null: none has. */
  freshnessSeconds: number | null;
}

const QUANTILES = [0.5, 0.95, 0.99];

/** Each is an indexed look at what is going on or was lately, so a scrape costs the same however long the history is. */
export async function readStoredMetrics(db: Database): Promise<StoredMetrics> {
  const queue = await sql<StoredMetrics['queue'][number]>`
    SELECT processor_type AS processor, priority, count(*)::integer AS count,
      greatest(0, extract(epoch FROM now() - min(not_before)))::double precision AS "oldestSeconds"
    FROM progressive_capture_jobs WHERE status = 'queued' GROUP BY processor_type, priority`.execute(db);
  const underWay = await sql<StoredMetrics['underWay'][number]>`
    SELECT processor_type AS processor,
      CASE status_reason WHEN ${WAITING_FOR_GITHUB} THEN 'waiting' ELSE status END AS status, count(*)::integer AS count
    FROM progressive_capture_jobs WHERE status IN ('dispatched', 'running')
    GROUP BY 1, 2`.execute(db);
  const ended = await sql<StoredMetrics['ended'][number]>`
    SELECT processor_type AS processor, outcome, count(*)::integer AS count
    FROM rollout_metrics WHERE created_at > now() - interval '24 hours'
    GROUP BY processor_type, outcome`.execute(db);
  const latency = await sql<{ processor: string; seconds: (number | null)[] }>`
    SELECT job.processor_type AS processor, percentile_cont(${QUANTILES}::double precision[]) WITHIN GROUP
      (ORDER BY extract(epoch FROM job.completed_at - job.created_at)::double precision) AS seconds
    FROM rollout_metrics AS metric JOIN progressive_capture_jobs AS job ON job.id = metric.job_id
    WHERE metric.created_at > now() - interval '1 hour' AND metric.outcome = 'success' AND job.reason = 'webhook'
    GROUP BY job.processor_type`.execute(db);
  const budget = await sql<{ points: number | null; rest: number | null }>`
    SELECT min(points_left) FILTER (WHERE points_reset_at > now()) AS points,
      min(rest_left) FILTER (WHERE rest_reset_at > now()) AS rest FROM installation_budgets`.execute(db);
  const fresh = await sql<{ seconds: number | null }>`
    SELECT extract(epoch FROM now() - max(created_at))::double precision AS seconds
    FROM rollout_metrics WHERE outcome = 'success'`.execute(db);
  const { points = null, rest = null } = budget.rows[0] ?? {};
  return {
    queue: queue.rows,
    underWay: underWay.rows,
    ended: ended.rows,
    latency: latency.rows.flatMap(({ processor, seconds }) =>
      QUANTILES.map((quantile, index) => ({
        processor,
        quantile: String(quantile),
        seconds: seconds[index] ?? 0,
      })),
    ),
    budget: [
      ...(points === null ? [] : [{ resource: 'graphql' as const, remaining: points }]),
      ...(rest === null ? [] : [{ resource: 'rest' as const, remaining: rest }]),
    ],
    freshnessSeconds: fresh.rows[0]?.seconds ?? null,
  };
}
