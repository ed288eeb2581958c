import { type Selectable, sql, type Transaction } from 'kysely';
import type { JobLog } from '../jobs/job-log.ts';
import type { DB } from '../store/database.generated.ts';
import { neutralizeLog } from '../text/neutralize.ts';
import { isDelivered } from './is-delivered.ts';
import type { Loop } from './loop.ts';

/** One attempt of GitHub to deliver a webhook. */
export interface DeliveryAttempt {
  id: number;
  /** `X-GitHub-Delivery`: the same for every attempt. */
  guid: string;
  deliveredAt: Date;
  isRedelivery: boolean;
  event: string;
  /** `OK`, or what went wrong; a time-out and a refused connection have the status code 0. */
  status: string;
  statusCode: number;
}

/** GitHub's log of the App's webhook deliveries. */
export interface DeliveryLog {
  /** Attempts, newest first, page by page. */
  pages(): AsyncIterable<DeliveryAttempt[]>;
  /**
   * Asks for one more attempt, which GitHub makes some moments later. `refused`: not this time; `unknown`: it has dropped
   * the delivery.
   */
  redeliver(id: number): Promise<'asked' | 'refused' | 'unknown'>;
}

export interface RedeliverOptions {
  deliveryLog: DeliveryLog;
  log: JobLog;
}

const INTERVAL_MS = 2 * 60_000;
/** GitHub keeps deliveries, and delivers them again, for 3 days; a GitHub Enterprise Server for 7. Source: https://docs.github.com/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks */
const KEPT_MS = 3 * 86_400_000;
/** Attempts may show up late, and two clocks differ. */
const OVERLAP_MS = 10 * 60_000;
/** Between two attempts lies as much time as the delivery has been failing for, within these bounds. */
const WAIT_MS = { min: 60_000, max: 4 * 3_600_000 };
/** Deliveries asked for in one pass: each is a request, and GitHub allows an App 5,000 in an hour. */
const AT_A_TIME = 300;
/** Requests whose outcome is written together. */
const PAGE = 25;

/**
 * Asks GitHub to deliver again what did not come through: it never does so by itself. With the database away, webhooks
 * are answered 503, and GitHub's log is where they wait. An event that was received in the meantime changes nothing.
 */
export function createRedeliverLoop({ deliveryLog, log }: RedeliverOptions): Loop {
  return {
    name: 'redeliver',
    intervalMs: INTERVAL_MS,
    async pass({ now, lastPassedAt, signal, write }) {
      const keptSince = new Date(now.getTime() - KEPT_MS);
      const reachedMs = (lastPassedAt?.getTime() ?? 0) - OVERLAP_MS;
      const since = new Date(Math.max(keptSince.getTime(), reachedMs));
      const attempts = await readAttempts(deliveryLog, since, signal);
      const { gone, due } = await write(async (trx) => {
        await noteAttempts(trx, attempts);
        return { gone: await dropGone(trx, keptSince), due: await findDue(trx, now) };
      });
      for (const row of gone) tellDropped(row, log);
      let requested = 0;
      let refused = 0;
      let dropped = gone.length;
      for (let from = 0; from < due.length; from += PAGE) {
        const answers: Answers = { asked: [], refused: [], unknown: [] };
        try {
          for (const { guid, delivery_id: id } of due.slice(from, from + PAGE)) {
            signal.throwIfAborted();
            answers[await deliveryLog.redeliver(id)].push(guid);
          }
        } finally {
          // Also what was asked for before one failed, so that it is not asked for twice.
          const unknown = await write((trx) => noteAnswers(trx, answers, now));
          for (const row of unknown) tellDropped(row, log);
          dropped += unknown.length;
          requested += answers.asked.length;
          refused += answers.refused.length;
        }
      }
      return { requested, refused, dropped, waiting: await write(countWaiting) };
    },
  };
}

const DROPPED = ['guid', 'event', 'status', 'status_code'] as const;
type Dropped = Pick<Selectable<DB['failed_deliveries']>, (typeof DROPPED)[number]>;

function tellDropped(row: Dropped, log: JobLog): void {
  log.error(
    {
      stage: 'loop',
      loop: 'redeliver',
      delivery: row.guid,
      event: row.event,
      status_code: row.status_code,
    },
    `GitHub has dropped a delivery that failed at every attempt (${neutralizeLog(row.status)}). Reconciliation finds what it told of a captured repository.`,
  );
}

