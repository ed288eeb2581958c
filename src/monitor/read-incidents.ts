import { sql } from 'kysely';
import type { Alarm } from '../jobs/alarms.ts';
import type { Database } from '../store/database.ts';

/** What the safety loops have found and is not over. */
export interface Incidents {
  alarms: Alarm[];
  /** Events that GitHub could not deliver at any attempt so far. */
  failedDeliveries: number;
}

export async function readIncidents(db: Database): Promise<Incidents> {
  const [alarms, failed] = await Promise.all([
    sql<Alarm>`SELECT level, code, message FROM alarms WHERE cleared_at IS NULL ORDER BY name`.execute(db),
    sql<{ count: number }>`SELECT count(*)::integer AS count FROM failed_deliveries`.execute(db),
  ]);
  return { alarms: alarms.rows, failedDeliveries: failed.rows[0]?.count ?? 0 };
}
