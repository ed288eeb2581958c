import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { runGuard } from '../../../src/rollout/guard/run-guard.ts';
import { readRollout } from '../../../src/rollout/rollout-store.ts';
import { describeEachDatabase, describePostgres, withDatabase } from '../../support/databases.ts';
import { type EndedJobs, force, HOUR, insertEnded, resetRollout } from './guard-fixture.ts';

const OPTIONS = { environmentStop: false, maxActionsMinutes: null };

describeEachDatabase('the guard', (database) => {
  const db = () => database().db;
  const look = (options: Partial<Parameters<typeof runGuard>[1]> = {}) =>
    runGuard(db(), { ...OPTIONS, ...options });
  const rollout = () => readRollout(db(), { environmentStop: false });
  const history = () =>
    db().selectFrom('rollout_history').selectAll().orderBy('seq', 'desc').executeTakeFirstOrThrow();
  const notices = () => db().selectFrom('rollout_notices').selectAll().orderBy('id').execute();
  const ended = (...jobs: EndedJobs[]) => insertEnded(db(), ...jobs);
  const set = (columns: string) => sql.raw(`UPDATE rollout_configuration SET ${columns}`).execute(db());

  beforeEach(() => resetRollout(db(), { percentage: 50 }));

  describe('by the threshold', () => {
    test('rolls back at 11 jobs with 1 error: 0 %, rolled back, a new epoch, a cool-down, the history, a notice, verified', async () => {
      await ended({ outcome: 'success', count: 10, phase: 2 }, { outcome: 'failure', phase: 2 });
      const before = Date.now();
      const report = await look();
      expect(report).toMatchObject({
        health: 'failing',
        isApplied: true,
        version: 2,
        decision: { kind: 'rollback', code: 'error_rate', percentage: 0 },
      });
      const after = await rollout();
      expect(after).toMatchObject({
        percentage: 0,
        state: 'rolled_back',
        epoch: 2,
        version: 2,
        rollbacks: 1,
        autoAdvance: false,
        rearmOnResume: true,
      });
      expect(after.cooldownUntil?.getTime()).toBeGreaterThanOrEqual(before + 24 * HOUR - 1_000);
      expect(after.cooldownUntil?.getTime()).toBeLessThan(Date.now() + 24 * HOUR + 1_000);
      expect(await history()).toMatchObject({
        action: 'rollback',
        triggered_by: 'auto_rollback',
        reason_code: 'error_rate',
        reason: '1 of 11 jobs failed, the limit is 5 % (threshold).',
        previous_percentage: 50,
        new_percentage: 0,
        actor: { type: 'system', login: 'auto_rollback' },
        source: { type: 'automation' },
        metadata: {
          metrics: {
            enrolled: {
              threshold: { n: 11, x: 1, rate: 1 / 11, breached: true },
              sequential: { n: 11, x: 1, e: expect.closeTo(0.9237, 3), breach_at: 20, breached: false },
            },
          },
        },
      });
      expect(await notices()).toMatchObject([
        {
          kind: 'rollback',
          version: 2,
          sent_at: null,
          verified: { checked: 20, stillIn: [], isSuperseded: false },
        },
      ]);
    });

    test.each<[string, EndedJobs[]]>([
      ['10 jobs, all failed', [{ outcome: 'failure', count: 10 }]],
      ['exactly 5 %', [{ outcome: 'success', count: 19 }, { outcome: 'failure' }]],
      ['errors of jobs that are not exposed', [{ outcome: 'failure', count: 50, exposed: false }]],
      ['errors of the control arm', [{ outcome: 'failure', count: 50, arm: 'control' }]],
      ['errors of an earlier epoch', [{ outcome: 'failure', count: 50, epoch: 0 }]],
      ['errors before the window', [{ outcome: 'failure', count: 50, at: new Date(Date.now() - 25 * HOUR) }]],
      [
        'cancelled and skipped jobs',
        [
          { outcome: 'cancelled', count: 50 },
          { outcome: 'skipped', count: 50 },
        ],
      ],
    ])('does not roll back for %s', async (_, jobs) => {
      await ended(...jobs);
      expect((await look()).decision.kind).toBe('hold');
      expect(await rollout()).toMatchObject({ percentage: 50, state: 'running', version: 1 });
    });

    test.each(['failure', 'timed_out', 'lost'] as const)('counts %s as an error', async (outcome) => {
      await ended({ outcome: 'success', count: 10 }, { outcome });
      expect((await look()).decision.kind).toBe('rollback');
    });

    test('counts an error that is 23 hours old', async () => {
      await ended(
        { outcome: 'success', count: 10 },
        { outcome: 'failure', at: new Date(Date.now() - 23 * HOUR) },
      );
      expect((await look()).decision.kind).toBe('rollback');
    });

    test('is healthy with enough good jobs, and unknown with too few', async () => {
      expect((await look()).health).toBe('unknown');
      await ended({ outcome: 'success', count: 10 });
      expect((await look()).health).toBe('unknown');
      await ended({ outcome: 'success' });
      expect((await look()).health).toBe('healthy');
    });

    test('obeys the limit and the number of jobs that are set', async () => {
      await set('max_error_rate = 60, min_jobs = 3');
      await ended({ outcome: 'success', count: 1 }, { outcome: 'failure', count: 2 });
      expect((await look()).decision.kind).toBe('hold');
      await ended({ outcome: 'failure' });
      expect((await look()).decision.kind).toBe('rollback');
    });

    test('rolls back a held and a completed rollout too', async () => {
      await ended({ outcome: 'success', count: 10 }, { outcome: 'failure' });
      await set("state = 'held'");
      expect((await look()).decision.kind).toBe('rollback');
      await resetRollout(db(), { percentage: 100 });
      await set("state = 'completed'");
      await ended({ outcome: 'success', count: 10 }, { outcome: 'failure' });
      expect((await look()).decision.kind).toBe('rollback');
    });

    test('holds where automatic rollback is off', async () => {
      await set('auto_rollback_enabled = false');
      await ended({ outcome: 'success', count: 10 }, { outcome: 'failure' });
      expect((await look()).decision).toMatchObject({ kind: 'hold', code: 'auto_rollback_off' });
      expect(await rollout()).toMatchObject({
        percentage: 50,
        state: 'held',
        hold: { by: 'guard', code: 'auto_rollback_off' },
      });
    });
  });

  describe('after a rollback', () => {
    const fail = (epoch: number) => ended({ outcome: 'failure', count: 11, epoch });

    test('does nothing more, and does not repeat itself', async () => {
      await fail(1);
      await look();
      expect((await look()).decision).toMatchObject({ kind: 'none', code: 'rolled_back' });
      expect(await notices()).toHaveLength(1);
    });

    test('counts from the resume on: the bad jobs of before do not roll back again', async () => {
      await fail(1);
      await look();
      await set("state = 'running', rollout_percentage = 10");
      expect(await rollout()).toMatchObject({ epoch: 3, state: 'running' });
      expect((await look()).decision.kind).toBe('hold');
      // A job in flight that ends now still counts to its old epoch.
      await fail(1);
      expect((await look()).decision.kind).toBe('hold');
      await fail(3);
      expect((await look()).decision.kind).toBe('rollback');
    });

    test('cools down twice as long each time', async () => {
      const hours: number[] = [];
      for (let round = 0; round < 3; round++) {
        const { epoch } = await rollout();
        await fail(epoch);
        const now = new Date();
        await look({ now });
        const { cooldownUntil } = await rollout();
        hours.push(((cooldownUntil?.getTime() ?? 0) - now.getTime()) / HOUR);
        await set("state = 'running', rollout_percentage = 10");
      }
      expect(hours).toEqual([24, 48, 96]);
    });

    test('is verified by the next look where the guard died in between', async () => {
      await fail(1);
      await look();
      await sql`UPDATE rollout_notices SET verified = NULL`.execute(db());
      await look();
      expect(await notices()).toMatchObject([{ kind: 'rollback', verified: { checked: 20, stillIn: [] } }]);
    });
  });

  describe('by the sequential test', () => {
    beforeEach(() => set("guard_mode = 'sequential'"));

    test.each([
      [11, 3, 'hold'],
      [11, 4, 'rollback'],
      [20, 4, 'hold'],
      [20, 5, 'rollback'],
      [50, 7, 'hold'],
      [50, 8, 'rollback'],
      [100, 12, 'hold'],
      [100, 13, 'rollback'],
    ])('%i jobs with %i errors: %s', async (jobs, errors, kind) => {
      await ended({ outcome: 'success', count: jobs - errors }, { outcome: 'failure', count: errors });
      expect((await look()).decision.kind).toBe(kind);
    });

    test('counts the whole epoch, not the window alone', async () => {
      const days = (count: number) => new Date(Date.now() - count * 24 * HOUR);
      await force(db(), `epoch_started_at = now() - interval '10 days'`);
      await ended(
        { outcome: 'failure', count: 2, at: days(5) },
        { outcome: 'failure', count: 2, at: days(3) },
        { outcome: 'success', count: 7, at: days(5) },
      );
      expect((await look()).decision).toMatchObject({
        kind: 'rollback',
        text: '4 of 11 jobs failed, the limit is 5 % (sequential).',
      });
    });

    test('one repository of many does not roll back all others', async () => {
      await ended({ outcome: 'failure', count: 12, repositoryId: 3 }, { outcome: 'success', count: 30 });
      const report = await look();
      expect(report.tick?.enrolled.sequential).toMatchObject({
        errors: 2,
        jobs: 32,
        capped: 10,
        failingRepositories: 1,
      });
      expect(report).toMatchObject({ decision: { kind: 'hold' }, health: 'degraded' });
    });

    test('the same repository counts again in another window', async () => {
      await force(db(), `epoch_started_at = now() - interval '3 days'`);
      const at = (days: number) => new Date(Date.now() - days * 24 * HOUR + HOUR);
      await ended(
        { outcome: 'failure', count: 5, repositoryId: 3, at: at(3) },
        { outcome: 'failure', count: 5, repositoryId: 3, at: at(2) },
        { outcome: 'failure', count: 1, repositoryId: 4, at: at(1) },
        { outcome: 'success', count: 10 },
      );
      expect((await look()).tick?.enrolled.sequential).toMatchObject({
        errors: 5,
        jobs: 15,
        capped: 6,
        breached: true,
      });
    });
  });

  describe('by both', () => {
    beforeEach(() => set("guard_mode = 'both'"));

    test('a breach of the threshold alone holds, and tells people', async () => {
      await ended({ outcome: 'success', count: 10 }, { outcome: 'failure' });
      expect(await look()).toMatchObject({
        health: 'failing',
        decision: { kind: 'hold', code: 'threshold_breach' },
      });
      expect(await rollout()).toMatchObject({
        state: 'held',
        percentage: 50,
        hold: { by: 'guard', code: 'threshold_breach' },
      });
      expect(await notices()).toMatchObject([{ kind: 'hold' }]);
      expect((await look()).isApplied).toBe(false);
      expect(await notices()).toHaveLength(1);
    });

    test('a breach of the sequential test rolls back', async () => {
      await ended({ outcome: 'success', count: 7 }, { outcome: 'failure', count: 4 });
      expect((await look()).decision).toMatchObject({ kind: 'rollback', code: 'error_rate' });
    });
  });

  test.each(['threshold', 'sequential', 'both'])(
    'by %s: where the control arm fails too, the cause is common, and it holds',
    async (mode) => {
      await set(`guard_mode = '${mode}'`);
      await ended({ outcome: 'failure', count: 12 }, { outcome: 'failure', count: 12, arm: 'control' });
      expect((await look()).decision).toMatchObject({ kind: 'hold', code: 'common_cause' });
      expect(await rollout()).toMatchObject({ state: 'held', percentage: 50, epoch: 1 });
    },
  );

  test('a control arm that fails alone keeps it where it is', async () => {
    await ended({ outcome: 'success', count: 12 }, { outcome: 'failure', count: 12, arm: 'control' });
    expect(await look()).toMatchObject({
      health: 'degraded',
      decision: { kind: 'hold', code: 'control_arm_failing' },
    });
  });

  describe('blocked jobs', () => {
    const blocked = (count: number) =>
      ended({ outcome: 'blocked', count, error: 'GitHub answered 403. Check the spending limit.' });

    test('three in a row hold and tell the cure; they never roll back', async () => {
      await ended({ outcome: 'success', count: 12 });
      await blocked(3);
      expect((await look()).decision).toMatchObject({ kind: 'hold', code: 'blocked_jobs' });
      expect(await rollout()).toMatchObject({ state: 'held', percentage: 50 });
      const [notice] = await notices();
      expect(notice?.content).toMatchObject({ quoted: 'GitHub answered 403. Check the spending limit.' });
    });

    test('two do not hold yet, but nothing advances', async () => {
      await blocked(2);
      expect((await look()).decision).toMatchObject({ kind: 'hold', code: 'blocked_jobs' });
    });

    test('with a success between them they do not hold', async () => {
      await blocked(2);
      await ended({ outcome: 'success' });
      await blocked(1);
      expect((await look()).decision.kind).toBe('hold');
    });

    test('twelve of them are no error rate', async () => {
      await blocked(12);
      expect((await look()).tick?.enrolled.threshold).toMatchObject({ jobs: 0, errors: 0, breached: false });
    });
  });

  describe('advances', () => {
    beforeEach(async () => {
      await resetRollout(db(), { percentage: 10 });
      await force(
        db(),
        `phase_started_at = now() - interval '25 hours', epoch_started_at = now() - interval '25 hours'`,
      );
    });

    test('by one phase when all gates are open', async () => {
      await ended({ outcome: 'success', count: 59 });
      expect(await look()).toMatchObject({
        isApplied: true,
        decision: { kind: 'advance', code: 'gates_passed', percentage: 25 },
      });
      expect(await rollout()).toMatchObject({
        percentage: 25,
        phase: 1,
        version: 2,
        epoch: 1,
        state: 'running',
      });
      expect(await history()).toMatchObject({ action: 'advance', triggered_by: 'auto_advance' });
      expect(await notices()).toMatchObject([{ kind: 'advance' }]);
      // The next phase has its own soak and its own sample.
      expect((await look()).decision).toMatchObject({ kind: 'hold', code: 'inconclusive' });
    });

    test.each([
      [58, 0, 'inconclusive'],
      [92, 1, 'inconclusive'],
      [93, 1, 'gates_passed'],
      [123, 2, 'inconclusive'],
      [124, 2, 'gates_passed'],
    ])('with %i jobs and %i errors: %s', async (jobs, errors, code) => {
      await set("guard_mode = 'sequential'");
      await ended(
        { outcome: 'success', count: jobs - errors },
        ...(errors ? [{ outcome: 'failure', count: errors } as const] : []),
      );
      expect((await look()).decision.code).toBe(code);
    });

    test.each<[string, string, EndedJobs[], string]>([
      ['the soak is not over', "phase_started_at = now() - interval '23 hours'", [], 'soaking'],
      [
        'a person holds it',
        'state = \'held\', hold = \'{"by":"person","code":"held","reason":null}\'',
        [],
        'held',
      ],
      ['automatic advance is off', 'auto_advance = false', [], 'auto_advance_off'],
      ['it cools down', "cooldown_until = now() + interval '1 hour'", [], 'cooling_down'],
      [
        'a freeze window is open',
        `freeze_windows = '[{"name":"x","kind":"deny","scope":"automatic","timezone":"UTC","cron":"* * * * *","start":null,"durationMinutes":5,"reason":null}]'`,
        [],
        'frozen',
      ],
      [
        'its last job is old',
        "monitoring_window_hours = 1, phase_started_at = now() - interval '99 hours'",
        [],
        'stale_data',
      ],
      [
        'a success rate of 85 % is not more than 85 %',
        '',
        [{ outcome: 'cancelled', count: 11 }],
        'success_rate_low',
      ],
      [
        'runs are lost',
        "guard_mode = 'sequential', max_error_rate = 15",
        [{ outcome: 'lost', count: 2 }],
        'timeouts_rise',
      ],
      ['the strategy has no phases', "rollout_strategy = 'whitelist'", [], 'no_phases'],
    ])('not while %s', async (_, columns, jobs, code) => {
      if (columns) await force(db(), columns);
      await ended({ outcome: 'success', count: 62, at: new Date(Date.now() - 2 * HOUR) }, ...jobs);
      expect((await look()).decision).toMatchObject({ kind: 'hold', code });
      expect((await rollout()).percentage).toBe(10);
    });

    test('not while a fifth of the started jobs has not ended', async () => {
      await ended({ outcome: 'success', count: 60 });
      const running = (count: number) =>
        sql`INSERT INTO progressive_capture_jobs (repository_id, installation_id, job_type, target, include, reason,
            processor_type, rule, enrolment_reason, is_exposed, is_bulk, arm, rollout_epoch, rollout_phase, rollout_version, status)
          SELECT 1, 7, 'history', 'h' || n || '-' || ${count}, '{}', 'scheduled', 'github_actions', 'historical', 'in_share', true, true,
            'enrolled', 1, 0, 1, 'running' FROM generate_series(1, ${count}::integer) AS n`.execute(db());
      await running(16);
      expect((await look()).decision).toMatchObject({ kind: 'hold', code: 'not_matured' });
      await sql`DELETE FROM progressive_capture_jobs WHERE status = 'running'`.execute(db());
      await running(15);
      expect((await look()).decision.kind).toBe('advance');
    });

    test('not while the month has cost what it may', async () => {
      await ended({ outcome: 'success', count: 60 });
      const now = new Date();
      await sql`INSERT INTO job_runs (job_id, run, attempt, processor_type, worker, state, created_at, started_at, ended_at)
        SELECT id, 1, 1, 'github_actions', 'workflow', 'ended', ${now}, ${now}, ${new Date(now.getTime() + 61_000)}
        FROM progressive_capture_jobs LIMIT 5`.execute(db());
      expect((await look({ maxActionsMinutes: 10, now })).decision).toMatchObject({
        kind: 'hold',
        code: 'budget_exhausted',
        text: 'Cost: 10 Actions minutes this month of 10.',
      });
      expect((await look({ maxActionsMinutes: 11, now })).decision.kind).toBe('advance');
    });

    test('to the first half after seven days only', async () => {
      await resetRollout(db(), { percentage: 25 });
      await ended({ outcome: 'success', count: 60, phase: 1 });
      await force(db(), `phase_started_at = now() - interval '6 days 23 hours'`);
      expect((await look()).decision).toMatchObject({ kind: 'hold', code: 'soaking' });
      await force(db(), `phase_started_at = now() - interval '7 days'`);
      expect((await look()).decision).toMatchObject({ kind: 'advance', percentage: 50 });
    });

    test('through a phase that enrols nobody, without a sample, after its soak', async () => {
      await resetRollout(db(), { percentage: 0.01, repositories: 3 });
      expect((await look()).decision).toMatchObject({ kind: 'hold', code: 'soaking' });
      await force(db(), `phase_started_at = now() - interval '25 hours'`);
      const report = await look();
      expect(report.tick?.sample.status).toBe('empty');
      expect(report.decision).toMatchObject({ kind: 'advance', percentage: 10 });
    });

    test('never while the App serves no repository', async () => {
      await resetRollout(db(), { percentage: 10, repositories: 0 });
      await force(db(), `phase_started_at = now() - interval '99 days'`);
      expect((await look()).decision).toMatchObject({ kind: 'hold', code: 'no_data' });
    });

    test('never from 0 %, where a person put it', async () => {
      await set('rollout_percentage = 0');
      await force(db(), `phase_started_at = now() - interval '99 days'`);
      expect((await look()).decision).toMatchObject({ kind: 'hold', code: 'zero_percent' });
    });

    test('to completion at 100 %, and no further', async () => {
      await resetRollout(db(), { percentage: 100 });
      await force(db(), `phase_started_at = now() - interval '25 hours'`);
      await ended({ outcome: 'success', count: 60, phase: 4 });
      expect((await look()).decision).toMatchObject({ kind: 'complete' });
      expect(await rollout()).toMatchObject({ state: 'completed', percentage: 100 });
      expect((await look()).decision).toMatchObject({ kind: 'none', code: 'completed' });
    });
  });

  describe('tells of a phase that has not its sample', () => {
    test('how many jobs are missing, and when they will be there', async () => {
      const now = new Date();
      await force(db(), `phase_started_at = '${new Date(now.getTime() - 10 * HOUR).toISOString()}'`);
      await ended({ outcome: 'success', count: 20, phase: 2, at: new Date(now.getTime() - HOUR) });
      const { tick } = await look({ now });
      expect(tick?.sample).toMatchObject({
        status: 'inconclusive',
        missing: 39,
        expectedAt: new Date(now.getTime() + 19.5 * HOUR),
      });
    });

    test('that it never will be, and at which percentage it would', async () => {
      await resetRollout(db(), { percentage: 10, repositories: 1_000 });
      const now = new Date();
      await force(
        db(),
        `phase_started_at = now() - interval '10 days', epoch_started_at = now() - interval '10 days'`,
      );
      // 100 of 1,000 repositories are in; all of them together have had 50 jobs in 10 days, the enrolled ones 5.
      await ended(
        { outcome: 'success', count: 5, at: new Date(now.getTime() - HOUR) },
        { outcome: 'success', count: 45, arm: 'control' },
      );
      const report = await look({ now });
      expect(report.decision).toMatchObject({ kind: 'hold', code: 'phase_starved' });
      expect(report.tick?.sample).toMatchObject({ status: 'starved', missing: 54 });
      // 59 jobs in 30 days are 39 % of the 150 that all of them have.
      const { reachableAt } = report.tick?.sample ?? {};
      expect(reachableAt).toBeGreaterThanOrEqual(37);
      expect(reachableAt).toBeLessThanOrEqual(42);
      expect(report.decision.text).toContain(`${reachableAt} % would`);
    });
  });

  test('leaves a stopped rollout alone, whichever side has stopped it', async () => {
    await ended({ outcome: 'failure', count: 20 });
    expect((await look({ environmentStop: true })).decision).toMatchObject({
      kind: 'none',
      code: 'emergency_stop',
    });
    await set('emergency_stop = true');
    expect((await look()).decision).toMatchObject({ kind: 'none', code: 'emergency_stop' });
    expect(await rollout()).toMatchObject({ percentage: 50, version: 2 });
  });

  test('does not count again what a person saw before resuming from its hold', async () => {
    await set("guard_mode = 'both'");
    await ended({ outcome: 'success', count: 10 }, { outcome: 'failure' });
    await look();
    await set("state = 'running', evidence_since = now()");
    expect((await look()).decision.kind).toBe('hold');
    await ended(
      { outcome: 'success', count: 10, at: new Date(Date.now() + 1_000) },
      { outcome: 'failure', at: new Date(Date.now() + 1_000) },
    );
    expect((await look()).decision).toMatchObject({ kind: 'hold', code: 'threshold_breach' });
  });

  test('keeps its last report for SQL', async () => {
    await ended({ outcome: 'success', count: 12 });
    await look();
    const row = await db().selectFrom('rollout_guard').selectAll().executeTakeFirstOrThrow();
    expect(row).toMatchObject({
      feature_name: 'hybrid_progressive_capture',
      health: 'healthy',
      decision: 'hold',
      reason_code: 'inconclusive',
      report: { enrolled: { threshold: { n: 12, x: 0 } }, version: 1 },
    });
    expect(row.report.gates).toContainEqual({
      code: 'soaking',
      open: false,
      text: expect.stringContaining('left'),
    });
  });
});

