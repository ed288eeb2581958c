import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import type { RolloutPlace } from '../../src/commands/command.ts';
import { executeRolloutCommand } from '../../src/commands/execute-command.ts';
import { splitArguments } from '../../src/commands/parse-command.ts';
import type { PermissionLevel } from '../../src/commands/permission.ts';
import { ROLLOUT_VERBS } from '../../src/commands/rollout/verbs.ts';
import { runGuard } from '../../src/rollout/guard/run-guard.ts';
import { readRollout } from '../../src/rollout/rollout-store.ts';
import { findServedRepository } from '../../src/store/find-repository.ts';
import type { Answer } from '../../src/text/answer.ts';
import { LIMITS } from '../jobs/job-fixture.ts';
import { force, HOUR, insertEnded, resetRollout } from '../rollout/guard/guard-fixture.ts';
import { describeEachDatabase, describePostgres } from '../support/databases.ts';

const NO_STOP = { environmentStop: false };
const SOURCE = {
  type: 'comment',
  repository: 'acme/control',
  issue: 1,
  commentId: 77,
  commentSha256: 'ab',
} as const;

const COSTING: RolloutPlace['costing'] = {
  budgets: { actionsMinutesPerMonth: null, inngestExecutionsPerMonth: null },
  prices: {
    ...{ actionsMinute: 0.006, includedActionsMinutes: 0 },
    ...{ inngestThousandExecutions: null, includedInngestExecutions: 50_000 },
    databaseGigabyteMonth: null,
  },
};

