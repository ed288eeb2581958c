import { sql } from 'kysely';
import type { Database } from '../store/database.ts';
import { FEATURE_NAME } from './evaluate-enrolment.ts';

/** A row of `rollout_history`, as people are shown it. */
export interface HistoryEntry {
  seq: number;
  at: Date;
  action: string;
  /** Percent; null: there was none. */
  before: number | null;
  after: number;
  version: number;
  epoch: number;
  by: string;
  source: string;
  reasonCode: string | null;
  reason: string | null;
}

/** The newest entries, newest first. */
export async function readHistory(db: Database, limit: number): Promise<HistoryEntry[]> {
  const rows = await db
    .selectFrom('rollout_history')
    .selectAll()
    .where('feature_name', '=', FEATURE_NAME)
    .orderBy('seq', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    seq: Number(row.seq),
    at: row.created_at,
    action: row.action,
    before: row.previous_percentage === null ? null : Number(row.previous_percentage),
    after: Number(row.new_percentage),
    version: row.version_after,
    epoch: row.epoch,
    by: row.triggered_by,
    source: String(row.source.type ?? ''),
    reasonCode: row.reason_code,
    reason: row.reason,
  }));
}

/** Login of the last person who changed the rollout; null: nobody with an account on GitHub has. */
export async function findLastPerson(db: Database): Promise<string | null> {
  const row = await db
    .selectFrom('rollout_history')
    .select('triggered_by')
    .where('feature_name', '=', FEATURE_NAME)
    .where(sql<string>`actor ->> 'type'`, '=', 'user')
    .orderBy('seq', 'desc')
    .executeTakeFirst();
  return row?.triggered_by ?? null;
}