/** GUIDs by what GitHub answered. */
type Answers = Record<Awaited<ReturnType<DeliveryLog['redeliver']>>, string[]>;

/** What matters of the attempts since a time: those that failed, and redeliveries, which settle earlier failures. */
async function readAttempts(
  deliveryLog: DeliveryLog,
  since: Date,
  signal: AbortSignal,
): Promise<DeliveryAttempt[]> {
  const found: DeliveryAttempt[] = [];
  for await (const page of deliveryLog.pages()) {
    signal.throwIfAborted();
    const recent = page.filter(({ deliveredAt }) => deliveredAt >= since);
    found.push(...recent.filter((attempt) => !isDelivered(attempt) || attempt.isRedelivery));
    if (recent.length < page.length) break;
  }
  return found;
}

/** Attempts of one delivery are one row, which goes when one of them was answered, or its transaction is stored here. */
async function noteAttempts(trx: Transaction<DB>, attempts: readonly DeliveryAttempt[]): Promise<void> {
  const rows = attempts.map((attempt) => ({
    guid: attempt.guid,
    delivery_id: attempt.id,
    event: attempt.event,
    status: attempt.status,
    status_code: attempt.statusCode,
    delivered_at: attempt.deliveredAt,
    is_delivered: isDelivered(attempt),
  }));
  await sql`
    WITH attempts AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
        AS a (guid text, delivery_id bigint, event text, status text, status_code integer, delivered_at timestamptz,
          is_delivered boolean)
    ), newest AS (
      SELECT DISTINCT ON (guid) *, min(delivered_at) OVER (PARTITION BY guid) AS first_delivered_at
      FROM attempts ORDER BY guid, delivered_at DESC, delivery_id DESC
    )
    INSERT INTO failed_deliveries AS failed
      (guid, delivery_id, event, status, status_code, first_delivered_at, last_tried_at)
    SELECT guid, delivery_id, event, status, status_code, first_delivered_at, delivered_at
    FROM newest
    WHERE NOT EXISTS (SELECT FROM attempts AS good WHERE good.guid = newest.guid AND good.is_delivered)
    ORDER BY guid
    ON CONFLICT (guid) DO UPDATE SET delivery_id = excluded.delivery_id, status = excluded.status,
      status_code = excluded.status_code,
      first_delivered_at = least(failed.first_delivered_at, excluded.first_delivered_at),
      last_tried_at = greatest(failed.last_tried_at, excluded.last_tried_at)`.execute(trx);
  const good = attempts.filter(isDelivered).map(({ guid }) => guid);
  await sql`
    DELETE FROM failed_deliveries AS failed
    WHERE guid = ANY (${good}::text[]) OR EXISTS (SELECT FROM deliveries WHERE deliveries.id = failed.guid)`.execute(
    trx,
  );
}

async function dropGone(trx: Transaction<DB>, keptSince: Date): Promise<Dropped[]> {
  return trx
    .deleteFrom('failed_deliveries')
    .where('first_delivered_at', '<', keptSince)
    .returning(DROPPED)
    .execute();
}

/** Oldest first, as they happened. */
async function findDue(trx: Transaction<DB>, now: Date) {
  return trx
    .selectFrom('failed_deliveries')
    .select(['guid', 'delivery_id'])
    .where(
      sql<boolean>`${now}::timestamptz - last_tried_at >= least(interval '1 millisecond' * ${WAIT_MS.max}::bigint,
        greatest(interval '1 millisecond' * ${WAIT_MS.min}::bigint, last_tried_at - first_delivered_at))`,
    )
    .orderBy('first_delivered_at')
    .orderBy('guid')
    .limit(AT_A_TIME)
    .execute();
}

/** Answers those that GitHub does not know any more, which are dropped. */
async function noteAnswers(
  trx: Transaction<DB>,
  { asked, refused, unknown }: Answers,
  now: Date,
): Promise<Dropped[]> {
  await trx
    .updateTable('failed_deliveries')
    .set((eb) => ({ last_tried_at: now, requests: eb('requests', '+', 1) }))
    .where('guid', '=', sql<string>`ANY(${[...asked, ...refused]}::text[])`)
    .execute();
  return trx
    .deleteFrom('failed_deliveries')
    .where('guid', '=', sql<string>`ANY(${unknown}::text[])`)
    .returning(DROPPED)
    .execute();
}

async function countWaiting(trx: Transaction<DB>): Promise<number> {
  const { count } = await trx
    .selectFrom('failed_deliveries')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return count;
}
