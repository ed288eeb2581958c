import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { judgeSize } from '../../../cli/doctor/check-database.ts';
import type { Finding } from '../../../cli/doctor/finding.ts';
import { createTestEvent } from '../../../cli/doctor/send-test-event.ts';
import { run } from '../../../cli/main.ts';
import { setAlarm } from '../../../src/jobs/alarms.ts';
import { MIGRATIONS } from '../../../src/store/migrations/index.ts';
import { describePostgres } from '../../support/databases.ts';
import { PIPE } from '../pipe.ts';
import { type DoctorTown, startDoctorTown, WORKFLOW_PATH, WORKFLOW_TEXT } from './doctor-town.ts';

const worse = (findings: Finding[]) =>
  findings.filter(({ status }) => status === 'failed' || status === 'warning');

describePostgres('doctor', () => {
  let town: DoctorTown;
  beforeAll(async () => {
    town = await startDoctorTown();
  });
  afterAll(() => town.close());

  it('finds nothing where everything is in order', async () => {
    const findings = await town.examine();
    expect(worse(findings)).toEqual([]);
    expect(findings.filter(({ status }) => status === 'ok').map(({ check }) => check)).toEqual([
      'configuration',
      'database',
      'database clock',
      'migrations',
      'database grants',
      'database size',
      'queue',
      'data',
      'public url',
      'clock',
      'github app',
      'app permissions',
      'events',
      'webhook',
      'installation acme',
      'jobs repository',
      'workflow file',
      'jobs branch',
      'control repository',
      'inngest event key',
      'inngest signing key',
      'inngest functions',
      'inngest endpoint',
      'rollout',
      'alarms',
    ]);
  });

  /** One setting is broken, the doctor looks, and it is put right again. */
  const faults: [
    string,
    (town: DoctorTown) => Promise<[Finding[], () => unknown]>,
    string,
    string,
    string,
  ][] = [
    [
      'a wrong event key',
      async (t) => [await t.examine({ INNGEST_EVENT_KEY: 'of-another-environment' }), () => 0],
      'inngest event key',
      'failed',
      'event_key_wrong',
    ],
    [
      'a wrong signing key',
      async (t) => [await t.examine({ INNGEST_SIGNING_KEY: 'signkey-prod-ffff' }), () => 0],
      'inngest signing key',
      'failed',
      'signing_key_wrong',
    ],
    [
      'functions that are not registered',
      async (t) => {
        t.inngest.state.isRegistered = false;
        return [await t.examine(), () => (t.inngest.state.isRegistered = true)];
      },
      'inngest functions',
      'failed',
      'functions_not_registered',
    ],
    [
      'functions that are registered at another address',
      async (t) => {
        t.inngest.state.uri = 'https://old.example.com/api/inngest';
        return [await t.examine(), () => (t.inngest.state.uri = null)];
      },
      'inngest functions',
      'failed',
      'registered_elsewhere',
    ],
    [
      'something else at PUBLIC_URL that asks for a password',
      async (t) => [await t.examine({ PUBLIC_URL: t.inngest.url }), () => 0],
      'inngest endpoint',
      'failed',
      'endpoint_not_served',
    ],
    [
      'an Inngest that is not there',
      async (t) => [await t.examine({ INNGEST_BASE_URL: 'http://127.0.0.1:9' }), () => 0],
      'inngest',
      'failed',
      'inngest_unreachable',
    ],
    [
      'no workflow file',
      async (t) => {
        t.jobs.contents.delete(WORKFLOW_PATH);
        return [await t.examine(), () => t.jobs.contents.set(WORKFLOW_PATH, WORKFLOW_TEXT)];
      },
      'workflow file',
      'failed',
      'workflow_missing',
    ],
    [
      'a workflow file with other inputs',
      async (t) => {
        t.jobs.contents.set(
          WORKFLOW_PATH,
          WORKFLOW_TEXT.replace('job-id:\n        description', 'job:\n        description'),
        );
        return [await t.examine(), () => t.jobs.contents.set(WORKFLOW_PATH, WORKFLOW_TEXT)];
      },
      'workflow file',
      'failed',
      'workflow_inputs_differ',
    ],
    [
      'a workflow that is switched off',
      async (t) => {
        t.jobs.isActionsEnabled = false;
        return [await t.examine(), () => (t.jobs.isActionsEnabled = true)];
      },
      'workflow file',
      'failed',
      'workflow_disabled',
    ],
    [
      'a permission that the installation lacks',
      async (t) => {
        const { permissions } = t.installation;
        t.installation.permissions = { ...permissions, issues: 'read' };
        return [await t.examine(), () => (t.installation.permissions = permissions)];
      },
      'installation acme',
      'failed',
      'permission_missing',
    ],
    [
      'an installation that is suspended',
      async (t) => {
        t.installation.suspendedAt = '2026-02-01T00:00:00Z';
        return [await t.examine(), () => (t.installation.suspendedAt = null)];
      },
      'installation acme',
      'failed',
      'installation_suspended',
    ],
    [
      'an account that is not served',
      async (t) => [await t.examine({ ALLOWED_ACCOUNTS: '1' }), () => 0],
      'installation acme',
      'warning',
      'account_not_served',
    ],
    [
      'a private key that is no key',
      async (t) => [await t.examine({ PRIVATE_KEY: '-----BEGIN RSA PRIVATE KEY-----' }), () => 0],
      'configuration',
      'failed',
      'private_key_malformed',
    ],
    [
      'an App id that is not of the key',
      async (t) => [await t.examine({ APP_ID: '1' }), () => 0],
      'github app',
      'failed',
      'app_not_accepted',
    ],
    [
      'a clock that is wrong',
      async (t) => [await t.examine({}, { now: () => new Date(Date.now() + 300_000) }), () => 0],
      'clock',
      'failed',
      'clock_wrong',
    ],
    [
      'migrations that are behind',
      async (t) => {
        const name = MIGRATIONS.at(-1)?.name ?? '';
        await sql`DELETE FROM hybrid_capture_migrations WHERE name = ${name}`.execute(t.app.db);
        return [
          await t.examine(),
          () => sql`INSERT INTO hybrid_capture_migrations (name) VALUES (${name})`.execute(t.app.db),
        ];
      },
      'migrations',
      'failed',
      'migrations_behind',
    ],
    [
      'stale data',
      async (t) => {
        const set = (at: ReturnType<typeof sql<Date>>) =>
          t.app.db.updateTable('repositories').set({ captured_at: at }).execute();
        await set(sql<Date>`now() - interval '3 days'`);
        return [await t.examine(), () => set(sql<Date>`now()`)];
      },
      'data',
      'failed',
      'stale_data',
    ],
    [
      'no capture for three days, without reconciliation',
      async (t) => {
        const set = (at: ReturnType<typeof sql<Date>>) =>
          t.app.db.updateTable('repositories').set({ captured_at: at }).execute();
        await set(sql<Date>`now() - interval '3 days'`);
        return [await t.examine({ RECONCILE_HOURS: '0' }), () => set(sql<Date>`now()`)];
      },
      'data',
      'warning',
      'stale_data',
    ],
    [
      'the default webhook secret where everybody may call',
      async (t) => [
        await t.examine({ PUBLIC_URL: 'https://capture.invalid', WEBHOOK_SECRET: 'development' }),
        () => 0,
      ],
      'webhook secret',
      'warning',
      'webhook_secret_default',
    ],
    [
      'a PUBLIC_URL without TLS',
      async (t) => [await t.examine({ PUBLIC_URL: 'http://capture.invalid' }), () => 0],
      'public url',
      'warning',
      'public_url_http',
    ],
    [
      'a PUBLIC_URL that a runner can not reach',
      async (t) => [await t.examine({ GHE_HOST: '' }), () => 0],
      'public url',
      'failed',
      'public_url_unreachable',
    ],
    [
      'no PUBLIC_URL',
      async (t) => [await t.examine({ PUBLIC_URL: '' }), () => 0],
      'public url',
      'failed',
      'no_public_url',
    ],
    [
      'an app that does not answer',
      async (t) => [await t.examine({ PUBLIC_URL: 'http://127.0.0.1:9' }), () => 0],
      'public url',
      'failed',
      'app_unreachable',
    ],
    [
      'something else at PUBLIC_URL',
      async (t) => [await t.examine({ PUBLIC_URL: t.inngest.url }), () => 0],
      'public url',
      'failed',
      'app_unreachable',
    ],
    [
      'a webhook that goes elsewhere',
      async (t) => {
        const { webhookUrl } = t.sandbox.app;
        t.sandbox.app.webhookUrl = 'https://old.example.com/api/github/webhooks';
        return [await t.examine(), () => (t.sandbox.app.webhookUrl = webhookUrl)];
      },
      'webhook',
      'failed',
      'webhook_url_differs',
    ],
    [
      'a public jobs repository with private captures',
      async (t) => {
        t.jobs.isPrivate = false;
        return [await t.examine(), () => (t.jobs.isPrivate = true)];
      },
      'jobs repository',
      'failed',
      'private_captures_in_public_jobs_repository',
    ],
    [
      'an unprotected jobs branch',
      async (t) => {
        t.jobs.isBranchProtected = false;
        return [await t.examine(), () => (t.jobs.isBranchProtected = true)];
      },
      'jobs branch',
      'warning',
      'branch_unprotected',
    ],
    [
      'a jobs repository without the App',
      async (t) => [await t.examine({ CAPTURE_WORKFLOW: `acme/other/${WORKFLOW_PATH}@main` }), () => 0],
      'jobs repository',
      'failed',
      'not_installed_on_jobs_repository',
    ],
    [
      'a control repository that is not there',
      async (t) => [await t.examine({ CONTROL_REPOSITORY: 'acme/nope' }), () => 0],
      'control repository',
      'failed',
      'control_repository_missing',
    ],
    [
      'grants to anon',
      async (t) => {
        await sql`CREATE ROLE anon`.execute(t.app.db).catch(() => undefined);
        await sql`GRANT SELECT ON contributors TO anon`.execute(t.app.db);
        return [await t.examine(), () => sql`REVOKE ALL ON contributors FROM anon`.execute(t.app.db)];
      },
      'database grants',
      'failed',
      'grants_to_the_public',
    ],
    [
      'a database that does not answer',
      async (t) => [await t.examine({ DATABASE_URL: 'postgres://me:hunter2secret@127.0.0.1:9/x' }), () => 0],
      'database',
      'failed',
      'database_unreachable',
    ],
    [
      'an alarm',
      async ({ app: { db }, examine }) => {
        const alarm = { level: 'alarm', code: 'stale_data', message: 'No row was stored so far.' } as const;
        const log = { info() {}, warn() {}, error() {} };
        await setAlarm(db, 'stale_data', alarm, { now: new Date(), log });
        return [await examine(), () => setAlarm(db, 'stale_data', null, { now: new Date(), log })];
      },
      'alarms',
      'warning',
      'stale_data',
    ],
    [
      'a stop',
      async (t) => [await t.examine({ HYBRID_EMERGENCY_STOP: '1' }), () => 0],
      'rollout',
      'warning',
      'stopped_by_environment',
    ],
  ];

  it('finds nothing wrong with http and the default secret on one machine', async () => {
    // The sandbox signs with its own secret, but nothing is delivered here.
    expect(worse(await town.examine({ WEBHOOK_SECRET: 'development' }))).toEqual([]);
  });

  it.each([
    ['GRANT SELECT ON contributors TO anon', 'anon'],
    ['GRANT SELECT ON contributors TO PUBLIC', 'anon, PUBLIC'],
    ['GRANT SELECT (title) ON issues TO anon', 'anon'],
    ['GRANT UPDATE (title) ON issues TO PUBLIC', 'anon, PUBLIC'],
  ])('%s is found, and its cure takes it away', async (grant, holders) => {
    const { db } = town.app;
    await sql`CREATE ROLE anon`.execute(db).catch(() => undefined);
    await sql.raw(grant).execute(db);
    const find = async () => worse(await town.examine()).filter(({ check }) => check === 'database grants');
    const [found] = await find();
    const cure = `REVOKE ALL ON ALL TABLES IN SCHEMA "public" FROM ${holders};`;
    expect(found).toMatchObject({ code: 'grants_to_the_public', cure });
    await sql.raw(cure).execute(db);
    expect(await find()).toEqual([]);
  });

  it('writes nothing but its findings', async () => {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    await town.examine({ APP_ID: '1' });
    const lines = written.mock.calls.map(([line]) => String(line));
    written.mockRestore();
    expect(lines).toEqual([]);
  });

  it('leaves no error in the log of the app', async () => {
    town.app.lines.length = 0;
    await town.examine();
    expect(town.app.lines.filter(({ level }) => level === 'error')).toEqual([]);
    expect(town.app.lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        stage: 'inngest',
        msg: 'Signature validation failed: No x-inngest-signature provided',
      }),
    );
    expect(JSON.stringify(town.app.lines)).not.toContain('stack');
  });

  it('takes localhost for 127.0.0.1, as which Inngest writes it', async () => {
    const { state } = town.inngest;
    state.uri = `${town.origin.replace('127.0.0.1', 'localhost')}/api/inngest`;
    expect(worse(await town.examine())).toEqual([]);
    state.uri = null;
  });

  it('does not call data stale of which there is none yet', async () => {
    const { db } = town.app;
    const values = { id: 987_654, full_name: 'acme/new', installation_id: 1, captured_at: new Date(0) };
    await db.insertInto('repositories').values(values).execute();
    expect(worse(await town.examine())).toEqual([]);
    await db.deleteFrom('repositories').where('id', '=', values.id).execute();
  });

  it.each(faults)('%s', async (_name, breakIt, check, status, code) => {
    const [findings, putRight] = await breakIt(town);
    await putRight();
    const found = worse(findings);
    expect(found.map((finding) => [finding.check, finding.status, finding.code])).toContainEqual([
      check,
      status,
      code,
    ]);
    for (const { cure } of found) expect(cure).toMatch(/\S/);
    const text = JSON.stringify(findings);
    for (const name of [
      'WEBHOOK_SECRET',
      'INNGEST_EVENT_KEY',
      'INNGEST_SIGNING_KEY',
      'MONITOR_TOKEN',
    ] as const) {
      expect(text).not.toContain(town.env[name]);
    }
    expect(text).not.toMatch(/hunter2secret|BEGIN/);
  });

  it('asks for no repository with a key that GitHub does not know', async () => {
    const findings = await town.examine({ APP_ID: '1' });
    expect(worse(findings).map(({ code }) => code)).toEqual(['app_not_accepted']);
    const skipped = findings.filter(({ code }) => code === 'no_credentials').map(({ check }) => check);
    expect(skipped).toEqual(['jobs repository', 'control repository']);
  });

  it('no control repository', async () => {
    expect(await town.examine({ CONTROL_REPOSITORY: '' })).toContainEqual(
      expect.objectContaining({ check: 'control repository', status: 'skipped' }),
    );
  });

  /** GitHub's trouble with one question is no fault of a key, and hides no other question. */
  it.each([
    ['/app', ['github app'], []],
    ['/app/hook/config', ['webhook'], ['deliveries', 'installation acme', 'jobs repository']],
    ['/app/hook/deliveries', ['deliveries'], ['webhook', 'installation acme']],
    ['/app/installations', ['installations'], ['webhook', 'jobs repository']],
    [`/repos/acme/jobs/contents/${WORKFLOW_PATH}`, ['workflow file'], ['jobs repository', 'jobs branch']],
    ['/repos/acme/jobs/branches/main', ['jobs branch'], ['workflow file', 'control repository']],
  ])('GitHub answers 503 to %s', async (path, expected, others) => {
    const { faults } = town.sandbox;
    await town.sandbox.deliver('ping', { zen: 'x' });
    faults.add({
      when: (request) => decodeURIComponent(request.path) === path,
      times: 9,
      fault: { kind: 'status', status: 503 },
    });
    const findings = await town.examine();
    faults.clear();
    const found = worse(findings).map(({ check, code }) => [check, code]);
    expect(found).toEqual(expected.map((check) => [check, 'github_unavailable']));
    const well = findings.filter(({ status }) => status === 'ok').map(({ check }) => check);
    expect(well).toEqual(expect.arrayContaining(others));
  });

  describe('an address that is wrong', () => {
    const look = async (change: Record<string, string>) => {
      const fetched = vi.spyOn(globalThis, 'fetch');
      const findings = await town.examine(change, { more: [createTestEvent({ patienceMs: 0 })] });
      const asked = fetched.mock.calls.map(([url]) => new URL(url instanceof Request ? url.url : url).host);
      fetched.mockRestore();
      const bad = worse(findings).map(({ check, code }) => [check, code]);
      const notAsked = findings.filter(({ code }) => code === 'address_wrong').map(({ check }) => check);
      return { asked: new Set(asked), bad, notAsked, findings };
    };
    const ours = () => [town.sandbox.webUrl, town.inngest.url, town.origin].map((url) => new URL(url).host);

    it.each([
      [{ INNGEST_BASE_URL: 'foo' }, ['inngest', 'inngest test event']],
      [{ INNGEST_BASE_URL: '', INNGEST_DEV: 'http://' }, ['inngest', 'inngest test event']],
      [{ GHE_HOST: 'https://github.example.com/' }, ['github', 'jobs repository', 'control repository']],
      [{ GHE_PROTOCOL: 'ftp' }, ['github', 'jobs repository', 'control repository']],
      [{ DATABASE_URL: 'postgre://u:p@h/x' }, ['database']],
      [{ DATABASE_SCHEMA: 'My Schema' }, ['database']],
    ])('%j: nobody else is asked instead', async (change, expected) => {
      const { asked, bad, notAsked } = await look(change);
      expect(bad).toEqual([['configuration', 'invalid']]);
      expect(notAsked).toEqual(expected);
      expect([...asked].filter((host) => !ours().includes(host))).toEqual([]);
    });

    it.each([
      { APP_ID: 'x' },
      { APP_ID: '' },
      { PRIVATE_KEY: '' },
      { DATABASE_URL: '' },
      { NODE_ENV: 'production', WEBHOOK_SECRET: '' },
      { INNGEST_EVENT_KEY: '' },
    ])('%j: the rest is looked at', async (change) => {
      const { findings } = await look(change);
      const well = findings.filter(({ status }) => status === 'ok').map(({ check }) => check);
      expect(well).toEqual(expect.arrayContaining(['public url', 'clock']));
      expect(findings).toContainEqual(expect.objectContaining({ check: 'configuration', status: 'failed' }));
    });
  });

  it('webhooks that the app refuses: the secrets differ', async () => {
    await town.sandbox.deliver('ping', { zen: 'x' }, { secret: 'another' });
    const found = worse(await town.examine());
    expect(found.map(({ check, code }) => [check, code])).toEqual([['deliveries', 'webhook_secret_differs']]);
    await town.sandbox.deliver('ping', { zen: 'x' });
    const later = worse(await town.examine());
    expect(later.map(({ status, code }) => [status, code])).toEqual([['warning', 'deliveries_failed']]);
  });

  it('takes every success for a webhook that arrived, however GitHub words it', async () => {
    Object.assign(await town.sandbox.deliver('ping', { zen: 'x' }), { status: 'Accepted', statusCode: 202 });
    const failures = (await town.examine()).filter(({ status }) => status === 'failed');
    expect(failures).toEqual([]);
  });

  it('a database near its limit', async () => {
    const bytes = 1024 ** 3;
    expect([7.9, 8, 9.4, 9.5, 12].map((gib) => judgeSize(gib * bytes, 10).code)).toEqual([
      'ok',
      'database_nearly_full',
      'database_nearly_full',
      'database_full',
      'database_full',
    ]);
    // An empty one of ours has more than 80 % of the smallest limit.
    const found = worse(await town.examine({ DATABASE_SIZE_LIMIT_GB: '0.01' }));
    expect(found.map(({ check }) => check)).toContain('database size');
  });

  it('a job that nobody carries out', async () => {
    const id = town.widgets.id;
    await sql`INSERT INTO progressive_capture_jobs (repository_id, installation_id, job_type, target, include, reason,
        processor_type, rule, enrolment_reason, arm, rollout_epoch, rollout_phase, rollout_version, not_before, created_at)
      VALUES (${id}, 1, 'labels', 'x', '{labels}', 'webhook', 'inngest', 'recent', 'in_share', 'enrolled', 1, 0, 1,
        now() - interval '1 hour', now() - interval '1 hour')`.execute(town.app.db);
    const found = worse(await town.examine());
    await sql`DELETE FROM progressive_capture_jobs`.execute(town.app.db);
    expect(found).toContainEqual(
      expect.objectContaining({
        code: 'queue_stuck',
        message: 'Nobody carries out 1 due job, for up to 1 h.',
      }),
    );
  });

  describe('the command', () => {
    const doctor = async (line: string, env: Record<string, string> = {}) => {
      const out: string[] = [];
      const code = await run(line.split(' '), {
        ...PIPE,
        env: { ...town.env, ...env },
        print: (text) => out.push(text),
        fail: (text) => out.push(text),
      });
      return { code, out: out.join('\n') };
    };

    it('ends with 1 where something fails, and tells the cure below it', async () => {
      const { code, out } = await doctor('doctor', { INNGEST_EVENT_KEY: 'wrong-key' });
      expect(code).toBe(1);
      expect(out).toMatch(
        /FAILED {2}inngest event key: Inngest at \S+ refuses INNGEST_EVENT_KEY \(401\)\. \[event_key_wrong\]\n {10}Set INNGEST_EVENT_KEY/,
      );
      expect(out).not.toContain('wrong-key');
    });

    it('ends with 3 where there are warnings alone, as JSON, too', async () => {
      const { code, out } = await doctor('doctor --json', { HYBRID_EMERGENCY_STOP: '1' });
      const { status, findings } = JSON.parse(out) as { status: string; findings: Finding[] };
      expect(findings.filter((finding) => finding.status === 'failed')).toEqual([]);
      expect([code, status]).toEqual([3, 'warning']);
      expect(findings).toContainEqual({
        check: 'rollout',
        status: 'warning',
        code: 'stopped_by_environment',
        message: 'HYBRID_EMERGENCY_STOP stops all bulk work.',
        cure: 'Unset it and restart the app, when the reason is gone.',
      });
    });
  });
});
