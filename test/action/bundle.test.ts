import './json-modules.ts';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type RunningSandbox, startSandbox } from '../../sandbox/github.ts';
import {
  addCommit,
  addIssueComment,
  addPullRequest,
  addRepository,
  addReview,
  fakeOid,
} from '../../sandbox/world/build.ts';
import type { Repository } from '../../sandbox/world/model.ts';
import type { JobSpecification } from '../../src/jobs-api/protocol.ts';
import { createOnPostgres, describePostgres } from '../support/databases.ts';
import { type FakeJobsApi, startFakeJobsApi } from './fake-jobs-api.ts';
import { type Bundle, type BundleOptions, copyBundle } from './run-bundle.ts';

const HOSTILE = '::error::pwned\n##[group]x <img src=x> @octocat | [a](https://evil.example) `b` #1';
const PULLS = 320;
const COMMENTS = 6;

let bundle: Bundle;
let github: RunningSandbox;
let repository: Repository;
let token: string;

beforeAll(async () => {
  bundle = await copyBundle();
  github = await startSandbox();
  repository = addRepository(github.world, 'acme/widgets');
  const author = github.world.actor('octocat');
  for (let number = 1; number <= PULLS; number += 1) {
    const createdAt = new Date(Date.UTC(2024, 0, 1) + number * 3_600_000).toISOString().replace('.000', '');
    const pull = addPullRequest(github.world, repository, {
      title: number === 1 ? HOSTILE : `Change ${number}`,
      author,
      createdAt,
      body: number === 2 ? HOSTILE : '',
    });
    const comments = number === 3 ? 130 : COMMENTS;
    for (let index = 0; index < comments; index += 1) {
      addIssueComment(github.world, pull, { author, body: `Comment ${index} of ${number}`, createdAt });
    }
    addReview(github.world, pull, { author: null, state: 'APPROVED', createdAt });
    pull.commits.push(
      addCommit(repository, {
        oid: fakeOid(`c${number}`),
        headline: `Commit ${number}`,
        authorName: 'Octo',
        authoredAt: createdAt,
      }),
    );
  }
  token = github.tokens.issueUserToken(author);
});
afterAll(async () => {
  await github.close();
  await bundle.remove();
});

const addresses = () => ({ GITHUB_API_URL: github.apiUrl, GITHUB_GRAPHQL_URL: github.graphqlUrl });

function run({ inputs, env, ...more }: BundleOptions) {
  return bundle.run({ inputs, env: { ...addresses(), ...env }, ...more });
}

