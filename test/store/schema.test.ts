import { type Insertable, sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { CAPTURE_TABLES } from '../../src/store/capture-tables.ts';
import type { DB } from '../../src/store/database.generated.ts';
import { describeEachDatabase } from '../support/databases.ts';

const FEATURE = 'hybrid_progressive_capture';

/** DESIGN: users of the earlier system run these two unchanged. */
const LAST_DAY = `SELECT processor_type, SUM(success_count) AS successes, SUM(error_count) AS errors,
       AVG(average_processing_time) AS avg_time, COUNT(DISTINCT repository_id) AS repos_processed
FROM rollout_metrics WHERE created_at > NOW() - INTERVAL '24 hours' GROUP BY processor_type;`;
const STOP = `UPDATE rollout_configuration SET emergency_stop = true WHERE feature_name = 'hybrid_progressive_capture';`;

const JOB: Insertable<DB['progressive_capture_jobs']> = {
  repository_id: 1,
  installation_id: 9,
  job_type: 'pull_requests',
  target: '1',
  include: ['pull-requests'],
  reason: 'webhook',
  processor_type: 'inngest',
  rule: 'recent',
  enrolment_reason: 'percentage',
  arm: 'control',
  rollout_epoch: 1,
  rollout_phase: 0,
  rollout_version: 1,
};

describeEachDatabase('the schema', (database) => {
  beforeEach(async () => {
    const { db } = database();
    await sql`truncate repositories, contributors, rollout_configuration cascade`.execute(db);
    await db.insertInto('repositories').values({ id: 1, full_name: 'acme/widgets' }).execute();
  });

  test('values come as the types say', async () => {
    const { rows } =
      await sql`select 9007199254740991::bigint as id, 12.5::numeric as amount, '{"a": [1]}'::jsonb as json,
      '2026-01-01T00:00:00Z'::timestamptz as time, array[1, null]::bigint[] as ids, null::bigint as none`.execute(
        database().db,
      );
    expect(rows).toEqual([
      {
        id: 9_007_199_254_740_991,
        amount: 12.5,
        json: { a: [1] },
        time: new Date('2026-01-01'),
        ids: [1, null],
        none: null,
      },
    ]);
  });

  describe('the columns that a capture writes', () => {
    test.each(Object.entries(CAPTURE_TABLES))(
      'of %s are those of the table',
      async (table, { key, columns }) => {
        const { rows } = await sql<{
          name: string;
          type: string;
          required: boolean;
          nullable: boolean;
          checks: string;
        }>`
        select a.attname as name, format_type(a.atttypid, null) as type, not a.attnotnull as nullable,
          a.attnotnull and not a.atthasdef as required,
          coalesce((select string_agg(pg_get_constraintdef(k.oid), ' ') from pg_constraint k
            where k.conrelid = a.attrelid and k.contype = 'c' and k.conkey = array[a.attnum]), '') as checks
        from pg_attribute a where a.attrelid = ${table}::regclass and a.attnum > 0`.execute(database().db);
        const real = new Map(rows.map((row) => [row.name, row]));
        const types = {
          id: 'bigint',
          number: 'integer',
          count: 'integer',
          integer: 'integer',
          boolean: 'boolean',
          text: 'text',
          timestamp: 'timestamp with time zone',
        };
        for (const [name, column] of Object.entries(columns)) {
          const found = real.get(name);
          expect(found?.type, name).toBe(types[column.type]);
          expect(column.onNull === 'refuse', `${name} refuses null`).toBe(found?.nullable === false);
          const values = [...(found?.checks ?? '').matchAll(/'([A-Za-z_]+)'::text/g)].map(
            ([, value]) => value,
          );
          expect(column.values ?? [], name).toEqual(values);
        }
        const writtenByApp = [
          'installation_id',
          'settings',
          'settings_problem',
          'removed_at',
          'nested_captured_at',
          'threads_captured_at',
          'first_seen_at',
        ];
        const missing = [...real.keys()].filter((name) => !(name in columns));
        expect(writtenByApp).toEqual(expect.arrayContaining(missing));
        const required = rows
          .filter((row) => row.required || row.name === 'captured_at')
          .map(({ name }) => name);
        const declared = Object.keys(columns).filter((name) => columns[name]?.isRequired);
        expect(declared.toSorted()).toEqual(required.toSorted());
        const { rows: keys } = await sql<{ name: string }>`
        select a.attname as name from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
        where i.indrelid = ${table}::regclass and i.indisprimary`.execute(database().db);
        expect([...key].toSorted()).toEqual(keys.map(({ name }) => name).toSorted());
      },
    );
  });

  describe('the rollout', () => {
    const history = () =>
      database()
        .db.selectFrom('rollout_history')
        .selectAll()
        .orderBy('seq', 'desc')
        .limit(1)
        .executeTakeFirstOrThrow();

    test('starts running at 10 %, by repository size', async () => {
      const row = await database()
        .db.insertInto('rollout_configuration')
        .values({ feature_name: FEATURE })
        .returningAll()
        .executeTakeFirstOrThrow();
      expect(row).toMatchObject({
        rollout_percentage: 10,
        rollout_strategy: 'repository_size',
        is_active: true,
        emergency_stop: false,
        auto_rollback_enabled: true,
        max_error_rate: 5,
        monitoring_window_hours: 24,
        target_repositories: [],
        excluded_repositories: [],
        version: 1,
        epoch: 1,
        state: 'running',
        auto_advance: true,
      });
      expect(await history()).toMatchObject({
        action: 'create',
        version_before: null,
        version_after: 1,
        new_percentage: 10,
      });
    });

    test('a stop by hand takes effect, and is in the history', async () => {
      const { db } = database();
      await db
        .insertInto('rollout_configuration')
        .values({ feature_name: FEATURE, rollout_percentage: 25.5 })
        .execute();
      await sql.raw(STOP).execute(db);
      const row = await db.selectFrom('rollout_configuration').selectAll().executeTakeFirstOrThrow();
      expect(row).toMatchObject({ emergency_stop: true, version: 2, rollout_percentage: 25.5 });
      const { rows: who } = await sql<{ login: string }>`select session_user as login`.execute(db);
      expect(await history()).toMatchObject({
        feature_name: FEATURE,
        action: 'emergency_stop',
        version_before: 1,
        version_after: 2,
        previous_percentage: 25.5,
        new_percentage: 25.5,
        actor: { type: 'sql', login: who[0]?.login },
        source: { type: 'sql' },
        triggered_by: who[0]?.login,
        reason: null,
        metadata: { changes: { emergency_stop: { before: false, after: true } } },
      });
    });

    test('who, why and from where are those of the transaction, and of no other', async () => {
      const { db } = database();
      await db.insertInto('rollout_configuration').values({ feature_name: FEATURE }).execute();
      await db.transaction().execute(async (trx) => {
        const settings = {
          actor: '{"type":"user","id":7,"login":"ada"}',
          source: '{"type":"comment"}',
          reason: 'more',
          action: 'set',
        };
        for (const [name, value] of Object.entries(settings)) {
          await sql`select set_config(${`hybrid.${name}`}, ${value}, true)`.execute(trx);
        }
        await trx.updateTable('rollout_configuration').set({ rollout_percentage: 50 }).execute();
      });
      expect(await history()).toMatchObject({
        action: 'set',
        actor: { type: 'user', id: 7, login: 'ada' },
        source: { type: 'comment' },
        triggered_by: 'ada',
        reason: 'more',
        previous_percentage: 10,
        new_percentage: 50,
      });
      await db.updateTable('rollout_configuration').set({ rollout_percentage: 75 }).execute();
      expect(await history()).toMatchObject({
        action: 'set',
        actor: { type: 'sql' },
        reason: null,
        version_after: 3,
      });
    });

    test('the history can only grow', async () => {
      const { db } = database();
      await db.insertInto('rollout_configuration').values({ feature_name: FEATURE }).execute();
      const statements = [
        'UPDATE rollout_history SET reason = $$x$$',
        'DELETE FROM rollout_history',
        'TRUNCATE rollout_history',
      ];
      for (const statement of statements) {
        await expect(sql.raw(statement).execute(db)).rejects.toThrow('append-only');
      }
    });

    test.each([
      ['a percentage above 100', { rollout_percentage: 100.01 }],
      ['a percentage below 0', { rollout_percentage: -0.01 }],
      ['an unknown strategy', { rollout_strategy: 'dice' as never }],
      ['an unknown state', { state: 'paused' as never }],
    ])('%s is refused', async (_, values) => {
      const insert = database()
        .db.insertInto('rollout_configuration')
        .values({ feature_name: FEATURE, ...values });
      await expect(insert.execute()).rejects.toMatchObject({ code: '23514' });
    });
  });

  describe('jobs', () => {
    const insertJob = (values: Record<string, unknown> = {}) =>
      database()
        .db.insertInto('progressive_capture_jobs')
        .values({ ...JOB, ...values })
        .returning('id')
        .executeTakeFirstOrThrow();

    test('of one target only one waits that was never dispatched', async () => {
      await insertJob();
      await expect(insertJob()).rejects.toMatchObject({ code: '23505' });
      await insertJob({ target: '2' });
      await insertJob({ job_type: 'issues' });
      await database()
        .db.updateTable('progressive_capture_jobs')
        .set({ dispatched_at: new Date() })
        .where('target', '=', '1')
        .where('job_type', '=', 'pull_requests')
        .execute();
      await insertJob();
      await insertJob({ status: 'running' });
      await insertJob({ status: 'completed', completed_at: new Date() });
    });

    test.each([
      ['an unknown status', { status: 'pending' }],
      ['an end without its time', { status: 'failed' }],
      ['the time of an end that is none', { status: 'running', completed_at: new Date() }],
      ['more attempts than allowed', { attempt: 4 }],
      ['an unknown processor', { processor_type: 'in_process' }],
      ['an unknown kind', { job_type: 'dice' }],
    ])('%s is refused', async (_, values) => {
      await expect(insertJob(values)).rejects.toMatchObject({ code: '23514' });
    });

    test('the figures of the last day, by processor', async () => {
      const { db } = database();
      const metric = async (
        processor: 'inngest' | 'github_actions',
        isSuccess: boolean,
        seconds: number,
        hoursAgo = 0,
      ) => {
        const { id } = await insertJob({ target: String(Math.random()) });
        await db
          .insertInto('rollout_metrics')
          .values({
            job_id: id,
            repository_id: hoursAgo,
            processor_type: processor,
            outcome: isSuccess ? 'success' : 'failure',
            exposed: true,
            arm: 'control',
            epoch: 1,
            phase: 0,
            success_count: isSuccess ? 1 : 0,
            error_count: isSuccess ? 0 : 1,
            average_processing_time: seconds,
            created_at: new Date(Date.now() - hoursAgo * 3_600_000),
          })
          .execute();
      };
      await metric('inngest', true, 1);
      await metric('inngest', true, 2, 1);
      await metric('inngest', false, 6, 1);
      await metric('github_actions', true, 100, 23);
      await metric('github_actions', false, 900, 25);
      const { rows } = await sql.raw<{ processor_type: string }>(LAST_DAY).execute(db);
      expect(rows.toSorted((a, b) => (a.processor_type < b.processor_type ? -1 : 1))).toEqual([
        { processor_type: 'github_actions', successes: 1, errors: 0, avg_time: 100, repos_processed: 1 },
        { processor_type: 'inngest', successes: 2, errors: 1, avg_time: 3, repos_processed: 2 },
      ]);
    });
  });
});
