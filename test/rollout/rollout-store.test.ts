import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { CompiledQuery, sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { bucketOf } from '../../src/rollout/bucket.ts';
import {
  changeRollout,
  ensureRollout,
  placeOnLists,
  type RolloutChange,
  readRollout,
} from '../../src/rollout/rollout-store.ts';
import { describeEachDatabase, describePostgres } from '../support/databases.ts';

const DEFAULTS = {
  percentage: 12.5,
  strategy: 'percentage',
  autoRollback: false,
  maxErrorRate: 7.25,
  environmentStop: false,
} as const;
const NO_STOP = { environmentStop: false };
const MONA = { type: 'user', id: 9, login: 'mona', permission: 'maintain' } as const;

function change(changes: Partial<RolloutChange> & Pick<RolloutChange, 'change'>): RolloutChange {
  return { ...NO_STOP, actor: MONA, source: { type: 'cli' }, action: 'set', reason: 'a test', ...changes };
}

describeEachDatabase('the rollout in the database', (database) => {
  const db = () => database().db;
  const history = () => db().selectFrom('rollout_history').selectAll().orderBy('seq').execute();

  beforeEach(async () => {
    await sql`delete from rollout_configuration`.execute(db());
    await ensureRollout(db(), DEFAULTS);
  });

  test('is made from the environment, once', async () => {
    await ensureRollout(db(), { ...DEFAULTS, percentage: 99 });
    expect(await readRollout(db(), NO_STOP)).toEqual({
      featureName: 'hybrid_progressive_capture',
      salt: expect.stringMatching(/^[0-9a-f]{32}$/),
      percentage: 12.5,
      strategy: 'percentage',
      isActive: true,
      emergencyStop: false,
      stoppedBy: { database: false, environment: false },
      state: 'running',
      include: [],
      exclude: [],
      epoch: 1,
      phase: 0,
      version: 1,
      autoRollback: false,
      maxErrorRate: 7.25,
      monitoringWindowHours: 24,
      stoppedFrom: null,
      cancelRuns: false,
      hold: null,
      guardMode: 'threshold',
      autoAdvance: true,
      rearmOnResume: false,
      minJobs: 10,
      sequentialAlpha: 0.05,
      phases: [10, 25, 50, 75, 100],
      soakHours: 24,
      soakHoursBeforeHalf: 168,
      minSuccessRate: 85,
      minMaturedShare: 80,
      cooldownHours: 24,
      cooldownUntil: null,
      rollbacks: 0,
      epochStartedAt: expect.any(Date),
      phaseStartedAt: expect.any(Date),
      evidenceSince: null,
      freezeWindows: [],
    });
    expect((await history()).at(-1)).toMatchObject({
      action: 'create',
      version_before: null,
      version_after: 1,
      new_percentage: 12.5,
      triggered_by: 'hybrid-capture',
    });
  });

  test('is not guessed where it is absent', async () => {
    await sql`delete from rollout_configuration`.execute(db());
    await expect(readRollout(db(), NO_STOP)).rejects.toThrow('rollout_configuration has no row');
  });

  test('is stopped by either side', async () => {
    expect(await readRollout(db(), { environmentStop: true })).toMatchObject({
      emergencyStop: true,
      stoppedBy: { database: false, environment: true },
      state: 'running',
    });
    await sql`UPDATE rollout_configuration SET emergency_stop = true WHERE feature_name = 'hybrid_progressive_capture'`.execute(
      db(),
    );
    expect(await readRollout(db(), NO_STOP)).toMatchObject({
      emergencyStop: true,
      stoppedBy: { database: true, environment: false },
      state: 'stopped',
      version: 2,
    });
  });

  test('tells a stop and a resume by SQL in the history, and keeps state and flag together', async () => {
    const before = (await history()).length;
    await sql`UPDATE rollout_configuration SET emergency_stop = true`.execute(db());
    await sql`UPDATE rollout_configuration SET emergency_stop = false`.execute(db());
    expect(await readRollout(db(), NO_STOP)).toMatchObject({
      emergencyStop: false,
      state: 'running',
      version: 3,
    });
    await sql`UPDATE rollout_configuration SET state = 'stopped'`.execute(db());
    expect(await readRollout(db(), NO_STOP)).toMatchObject({
      emergencyStop: true,
      state: 'stopped',
      version: 4,
    });
    await sql`UPDATE rollout_configuration SET state = 'held'`.execute(db());
    expect(await readRollout(db(), NO_STOP)).toMatchObject({ emergencyStop: false, state: 'held' });
    expect((await history()).slice(before).map((row) => [row.action, row.source, row.reason_code])).toEqual([
      ['emergency_stop', { type: 'sql' }, 'changed_by_sql'],
      ['resume', { type: 'sql' }, 'changed_by_sql'],
      ['emergency_stop', { type: 'sql' }, 'changed_by_sql'],
      ['resume', { type: 'sql' }, 'changed_by_sql'],
    ]);
  });

  test('comes out of a stop by SQL in the state in which it was, and in a new epoch', async () => {
    for (const state of ['running', 'held', 'completed', 'rolled_back', 'draft']) {
      await sql`UPDATE rollout_configuration SET state = ${state}`.execute(db());
      const { epoch } = await readRollout(db(), NO_STOP);
      await sql`UPDATE rollout_configuration SET emergency_stop = true`.execute(db());
      expect(await readRollout(db(), NO_STOP)).toMatchObject({ state: 'stopped', stoppedFrom: state, epoch });
      await sql`UPDATE rollout_configuration SET emergency_stop = false`.execute(db());
      expect(await readRollout(db(), NO_STOP)).toMatchObject({ state, stoppedFrom: null, epoch: epoch + 1 });
    }
  });

  test('opens an epoch by a rollback and by what ends it, and by nothing else', async () => {
    const epochAfter = async (statement: string) => {
      await sql.raw(`UPDATE rollout_configuration SET ${statement}`).execute(db());
      return (await readRollout(db(), NO_STOP)).epoch;
    };
    expect(await epochAfter("state = 'held'")).toBe(1);
    expect(await epochAfter("state = 'running'")).toBe(1);
    expect(await epochAfter('rollout_percentage = 50')).toBe(1);
    expect(await epochAfter("state = 'rolled_back', rollout_percentage = 0")).toBe(2);
    expect(await epochAfter('emergency_stop = true')).toBe(2);
    expect(await epochAfter("emergency_stop = false, state = 'running'")).toBe(3);
    expect(await epochAfter('max_error_rate = 3')).toBe(3);
  });

  test('has the phase of its percentage, whoever sets it, and a soak that begins anew with each increase', async () => {
    const set = async (statement: string) => {
      await sql.raw(`UPDATE rollout_configuration SET ${statement}`).execute(db());
      return readRollout(db(), NO_STOP);
    };
    const old = "phase_started_at = '2026-01-01T00:00:00Z'";
    expect((await readRollout(db(), NO_STOP)).phase).toBe(0);
    await set(old);
    const raised = await set('rollout_percentage = 60');
    expect([raised.phase, raised.phaseStartedAt.getTime() > Date.now() - 60_000]).toEqual([2, true]);
    await set(old);
    expect((await set('rollout_percentage = 55')).phaseStartedAt).toEqual(new Date('2026-01-01'));
    expect((await set('rollout_percentage = 60')).phaseStartedAt).not.toEqual(new Date('2026-01-01'));
    expect((await set('rollout_percentage = 0')).phase).toBe(0);
    expect((await set("phases = '{1,100}', rollout_percentage = 100")).phase).toBe(1);
  });

  test('is not changed, and tells nothing, by a statement that sets what holds', async () => {
    const before = (await history()).length;
    await sql`UPDATE rollout_configuration SET emergency_stop = false, version = 99`.execute(db());
    expect((await readRollout(db(), NO_STOP)).version).toBe(1);
    expect(await history()).toHaveLength(before);
  });

  test.each([
    ['another salt', "salt = 'mine'"],
    ['another name', "feature_name = 'mine'"],
    ['phases that fall', "phases = '{50,10,100}'"],
    ['phases that do not end with 100', "phases = '{10,50}'"],
    ['no phases', "phases = '{}'"],
  ])('refuses %s', async (_, statement) => {
    await expect(sql.raw(`UPDATE rollout_configuration SET ${statement}`).execute(db())).rejects.toThrow();
    expect((await readRollout(db(), NO_STOP)).version).toBe(1);
  });

  test('tells in the history that it was deleted', async () => {
    await sql`DELETE FROM rollout_configuration`.execute(db());
    expect((await history()).at(-1)).toMatchObject({
      action: 'delete',
      previous_percentage: 12.5,
      new_percentage: 0,
    });
  });

  test('has a history that nobody changes or deletes', async () => {
    for (const statement of [
      "UPDATE rollout_history SET reason = 'x'",
      'DELETE FROM rollout_history',
      'TRUNCATE rollout_history',
    ]) {
      await expect(sql.raw(statement).execute(db())).rejects.toThrow('append-only');
    }
  });

  test('stays readable with freeze windows and a hold that somebody wrote by hand', async () => {
    await sql`UPDATE rollout_configuration SET freeze_windows = '[{"x": 1}]', state = 'held', hold = '{"x": 1}'`.execute(
      db(),
    );
    expect(await readRollout(db(), NO_STOP)).toMatchObject({
      hold: { by: 'person', code: 'held', reason: null },
      freezeWindows: [{ name: 'unreadable' }],
    });
  });

  test('changes with its history row: who, why, from where, before and after', async () => {
    const result = await changeRollout(
      db(),
      change({
        change: () => ({ patch: { percentage: 25.5, include: [7, 8] }, reasonCode: 'set_higher' }),
        action: 'set',
        reason: "it's time",
      }),
    );
    expect(result).toMatchObject({
      status: 'changed',
      before: { percentage: 12.5, version: 1, include: [] },
      after: { percentage: 25.5, version: 2, include: [7, 8] },
    });
    expect((await history()).at(-1)).toMatchObject({
      action: 'set',
      version_before: 1,
      version_after: 2,
      previous_percentage: 12.5,
      new_percentage: 25.5,
      reason: "it's time",
      triggered_by: 'mona',
      actor: MONA,
      source: { type: 'cli' },
      reason_code: 'set_higher',
      metadata: {
        changes: {
          rollout_percentage: { before: 12.5, after: 25.5 },
          target_repositories: { before: [], after: [7, 8] },
        },
      },
    });
  });

  test('leaves no actor behind for the next change by SQL', async () => {
    await changeRollout(db(), change({ change: () => ({ patch: { percentage: 1 }, reasonCode: 'a_test' }) }));
    await sql`UPDATE rollout_configuration SET rollout_percentage = 2`.execute(db());
    expect((await history()).at(-1)).toMatchObject({ action: 'set', reason: null, source: { type: 'sql' } });
  });

  test.each([
    ['null', () => null],
    [
      'what holds already',
      () => ({ patch: { percentage: 12.5, include: [], emergencyStop: false }, reasonCode: 'a_test' }),
    ],
  ])('is left alone by %s', async (_, patch) => {
    const before = (await history()).length;
    const result = await changeRollout(db(), change({ change: patch }));
    expect(result).toMatchObject({ status: 'unchanged', current: { version: 1 } });
    expect(await history()).toHaveLength(before);
  });

  test('is left alone when it is not at the version that the person saw', async () => {
    const decide = () => ({ patch: { percentage: 50 }, reasonCode: 'a_test' });
    const stale = await changeRollout(db(), change({ ifVersion: 2, change: decide }));
    expect(stale).toMatchObject({ status: 'version_conflict', current: { version: 1 } });
    expect((await readRollout(db(), NO_STOP)).percentage).toBe(12.5);
    const fresh = await changeRollout(db(), change({ ifVersion: 1, change: decide }));
    expect(fresh.status).toBe('changed');
  });

  test('is left alone when the decision fails', async () => {
    const before = (await history()).length;
    const failing = change({
      change: () => {
        throw new Error('GitHub is away');
      },
    });
    await expect(changeRollout(db(), failing)).rejects.toThrow('GitHub is away');
    expect(await readRollout(db(), NO_STOP)).toMatchObject({ percentage: 12.5, version: 1 });
    expect(await history()).toHaveLength(before);
  });

  test('can be changed inside of a transaction', async () => {
    await db()
      .transaction()
      .execute((trx) =>
        changeRollout(trx, change({ change: () => ({ patch: { percentage: 3 }, reasonCode: 'a_test' }) })),
      );
    expect((await readRollout(db(), NO_STOP)).percentage).toBe(3);
  });

  test('loses no change of two that are made at the same time', async () => {
    await Promise.all(
      [1, 2, 3, 4].map((id) =>
        changeRollout(
          db(),
          change({
            change: (current) => ({ patch: placeOnLists(current, 'include', id), reasonCode: 'a_test' }),
          }),
        ),
      ),
    );
    const { include, version } = await readRollout(db(), NO_STOP);
    expect([include.toSorted(), version]).toEqual([[1, 2, 3, 4], 5]);
  });

  test('has the buckets of the vectors in SQL too', async () => {
    const vectors: { salt: string; featureName: string; repositoryId: number; bucket: number }[] = JSON.parse(
      readFileSync(new URL('./bucket-vectors.json', import.meta.url), 'utf8'),
    );
    for (const { bucket, ...key } of vectors) {
      const { rows } = await db().executeQuery<{ bucket: number }>(
        CompiledQuery.raw('SELECT rollout_bucket($1, $2, $3) AS bucket', [
          key.salt,
          key.featureName,
          key.repositoryId,
        ]),
      );
      expect([key, rows]).toEqual([key, [{ bucket }]]);
    }
  });
});

describeEachDatabase('buckets in SQL', (database) => {
  test('are those of TypeScript for any salt, feature and id', async () => {
    const keys = fc
      .sample(
        fc.record({
          salt: fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
          featureName: fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
          repositoryId: fc.maxSafeNat(),
        }),
        2_000,
      )
      .filter(({ salt, featureName }) => salt.isWellFormed() && featureName.isWellFormed());
    const { rows } = await sql<{ bucket: number }>`
      SELECT rollout_bucket(k.salt, k."featureName", k."repositoryId") AS bucket
      FROM jsonb_to_recordset(${JSON.stringify(keys)}::jsonb) AS k(salt text, "featureName" text, "repositoryId" bigint)`.execute(
      database().db,
    );
    expect(rows.map(({ bucket }) => bucket)).toEqual(keys.map(bucketOf));
  });
});

describePostgres('two who change the rollout with the version that both saw', (database) => {
  test('one changes it, the other is told', async () => {
    const { db } = database();
    await ensureRollout(db, DEFAULTS);
    const results = await Promise.all(
      [20, 30].map((percentage) =>
        changeRollout(
          db,
          change({ ifVersion: 1, change: () => ({ patch: { percentage }, reasonCode: 'a_test' }) }),
        ),
      ),
    );
    expect(results.map(({ status }) => status).toSorted()).toEqual(['changed', 'version_conflict']);
    expect((await readRollout(db, NO_STOP)).version).toBe(2);
  });
});

describe('the lists', () => {
  test.each([
    ['include', { include: [1], exclude: [] }, { include: [1, 5], exclude: [] }],
    ['include', { include: [5], exclude: [] }, { include: [5], exclude: [] }],
    ['include', { include: [], exclude: [5, 6] }, { include: [5], exclude: [6] }],
    ['exclude', { include: [5, 5, 1], exclude: [] }, { include: [1], exclude: [5] }],
    [null, { include: [5, 1], exclude: [] }, { include: [1], exclude: [] }],
    [null, { include: [1], exclude: [6, 5] }, { include: [1], exclude: [6] }],
    [null, { include: [1], exclude: [6] }, { include: [1], exclude: [6] }],
  ] as const)('5 on the list %s: %j becomes %j', (list, before, after) => {
    expect(placeOnLists({ include: [...before.include], exclude: [...before.exclude] }, list, 5)).toEqual(
      after,
    );
  });
});
