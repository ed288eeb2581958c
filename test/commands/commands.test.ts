import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import type { PermissionLevel } from '../../src/commands/permission.ts';
import { type CommandContext, executeRolloutCommand, ROLLOUT_VERBS } from '../../src/rollout/commands.ts';
import { ensureRollout, readRollout } from '../../src/rollout/rollout-store.ts';
import { describeEachDatabase } from '../support/databases.ts';

const NO_STOP = { environmentStop: false };
const SOURCE = {
  type: 'comment',
  repository: 'acme/control',
  issue: 1,
  commentId: 77,
  commentSha256: 'ab',
} as const;

describeEachDatabase('a command', (database) => {
  const db = () => database().db;
  const rollout = () => readRollout(db(), NO_STOP);
  const history = () => db().selectFrom('rollout_history').selectAll().orderBy('seq').execute();

  function context(changes: Partial<CommandContext> = {}): CommandContext {
    return {
      db: db(),
      environmentStop: false,
      actor: { type: 'user', id: 9, login: 'mona' },
      source: SOURCE,
      place: { kind: 'control' },
      permission: async () => 'maintain',
      findRepository: async (fullName) =>
        fullName.toLowerCase() === 'acme/widgets' ? { id: 7, fullName: 'Acme/Widgets' } : null,
      ...changes,
    };
  }

  const run = (line: string, changes?: Partial<CommandContext>) => {
    const [verb = null, ...args] = line.split(' ').filter((token) => token !== '');
    return executeRolloutCommand({ verb, args }, context(changes));
  };

  beforeEach(async () => {
    await sql`truncate rollout_configuration, repositories cascade`.execute(db());
    await ensureRollout(db(), {
      percentage: 10,
      strategy: 'repository_size',
      autoRollback: true,
      maxErrorRate: 5,
      environmentStop: false,
    });
  });

  describe('include', () => {
    test('puts the repository on the list, with its reason in the history', async () => {
      expect(await run('include acme/widgets its history waits')).toMatchObject({
        ok: true,
        reasonCode: 'included',
        headline: '`Acme/Widgets` is on the include list, v2, by mona',
        table: expect.arrayContaining([['In the rollout', 'yes: the repository is on the include list']]),
        quoted: 'its history waits',
      });
      expect(await rollout()).toMatchObject({ include: [7], exclude: [], version: 2 });
      expect((await history()).at(-1)).toMatchObject({
        action: 'include',
        reason: 'its history waits',
        triggered_by: 'mona',
        actor: { type: 'user', id: 9, login: 'mona' },
        source: SOURCE,
      });
    });

    test('twice changes nothing the second time', async () => {
      await run('include acme/widgets');
      expect(await run('include ACME/widgets')).toMatchObject({ ok: true, reasonCode: 'already_included' });
      expect(await rollout()).toMatchObject({ include: [7], version: 2 });
    });

    test('takes it off the exclude list', async () => {
      await sql`update rollout_configuration set excluded_repositories = '{7,8}'`.execute(db());
      await run('include acme/widgets');
      expect(await rollout()).toMatchObject({ include: [7], exclude: [8] });
    });

    test('may name the feature first', async () => {
      expect(await run('include hybrid_progressive_capture acme/widgets')).toMatchObject({
        reasonCode: 'included',
      });
    });

    test('says so when the repository is out all the same', async () => {
      await sql`update rollout_configuration set rollout_percentage = 0`.execute(db());
      expect((await run('include acme/widgets')).table).toContainEqual([
        'In the rollout',
        'no: the rollout is at 0 %, which is nobody',
      ]);
    });

    test('with the version that was seen changes only that version', async () => {
      expect(await run('include acme/widgets --if-version 2')).toMatchObject({
        ok: false,
        reasonCode: 'version_conflict',
        headline: 'The rollout is at v1, not at v2: somebody changed it. Nothing was changed.',
      });
      expect(await run('include acme/widgets --if-version 1')).toMatchObject({ reasonCode: 'included' });
    });

    test.each([
      ['include', 'not_understood'],
      ['include widgets', 'not_understood'],
      ['include acme/widgets/x', 'not_understood'],
      ['include acme/widgets --force', 'not_understood'],
      ['include acme/other', 'repository_unknown'],
    ])('as "%s" is refused: %s', async (line, reasonCode) => {
      expect(await run(line)).toMatchObject({ ok: false, reasonCode });
      expect(await rollout()).toMatchObject({ include: [], version: 1 });
    });
  });

  describe('stop', () => {
    test('stops, keeps the percentage, and is in the history', async () => {
      expect(await run('stop bulk runs fail')).toMatchObject({
        ok: true,
        reasonCode: 'stopped',
        headline: 'hybrid_progressive_capture is stopped, v2, by mona',
        quoted: 'bulk runs fail',
      });
      expect(await rollout()).toMatchObject({ emergencyStop: true, state: 'stopped', percentage: 10 });
      expect((await history()).at(-1)).toMatchObject({
        action: 'emergency_stop',
        reason: 'bulk runs fail',
        triggered_by: 'mona',
      });
    });

    test('works with write permission', async () => {
      expect(await run('stop now', { permission: async () => 'write' })).toMatchObject({
        reasonCode: 'stopped',
      });
    });

    test('needs a reason', async () => {
      expect(await run('stop')).toMatchObject({ ok: false, reasonCode: 'reason_missing' });
      expect((await rollout()).emergencyStop).toBe(false);
    });

    test('is not refused for a flag', async () => {
      expect(await run('stop --cancel-runs all of it')).toMatchObject({ reasonCode: 'stopped' });
    });

    test('a second time changes nothing', async () => {
      await run('stop now');
      expect(await run('stop again')).toMatchObject({ ok: true, reasonCode: 'already_stopped' });
      expect(await rollout()).toMatchObject({ version: 2 });
    });

    test('under a stop by the environment still stops the database', async () => {
      expect(await run('stop now', { environmentStop: true })).toMatchObject({ reasonCode: 'stopped' });
      expect((await rollout()).stoppedBy).toEqual({ database: true, environment: false });
    });
  });

  describe('status', () => {
    test('of a new database says what is known and that there is no data', async () => {
      const outcome = await run('status');
      expect(outcome).toMatchObject({
        ok: true,
        headline: 'hybrid_progressive_capture is running at 10 %, v1',
      });
      expect(Object.fromEntries(outcome.table)).toEqual({
        State: 'running',
        Percentage: '10 %',
        Phase: '1 of 5 (10 %)',
        Strategy: 'repository_size',
        'Repositories in': '0 of 0',
        Lists: '0 included, 0 excluded',
        'Jobs ended in 24 h': '0',
        'Jobs that count for the guard': '0',
        'Error rate': 'no data',
        'Error limit': '5 %, automatic rollback on',
        Version: 'v1, epoch 1',
      });
    });

    test('counts who is in, and the jobs of the window by outcome', async () => {
      const repository = { installation_id: 1, full_name: 'acme/x' };
      await db()
        .insertInto('repositories')
        .values([
          { id: 1, ...repository },
          { id: 2, ...repository },
          { id: 3, ...repository },
          { id: 4, ...repository, removed_at: new Date() },
        ])
        .execute();
      const counts = { stars_count: 0, contributors_count: 0, pull_requests_count: 0, epoch: 1 };
      await db()
        .insertInto('repository_categories')
        .values([
          { repository_id: 1, category: 'test', ...counts },
          { repository_id: 2, category: 'enterprise', ...counts },
        ])
        .execute();

      const now = Date.now();
      const jobs = [
        // outcome, exposed, arm, epoch, hours ago
        ['success', true, 'enrolled', 1, 1],
        ['success', true, 'enrolled', 1, 23],
        ['failure', true, 'enrolled', 1, 2],
        ['lost', true, 'enrolled', 1, 2],
        ['blocked', true, 'enrolled', 1, 2],
        ['timed_out', true, 'control', 1, 2],
        ['failure', false, 'enrolled', 1, 2],
        ['failure', true, 'enrolled', 2, 2],
        ['failure', true, 'enrolled', 1, 25],
      ] as const;
      for (const [outcome, exposed, arm, epoch, hours] of jobs) {
        const job = await db()
          .insertInto('progressive_capture_jobs')
          .values({
            repository_id: 1,
            installation_id: 1,
            job_type: 'history',
            target: String(Math.random()),
            include: ['pull-requests'],
            reason: 'manual',
            processor_type: 'github_actions',
            rule: 'historical',
            enrolment_reason: 'included',
            arm,
            rollout_epoch: epoch,
            rollout_phase: 0,
            rollout_version: 1,
          })
          .returning('id')
          .executeTakeFirstOrThrow();
        await db()
          .insertInto('rollout_metrics')
          .values({
            job_id: job.id,
            repository_id: 1,
            processor_type: 'github_actions',
            outcome,
            exposed,
            arm,
            epoch,
            phase: 0,
            success_count: outcome === 'success' ? 1 : 0,
            error_count: ['failure', 'lost', 'timed_out'].includes(outcome) ? 1 : 0,
            average_processing_time: 1,
            created_at: new Date(now - hours * 3_600_000),
          })
          .execute();
      }
      expect(Object.fromEntries((await run('status')).table)).toMatchObject({
        'Repositories in': '1 of 3',
        'Jobs ended in 24 h': '8 (3 failure, 2 success, 1 blocked, 1 lost, 1 timed_out)',
        'Jobs that count for the guard': '4',
        'Error rate': '50 % (2 of 4)',
      });
    });

    test.each([
      [false, true, 'stopped (environment)'],
      [true, false, 'stopped'],
      [true, true, 'stopped (database and environment)'],
    ])(
      'tells which side has stopped it (database %s, environment %s)',
      async (inDatabase, environmentStop, expected) => {
        if (inDatabase) await run('stop now');
        const outcome = await run('status', { environmentStop });
        expect(Object.fromEntries(outcome.table)).toMatchObject({
          State: expected,
          'Repositories in': '0 of 0',
        });
      },
    );
  });

  describe('help', () => {
    test('shows every verb with its permission', async () => {
      const outcome = await run('help', { permission: async () => 'read' });
      expect(outcome.table.map(([usage]) => usage)).toEqual(
        ROLLOUT_VERBS.map(({ usage }) => `\`/rollout ${usage}\``),
      );
      expect(outcome.table.map(([, text]) => text).join()).toContain('(maintain)');
    });

    test('is what a command without a verb gets', async () => {
      expect(await run('')).toEqual(await run('help'));
    });

    test('of a verb shows its examples', async () => {
      expect(Object.fromEntries((await run('help include')).table)).toMatchObject({
        Usage: '`/rollout include <owner/repo> [reason]`',
        Needs: 'maintain permission in the control repository',
      });
    });
  });

  describe('is refused', () => {
    const LEVELS: [verb: string, needed: PermissionLevel, below: PermissionLevel][] = [
      ['help', 'read', 'none'],
      ['status', 'triage', 'read'],
      ['include acme/widgets', 'maintain', 'write'],
      ['stop now', 'write', 'triage'],
    ];

    test.each(LEVELS)('%s: allowed to %s, denied to %s', async (line, needed, below) => {
      expect(await run(line, { permission: async () => below })).toMatchObject({
        ok: false,
        reasonCode: 'permission_denied',
        headline: `\`${line.split(' ')[0]}\` needs ${needed} permission here; yours is ${below}.`,
      });
      expect((await rollout()).version).toBe(1);
      expect(await run(line, { permission: async () => needed })).toMatchObject({ ok: true });
    });

    test.each(LEVELS)('%s when the permission can not be verified', async (line) => {
      expect(await run(line, { permission: async () => null })).toMatchObject({
        ok: false,
        reasonCode: 'permission_unverified',
      });
      expect((await rollout()).version).toBe(1);
    });

    test.each(['include acme/widgets', 'stop now'])(
      '%s when the permission is taken away between the check and the write',
      async (line) => {
        const answers: PermissionLevel[] = ['admin', 'read'];
        const outcome = await run(line, { permission: async () => answers.shift() ?? 'none' });
        expect(outcome).toMatchObject({ ok: false, reasonCode: 'permission_denied' });
        expect(await rollout()).toMatchObject({ version: 1, include: [], emergencyStop: false });
      },
    );

    test('in any other repository, which asks for no permission', async () => {
      const permission = () => Promise.reject(new Error('must not be asked'));
      const place = { kind: 'elsewhere', control: 'acme/control' } as const;
      for (const line of ['status', 'stop now', 'nonsense']) {
        expect(await run(line, { place, permission })).toMatchObject({
          ok: false,
          reasonCode: 'not_control_repository',
          headline: 'The rollout is steered in acme/control, not here.',
        });
      }
    });

    test('when it changes something and no control repository is configured', async () => {
      const place = { kind: 'unconfigured' } as const;
      const outcome = await run('stop now', { place, permission: async () => 'admin' });
      expect(outcome).toMatchObject({ ok: false, reasonCode: 'control_repository_unset' });
      expect(outcome.body.join()).toContain('CONTROL_REPOSITORY');
      expect((await rollout()).emergencyStop).toBe(false);
      expect(await run('status', { place })).toMatchObject({ ok: true });
    });

    test.each([
      ['statsu', 'There is no such verb. Did you mean `status`?'],
      ['inclde', 'There is no such verb. Did you mean `include`?'],
      ['sotp', 'There is no such verb. Did you mean `stop`?'],
      ['hepl', 'There is no such verb. Did you mean `help`?'],
      ['resume', 'There is no such verb.'],
      ['x'.repeat(5_000), 'There is no such verb.'],
    ])('%s, which is no verb', async (verb, headline) => {
      expect(await run(verb)).toMatchObject({
        ok: false,
        reasonCode: 'unknown_verb',
        headline,
        body: ['Verbs: `help`, `status`, `include`, `stop`.'],
        quoted: verb,
      });
    });
  });

  test('throws when the database can not tell', async () => {
    await sql`delete from rollout_configuration`.execute(db());
    await expect(run('status')).rejects.toThrow('rollout_configuration has no row');
  });
});
