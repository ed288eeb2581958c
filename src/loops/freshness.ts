import { sql } from 'kysely';
import { type Alarm, setAlarm } from '../jobs/alarms.ts';
import type { JobLog } from '../jobs/job-log.ts';
import type { Database } from '../store/database.ts';
import type { Loop } from './loop.ts';

const INTERVAL_MS = 10 * 60_000;
const DAY_MS = 86_400_000;
/** Days before the last one of which each must have brought webhooks, so that a day without is no quiet day. */
const BUSY_DAYS = 7;

export interface FreshnessFacts {
  /** When rows were last stored by a capture; null: never. */
  lastStoredAt: Date | null;
  /** Since when the oldest piece of work has been due that was not followed by any new row; null: there is none. */
  waitingSince: Date | null;
  /** Webhooks received in the last 24 hours. */
  deliveriesToday: number;
  /** Of the 7 days before, those with webhooks. */
  busyDays: number;
}

/** Raises an alarm when nothing comes in any more although it should: the one fault of which no event tells. */
export function createFreshnessLoop({ staleMs, log }: { staleMs: number; log: JobLog }): Loop {
  return {
    name: 'freshness',
    intervalMs: INTERVAL_MS,
    async pass({ now, write }) {
      return write(async (trx) => {
        const facts = await readFreshness(trx, now);
        const alarms = judgeFreshness(facts, { now, staleMs });
        await setAlarm(trx, 'stale_data', alarms.stale, { now, log });
        await setAlarm(trx, 'no_webhooks', alarms.silent, { now, log });
        return { stale: alarms.stale !== null, silent: alarms.silent !== null };
      });
    },
  };
}

/** Pure. */
export function judgeFreshness(
  { lastStoredAt, waitingSince, deliveriesToday, busyDays }: FreshnessFacts,
  { now, staleMs }: { now: Date; staleMs: number },
): { stale: Alarm | null; silent: Alarm | null } {
  const isStale = waitingSince !== null && now.getTime() - waitingSince.getTime() >= staleMs;
  const stored = lastStoredAt ? `since ${lastStoredAt.toISOString()}` : 'so far';
  return {
    stale: isStale
      ? {
          level: 'alarm',
          code: 'stale_data',
          message: `No row was stored ${stored}, although work has been due since ${waitingSince.toISOString()}. See the errors of the jobs: SELECT status, status_reason, error FROM progressive_capture_jobs ORDER BY updated_at DESC LIMIT 20.`,
        }
      : null,
    silent:
      deliveriesToday === 0 && busyDays === BUSY_DAYS
        ? {
            level: 'alarm',
            code: 'no_webhooks',
            message:
              'No webhook came in for 24 hours, although each of the 7 days before brought some. Check the webhook URL, its secret and "Active" on the settings page of the App, and its recent deliveries there.',
          }
        : null,
  };
}

/**
 * Work counts as waiting while it is due and not done, or when it ended without success and nothing was stored since;
 * not what is put off on purpose (`bulk_deferred`, `budget_exhausted`), or was cancelled or skipped.
 */
async function readFreshness(db: Database, now: Date): Promise<FreshnessFacts> {
  const dayAgo = new Date(now.getTime() - DAY_MS);
  const weekAgo = new Date(dayAgo.getTime() - BUSY_DAYS * DAY_MS);
  const { rows } = await sql<{
    last_stored_at: Date | null;
    waiting_since: Date | null;
    deliveries_today: number;
    busy_days: number;
  }>`
    WITH stored AS (
      SELECT greatest(
        (SELECT max(ended_at) FROM job_runs WHERE rows_stored > 0),
        (SELECT max(updated_at) FROM capture_checkpoints WHERE sequence > 0)) AS last_at
    )
    SELECT stored.last_at AS last_stored_at,
      -- While a run is tried again and again, the time at which the job is due moves on.
      (SELECT min(CASE WHEN job.run > 0 THEN job.created_at ELSE greatest(job.not_before, job.created_at) END)
        FROM progressive_capture_jobs AS job
        WHERE job.created_at > coalesce(stored.last_at, '-infinity')
          AND (job.run > 0 OR job.not_before <= ${now}::timestamptz)
          AND job.status_reason IS DISTINCT FROM 'bulk_deferred'
          AND job.status_reason IS DISTINCT FROM 'budget_exhausted'
          AND job.job_type <> 'classify'
          AND job.status IN ('queued', 'dispatched', 'running', 'failed', 'timed_out', 'lost', 'blocked')) AS waiting_since,
      (SELECT count(*) FROM deliveries WHERE received_at > ${dayAgo}::timestamptz) AS deliveries_today,
      (SELECT count(DISTINCT floor(extract(epoch FROM ${dayAgo}::timestamptz - received_at) / 86400)) FROM deliveries
        WHERE received_at > ${weekAgo}::timestamptz AND received_at <= ${dayAgo}::timestamptz) AS busy_days
    FROM stored`.execute(db);
  const [row] = rows;
  return {
    lastStoredAt: row?.last_stored_at ?? null,
    waitingSince: row?.waiting_since ?? null,
    deliveriesToday: Number(row?.deliveries_today ?? 0),
    busyDays: Number(row?.busy_days ?? 0),
  };
}