/** Lines of the log that the runner would obey. */
const commandsOf = (log: string) => log.split('\n').filter((line) => /^\s*::|##\[/.test(line));

async function rowsOf(directory: string, table: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(join(bundle.workspace, directory, `${table}.ndjson`), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** Every row of these tables is there, once, as GitHub holds it. */
async function expectWhole(directory: string) {
  const truth = github.truth(repository.id);
  for (const table of ['pull_requests', 'comments', 'reviews', 'contributors'] as const) {
    const rows = await rowsOf(directory, table);
    const expected = truth[table] ?? [];
    const byId = (a: { id?: unknown }, b: { id?: unknown }) => Number(a.id) - Number(b.id);
    expect(rows.length, table).toBe(expected.length);
    expect(
      rows.sort(byId).map(({ id, title, body }) => ({ id, title, body })),
      table,
    ).toEqual(
      [...expected].sort(byId).map(({ id, title, body }) => ({
        id,
        title: title,
        body: table === 'contributors' ? undefined : body,
      })),
    );
  }
  expect(await rowsOf(directory, 'commits')).toHaveLength(PULLS);
}

describe('into files', () => {
  test('captures everything, tells what it did, and says nothing that strangers wrote', async () => {
    const { code, log, outputs, summary } = await run({
      inputs: { destination: 'file:whole', 'github-token': token },
    });
    expect(code, log).toBe(0);
    await expectWhole('whole');
    expect(outputs).toMatchObject({ 'pull-requests': String(PULLS), complete: 'true' });
    expect(Number(outputs.rows)).toBeGreaterThan(PULLS * (COMMENTS + 3));
    expect(Number(outputs.points)).toBeGreaterThan(0);
    expect(Number(outputs.requests)).toBeGreaterThan(5);
    expect(JSON.parse(outputs.checkpoint ?? '')).toMatchObject({ isFinished: true });
    expect(commandsOf(log).filter((line) => !/^::(add-mask|group|endgroup)::/.test(line))).toEqual([]);
    expect(log).toContain(`::add-mask::${token}`);
    expect(log.replaceAll(`::add-mask::${token}`, '')).not.toContain(token);
    expect(log).toMatch(/\d+ of 320 \(\d+ %\)/);
    expect(summary).toMatch(/^### Capture of acme\/widgets: ✅ complete\n/);
    expect(summary).toMatch(
      /\| capture of acme\/widgets \| pull-requests from the beginning \| ✅ complete \| 320 \| [\d,]+ \|/,
    );
    expect(summary).toMatch(
      /\| points \(GraphQL\) \| \d+ \| [\d,]+ \| 5,000 \| \d{4}-\d\d-\d\d \d\d:\d\d UTC \|/,
    );
    expect(summary).toContain('| comments | ');
    expect(summary).not.toContain(token);
  });

  test('the next run fetches only what changed, and writes no row twice', async () => {
    const before = github.requests.length;
    const { code, outputs, log } = await run({
      inputs: { destination: 'file:whole', 'github-token': token },
    });
    expect(code, log).toBe(0);
    expect(github.requests.length - before).toBeLessThan(6);
    expect(outputs.complete).toBe('true');
    await expectWhole('whole');
  });

  test('a run that is killed is continued without a hole and without a row twice', async () => {
    const inputs = { destination: 'file:killed', 'github-token': token };
    const checkpoint = join(bundle.workspace, 'killed', '.hybrid-capture-checkpoint.json');
    const killed = await run({
      inputs,
      onStart: async (child) => {
        while (child.exitCode === null) {
          if ((await readFile(checkpoint, 'utf8').catch(() => '')).includes('"sequence":1')) {
            child.kill('SIGKILL');
            return;
          }
          await wait(2);
        }
      },
    });
    expect(killed.signal).toBe('SIGKILL');
    expect(
      (await readdir(join(bundle.workspace, 'killed'))).filter((name) => name.endsWith('.ndjson')),
    ).toEqual([]);

    const { code, log, outputs } = await run({ inputs });
    expect(code, log).toBe(0);
    expect(Number(outputs['pull-requests'])).toBeLessThan(PULLS);
    await expectWhole('killed');
  });

  test('named pull requests only', async () => {
    const inputs = { destination: 'file:named', 'github-token': token, 'pull-requests': '2,4-5' };
    const { code, outputs } = await run({ inputs });
    expect(code).toBe(0);
    expect(outputs['pull-requests']).toBe('3');
    expect((await rowsOf('named', 'pull_requests')).map((row) => row.number).sort()).toEqual([2, 4, 5]);
  });

  test('stops cleanly at its time limit, and says so', async () => {
    const inputs = { destination: 'file:short', 'github-token': token, 'time-limit-minutes': '0.0001' };
    const { code, outputs, log } = await run({ inputs });
    expect(code).toBe(1);
    expect(outputs.complete).toBe('false');
    expect(log).toMatch(
      /^::error title=Capture of acme\/widgets%3A to be continued::The time limit was reached/m,
    );
  });
});

describe('what can not be done is told in one line', () => {
  test.each<[string, BundleOptions, RegExp]>([
    [
      'nothing set',
      { inputs: {} },
      /^::error title=The inputs are not right::Neither `app-url` nor `destination` is set/m,
    ],
    [
      'several wrong inputs',
      { inputs: { destination: 'file:x', 'github-token': 't', since: 'yesterday', mode: 'all' } },
      /^::error title=The inputs are not right::`since` is "yesterday".*`mode` is "all"/m,
    ],
    [
      'a typed destination',
      { inputs: { destination: 'file:x', 'github-token': 't' }, typed: { destination: 'file:x' } },
      /^::error title=The inputs are not right::`destination` comes from an input of the run/m,
    ],
    [
      'a repository that is not there',
      { inputs: { destination: 'file:x', 'github-token': 'TOKEN', repository: 'acme/none' } },
      /^::error title=Capture of acme\/none%3A failed::.*acme\/none/m,
    ],
    [
      'a wrong token',
      { inputs: { destination: 'file:x', 'github-token': 'ghs_wrong' } },
      /^::error title=Capture of acme\/widgets%3A failed::GitHub refused `github-token`/m,
    ],
    [
      'a database that is away',
      { inputs: { destination: 'postgres://me:se%20cret@127.0.0.1:9/none', 'github-token': 't' } },
      /^::error title=Capture of acme\/widgets%3A failed::.*127\.0\.0\.1.*destination/m,
    ],
  ])('%s', async (_name, options, message) => {
    const inputs = { ...options.inputs };
    if (inputs['github-token'] === 'TOKEN') inputs['github-token'] = token;
    const { code, log, outputs } = await run({ ...options, inputs });
    expect(log).toMatch(message);
    expect(code).toBe(1);
    expect(outputs.complete).toBe('false');
    expect(log).not.toMatch(/\n\s+at /);
    const shown = log.split('\n').filter((line) => !line.startsWith('::add-mask::'));
    expect(shown.join('\n')).not.toMatch(/se%20cret|se cret/);
    expect(log.split('\n').filter((line) => line.startsWith('::error '))).toHaveLength(1);
  });
});

describe('for the app', () => {
  const JOB = '6b1ca3f2-6f0e-4d5a-9a27-0d7a4b4f1c11';
  const OTHER = '6b1ca3f2-6f0e-4d5a-9a27-0d7a4b4f1c12';
  let app: FakeJobsApi;

  beforeEach(async () => {
    app = await startFakeJobsApi();
    app.issueToken = () => github.tokens.issueUserToken(github.world.actor('octocat'));
    app.jobs.set(JOB, job(JOB, { items: [1, 2, 3], type: 'pull_requests' }));
    return () => app.close();
  });

  function job(jobId: string, more: Partial<JobSpecification>): JobSpecification {
    return {
      jobId,
      type: 'history',
      repository: { id: repository.id, fullName: 'acme/widgets' },
      items: [],
      since: null,
      until: null,
      include: ['pull-requests'],
      ...more,
    };
  }
  const runApp = (options: Partial<BundleOptions> = {}) =>
    run({
      inputs: { 'app-url': app.url, 'job-id': JOB },
      ...options,
      env: {
        ACTIONS_ID_TOKEN_REQUEST_URL: `${app.url}/oidc?api-version=2.0`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'runner-secret',
        ...options.env,
      },
    });
  const pathsOf = () => app.calls.map(({ path }) => path.replace('/api/jobs', ''));

  test('carries out its job and the next one that is due, in this order of calls', async () => {
    app.jobs.set(OTHER, job(OTHER, { items: [4], type: 'pull_requests' }));
    app.queue.push(OTHER);
    const { code, log, outputs, summary } = await runApp();
    expect(code, log).toBe(0);
    expect(pathsOf()).toEqual([
      `/${JOB}/claim`,
      `/${JOB}/batches`,
      `/${JOB}/finish`,
      '/next',
      `/${OTHER}/claim`,
      `/${OTHER}/batches`,
      `/${OTHER}/finish`,
      '/next',
    ]);
    expect(app.audiences).toEqual(Array(4).fill(new URL(app.url).origin));
    expect(app.finishes).toMatchObject([
      { outcome: 'success', complete: true, pullRequests: 3, gaps: 0, error: null },
      { outcome: 'success', complete: true, pullRequests: 1 },
    ]);
    const rows = app.batches.flatMap((batch) => batch.rows);
    expect(rows.filter(({ table }) => table === 'comments')).toHaveLength(130 + 3 * COMMENTS);
    expect(outputs).toMatchObject({ 'pull-requests': '4', rows: String(rows.length), complete: 'true' });
    expect(log).toMatch(/^::group::Capture acme\/widgets \(job/m);
    expect(summary).toContain(`[Watch it on the monitor](${app.url}/monitor)`);
    const hidden = [...app.tokens, `session-${JOB}`];
    for (const secret of hidden) {
      expect(log).toContain(`::add-mask::${secret}`);
      expect(log.replaceAll(`::add-mask::${secret}`, '')).not.toContain(secret);
    }
  });

  test('a refused installation token is renewed', async () => {
    app.issueToken = () => {
      const issued = github.tokens.issueUserToken(github.world.actor('octocat'));
      if (app.tokens.length === 0) github.tokens.revoke(issued);
      return issued;
    };
    const { code, log } = await runApp();
    expect(code, log).toBe(0);
    expect(pathsOf().filter((path) => path.endsWith('/token'))).toHaveLength(1);
  });

  test('a job that is finished already ends green', async () => {
    const body = { error: { code: 'already_finished', message: 'Job is completed.' } };
    app.faults.push({ path: /claim/, fault: { status: 409, body } });
    const { code, log } = await runApp();
    expect(log).toMatch(/^::notice title=Job .*%3A nothing to do::Job is completed\./m);
    expect(code).toBe(0);
    expect(pathsOf()).toEqual([`/${JOB}/claim`]);
  });

  test('any other refusal is told with its code and ends red', async () => {
    const message = 'Use: hybrid-capture/hybrid-capture@v9';
    app.faults.push({
      path: /claim/,
      fault: { status: 426, body: { error: { code: 'upgrade_required', message } } },
    });
    const { code, log, outputs } = await runApp();
    expect(log).toMatch(
      /^::error title=Job .*%3A failed::Use: hybrid-capture\/hybrid-capture@v9 \(upgrade_required\)/m,
    );
    expect(code).toBe(1);
    expect(outputs.complete).toBe('false');
  });

  test('a job without id-token: write says what to add', async () => {
    const { code, log } = await runApp({ env: { ACTIONS_ID_TOKEN_REQUEST_URL: '' } });
    expect(code).toBe(1);
    expect(log).toMatch(/^::error title=Job .*::.*permissions: id-token: write/m);
    expect(app.calls).toEqual([]);
  });

  test('a batch that is refused fails the job and the run', async () => {
    const body = { error: { code: 'row_of_another_repository', message: 'Row 7 belongs to acme/other.' } };
    app.faults.push({ path: /batches/, fault: { status: 422, body } });
    const { code, log } = await runApp();
    expect(code).toBe(1);
    expect(log).toMatch(/^::error title=Capture of acme\/widgets%3A failed::.*Row 7 belongs to acme\/other/m);
    expect(app.finishes).toMatchObject([
      { outcome: 'failure', complete: false, error: expect.stringContaining('Row 7') },
    ]);
    expect(pathsOf()).not.toContain('/next');
  });

  test('what the app tells to stop is stopped', async () => {
    app.jobs.set(JOB, job(JOB, {}));
    app.next = 'stop';
    const { code, log } = await runApp();
    expect(code, log).toBe(1);
    expect(app.finishes).toMatchObject([{ outcome: 'continue', complete: false }]);
    expect(log).toMatch(/^::error title=Capture of acme\/widgets%3A stopped::The app told this run to stop/m);
  });

  test('a cancelled run says so to the app before it ends', async () => {
    app.jobs.set(JOB, job(JOB, {}));
    const { code, log } = await runApp({
      onStart: (child) => {
        app.onBatch = async () => {
          child.kill('SIGINT');
          // The whole copy fits into one batch: were it answered, the run might be through before the signal arrives.
          await vi.waitFor(() => expect(pathsOf().at(-1)).toBe(`/${JOB}/finish`), {
            timeout: 20_000,
            interval: 20,
          });
        };
      },
    });
    expect(code, log).toBe(1);
    expect(app.finishes).toMatchObject([{ outcome: 'cancelled', complete: false }]);
    expect(log).toMatch(/^::error title=Capture of acme\/widgets%3A stopped::.*cancelled/m);
  });

  test('what GitHub failed at and did when asked again is a line of the log, and no annotation', async () => {
    github.faults.add({ fault: { kind: 'status', status: 502 } });
    const { code, log } = await runApp();
    expect(code, log).toBe(0);
    expect(log).toMatch(/^Warning: GitHub did not answer as asked/m);
    expect(log).not.toMatch(/^::(error|warning|notice)/m);
  });

  test('what could not be fetched is an error, and is listed with its cure', async () => {
    app.jobs.set(JOB, job(JOB, { type: 'verify' }));
    app.gapNumbers = [7];
    // What was fetched again is not whole either.
    app.onBatch = () => {
      app.gapNumbers = [7];
    };
    const { code, log, summary, outputs } = await runApp();
    expect([code, outputs.complete], log).toEqual([1, 'false']);
    expect(log).toMatch(
      /^::error title=Verification of acme\/widgets%3A incomplete::The copy is NOT complete: 1 of 320 pull requests/m,
    );
    expect(summary).toContain(
      '#### Not captured (1)\n\nThe next capture of the repository tries them again. To do it now, comment `/capture verify`',
    );
    expect(summary).toContain('- number 7, reviews: GitHub counts 2, 1 are stored');
  });

  test('near its time limit it leaves the rest to a continuation, and ends green', async () => {
    const { code, log, outputs } = await runApp({
      inputs: { 'app-url': app.url, 'job-id': JOB, 'time-limit-minutes': '0.0001' },
    });
    expect(code, log).toBe(0);
    expect(outputs.complete).toBe('false');
    expect(app.finishes).toMatchObject([{ outcome: 'continue', complete: false, continueAt: null }]);
    expect(log).toMatch(
      /^::notice title=Capture of acme\/widgets%3A to be continued::The time limit was reached before the end\. The app/m,
    );
  });

  test('a verification asks for gaps and fetches them again', async () => {
    app.jobs.set(JOB, job(JOB, { type: 'verify' }));
    app.gapNumbers = [7];
    const { code, log } = await runApp();
    expect(code, log).toBe(0);
    expect(pathsOf().filter((path) => path.endsWith('/gaps')).length).toBeGreaterThan(1);
    const pulls = app.batches.flatMap((batch) => batch.rows).filter(({ table }) => table === 'pull_requests');
    expect(pulls.map(({ row }) => row.number)).toEqual([7]);
  });

  describe('self-service', () => {
    const inputs = () => ({ 'app-url': app.url, mode: 'verify', since: '2024-01-01' });

    test('asks for a job and carries it out; there is no next one', async () => {
      app.offer = { job: { id: JOB } };
      const { code, log } = await runApp({ inputs: inputs(), env: { GITHUB_EVENT_NAME: 'schedule' } });
      expect(code, log).toBe(0);
      expect(pathsOf()).toEqual(['', `/${JOB}/claim`, `/${JOB}/batches`, `/${JOB}/finish`]);
      expect(app.calls[0]?.body).toMatchObject({
        mode: 'verify',
        since: '2024-01-01T00:00:00.000Z',
        until: null,
        items: [],
        include: ['pull-requests'],
      });
    });

    test('started by schedule or by hand, it looks the same', async () => {
      const runs = [];
      for (const event of ['schedule', 'workflow_dispatch']) {
        app.offer = { job: { id: JOB } };
        runs.push(await runApp({ inputs: { 'app-url': app.url }, env: { GITHUB_EVENT_NAME: event } }));
      }
      const [scheduled, manual] = runs.map(({ log, summary, outputs, code }) => ({
        // What differs from run to run: secrets, times, and what is left of the budget.
        log: log.replaceAll(
          /::add-mask::.*|Until .* at the latest|\d+ (s|a minute|points left|requests left)\b/g,
          '…',
        ),
        summary: summary.replaceAll(/\d+ s\b|[\d,]+ \| 5,000/g, '…'),
        outputs: { ...outputs, checkpoint: '' },
        code,
      }));
      expect(scheduled).toEqual(manual);
      expect(scheduled?.summary).toContain(
        `/monitor/jobs/${JOB}) | pull requests 1, 2, 3 | ✅ complete | 3 |`,
      );
      expect(scheduled?.log).toMatch(/^::group::Pull requests$/m);
    });

    test('gets none: green, with the reason', async () => {
      const { code, log, outputs } = await runApp({
        inputs: inputs(),
        env: { GITHUB_EVENT_NAME: 'schedule' },
      });
      expect(code).toBe(0);
      expect(log).toMatch(
        /^::notice title=Verification of acme\/widgets%3A nothing to do::Not yet\. \(not_enrolled\)/m,
      );
      expect(outputs.complete).toBe('true');
    });
  });
});

describePostgres('into a database', () => {
  test('migrates, captures everything, and goes on from its checkpoint', async () => {
    const database = await createOnPostgres({ isMigrated: false });
    try {
      const destination = database.url ?? '';
      const { code, log, outputs } = await run({ inputs: { destination, 'github-token': token } });
      expect(code, log).toBe(0);
      expect(outputs.complete).toBe('true');
      const count = async () => {
        const { rows } = await sql<{ pulls: number; comments: number; reviews: number; gaps: number }>`
          SELECT (SELECT count(*) FROM pull_requests) AS pulls, (SELECT count(*) FROM comments) AS comments,
                 (SELECT count(*) FROM reviews) AS reviews, (SELECT count(*) FROM capture_gaps) AS gaps`.execute(
          database.db,
        );
        return rows[0];
      };
      const expected = { pulls: PULLS, comments: (PULLS - 1) * COMMENTS + 130, reviews: PULLS, gaps: 0 };
      expect(await count()).toEqual(expected);
      const title = await sql<{ title: string }>`SELECT title FROM pull_requests WHERE number = 1`.execute(
        database.db,
      );
      expect(title.rows).toEqual([{ title: HOSTILE }]);

      const before = github.requests.length;
      const again = await run({ inputs: { destination, 'github-token': token } });
      expect(again.code, again.log).toBe(0);
      expect(github.requests.length - before).toBeLessThan(6);
      expect(await count()).toEqual(expected);

      await sql`DELETE FROM comments WHERE id IN (SELECT id FROM comments LIMIT 3)`.execute(database.db);
      const verified = await run({ inputs: { destination, 'github-token': token, mode: 'verify' } });
      expect(verified.code, verified.log).toBe(0);
      expect(verified.log).toMatch(
        new RegExp(
          `The copy is complete: ${PULLS} pull requests have everything that GitHub counts\\. [1-3] of them`,
        ),
      );
      expect(await count()).toEqual(expected);
    } finally {
      await database.close();
    }
  });
});
