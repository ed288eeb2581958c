import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../cli/main.ts';
import type { Database } from '../../src/store/database.ts';
import { MIGRATIONS } from '../../src/store/migrations/index.ts';
import { openPglite } from '../../src/store/open-pglite.ts';
import { PIPE } from './pipe.ts';

const CHECKOUT = process.cwd();
const DATA_DIR = '.data/app';

interface Result {
  code: 0 | 1 | 2 | 3;
  out: string;
  err: string;
}

/** Runs the command line in this process, in the folder of the test. */
async function cli(line: string, env: Record<string, string> = {}): Promise<Result> {
  const out: string[] = [];
  const err: string[] = [];
  const args = (line.match(/"[^"]*"|\S+/g) ?? []).map((arg) => arg.replaceAll('"', ''));
  const code = await run(args, {
    ...PIPE,
    env,
    print: (text) => out.push(text),
    fail: (text) => err.push(text),
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

async function inDatabase<Result>(work: (db: Database) => Promise<Result>): Promise<Result> {
  const database = await openPglite({ dataDir: DATA_DIR });
  return work(database.db).finally(database.close);
}

beforeAll(() => process.chdir(mkdtempSync(join(tmpdir(), 'hybrid-capture-cli-'))));
afterAll(() => process.chdir(CHECKOUT));

describe('wrong usage is one line, a hint, and exit code 2', () => {
  test.each([
    ['bogus', "error: unknown command 'bogus'"],
    ['rollout bogus', "error: unknown command 'bogus'"],
    ['migrate now', "error: too many arguments for 'migrate'"],
    ['migrate --force', "error: unknown option '--force'"],
    ['capture', "error: missing required argument 'owner/repo'"],
    ['capture acme', 'It must be owner/repo.'],
    ['capture acme/x --pull-requests 1,2x', 'It must be a whole number from 1 to 2147483647.'],
    ['capture acme/x --pull-requests 0', 'It must be a whole number'],
    ['capture acme/x --pull-requests 1,', 'It must be a whole number'],
    ['capture acme/x --pull-requests 2147483648', 'It must be a whole number'],
    ['capture acme/x --since yesterday', 'It must be a date such as 2026-01-31'],
    ['capture acme/x --since 2026-02-30', 'It must be a date such as 2026-01-31'],
    ['capture acme/x --since 2026-02-01T10:00', 'It must be a date such as 2026-01-31'],
    ['capture acme/x --since 2999-01-01', '--since is in the future'],
    ['capture acme/x --since 2026-02-02 --until 2026-02-02', '--since must be before --until'],
    ['capture acme/x --pull-requests 1 --since 2026-01-01', "cannot be used with option '--since <time>'"],
    ['capture acme/x --include wiki', 'It must be some of pull-requests, issues, commits, labels'],
    ['export ""', 'It must not be empty.'],
    ['purge --person ""', 'It must not be empty.'],
    ['jobs --limit 0', 'It must be a whole number from 1 to 1000.'],
    ['jobs --limit 5x', 'It must be a whole number from 1 to 1000.'],
    ['jobs --before 12', 'It must be the id of a job, a UUID.'],
    ['jobs --group colour', 'Allowed choices are status, processor, repository, reason.'],
    ['jobs --group status --before 00000000-0000-4000-8000-000000000001', 'cannot be used with option'],
    ['watch --interval 0', 'It must be a whole number from 1 to 3600.'],
    ['jobs --limit 1001', 'It must be a whole number from 1 to 1000.'],
  ])('%s', async (line, message) => {
    const { code, out, err } = await cli(line);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
    expect(err.split('\n')).toHaveLength(2);
  });
});

describe('--help', () => {
  test.each([
    ['--help', 'migrate'],
    ['migrate --help', '--json'],
    ['capture --help', '--pull-requests <numbers>'],
    ['jobs --help', '--group <by>'],
    ['watch --help', '--interval <seconds>'],
    ['rollout --help', 'include'],
    ['rollout help', 'include'],
    ['rollout include --help', '<owner/repo> [reason]'],
    ['rollout help stop', 'hybrid-capture rollout stop'],
  ])('%s', async (line, text) => {
    const { code, out, err } = await cli(line);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain(text);
  });
});

describe('what is expected to go wrong is told without a stack, with exit code 1', () => {
  test('no database yet', async () => {
    for (const line of ['rollout status', 'jobs', 'watch', 'capture acme/x']) {
      expect(await cli(line)).toEqual({
        code: 1,
        out: '',
        err: `There is no embedded database in ${DATA_DIR} yet: start the app, run "hybrid-capture migrate", or set DATABASE_URL.`,
      });
    }
  });

  test('every problem of the environment, a line each', async () => {
    const { code, err } = await cli('migrate', { PORT: 'x', HYBRID_ROLLOUT_PERCENTAGE: '50abc' });
    expect([code, err.split('\n')]).toEqual([
      1,
      [expect.stringContaining('PORT'), expect.stringContaining('HYBRID_ROLLOUT_PERCENTAGE')],
    ]);
  });

  test('a database that does not answer', async () => {
    const { code, out, err } = await cli('migrate', { DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:1/x' });
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/connection refused.*127\.0\.0\.1/);
    expect(err).not.toMatch(/hunter2|\n/);
  });
});

describe('with an embedded database', () => {
  const WIDGETS = { id: 7, full_name: 'Acme/Widgets', installation_id: 5, is_private: true };

  beforeAll(async () => {
    const { code, out } = await cli('migrate', { HYBRID_ROLLOUT_PERCENTAGE: '12.5' });
    expect([code, out]).toEqual([0, `Applied: ${MIGRATIONS.map(({ name }) => name).join(', ')}`]);
    await inDatabase((db) => db.insertInto('repositories').values(WIDGETS).execute());
  });

  test('migrating again finds nothing to do', async () => {
    expect(await cli('migrate')).toEqual({ code: 0, out: 'The database is up to date.', err: '' });
    expect(JSON.parse((await cli('migrate --json')).out)).toEqual({ applied: [] });
  });

  test('the rollout stands where the environment of the first start put it', async () => {
    const { code, out } = await cli('rollout status', { HYBRID_ROLLOUT_PERCENTAGE: '99' });
    expect(code).toBe(0);
    expect(out.split('\n')[0]).toBe('hybrid_progressive_capture is running at 12.5 %, v1');
    expect(out).toMatch(/Error rate +no data/);
  });

  test('a repository is included, by the name of who did it', async () => {
    const { code, out } = await cli('rollout include acme/widgets --json its history waits --if-version 1');
    expect([code, JSON.parse(out)]).toMatchObject([0, { ok: true, reasonCode: 'included' }]);
    const row = await inDatabase((db) =>
      db.selectFrom('rollout_history').selectAll().orderBy('seq', 'desc').executeTakeFirstOrThrow(),
    );
    expect(row).toMatchObject({
      action: 'include',
      reason: 'its history waits',
      source: { type: 'cli' },
      actor: { type: 'operator', login: row.triggered_by },
    });
    const rollout = await inDatabase((db) =>
      db.selectFrom('rollout_configuration').selectAll().executeTakeFirstOrThrow(),
    );
    expect(rollout.target_repositories).toEqual([7]);
  });

  test('every verb of the registry is there, with the same refusals and changes as in a comment', async () => {
    const dry = await cli('rollout set 25 --dry-run --json');
    expect([dry.code, JSON.parse(dry.out)]).toMatchObject([0, { ok: true, reasonCode: 'dry_run' }]);
    for (const [line, code] of [
      ['rollout set 50abc --json', 'not_understood'],
      ['rollout set 75 --json', 'more_than_one_phase'],
      ['rollout advance --json', 'inconclusive'],
      ['rollout resume --json', 'not_stopped'],
    ] as const) {
      const refused = await cli(line);
      expect([line, refused.code, JSON.parse(refused.out)]).toMatchObject([
        line,
        1,
        { ok: false, reasonCode: code },
      ]);
    }
    for (const line of [
      'status',
      'monitor',
      'stats',
      'history',
      'guard',
      'freeze list',
      'why acme/widgets',
    ]) {
      expect([line, (await cli(`rollout ${line}`)).code]).toEqual([line, 0]);
    }
  });

  test('the history is exported as JSON lines', async () => {
    const { code, out } = await cli('rollout export');
    const rows = out.split('\n').map((line) => JSON.parse(line));
    expect([code, rows.map(({ action }) => action)]).toEqual([0, ['create', 'include']]);
    expect(rows[1]).toMatchObject({ seq: 2, reason: 'its history waits', source: { type: 'cli' } });
  });

  test.each([
    ['rollout include acme/unknown', 'The App does not serve a repository acme/unknown.'],
    ['rollout include acme/widgets --if-version 1', 'The rollout is at v2, not at v1'],
    ['rollout status extra', 'status takes no arguments.'],
    ['rollout stats 24h', 'stats takes no arguments.'],
    ['rollout stop', 'A stop needs a reason: hybrid-capture rollout stop <reason>.'],
  ])('%s is refused with exit code 1', async (line, message) => {
    const { code, out, err } = await cli(line);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(message);
  });

  describe('capture', () => {
    test('of named pull requests is one job, in the database and on the screen', async () => {
      const { code, out } = await cli('capture acme/widgets --pull-requests 12,3,12 --json');
      const [planned] = JSON.parse(out);
      expect([code, planned]).toMatchObject([
        0,
        { outcome: 'created', processor: 'inngest', items: [3, 12], status: 'queued' },
      ]);
      const job = await inDatabase((db) =>
        db
          .selectFrom('progressive_capture_jobs')
          .selectAll()
          .where('id', '=', planned.job)
          .executeTakeFirstOrThrow(),
      );
      expect(job).toMatchObject({
        repository_id: 7,
        installation_id: 5,
        job_type: 'pull_requests',
        items: [3, 12],
        reason: 'manual',
        rule: planned.rule,
        status: 'queued',
        is_critical: false,
      });
    });

    test('of the history is two jobs that meet at the 24-hour line', async () => {
      const { code, out } = await cli(
        'capture acme/widgets --include issues,pull-requests --critical --json',
      );
      const [recent, rest] = JSON.parse(out);
      expect(code).toBe(0);
      expect(recent.range).toEqual({ since: rest.range.until });
      expect(Date.now() - Date.parse(recent.range.since)).toBeLessThan(24 * 3_600_000 + 60_000);
      const jobs = await inDatabase((db) =>
        db
          .selectFrom('progressive_capture_jobs')
          .select(['include', 'is_critical', 'job_type'])
          .where('id', 'in', [recent.job, rest.job])
          .execute(),
      );
      expect(jobs).toEqual(
        Array(2).fill({ include: ['issues', 'pull-requests'], is_critical: true, job_type: 'history' }),
      );
    });

    test('says on the screen where it goes and why', async () => {
      const { code, out } = await cli('capture acme/widgets --since 2026-01-01 --until 2026-02-01');
      expect(code).toBe(0);
      expect(out).toMatch(
        /^job [0-9a-f-]{36}.*\n {2}what {7}Acme\/Widgets, pull-requests since 2026-01-01 00:00 UTC, until 2026-02-01 00:00 UTC\n {2}processor {2}inngest\n {2}rule {7}bulk_unavailable: .*CAPTURE_WORKFLOW is not set.*\n {2}status {5}queued/,
      );
    });

    test('of a repository that nobody knows is refused', async () => {
      expect(await cli('capture acme/unknown')).toEqual({
        code: 1,
        out: '',
        err: "acme/unknown is not in the database, and without APP_ID and a private key GitHub can't be asked.",
      });
    });
  });

  test('the jobs are listed, the last one first', async () => {
    await cli('capture acme/widgets --pull-requests 99');
    const { code, out } = await cli('jobs --repository ACME/widgets --limit 1 --json');
    expect([code, JSON.parse(out)]).toMatchObject([
      0,
      [{ repository: 'Acme/Widgets', type: 'pull_requests' }],
    ]);
    expect((await cli('jobs')).out).toMatch(/pull_requests {2}inngest \(\w+\) {2}queued/);
    for (const line of ['jobs --repository acme/none', 'jobs --group status --repository acme/none']) {
      const err = 'acme/none is not in the database: check the spelling.';
      expect(await cli(line)).toEqual({ code: 1, out: '', err });
    }
  });

  test('a list that is cut says how to see more, and so does each page', async () => {
    const pages: string[] = [];
    let line = 'jobs --repository acme/widgets --limit 1';
    while (line !== '') {
      const { out, err } = await cli(line);
      pages.push(out);
      expect(err).toMatch(
        /^$|^There are more: hybrid-capture jobs --repository acme\/widgets --limit 1 --before [0-9a-f-]{36}$/,
      );
      line = err.replace('There are more: hybrid-capture ', '');
    }
    expect(pages).toEqual((await cli('jobs --repository acme/widgets')).out.split('\n'));
    expect(pages.length).toBeGreaterThan(2);
    const unknown = '00000000-0000-4000-8000-00000000000f';
    expect((await cli(`jobs --before ${unknown}`)).err).toContain(`There is no job ${unknown}`);
  });

  test('jobs are counted by what they have in common', async () => {
    const all = JSON.parse((await cli('jobs --limit 1000 --json')).out);
    const queued = all.filter(({ status }: { status: string }) => status === 'queued').length;
    const counts = { jobs: all.length, queued, underWay: 0, wrong: 0, completed: all.length - queued };
    expect(JSON.parse((await cli('jobs --group repository --json')).out)).toEqual([
      { value: 'Acme/Widgets', ...counts },
    ]);
    expect((await cli('jobs --group reason')).out.split('\n')).toEqual([
      'reason  jobs  queued  under way  went wrong  completed',
      `manual  ${String(all.length).padStart(4)}  ${String(queued).padStart(6)}          0           0  ${String(counts.completed).padStart(9)}`,
    ]);
  });

  describe('how far a job is', () => {
    const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
    const progress = { done: 600, total: 2_400, points: 9, requests: 20, rows: 9_000, pointsLeft: 4_000 };
    let id: string;
    beforeAll(async () => {
      id = JSON.parse((await cli('capture acme/widgets --pull-requests 77 --json')).out)[0].job;
    });

    /** The job as it stands with one run that has ended, and perhaps one that is under way. */
    const shown = async (job: object, runs: { started: number; ended: number | null }[]) => {
      await inDatabase(async (db) => {
        await db.deleteFrom('job_runs').where('job_id', '=', id).execute();
        await db
          .updateTable('progressive_capture_jobs')
          .set({ status_reason: null, progress: JSON.stringify(progress), completed_at: null, ...job })
          .where('id', '=', id)
          .execute();
        for (const [index, { started, ended }] of runs.entries()) {
          await db
            .insertInto('job_runs')
            .values({
              ...{ job_id: id, run: index + 1, attempt: 1, processor_type: 'github_actions' },
              state: ended === null ? 'running' : 'ended',
              started_at: minutesAgo(started),
              ended_at: ended === null ? null : minutesAgo(ended),
              ...(ended === null ? {} : { rows_stored: 4_000, points: 5, requests: 12 }),
            })
            .execute();
        }
      });
      return (await cli('jobs --limit 1')).out.split('\n').slice(1);
    };

    test('running: done of all, rate, budget and end, by the time that its runs took', async () => {
      // Four minutes and six, with an hour between them: 60 a minute.
      const runs = [
        { started: 70, ended: 66 },
        { started: 6, ended: null },
      ];
      const lines = await shown({ status: 'running', heartbeat_at: minutesAgo(0) }, runs);
      expect(lines).toEqual([
        expect.stringMatching(
          /^ {2}600 of 2,400 \(25 %\), 60 a minute, about 30 min left, 4,000 points left, ends about \d{4}-\d\d-\d\d \d\d:\d\dZ$/,
        ),
      ]);
      const end = Date.parse(/ends about (.+)$/.exec(lines[0] ?? '')?.[1]?.replace(' ', 'T') ?? '');
      expect(Math.abs(end - Date.now() - 30 * 60_000)).toBeLessThan(90_000);
      const [job] = JSON.parse((await cli('jobs --limit 1 --json')).out);
      expect(job).toMatchObject({ id, progress: { done: 600, total: 2_400, percent: 25 } });
      expect(job.progress.perMinute).toBeCloseTo(60, 0);
    });

    test('running, but silent', async () => {
      const lines = await shown({ status: 'running', heartbeat_at: minutesAgo(5) }, [
        { started: 15, ended: null },
      ]);
      expect(lines).toEqual([expect.stringMatching(/60 a minute.*no sign of life for 5 min$/)]);
    });

    test('waiting for GitHub as the same run: when it goes on, and no alarm about its silence', async () => {
      const waits = { status_reason: 'waiting_for_github', not_before: minutesAgo(-10) };
      const lines = await shown({ status: 'running', heartbeat_at: minutesAgo(5), ...waits }, [
        { started: 15, ended: null },
      ]);
      expect(lines).toEqual([
        expect.stringMatching(/^ {2}600 of 2,400 \(25 %\), 4,000 points left, goes on after 20\d\d-[^,]*$/),
      ]);
      // Most have told of no progress yet.
      const early = { status: 'running', progress: null, heartbeat_at: minutesAgo(5), ...waits };
      expect(await shown(early, [{ started: 15, ended: null }])).toEqual([
        expect.stringMatching(/^ {2}goes on after 20\d\d-[^,]*$/),
      ]);
    });

    test('waiting to go on', async () => {
      const change = { status: 'queued', status_reason: 'continuation', not_before: minutesAgo(-10) };
      expect(await shown(change, [{ started: 20, ended: 10 }])).toEqual([
        expect.stringMatching(/^ {2}600 of 2,400 \(25 %\), 4,000 points left, goes on after 20\d\d-/),
      ]);
    });

    test('done: what it has stored and used, in all of its runs', async () => {
      const runs = [
        { started: 70, ended: 66 },
        { started: 6, ended: 0 },
      ];
      expect(await shown({ status: 'completed', completed_at: minutesAgo(0) }, runs)).toEqual([
        '  8,000 rows, 10 min, 10 points, 24 requests',
      ]);
    });
  });

  describe('export and purge', () => {
    test('the rows of a repository as files, a folder for each', async () => {
      const { code, out } = await cli('export out --repository acme/WIDGETS --json');
      const { repositories } = JSON.parse(out);
      expect([code, repositories['Acme/Widgets']]).toMatchObject([0, { repositories: 1, comments: 0 }]);
      const [line = '', ...more] = readFileSync('out/Acme/Widgets/repositories.ndjson', 'utf8').split('\n');
      expect([JSON.parse(line), more]).toMatchObject([{ id: 7, full_name: 'Acme/Widgets' }, ['']]);
      expect(readdirSync('out/Acme/Widgets')).toHaveLength(15);
    });

    test('a purge tells what would go, wants the name again, and leaves its audit', async () => {
      await inDatabase((db) =>
        db.insertInto('repositories').values({ id: 8, full_name: 'Acme/Old' }).execute(),
      );
      const dry = await cli('purge --repository acme/old');
      expect(dry.out).toMatch(
        /^Would purge the repository Acme\/Old \(8\): 1 row\.\n {2}repositories +1\nNothing was/,
      );
      const wrong = await cli('purge --repository acme/old --confirm acme/widgets');
      expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('--confirm must be acme/old')]);
      expect((await cli('purge --repository acme/old --confirm acme/old --dry-run')).out).toMatch(
        /^Would purge/,
      );
      const done = await cli('purge --repository acme/old --confirm acme/old --reason asked --json');
      expect([done.code, JSON.parse(done.out)]).toMatchObject([
        0,
        { purged: true, rows: { repositories: 1 } },
      ]);
      const [purge, ...more] = await inDatabase((db) => db.selectFrom('purges').selectAll().execute());
      expect([purge, more]).toMatchObject([
        { kind: 'repository', subject_id: 8, reason: 'asked', rows: { repositories: 1 } },
        [],
      ]);
      expect((await cli('purge --repository acme/old')).err).toBe(
        'acme/old is not in the database: check the spelling.',
      );
    });

    test.each([
      ['purge', 'say --repository or --person', 2],
      ['purge --repository a/b --person c', 'cannot be used with option', 2],
      ['purge --person nobody-there', 'nobody-there is nobody in the database', 1],
    ] as const)('%s is refused', async (line, message, code) => {
      expect(await cli(line)).toMatchObject({ code, out: '', err: expect.stringContaining(message) });
    });
  });

  test('a stop by the environment is shown, whatever the database says', async () => {
    const { out } = await cli('rollout status', { HYBRID_EMERGENCY_STOP: '1' });
    expect(out).toMatch(/State +stopped \(environment\)/);
  });

  test('everything is refused while another process has it, and nothing is changed', async () => {
    const app = await openPglite({ dataDir: DATA_DIR });
    try {
      for (const line of ['rollout stop now', 'capture acme/widgets', 'jobs', 'watch', 'migrate']) {
        const { code, out, err } = await cli(line);
        expect([line, code, out]).toEqual([line, 1, '']);
        expect(err).toMatch(/^The data folder .* is in use by another process[^\n]*$/);
      }
      const rollout = await app.db.selectFrom('rollout_configuration').selectAll().executeTakeFirstOrThrow();
      expect(rollout.emergency_stop).toBe(false);
    } finally {
      await app.close();
    }
  });
});

describe('with tables of an older version', () => {
  const NAME = MIGRATIONS.find(({ sql: text }) => text.includes('ADD COLUMN paused_at'))?.name ?? '';

  beforeAll(async () => {
    await cli('migrate');
    await inDatabase(async (db) => {
      await sql`ALTER TABLE job_runs DROP COLUMN pauses, DROP COLUMN paused_at, DROP COLUMN paused_seconds`.execute(
        db,
      );
      await sql`DELETE FROM hybrid_capture_migrations WHERE name = ${NAME}`.execute(db);
    });
  });
  afterAll(() => cli('migrate'));

  test.each(['jobs', 'watch', 'rollout status'])(
    '%s says what to do, and not what Postgres said',
    async (line) => {
      expect(await cli(line)).toEqual({
        code: 1,
        out: '',
        err: 'The tables are of an older version: run "hybrid-capture migrate".',
      });
    },
  );

  test('what has another cause is told as it is', async () => {
    expect((await cli('export out --repository acme/none')).err).toBe(
      'acme/none is not in the database: check the spelling.',
    );
  });

  test('a stop is carried out all the same', async () => {
    const stopped = await cli('rollout stop the tables are old --json');
    expect([stopped.code, JSON.parse(stopped.out)]).toMatchObject([0, { reasonCode: 'stopped' }]);
    await inDatabase((db) =>
      db.updateTable('rollout_configuration').set({ emergency_stop: false }).execute(),
    );
  });
});

describe('with the credentials of an App', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const requests: string[] = [];
  const answers: Record<string, unknown> = {
    'GET /api/v3/repos/acme/jobs/installation': { id: 6 },
    'GET /api/v3/repos/acme/jobs': { id: 60, full_name: 'acme/jobs', private: true, visibility: 'private' },
    'GET /api/v3/repos/acme/new/installation': { id: 6 },
    'GET /api/v3/repos/acme/new': { id: 61, full_name: 'Acme/New', private: true, visibility: 'private' },
    'POST /api/v3/app/installations/6/access_tokens': {
      token: 'ghs_x',
      expires_at: '2999-01-01T00:00:00Z',
      permissions: { metadata: 'read' },
    },
  };
  let github: Server;
  let env: Record<string, string>;

  beforeAll(async () => {
    github = createServer((request, response) => {
      const call = `${request.method} ${request.url}`;
      requests.push(call);
      const answer = answers[call];
      response.writeHead(answer ? (request.method === 'POST' ? 201 : 200) : 404, {
        'content-type': 'application/json',
      });
      response.end(JSON.stringify(answer ?? { message: 'Not Found' }));
    }).listen(0, '127.0.0.1');
    await once(github, 'listening');
    env = {
      APP_ID: '12',
      PRIVATE_KEY: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
      ALLOW_EMBEDDED: '1',
      GHE_HOST: `127.0.0.1:${(github.address() as AddressInfo).port}`,
      GHE_PROTOCOL: 'http',
      CAPTURE_WORKFLOW: 'acme/jobs/.github/workflows/bulk-capture.yml@main',
      PUBLIC_URL: 'http://127.0.0.1:3000',
      HYBRID_ROLLOUT_PERCENTAGE: '100',
    };
    await cli('migrate', env);
    await inDatabase((db) =>
      db.updateTable('rollout_configuration').set({ rollout_percentage: 100 }).execute(),
    );
  });
  afterAll(() => github.close());

  test('a repository that is not in the database yet is asked from GitHub, and its history goes to GitHub Actions', async () => {
    const { code, out, err } = await cli('capture acme/new --until 2026-01-01 --json', env);
    expect([code, err]).toEqual([0, '']);
    expect(JSON.parse(out)).toMatchObject([
      { repository: 'Acme/New', processor: 'github_actions', rule: 'historical', status: 'queued' },
    ]);
    const stored = await inDatabase((db) =>
      db.selectFrom('repositories').selectAll().where('id', '=', 61).executeTakeFirstOrThrow(),
    );
    expect(stored).toMatchObject({ full_name: 'Acme/New', installation_id: 6, is_private: true });
  });

  test('one that the App is not installed on is refused', async () => {
    expect(await cli('capture acme/other', env)).toEqual({
      code: 1,
      out: '',
      err: 'The App is not installed on acme/other, or there is no such repository: install it there, or check the spelling.',
    });
    expect(requests).toContain('GET /api/v3/repos/acme/other/installation');
  });

  test('a GitHub that does not answer is told, and makes no job', async () => {
    const away = { ...env, GHE_HOST: '127.0.0.1:1' };
    const { code, out, err } = await cli('capture acme/widgets --pull-requests 4', away);
    expect([code, out]).toEqual([1, '']);
    expect(err).toBe('GitHub could not be asked about the repository of CAPTURE_WORKFLOW; try again.');
  });
});

describe('in a checkout', () => {
  test('npx runs it, without a build', async () => {
    const child = spawn('npx', ['--loglevel=error', 'hybrid-capture', 'jobs', '--limit', 'x'], {
      cwd: CHECKOUT,
      env: { ...process.env, npm_config_offline: 'true' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let err = '';
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    const [code] = await once(child, 'close');
    expect(err).toContain('It must be a whole number from 1 to 1000.');
    expect(code).toBe(2);
  });

  test.each(['--help', 'rollout help stop', 'jobs --limit x'])(
    '%s says nothing of a pipe that nobody reads',
    async (line) => {
      const child = spawn(process.execPath, ['bin/hybrid-capture.js', ...line.split(' ')], { cwd: CHECKOUT });
      child.stdout.destroy();
      if (line.startsWith('jobs')) child.stderr.destroy();
      let err = '';
      child.stderr.on('data', (chunk) => {
        err += chunk;
      });
      const [code] = await once(child, 'exit');
      expect([code, err]).toEqual([line.startsWith('jobs') ? 2 : 0, '']);
    },
  );
});
