import { sql } from 'kysely';
import type { Processor } from '../route/decide-route.ts';
import type { Database } from '../store/database.ts';
import { inScope, type Scope } from './scope.ts';

/** Hours that the charts show, the running one among them. */
const SHOWN_HOURS = 24;

/** One hour of the clock, UTC. */
export interface Hour {
  start: Date;
  ended: Record<Processor, { successes: number; errors: number; others: number }>;
  routed: Record<Processor, number>;
  /** From the event to the row, seconds; null: nothing was captured. */
  latency: { median: number; p95: number; jobs: number } | null;
}

interface RuleCount {
  processor: Processor;
  rule: string;
  jobs: number;
}

const HOUR_MS = 3_600_000;

/** When the first of the shown hours begins. */
function firstHour(now: Date): Date {
  return new Date((Math.floor(now.getTime() / HOUR_MS) - SHOWN_HOURS + 1) * HOUR_MS);
}

/** The last 24 hours, oldest first, empty ones too; and what was routed in them, by processor and rule. */
export async function readHours(
  db: Database,
  scope: Scope,
  now: Date,
): Promise<{ hours: Hour[]; routing: RuleCount[] }> {
  const since = firstHour(now);
  const [ended, routed, latency] = await Promise.all([
    readEnded(db, scope, since),
    readRouted(db, scope, since),
    readLatency(db, scope, since),
  ]);
  const hours = Array.from({ length: SHOWN_HOURS }, (_, index): Hour => {
    const start = new Date(since.getTime() + index * HOUR_MS);
    const isThis = (row: { hour: Date }) => row.hour.getTime() === start.getTime();
    const endedBy = (processor: Processor) => {
      const row = ended.find((one) => isThis(one) && one.processor === processor);
      return { successes: row?.successes ?? 0, errors: row?.errors ?? 0, others: row?.others ?? 0 };
    };
    const routedTo = (processor: Processor) =>
      routed
        .filter((row) => isThis(row) && row.processor === processor)
        .reduce((sum, { jobs }) => sum + jobs, 0);
    const late = latency.find(isThis);
    return {
      start,
      ended: { inngest: endedBy('inngest'), github_actions: endedBy('github_actions') },
      routed: { inngest: routedTo('inngest'), github_actions: routedTo('github_actions') },
      latency: late ? { median: late.median, p95: late.p95, jobs: late.jobs } : null,
    };
  });
  const rules = new Map<string, RuleCount>();
  for (const { processor, rule, jobs } of routed) {
    const key = `${processor} ${rule}`;
    const sum = rules.get(key) ?? { processor, rule, jobs: 0 };
    rules.set(key, { ...sum, jobs: sum.jobs + jobs });
  }
  return { hours, routing: [...rules.values()].sort((a, b) => b.jobs - a.jobs) };
}

interface EndedRow {
  hour: Date;
  processor: Processor;
  successes: number;
  errors: number;
  others: number;
}

async function readEnded(db: Database, scope: Scope, since: Date): Promise<EndedRow[]> {
  const { rows } = await sql<EndedRow>`
    SELECT date_trunc('hour', created_at, 'UTC') AS hour, processor_type AS processor,
      sum(success_count)::integer AS successes, sum(error_count)::integer AS errors,
      count(*) FILTER (WHERE success_count + error_count = 0)::integer AS others
    FROM rollout_metrics WHERE created_at >= ${since} AND ${inScope('repository_id', scope)}
    GROUP BY 1, 2`.execute(db);
  return rows;
}

async function readRouted(db: Database, scope: Scope, since: Date): Promise<(RuleCount & { hour: Date })[]> {
  const { rows } = await sql<RuleCount & { hour: Date }>`
    SELECT date_trunc('hour', created_at, 'UTC') AS hour, processor_type AS processor, rule,
      count(*)::integer AS jobs
    FROM progressive_capture_jobs WHERE created_at >= ${since} AND ${inScope('repository_id', scope)}
    GROUP BY 1, 2, 3`.execute(db);
  return rows;
}

/** A job is made when the first of its events comes, and ends when its rows are stored. */
async function readLatency(db: Database, scope: Scope, since: Date) {
  const { rows } = await sql<{ hour: Date; jobs: number; shares: [number, number] }>`
    SELECT date_trunc('hour', completed_at, 'UTC') AS hour, count(*)::integer AS jobs,
      percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM completed_at - created_at)::double precision) AS shares
    FROM progressive_capture_jobs
    WHERE completed_at >= ${since} AND status = 'completed' AND reason = 'webhook' AND is_bulk = false
      AND ${inScope('repository_id', scope)}
    GROUP BY 1`.execute(db);
  return rows.map(({ hour, jobs, shares: [median, p95] }) => ({ hour, jobs, median, p95 }));
}