describeEachDatabase('/rollout', (database) => {
  const db = () => database().db;
  const rollout = () => readRollout(db(), NO_STOP);
  const history = () => db().selectFrom('rollout_history').selectAll().orderBy('seq').execute();
  const set = (columns: string) => sql.raw(`UPDATE rollout_configuration SET ${columns}`).execute(db());
  let noted: Answer[];

  function place(changes: Partial<RolloutPlace> = {}): RolloutPlace {
    return {
      db: db(),
      now: () => new Date(),
      environmentStop: false,
      costing: COSTING,
      actor: { type: 'user', id: 9, login: 'mona' },
      source: SOURCE,
      place: { kind: 'control' },
      isPublic: false,
      permission: async () => 'admin',
      findRepository: (fullName) => findServedRepository(db(), fullName),
      note: async (_, answer) => void noted.push(answer),
      planning: {
        config: { limits: LIMITS, coalesceMs: 0, inngestBulkPerDay: 500 },
        bulkFor: () => ({ available: true }),
      },
      ...changes,
    };
  }

  const run = (
    line: string,
    level: PermissionLevel | null = 'admin',
    changes: Partial<RolloutPlace> = {},
  ) => {
    const [verb = null, ...args] = splitArguments(line) ?? [];
    return executeRolloutCommand({ verb, args }, place({ permission: async () => level, ...changes }));
  };
  const table = (answer: Answer) => Object.fromEntries(answer.table);

  beforeEach(async () => {
    noted = [];
    await resetRollout(db(), { percentage: 25, repositories: 20 });
  });

  describe('set', () => {
    test('lowers with write permission: state, history with the person, and the answer noted in the same transaction', async () => {
      const answer = await run('set 10 too many at once', 'write');
      expect(answer).toMatchObject({
        ok: true,
        reasonCode: 'set_lower',
        headline: 'hybrid_progressive_capture 25 % → 10 %, v2, by @mona',
        quoted: 'too many at once',
      });
      expect(answer.body).toContain('Undo: `/rollout set 25`');
      expect(noted).toEqual([answer]);
      expect(await rollout()).toMatchObject({ percentage: 10, phase: 0, version: 2, epoch: 1 });
      expect((await history()).at(-1)).toMatchObject({
        action: 'set',
        reason_code: 'set_lower',
        reason: 'too many at once',
        previous_percentage: 25,
        new_percentage: 10,
        triggered_by: 'mona',
        actor: { type: 'user', id: 9, login: 'mona', permission: 'write' },
        source: SOURCE,
        metadata: { metrics: { enrolled: { threshold: { n: 0, x: 0, rate: null } } } },
      });
    });

    test.each<[string, PermissionLevel, string, number]>([
      ['set 0', 'write', 'set_lower', 0],
      ['set 12.5', 'write', 'set_lower', 12.5],
      ['set 10%', 'write', 'set_lower', 10],
      ['set 10 %', 'write', 'set_lower', 10],
      ['set hybrid_progressive_capture 10', 'write', 'set_lower', 10],
      ['set 30', 'maintain', 'set_higher', 30],
      ['set 50', 'maintain', 'set_higher', 50],
      ['set 74.99', 'maintain', 'set_higher', 74.99],
      ['set 100 --force --reason "all at once"', 'admin', 'set_forced', 100],
      ['set 25', 'write', 'already_set', 25],
    ])('%s by %s: %s', async (line, level, reasonCode, percentage) => {
      expect(await run(line, level)).toMatchObject({ ok: true, reasonCode });
      expect((await rollout()).percentage).toBe(percentage);
    });

    test.each<[string, PermissionLevel, string]>([
      ['set', 'admin', 'not_understood'],
      ['set 50abc', 'admin', 'not_understood'],
      ['set -5', 'admin', 'not_understood'],
      ['set 101', 'admin', 'not_understood'],
      ['set 5.123', 'admin', 'not_understood'],
      ['set 1e1', 'admin', 'not_understood'],
      ['set fifty', 'admin', 'not_understood'],
      ['set 30', 'write', 'permission_denied'],
      ['set 75', 'admin', 'more_than_one_phase'],
      ['set 75 --force', 'admin', 'reason_missing'],
      ['set 75 --force --reason "now"', 'maintain', 'permission_denied'],
      ['set 10', 'triage', 'permission_denied'],
      ['set 10 --if-version 2', 'admin', 'version_conflict'],
    ])('%s by %s is refused: %s', async (line, level, reasonCode) => {
      expect(await run(line, level)).toMatchObject({ ok: false, reasonCode });
      expect(await rollout()).toMatchObject({ percentage: 25, version: 1 });
      expect(noted).toEqual([]);
    });

    test.each([
      ['stopped', 'emergency_stop = true', 'set 0', 'stopped'],
      ['rolled back', "state = 'rolled_back'", 'set 10', 'rolled_back'],
      ['held', "state = 'held'", 'set 50', 'held'],
      ['cooling down', "cooldown_until = now() + interval '1 hour'", 'set 50', 'cooling_down'],
    ])('while %s is refused', async (_, columns, line, reasonCode) => {
      await set(columns);
      expect(await run(line)).toMatchObject({ ok: false, reasonCode });
    });

    test('lowers while held, frozen and cooling down', async () => {
      await run('freeze add always --cron "* * * * *" --duration 10m');
      await set("state = 'held', cooldown_until = now() + interval '1 hour'");
      expect(await run('set 5', 'write')).toMatchObject({ ok: true });
      expect(await rollout()).toMatchObject({ percentage: 5, state: 'held' });
    });

    test('is not raised while the guard would roll it back', async () => {
      await insertEnded(db(), { outcome: 'failure', count: 20, phase: 1 });
      expect(await run('set 50 --force --reason "trust me"')).toMatchObject({
        ok: false,
        reasonCode: 'error_rate',
      });
    });
  });

  describe('a freeze window', () => {
    const FREEZE =
      'freeze add weekends --cron "* * * * *" --duration 30m --timezone Europe/Berlin --reason "nobody is there"';

    test('keeps people from increasing; an admin passes over it with a reason', async () => {
      expect(await run(FREEZE)).toMatchObject({ ok: true, reasonCode: 'freeze_added' });
      expect(await run('set 50', 'admin')).toMatchObject({
        ok: false,
        reasonCode: 'frozen',
        body: ['Over it, with admin permission: `/rollout set 50 --force --reason "…"`'],
      });
      expect(await run('include acme/r3')).toMatchObject({ ok: false, reasonCode: 'frozen' });
      expect(await run('set 50 --force --reason "urgent"', 'maintain')).toMatchObject({
        reasonCode: 'permission_denied',
      });
      expect(await run('set 50 --force', 'admin')).toMatchObject({ reasonCode: 'reason_missing' });
      expect(await run('set 50 --force --reason "urgent"', 'admin')).toMatchObject({
        ok: true,
        reasonCode: 'set_forced',
      });
      expect((await history()).at(-1)).toMatchObject({ reason: 'urgent', reason_code: 'set_forced' });
    });

    test('takes nobody off the exclude list, which is an increase, but off the include list', async () => {
      await run('include acme/r7');
      await run('exclude acme/r3');
      await run(FREEZE);
      expect(await run('unlist acme/r7', 'maintain')).toMatchObject({ reasonCode: 'unlisted' });
      expect(await run('unlist acme/r3', 'maintain')).toMatchObject({ ok: false, reasonCode: 'frozen' });
      expect(await rollout()).toMatchObject({ include: [], exclude: [3] });
    });

    test('never stands in the way of a stop, an exclusion or less', async () => {
      await run(FREEZE);
      expect(await run('exclude acme/r3', 'write')).toMatchObject({ ok: true });
      expect(await run('set 5', 'write')).toMatchObject({ ok: true });
      expect(await run('stop now', 'write')).toMatchObject({ ok: true });
      expect(await run('resume', 'maintain')).toMatchObject({ ok: false, reasonCode: 'frozen' });
    });

    test('is listed and removed by its name', async () => {
      await run(FREEZE);
      expect(table(await run('freeze list'))['`weekends`']).toMatch(
        /^no increases, for everybody; at `\* \* \* \* \*` \(Europe\/Berlin\), for 30 min; open until /,
      );
      expect(await run('freeze rm weekends')).toMatchObject({ ok: true, reasonCode: 'freeze_removed' });
      expect((await rollout()).freezeWindows).toEqual([]);
      expect(await run('freeze rm weekends')).toMatchObject({ ok: false, reasonCode: 'freeze_unknown' });
    });

    test.each([
      ['freeze', 'Say `list`, `add` or `rm`.'],
      ['freeze add', 'Name the window'],
      ['freeze add x', 'How long it lasts is missing'],
      ['freeze add x --duration 1h', 'either `--cron "…"` or `--start <time>`'],
      ['freeze add x --duration 1h --cron "0 1"', '`--cron` is five fields'],
      ['freeze add x --duration 1h --start tomorrow', '`--start` is a time'],
      ['freeze add x --duration 1h --cron "0 1 * * *" --timezone Mars', '`--timezone` is no time zone'],
      ['freeze add x --duration 1h --cron "0 1 * * *" --kind maybe', '`--kind` is `deny` or `allow`.'],
      ['freeze add x y --duration 1h --cron "0 1 * * *"', 'Too many words.'],
    ])('%s is not understood', async (line, words) => {
      expect(await run(line)).toMatchObject({
        ok: false,
        reasonCode: 'not_understood',
        headline: expect.stringContaining(words),
      });
    });

    test('of the same name is not overwritten', async () => {
      await run(FREEZE);
      expect(await run(FREEZE)).toMatchObject({ ok: false, reasonCode: 'freeze_exists' });
    });
  });

  describe('advance', () => {
    const open = async () => {
      await force(db(), "phase_started_at = now() - interval '8 days'");
      await insertEnded(db(), { outcome: 'success', count: 60, phase: 1 });
    };

    test('goes on to the next phase when its gates are open', async () => {
      await open();
      await set('rollbacks = 2');
      expect(await run('advance', 'maintain')).toMatchObject({
        ok: true,
        reasonCode: 'advanced',
        headline: expect.stringMatching(/^hybrid_progressive_capture 25 % → 50 %, v\d+, by @mona$/),
      });
      expect(await rollout()).toMatchObject({ percentage: 50, phase: 2, rollbacks: 0 });
    });

    test('is told which gates are closed, and who may pass over them', async () => {
      const answer = await run('advance', 'maintain');
      expect(answer).toMatchObject({
        ok: false,
        reasonCode: 'inconclusive',
        headline:
          'Not now: 5 gates are closed (`inconclusive`, `stale_data`, `not_matured`, `no_data`, `soaking`).',
        body: ['Over it, with admin permission: `/rollout advance --force --reason "…"`'],
      });
      expect(table(answer).Soak).toBe('7 d 0 h of 168 h left');
    });

    test('goes on from a starved phase by a maintainer with --force and a reason', async () => {
      await force(
        db(),
        "phase_started_at = now() - interval '8 days', epoch_started_at = now() - interval '8 days'",
      );
      await insertEnded(db(), { outcome: 'success', count: 2, phase: 1 });
      expect(await run('advance', 'maintain')).toMatchObject({ ok: false, reasonCode: 'phase_starved' });
      expect(await run('advance --force', 'maintain')).toMatchObject({ reasonCode: 'reason_missing' });
      expect(await run('advance --force --reason "it has only two repositories"', 'maintain')).toMatchObject({
        ok: true,
        reasonCode: 'advanced_forced',
      });
      expect(await rollout()).toMatchObject({ percentage: 50 });
    });

    test('over a soak by an admin alone', async () => {
      await insertEnded(db(), { outcome: 'success', count: 60, phase: 1 });
      expect(await run('advance --force --reason "hurry"', 'maintain')).toMatchObject({
        reasonCode: 'permission_denied',
      });
      expect(await run('advance --force --reason "hurry"', 'admin')).toMatchObject({ ok: true });
    });

    test('never over a breach or a hold', async () => {
      await insertEnded(db(), { outcome: 'failure', count: 20, phase: 1 });
      expect(await run('advance --force --reason "hurry"')).toMatchObject({
        ok: false,
        reasonCode: 'error_rate',
      });
      await set("state = 'held'");
      expect(await run('advance --force --reason "hurry"')).toMatchObject({ ok: false, reasonCode: 'held' });
    });

    test('ends at 100 %', async () => {
      await set('rollout_percentage = 100');
      expect(await run('advance')).toMatchObject({ ok: false, reasonCode: 'at_100_percent' });
    });
  });

  describe('stop', () => {
    test('stops, keeps the percentage, and is in the history', async () => {
      const answer = await run('stop bulk runs fail', 'write');
      expect(answer).toMatchObject({
        ok: true,
        reasonCode: 'stopped',
        headline: 'hybrid_progressive_capture is stopped, v2, by @mona',
        quoted: 'bulk runs fail',
      });
      expect(noted).toEqual([answer]);
      expect(await rollout()).toMatchObject({
        emergencyStop: true,
        state: 'stopped',
        percentage: 25,
        cancelRuns: false,
      });
      expect((await history()).at(-1)).toMatchObject({
        action: 'emergency_stop',
        reason: 'bulk runs fail',
        triggered_by: 'mona',
      });
    });

    test('with --cancel-runs asks for the runs too, also when it was stopped before', async () => {
      expect(await run('stop --cancel-runs now')).toMatchObject({
        reasonCode: 'stopped_runs_cancelled',
        quoted: 'now',
      });
      expect(await rollout()).toMatchObject({ cancelRuns: true });
      await run('resume');
      expect((await rollout()).cancelRuns).toBe(false);
      await run('stop now');
      expect(await run('stop --cancel-runs they must end')).toMatchObject({
        ok: true,
        headline: expect.stringContaining('(it was before)'),
      });
      expect(await rollout()).toMatchObject({ cancelRuns: true });
    });

    test('needs a reason', async () => {
      expect(await run('stop')).toMatchObject({ ok: false, reasonCode: 'reason_missing' });
      expect((await rollout()).emergencyStop).toBe(false);
    });

    test('is not refused for a flag that it does not know', async () => {
      expect(await run('stop --cancle-runs all of it')).toMatchObject({
        reasonCode: 'stopped',
        quoted: '--cancle-runs all of it',
      });
    });

    test('a second time changes nothing', async () => {
      await run('stop now');
      expect(await run('stop again')).toMatchObject({ ok: true, reasonCode: 'already_stopped' });
      expect(await rollout()).toMatchObject({ version: 2 });
    });

    test('works where no outcome can be read', async () => {
      await sql`ALTER TABLE rollout_metrics RENAME TO away`.execute(db());
      const answer = await run('stop now', 'write').finally(() =>
        sql`ALTER TABLE away RENAME TO rollout_metrics`.execute(db()),
      );
      expect(answer).toMatchObject({ ok: true, reasonCode: 'stopped' });
    });

    test('under a stop by the environment still stops the database', async () => {
      expect(await run('stop now', 'write', { environmentStop: true })).toMatchObject({
        reasonCode: 'stopped',
      });
      expect((await rollout()).stoppedBy).toEqual({ database: true, environment: false });
    });
  });

  describe('resume', () => {
    test('after a stop: the percentage of before, a new epoch', async () => {
      await run('stop now');
      expect(await run('resume fixed in #12', 'maintain')).toMatchObject({
        ok: true,
        reasonCode: 'resumed_after_stop',
        headline: 'hybrid_progressive_capture is running again at 25 %, v3, by @mona',
      });
      expect(await rollout()).toMatchObject({
        state: 'running',
        emergencyStop: false,
        percentage: 25,
        epoch: 2,
        version: 3,
      });
      expect((await history()).at(-1)).toMatchObject({ action: 'resume', reason: 'fixed in #12', epoch: 2 });
    });

    test('after a stop with --at: lower, never higher', async () => {
      await run('stop now');
      expect(await run('resume --at 30')).toMatchObject({ ok: false, reasonCode: 'at_too_high' });
      expect(await run('resume --at 5')).toMatchObject({ ok: true });
      expect(await rollout()).toMatchObject({ percentage: 5, epoch: 2 });
    });

    test('after a rollback: the first phase, a new epoch, the automatic advance armed again, the cool-down kept', async () => {
      await insertEnded(db(), { outcome: 'failure', count: 11, phase: 1 });
      await runGuard(db(), { ...NO_STOP, maxActionsMinutes: null });
      expect(await run('set 10')).toMatchObject({ ok: false, reasonCode: 'rolled_back' });
      expect(await run('advance')).toMatchObject({ ok: false, reasonCode: 'rolled_back' });
      const answer = await run('resume fixed', 'maintain');
      expect(answer).toMatchObject({ ok: true, reasonCode: 'resumed_after_rollback' });
      expect(answer.body.join()).toContain('Cool-down: no increase before');
      expect(await rollout()).toMatchObject({
        percentage: 10,
        state: 'running',
        epoch: 3,
        autoAdvance: true,
      });
      expect(await run('set 25', 'maintain')).toMatchObject({ ok: false, reasonCode: 'cooling_down' });
      // The bad jobs of before are of an earlier epoch.
      const next = await runGuard(db(), { ...NO_STOP, maxActionsMinutes: null });
      expect(next.decision.kind).toBe('hold');
    });

    test('after a rollback leaves an automatic advance off that a person has switched off', async () => {
      await run('guard auto_advance=off');
      await insertEnded(db(), { outcome: 'failure', count: 11, phase: 1 });
      await runGuard(db(), { ...NO_STOP, maxActionsMinutes: null });
      await run('resume');
      expect((await rollout()).autoAdvance).toBe(false);
    });

    test('after a rollback and a stop ends both', async () => {
      await insertEnded(db(), { outcome: 'failure', count: 11, phase: 1 });
      await runGuard(db(), { ...NO_STOP, maxActionsMinutes: null });
      await run('stop now');
      expect(await run('resume')).toMatchObject({ ok: true, reasonCode: 'resumed_after_rollback' });
      expect(await rollout()).toMatchObject({ percentage: 10, state: 'running' });
    });

    test('after a hold: the same epoch', async () => {
      await run('hold release week', 'write');
      expect(await rollout()).toMatchObject({
        state: 'held',
        hold: { by: 'person', reason: 'release week' },
        percentage: 25,
      });
      expect(await run('resume', 'maintain')).toMatchObject({ ok: true, reasonCode: 'resumed_after_hold' });
      expect(await rollout()).toMatchObject({ state: 'running', epoch: 1, hold: null, evidenceSince: null });
    });

    test("after the guard's hold: what the person saw does not hold again", async () => {
      await run('guard mode=both');
      await insertEnded(db(), { outcome: 'success', count: 10, phase: 1 }, { outcome: 'failure', phase: 1 });
      await runGuard(db(), { ...NO_STOP, maxActionsMinutes: null });
      expect((await rollout()).hold).toMatchObject({ by: 'guard', code: 'threshold_breach' });
      await run('resume it was a single bad file');
      expect((await rollout()).evidenceSince).toBeInstanceOf(Date);
      const next = await runGuard(db(), { ...NO_STOP, maxActionsMinutes: null });
      expect(next.decision.kind).toBe('hold');
    });

    test('under a stop by the environment changes nothing, and says where it is', async () => {
      await run('stop now');
      const answer = await run('resume', 'admin', { environmentStop: true });
      expect(answer).toMatchObject({ ok: false, reasonCode: 'stopped_by_environment' });
      expect(answer.body.join()).toContain('HYBRID_EMERGENCY_STOP');
      expect((await rollout()).emergencyStop).toBe(true);
    });

    test('of what runs is refused', async () => {
      expect(await run('resume')).toMatchObject({ ok: false, reasonCode: 'not_stopped' });
      expect((await rollout()).version).toBe(1);
    });
  });

  describe('include and exclude', () => {
    test('put a repository on a list, by its name in any letter case', async () => {
      expect(await run('include ACME/r7 its history waits', 'maintain')).toMatchObject({
        ok: true,
        reasonCode: 'included',
        headline: '`acme/r7` is on the include list, v2, by @mona',
        table: expect.arrayContaining([['In the rollout', 'yes: the repository is on the include list']]),
        quoted: 'its history waits',
      });
      expect(await rollout()).toMatchObject({ include: [7], exclude: [] });
      expect(await run('exclude acme/r7', 'write')).toMatchObject({ ok: true, reasonCode: 'excluded' });
      expect(await rollout()).toMatchObject({ include: [], exclude: [7] });
    });

    test('unlist takes it off either, and the percentage decides again', async () => {
      await set('rollout_percentage = 0.01');
      for (const list of ['include', 'exclude']) {
        await run(`${list} acme/r7`);
        const { version } = await rollout();
        const answer = await run('unlist acme/r7 mended', 'maintain');
        expect(answer).toMatchObject({
          ...{ ok: true, reasonCode: 'unlisted', quoted: 'mended' },
          headline: `\`acme/r7\` is on no list, v${version + 1}, by @mona`,
          table: expect.arrayContaining([
            ['In the rollout', "no: the repository's bucket is above the percentage"],
          ]),
        });
        expect(await rollout()).toMatchObject({ include: [], exclude: [] });
      }
      expect(await run('unlist acme/r7')).toMatchObject({ ok: true, reasonCode: 'not_listed' });
    });

    test('twice change nothing the second time', async () => {
      await run('include acme/r7');
      expect(await run('include acme/r7')).toMatchObject({ ok: true, reasonCode: 'already_included' });
      expect(await rollout()).toMatchObject({ version: 2 });
    });

    test('say so when the repository is out all the same', async () => {
      await set('rollout_percentage = 0');
      expect(table(await run('include acme/r7'))['In the rollout']).toBe(
        'no: the rollout is at 0 %, which is nobody',
      );
    });

    test.each([
      ['include', 'not_understood'],
      ['include r7', 'not_understood'],
      ['include acme/r7/x', 'not_understood'],
      ['include acme/r7 --at 5', 'not_understood'],
      ['include acme/other', 'repository_unknown'],
      ['exclude acme/other', 'repository_unknown'],
      ['unlist', 'not_understood'],
      ['unlist acme/other', 'repository_unknown'],
    ])('%s is refused: %s', async (line, reasonCode) => {
      expect(await run(line)).toMatchObject({ ok: false, reasonCode });
      expect(await rollout()).toMatchObject({ include: [], version: 1 });
    });

    test('name no private repository where the world reads along', async () => {
      await sql`UPDATE repositories SET is_private = true WHERE id = 7`.execute(db());
      for (const line of ['include acme/r7', 'exclude acme/r7', 'unlist acme/r7', 'why acme/r7']) {
        const text = JSON.stringify(await run(line, 'admin', { isPublic: true }));
        expect(text).toMatch(/private repository `[0-9a-f]{8}`/);
        expect(text).not.toContain('r7');
      }
    });
  });

  describe('strategy and guard', () => {
    test('a strategy is set, with its undo', async () => {
      const answer = await run('strategy repository_size');
      expect(answer).toMatchObject({ ok: true, reasonCode: 'strategy_changed' });
      expect(answer.body).toContain('Undo: `/rollout strategy percentage`');
      expect((await rollout()).strategy).toBe('repository_size');
    });

    test('settings of the guard are set together, with their undo', async () => {
      const answer = await run(
        'guard mode=both max_error_rate=3 min_jobs=20 phases=1,10,50,100 --reason "stricter"',
      );
      expect(answer).toMatchObject({ ok: true, reasonCode: 'guard_changed' });
      expect(answer.body).toContain(
        'Undo: `/rollout guard mode=threshold max_error_rate=5 min_jobs=10 phases=10,25,50,75,100`',
      );
      expect(await rollout()).toMatchObject({
        guardMode: 'both',
        maxErrorRate: 3,
        minJobs: 20,
        phases: [1, 10, 50, 100],
      });
      expect(table(await run('guard'))).toMatchObject({ '`mode`': 'both (which verdict rolls back)' });
    });

    test.each([
      'strategy random',
      'guard mode=none',
      'guard mode',
      'guard max_error_rate=101',
      'guard max_error_rate=5abc',
      'guard min_jobs=-1',
      'guard alpha=1',
      'guard phases=50,10,100',
      'guard phases=10,50',
      'guard auto_rollback=maybe',
      'guard __proto__=1',
      'guard state=completed',
      'guard mode=both bogus=1',
    ])('%s is not understood, and nothing of it is set', async (line) => {
      expect(await run(line)).toMatchObject({ ok: false, reasonCode: 'not_understood' });
      expect((await rollout()).version).toBe(1);
    });
  });

  describe('a dry run', () => {
    test.each([
      'set 50 --dry-run',
      'advance --dry-run --force --reason x',
      'include acme/r7 --dry-run',
      'strategy whitelist --dry-run',
      'guard mode=both --dry-run',
      'hold x --dry-run',
      'stop x --dry-run',
      'freeze add x --cron "0 1 * * *" --duration 1h --dry-run',
    ])('%s changes nothing', async (line) => {
      const before = await history();
      expect(await run(line)).toMatchObject({ ok: true, reasonCode: 'dry_run' });
      expect((await rollout()).version).toBe(1);
      expect(await history()).toEqual(before);
      expect(noted).toEqual([]);
    });

    test('shows who would be in, and the gates', async () => {
      await run('guard phases=100');
      const answer = await run('set 100 --dry-run');
      expect(table(answer)).toMatchObject({
        Percentage: '25 % → 100 %',
        'Gate: Freeze': 'open: none',
      });
      const [, now, then, joining] =
        /^(\d+) → (\d+) of 20 \((\d+) join, 0 leave\)$/.exec(table(answer)['Repositories in'] ?? '') ?? [];
      expect(Number(then)).toBe(20);
      expect(Number(now) + Number(joining)).toBe(20);
    });

    test('is refused like the command itself', async () => {
      expect(await run('set 50 --dry-run', 'write')).toMatchObject({
        ok: false,
        reasonCode: 'permission_denied',
      });
    });
  });

  describe('what only reads', () => {
    test('status of a new database says what is known, and that there is no data', async () => {
      const answer = await run('status', 'triage');
      expect(answer.headline).toBe('hybrid_progressive_capture is running at 25 %, v1');
      expect(table(answer)).toMatchObject({
        State: 'running',
        Percentage: '25 %',
        Phase: expect.stringMatching(/^2 of 5 \(10-25-50-75-100 %\), since \d{4}-/),
        'Repositories in': expect.stringMatching(/^\d+ of 20$/),
        Health: 'unknown: too little data; the guard has not looked yet',
        'Jobs in 24 h': '0 that count, 0 errors among them',
        'Error rate': 'no data',
        'Verdict: threshold': 'too few jobs (limit 5 %, from more than 10 jobs on)',
        'Verdict: sequential': 'no breach (E = 1.00, breach at 20.0; 0 jobs and 0 errors of the epoch)',
        Guard: 'obeys threshold; automatic rollback on, automatic advance on',
        'Cool-down': 'none',
        Freeze: 'none',
        Version: 'v1, epoch 1',
        Next: expect.stringContaining('(inconclusive)'),
      });
    });

    test('status shows both verdicts and the interval', async () => {
      await insertEnded(db(), { outcome: 'success', count: 10, phase: 1 }, { outcome: 'failure', phase: 1 });
      expect(table(await run('status'))).toMatchObject({
        Health: expect.stringContaining('failing'),
        'Jobs in 24 h': '11 that count, 1 error among them',
        'Error rate': '9.09 %, 95 % interval 0.23 % to 41.28 %',
        'Verdict: threshold': 'BREACHED (limit 5 %, from more than 10 jobs on)',
        'Verdict: sequential': 'no breach (E = 0.924, breach at 20.0; 11 jobs and 1 error of the epoch)',
      });
    });

    test('status does not call healthy what no guard looks at', async () => {
      await insertEnded(db(), { outcome: 'success', count: 20, phase: 1 });
      await runGuard(db(), { ...NO_STOP, maxActionsMinutes: null });
      expect(table(await run('status')).Health).toMatch(/^healthy; the guard looked at /);
      await sql`UPDATE rollout_guard SET checked_at = now() - interval '3 hours'`.execute(db());
      expect(table(await run('status')).Health).toMatch(/^unknown: the guard has not looked for 3(\.1)? h$/);
    });

    test.each([
      [false, true, 'stopped (environment)'],
      [true, false, 'stopped'],
      [true, true, 'stopped (database and environment)'],
    ])(
      'status tells which side has stopped it (database %s, environment %s)',
      async (inDatabase, environmentStop, expected) => {
        if (inDatabase) await run('stop now');
        expect(table(await run('status', 'triage', { environmentStop }))).toMatchObject({
          State: expected,
          'Repositories in': '0 of 20',
        });
      },
    );

    test('monitor shows each gate, and what may be passed over', async () => {
      const answer = await run('monitor', 'triage');
      expect(answer.headline).toMatch(/^hybrid_progressive_capture: \d+ of \d+ gates to 50 % are closed$/);
      expect(table(answer)).toMatchObject({
        Hold: 'open: none',
        Sample: 'CLOSED: no job has ended yet; 59 more without an error are needed for 5 %',
        Soak: 'CLOSED: 7 d 0 h of 168 h left',
      });
      expect(answer.body).toEqual([
        'maintain may pass over `inconclusive`, `stale_data`, `not_matured`: `/rollout advance --force --reason "…"`',
        'admin may pass over `no_data`, `soaking`: `/rollout advance --force --reason "…"`',
      ]);
    });

    test('stats counts by where jobs ran, and by arm', async () => {
      await insertEnded(
        db(),
        { outcome: 'success', count: 3 },
        { outcome: 'failure' },
        { outcome: 'cancelled' },
        { outcome: 'success', arm: 'control' },
        { outcome: 'success', count: 2, arm: 'control', exposed: false },
        { outcome: 'failure', at: new Date(Date.now() - 30 * HOUR) },
      );
      const answer = await run('stats', 'triage');
      const month = new Date().toISOString().slice(0, 7);
      expect(answer.headline).toBe('8 jobs ended in the last 24 h');
      expect(table(answer)).toEqual({
        'github_actions, exposed, in the rollout':
          '3 successes, 1 error (error rate 25 %), 1 cancelled, skipped or blocked, 1.0 s each, 3 repositories',
        'inngest, exposed, outside (control)':
          '1 success, 0 errors (error rate 0 %), 1.0 s each, 1 repository',
        'inngest, not exposed': '2 successes, 0 errors (error rate 0 %), 1.0 s each, 2 repositories',
        [`${month}: Runs`]: 'none in this month yet, so nothing is projected',
      });
      expect((await run('stats --window 2d', 'triage')).headline).toBe('9 jobs ended in the last 48 h');
    });

    test('history shows who did what, and changes by hand', async () => {
      await run('set 10 slowly');
      await set('max_error_rate = 4');
      const { details } = await run('history 2', 'triage');
      expect(details?.rows.map((row) => row.slice(2))).toEqual([
        ['change', '10 %', 'v3, epoch 1', expect.any(String), 'sql', 'changed_by_sql'],
        ['set', '25 % → 10 %', 'v2, epoch 1', 'mona', 'comment', 'set_lower: slowly'],
      ]);
      expect(await run('history 51', 'triage')).toMatchObject({ ok: false, reasonCode: 'not_understood' });
    });

    test('why tells whether a repository is in, and where its work goes', async () => {
      await run('include acme/r7');
      const answer = await run('why acme/r7', 'triage');
      expect(answer).toMatchObject({
        ok: true,
        reasonCode: 'included',
        headline: '`acme/r7` is in the rollout: the repository is on the include list',
      });
      expect(table(answer)).toMatchObject({
        'A pull request changes': expect.stringMatching(/^inngest, rule `small_batch`/),
        'Its history': expect.stringMatching(/^github_actions, rule `historical`/),
        Verification: expect.stringMatching(/^github_actions, rule `historical`/),
      });
      await run('stop now');
      expect(table(await run('why acme/r7'))['Its history']).toBe(
        'inngest, rule `emergency_stop`: the rollout is stopped, so nothing starts in GitHub Actions',
      );
    });

    test('help shows every verb with its permission, and one with its flags', async () => {
      const answer = await run('help', 'read');
      expect(answer.table.map(([usage]) => usage)).toEqual(
        ROLLOUT_VERBS.map(({ usage }) => `\`/rollout ${usage}\``),
      );
      expect(table(answer)['`/rollout status`']).toContain('(triage; not you)');
      expect(await run('', 'read')).toEqual(answer);
      expect(table(await run('help set', 'admin'))).toMatchObject({
        Usage: '`/rollout set <0–100> [reason]`',
        Needs: 'write permission in the control repository; yours is admin',
        Flags: expect.stringContaining('`--force`'),
      });
    });
  });

  describe('is refused', () => {
    const LEVELS: [verb: string, needed: PermissionLevel, below: PermissionLevel][] = [
      ['help', 'read', 'none'],
      ['status', 'triage', 'read'],
      ['stats', 'triage', 'read'],
      ['history', 'triage', 'read'],
      ['monitor', 'triage', 'read'],
      ['why acme/r7', 'triage', 'read'],
      ['stop now', 'write', 'triage'],
      ['hold now', 'write', 'triage'],
      ['set 5', 'write', 'triage'],
      ['exclude acme/r7', 'write', 'triage'],
      ['unlist acme/r7', 'maintain', 'write'],
      ['include acme/r7', 'maintain', 'write'],
      ['strategy whitelist', 'admin', 'maintain'],
      ['guard mode=both', 'admin', 'maintain'],
      ['freeze add x --cron "0 1 * * *" --duration 1h', 'admin', 'maintain'],
    ];

    test.each(LEVELS)('%s: allowed to %s, denied to %s', async (line, needed, below) => {
      const verb = line.split(' ')[0];
      expect(await run(line, below)).toMatchObject({
        ok: false,
        reasonCode: 'permission_denied',
        headline: `\`${verb}\` needs ${needed} permission here; yours is ${below}.`,
      });
      expect((await rollout()).version).toBe(1);
      expect(await run(line, needed)).toMatchObject({ ok: true });
    });

    test.each(LEVELS)('%s when the permission can not be verified', async (line) => {
      expect(await run(line, null)).toMatchObject({ ok: false, reasonCode: 'permission_unverified' });
      expect((await rollout()).version).toBe(1);
    });

    const WRITES = [
      'include acme/r7',
      'stop now',
      'set 5',
      'set 50',
      'hold x',
      'guard mode=both',
      'strategy whitelist',
    ];

    test.each(WRITES)(
      '%s when the permission is taken away between the check and the write',
      async (line) => {
        const answers: PermissionLevel[] = ['admin', 'read'];
        const answer = await run(line, 'admin', { permission: async () => answers.shift() ?? 'none' });
        expect(answer).toMatchObject({ ok: false, reasonCode: 'permission_denied' });
        expect((await rollout()).version).toBe(1);
      },
    );

    test('raising, when only the right to raise is taken away in between', async () => {
      const answers: PermissionLevel[] = ['maintain', 'write'];
      expect(
        await run('set 50', 'maintain', { permission: async () => answers.shift() ?? 'none' }),
      ).toMatchObject({
        ok: false,
        reasonCode: 'permission_denied',
      });
    });

    test.each(WRITES)('%s when the comment does not stand any more under the lock', async (line) => {
      const changed = { ok: false, reasonCode: 'comment_changed', headline: 'changed', table: [], body: [] };
      expect(await run(line, 'admin', { confirm: async () => changed })).toMatchObject({
        reasonCode: 'comment_changed',
      });
      expect((await rollout()).version).toBe(1);
    });

    test('in any other repository, which asks for no permission', async () => {
      const permission = () => Promise.reject(new Error('must not be asked'));
      for (const line of ['status', 'stop now', 'nonsense']) {
        expect(
          await run(line, 'admin', { place: { kind: 'elsewhere', control: 'acme/control' }, permission }),
        ).toMatchObject({
          ok: false,
          reasonCode: 'not_control_repository',
          headline: 'The rollout is steered in acme/control, not here.',
        });
      }
    });

    test('when it changes something and no control repository is configured', async () => {
      const unconfigured = { place: { kind: 'unconfigured' } } as const;
      const answer = await run('stop now', 'admin', unconfigured);
      expect(answer).toMatchObject({ ok: false, reasonCode: 'control_repository_unset' });
      expect(answer.body.join()).toContain('CONTROL_REPOSITORY');
      expect((await rollout()).emergencyStop).toBe(false);
      expect(await run('status', 'admin', unconfigured)).toMatchObject({ ok: true });
    });

    test.each([
      ['statsu', 'There is no such verb. Did you mean `status`?'],
      ['inclde', 'There is no such verb. Did you mean `include`?'],
      ['sotp', 'There is no such verb. Did you mean `stop`?'],
      ['hepl', 'There is no such verb. Did you mean `help`?'],
      ['resmue', 'There is no such verb. Did you mean `resume`?'],
      ['advnace', 'There is no such verb. Did you mean `advance`?'],
      ['deploy', 'There is no such verb.'],
      ['x'.repeat(5_000), 'There is no such verb.'],
    ])('%s, which is no verb', async (verb, headline) => {
      expect(await run(verb)).toMatchObject({
        ok: false,
        reasonCode: 'unknown_verb',
        headline,
        body: [`Verbs of \`/rollout\`: ${ROLLOUT_VERBS.map((one) => `\`${one.verb}\``).join(', ')}.`],
        quoted: verb,
      });
    });
  });

  test('the feature must be named where there are several', async () => {
    await sql`INSERT INTO rollout_configuration (feature_name) VALUES ('another')`.execute(db());
    expect(await run('set 10')).toMatchObject({ ok: false, reasonCode: 'feature_missing' });
    expect(await run('set another 10')).toMatchObject({ ok: false, reasonCode: 'feature_unknown' });
    expect(await run('set hybrid_progressive_capture 10')).toMatchObject({ ok: true });
  });

  test('the answer is not noted, and the change not made, when the note can not be kept', async () => {
    const failing = { note: () => Promise.reject(new Error('the database is away')) };
    for (const line of ['set 10', 'stop now']) {
      await expect(run(line, 'admin', failing)).rejects.toThrow('away');
    }
    expect((await rollout()).version).toBe(1);
  });

  test('throws when the database can not tell', async () => {
    await sql`delete from rollout_configuration`.execute(db());
    await expect(run('status')).rejects.toThrow('rollout_configuration has no row');
  });
});

describePostgres('two people at once', (database) => {
  test('who saw the same version: one changes it, the other is told', async () => {
    const { db } = database();
    await resetRollout(db, { percentage: 25 });
    const place: RolloutPlace = {
      db,
      now: () => new Date(),
      environmentStop: false,
      costing: COSTING,
      actor: { type: 'user', id: 9, login: 'mona' },
      source: SOURCE,
      place: { kind: 'control' },
      isPublic: false,
      permission: async () => 'admin',
      findRepository: async () => null,
      planning: {
        config: { limits: LIMITS, coalesceMs: 0, inngestBulkPerDay: 500 },
        bulkFor: () => ({ available: true }),
      },
    };
    const answers = await Promise.all(
      ['10', '50'].map((percentage) =>
        executeRolloutCommand({ verb: 'set', args: [percentage, '--if-version', '1'] }, place),
      ),
    );
    expect(answers.map(({ reasonCode }) => reasonCode).sort()).toEqual([
      expect.stringMatching(/^set_/),
      'version_conflict',
    ]);
    expect((await readRollout(db, NO_STOP)).version).toBe(2);
  });
});
