import { Inngest } from 'inngest';
import { sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { createReadinessChecks } from '../../app/readiness.ts';
import { MIGRATIONS } from '../../src/store/migrations/index.ts';
import { readMigrationState } from '../../src/store/read-migration-state.ts';
import { withDatabase } from '../support/databases.ts';
import { startTestApp, testConfig } from './start-test-app.ts';

const database = withDatabase();
const newest = MIGRATIONS.at(-1)?.name ?? '';

describe('/readyz', () => {
  it('is 503 with codes alone while the bulk path that is configured can not be used', async () => {
    const app = await startTestApp(database(), {
      CAPTURE_WORKFLOW: 'acme/jobs/.github/workflows/bulk-capture.yml@main',
      INNGEST_DEV: 'http://127.0.0.1:9',
    });
    const response = await fetch(`${app.url}/readyz`);
    expect([response.status, await response.json()]).toEqual([
      503,
      {
        status: 'not_ready',
        checks: {
          database: 'ok',
          migrations: 'ok',
          registry: 'ok',
          bulk: 'not_installed_on_jobs_repository',
        },
      },
    ]);
  });
});

describe('checks', () => {
  const own = withDatabase();
  const set = (statement: string) => sql.raw(statement).execute(own().db);
  afterEach(async () => {
    await set(`DELETE FROM hybrid_capture_migrations WHERE name = '9999-later'`);
    await set(`INSERT INTO hybrid_capture_migrations (name) VALUES ('${newest}') ON CONFLICT DO NOTHING`);
  });

  it('an event without a function is named by its code', async () => {
    const { registry } = createReadinessChecks({
      db: own().db,
      config: testConfig(),
      inngest: { client: new Inngest({ id: 'empty', isDev: true }) },
      bulkFor: () => ({ available: true }),
    });
    expect(await registry?.()).toBe('unconsumed_event');
  });

  it('migrations that are missing, or of a newer version', async () => {
    expect(await readMigrationState(own().db)).toEqual({ state: 'ok', pending: [], unknown: [] });
    await set(`DELETE FROM hybrid_capture_migrations WHERE name = '${newest}'`);
    expect(await readMigrationState(own().db)).toEqual({ state: 'behind', pending: [newest], unknown: [] });
    await set(`INSERT INTO hybrid_capture_migrations (name) VALUES ('9999-later'), ('${newest}')`);
    expect(await readMigrationState(own().db)).toEqual({
      state: 'newer',
      pending: [],
      unknown: ['9999-later'],
    });
  });

  it('no tables at all', async () => {
    await set('CREATE SCHEMA empty');
    await set('SET search_path TO empty');
    expect((await readMigrationState(own().db)).state).toBe('none');
    await set('SET search_path TO public');
  });

  it('what is not configured is off', async () => {
    const { bulk, registry } = createReadinessChecks({
      db: own().db,
      config: testConfig(),
      inngest: null,
      bulkFor: () => ({ available: true }),
    });
    expect([await bulk?.(), await registry?.()]).toEqual(['off', 'off']);
  });
});
