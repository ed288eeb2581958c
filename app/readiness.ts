import { sql } from 'kysely';
import type { Config } from '../src/config/config.ts';
import { INNGEST_EVENTS } from '../src/dispatch/job-events.ts';
import type { Database } from '../src/store/database.ts';
import { readMigrationState } from '../src/store/read-migration-state.ts';
import { checkConsumers } from './inngest/check-consumers.ts';
import type { InngestApp } from './inngest/functions.ts';
import type { BulkFor } from './jobs-repository.ts';
import type { ReadinessCheck } from './status-pages.ts';

/**
 * What `/readyz` looks at, each as a stable code:
 *
 * - `database`: `ok`, `unreachable`, `timeout`;
 * - `migrations`: `ok` (also where a newer version has migrated: this one works on), `none`, `behind`;
 * - `registry`: every event that can be sent starts a function: `ok`, `unconsumed_event`, `off` without Inngest;
 * - `bulk`: `ok`, `off` without CAPTURE_WORKFLOW, or the reason that the router gives (docs/routing.md).
 */
export function createReadinessChecks(options: {
  db: Database;
  config: Pick<Config, 'bulk'>;
  inngest: Pick<InngestApp, 'client'> | null;
  bulkFor: BulkFor;
}): Record<string, ReadinessCheck> {
  const { db, config, inngest, bulkFor } = options;
  return {
    database: async () => {
      await sql`SELECT 1`.execute(db);
      return 'ok';
    },
    migrations: async () => {
      const { state } = await readMigrationState(db);
      return state === 'newer' ? 'ok' : state;
    },
    registry: async () => {
      if (inngest === null) return 'off';
      try {
        checkConsumers(Object.values(INNGEST_EVENTS), inngest.client.funcs);
        return 'ok';
      } catch {
        return 'unconsumed_event';
      }
    },
    bulk: async () => {
      if (config.bulk.workflow === null) return 'off';
      const bulk = bulkFor({ isPrivate: false });
      return bulk.available ? 'ok' : bulk.reason;
    },
  };
}
