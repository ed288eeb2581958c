import { sql } from 'kysely';
import type { Database } from '../store/database.ts';
import { inScope, type Scope } from './scope.ts';

/** What became of a delivery: jobs, or nothing that makes a job, such as a change of an installation. */
export const DELIVERY_OUTCOMES = ['planned', 'done'] as const;
export type DeliveryOutcome = (typeof DELIVERY_OUTCOMES)[number];

/** A webhook delivery that was received. */
export interface ListedDelivery {
  /** GitHub's GUID, `X-GitHub-Delivery`. */
  id: string;
  event: string;
  action: string | null;
  repositoryId: number | null;
  /** Null: it is of no repository, or of one that was never stored. */
  repository: string | null;
  outcome: string;
  jobIds: string[];
  receivedAt: Date;
}

export interface DeliveryFilter {
  limit: number;
  outcome: DeliveryOutcome | null;
  /** GUID of a delivery: only those that came before it. */
  after: string | null;
}

/** Deliveries, newest first. Those that belong to no repository are for whoever sees everything. */
export async function listDeliveries(
  db: Database,
  scope: Scope,
  { limit, outcome, after }: DeliveryFilter,
): Promise<ListedDelivery[]> {
  const { rows } = await sql<ListedDelivery>`
    SELECT d.id, d.event, d.action, d.repository_id AS "repositoryId", r.full_name AS repository, d.outcome,
      d.job_ids AS "jobIds", d.received_at AS "receivedAt"
    FROM (
      SELECT * FROM deliveries
      WHERE ${inScope('repository_id', scope)} AND (${outcome}::text IS NULL OR outcome = ${outcome}::text)
        AND (${after}::text IS NULL OR (received_at, id) <
          (SELECT last.received_at, last.id FROM deliveries last WHERE last.id = ${after}::text))
      ORDER BY received_at DESC, id DESC LIMIT ${limit}) AS d
    LEFT JOIN repositories r ON r.id = d.repository_id
    ORDER BY d.received_at DESC, d.id DESC`.execute(db);
  return rows;
}

/** A delivery that GitHub could not hand over at any attempt so far; it is asked to send it again. */
export type FailedDelivery = Awaited<ReturnType<typeof listFailedDeliveries>>[number];

/** The oldest first, 100 at most. GitHub's log of them names no repository. */
export function listFailedDeliveries(db: Database) {
  return db
    .selectFrom('failed_deliveries')
    .select([
      'guid as id',
      'event',
      'status',
      'status_code as statusCode',
      'first_delivered_at as firstDeliveredAt',
      'last_tried_at as lastTriedAt',
      'requests',
    ])
    .orderBy('first_delivered_at')
    .orderBy('guid')
    .limit(100)
    .execute();
}
