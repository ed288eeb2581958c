import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import getPort from 'get-port';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createApp, type RunningApp } from '../../app/create-app.ts';
import { createLog } from '../../app/log.ts';
import { appEnvironment } from '../../sandbox/app-environment.ts';
import { type RunningSandbox, startSandbox } from '../../sandbox/github.ts';
import { lastAttempt } from '../../sandbox/runner/workflow-run.ts';
import { addInstallation, addPullRequest, addRepository } from '../../sandbox/world/build.ts';
import { fullName, type Installation, type Repository } from '../../sandbox/world/model.ts';
import { loadConfig } from '../../src/config/config.ts';
import { monthOf } from '../../src/cost/month.ts';
import { readUsageByProcessor } from '../../src/cost/read-usage.ts';
import { EVERYTHING } from '../../src/monitor/scope.ts';
import { insertCapture } from '../jobs/captured-history.ts';
import { withDatabase } from '../support/databases.ts';

const CHECKOUT = new URL('../../', import.meta.url);
const WORKFLOW = '.github/workflows/bulk-capture.yml';
const DAY = 86_400_000;
const TOKEN = 'a-token-of-the-tests';

const database = withDatabase();
let sandbox: RunningSandbox;
let app: RunningApp;
/** Five repositories of one installation, one of another. */
let ours: Repository[];
let theirs: Repository;

beforeAll(async () => {
  sandbox = await startSandbox({ runner: { actionDirectory: fileURLToPath(CHECKOUT) } });
  const { world } = sandbox;
  const jobs = addRepository(world, 'acme/capture-jobs', { isPrivate: true });
  ours = ['a', 'b', 'c', 'd', 'e'].map((name) => addRepository(world, `acme/${name}`));
  theirs = addRepository(world, 'globex/x');
  for (const repository of [...ours, theirs]) {
    const createdAt = new Date(sandbox.clock.now() - DAY).toISOString().replace(/\.\d+Z$/, 'Z');
    addPullRequest(world, repository, { title: `New in ${repository.name}`, createdAt });
  }
  const install = (repositories: Repository[], owner: Repository['owner']) =>
    addInstallation(world, owner, repositories, sandbox.app.permissions, '2024-01-01T00:00:00Z');
  const acme = install([jobs, ...ours], jobs.owner);
  const globex = install([theirs], theirs.owner);
  jobs.contents.set(WORKFLOW, await readFile(new URL('workflows/bulk-capture.yml', CHECKOUT), 'utf8'));

  const port = await getPort({ host: '127.0.0.1' });
  const loaded = loadConfig({
    HOST: '127.0.0.1',
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    ...appEnvironment(sandbox),
    ALLOW_EMBEDDED: '1',
    ALLOWED_ACCOUNTS: `${jobs.owner.id},${theirs.owner.id}`,
    CAPTURE_WORKFLOW: `acme/capture-jobs/${WORKFLOW}@main`,
    HYBRID_ROLLOUT_STRATEGY: 'percentage',
    HYBRID_ROLLOUT_PERCENTAGE: '100',
    LOOPS_TOKEN: TOKEN,
  });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  app = await createApp({ config: loaded.config, log: createLog('silent'), database: database() });
  sandbox.app.webhookUrl = `${app.url}/api/github/webhooks`;
  jobs.variables.set('HYBRID_CAPTURE_URL', app.url);
  for (const repository of ours) await captureLongAgo(repository, acme);
  await captureLongAgo(theirs, globex);
  // Whatever their times of the day are: all of them have come since.
  await app.db
    .insertInto('leases')
    .values({
      name: 'loop:reconcile',
      holder: 'the test',
      expires_at: new Date(0),
      passed_at: new Date(Date.now() - 2 * DAY),
    })
    .execute();
});
afterAll(async () => {
  await app?.close();
  await sandbox?.close();
});

async function captureLongAgo(repository: Repository, installation: Installation): Promise<void> {
  const { db } = app;
  const { id, login, kind } = installation.account;
  await db
    .insertInto('installations')
    .values({ id: installation.id, account_id: id, account_login: login, account_type: kind })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await db
    .insertInto('repositories')
    .values({ id: repository.id, full_name: fullName(repository), installation_id: installation.id })
    .execute();
  await insertCapture(db, {
    repositoryId: repository.id,
    installationId: installation.id,
    startedAt: new Date(Date.now() - 3 * DAY),
  });
}

it('one workflow run works through all that is due of its installation, and through nothing else', async () => {
  const response = await fetch(`${app.url}/api/loops/reconcile`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  expect(await response.json()).toMatchObject({ outcome: 'passed', report: { due: 6, created: 6 } });

  const carriedOut = () =>
    app.db
      .selectFrom('progressive_capture_jobs as job')
      .innerJoin('job_runs as run', 'run.job_id', 'job.id')
      .innerJoin('repositories', 'repositories.id', 'job.repository_id')
      .select(['full_name as repository', 'job.status', 'job.rule', 'run.workflow_run_id', 'run.run'])
      .where('job.reason', '=', 'scheduled')
      .orderBy('full_name')
      .execute();
  await expect
    .poll(async () => (await carriedOut()).filter(({ status }) => status === 'completed').length, {
      timeout: 50_000,
      interval: 100,
    })
    .toBe(6);
  await sandbox.runner.idle();

  const runs = await carriedOut();
  const [first] = runs;
  expect(runs).toEqual(
    [...ours.map(fullName), fullName(theirs)].map((repository) => ({
      repository,
      status: 'completed',
      rule: 'historical',
      workflow_run_id: repository === fullName(theirs) ? expect.any(Number) : first?.workflow_run_id,
      run: 1,
    })),
  );
  expect(runs.at(-1)?.workflow_run_id).not.toBe(first?.workflow_run_id);
  expect([...sandbox.runner.runs.keys()].sort()).toEqual(
    [...new Set(runs.map((run) => run.workflow_run_id))].sort(),
  );
  for (const run of sandbox.runner.runs.values()) expect(lastAttempt(run).conclusion).toBe('success');
  // Two workflow runs, of less than a minute each, in a private repository.
  const now = new Date();
  const [usage] = await readUsageByProcessor(app.db, { month: monthOf(now), now, scope: EVERYTHING });
  expect(usage).toMatchObject({
    ...{ processor: 'github_actions', runs: 6, billedMinutes: 2, freeMinutes: 0, executionsOnInngest: 12 },
  });
  const stored = await app.db.selectFrom('pull_requests').select('title').orderBy('title').execute();
  expect(stored.map(({ title }) => title)).toEqual('abcdex'.split('').map((name) => `New in ${name}`));
});