describe('a guard that can not read what it goes by', () => {
  const database = withDatabase();

  test.each([
    ['no rollout', 'DELETE FROM rollout_configuration'],
    ['no outcomes', 'ALTER TABLE rollout_metrics RENAME TO away'],
  ])('(%s) holds: unknown, never healthy, and nothing is changed', async (_, statement) => {
    const { db } = database();
    await resetRollout(db);
    await insertEnded(db, { outcome: 'success', count: 100 });
    await sql.raw(statement).execute(db);
    const report = await runGuard(db, OPTIONS);
    expect(report).toMatchObject({
      health: 'unknown',
      isApplied: false,
      tick: null,
      decision: { kind: 'hold', code: 'data_unreadable' },
      error: expect.any(Error),
    });
    if (statement.startsWith('ALTER')) {
      await sql`ALTER TABLE away RENAME TO rollout_metrics`.execute(db);
      expect(await readRollout(db, { environmentStop: false })).toMatchObject({ version: 1, percentage: 10 });
    }
  });

  test('(the database is gone) holds: unknown', async () => {
    const { db } = database();
    await db.destroy();
    expect(await runGuard(db, OPTIONS)).toMatchObject({
      health: 'unknown',
      decision: { code: 'data_unreadable' },
    });
  });
});

describePostgres('eight guards at once', (database) => {
  test('roll back once', async () => {
    const { db } = database();
    await resetRollout(db, { percentage: 50 });
    await insertEnded(db, { outcome: 'failure', count: 20 });
    const reports = await Promise.all(Array.from({ length: 8 }, () => runGuard(db, OPTIONS)));
    expect(reports.filter(({ isApplied }) => isApplied)).toHaveLength(1);
    expect(reports.every(({ error }) => error === null)).toBe(true);
    expect(await readRollout(db, { environmentStop: false })).toMatchObject({ version: 2, rollbacks: 1 });
    expect(await db.selectFrom('rollout_notices').selectAll().execute()).toHaveLength(1);
  });

  test('and a person who lowers it meanwhile: nobody is overwritten', async () => {
    const { db } = database();
    await resetRollout(db, { percentage: 50 });
    await insertEnded(db, { outcome: 'failure', count: 20 });
    await Promise.all([
      ...Array.from({ length: 4 }, () => runGuard(db, OPTIONS)),
      sql`UPDATE rollout_configuration SET excluded_repositories = '{3}'`.execute(db),
    ]);
    expect(await readRollout(db, { environmentStop: false })).toMatchObject({
      version: 3,
      state: 'rolled_back',
      exclude: [3],
    });
  });
});
