import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { appEnvironment } from '../../sandbox/app-environment.ts';
import { type RunningSandbox, startSandbox } from '../../sandbox/github.ts';
import { addInstallation, addPullRequest, addRepository } from '../../sandbox/world/build.ts';
import type { Installation, PullRequest, Repository } from '../../sandbox/world/model.ts';
import { createInPglite } from '../support/databases.ts';
import { startTestApp, type TestApp } from './start-test-app.ts';

const TOKEN = 'a-token-of-the-tests';
/** Nothing is installed there that this app serves. */
const STRANGER = 'globex/x';

let sandbox: RunningSandbox;
let app: TestApp;
let widgets: Repository;
let gears: Repository;
let installation: Installation;
let pull: PullRequest;

beforeAll(async () => {
  sandbox = await startSandbox({ owner: 'acme' });
  const { world } = sandbox;
  widgets = addRepository(world, 'acme/widgets');
  gears = addRepository(world, 'acme/gears', { isPrivate: true });
  const createdAt = new Date(sandbox.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  pull = addPullRequest(world, widgets, { title: 'A change', createdAt });
  const install = (repositories: Repository[], owner: Repository['owner']) =>
    addInstallation(world, owner, repositories, sandbox.app.permissions, createdAt);
  installation = install([widgets, gears], widgets.owner);
  const stranger = addRepository(world, STRANGER);
  install([stranger], stranger.owner);
  app = await startTestApp(await createInPglite(), {
    ...appEnvironment(sandbox),
    ALLOWED_ACCOUNTS: '',
    LOOPS_TOKEN: TOKEN,
  });
  sandbox.app.webhookUrl = `${app.url}/api/github/webhooks`;
});
afterAll(async () => {
  await app?.close();
  await sandbox?.close();
});

const pass = async (loop: string) => {
  const response = await fetch(`${app.url}/api/loops/${loop}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  const body = (await response.json()) as { outcome?: string; report?: Record<string, unknown> };
  expect([response.status, body.outcome]).toEqual([200, 'passed']);
  return body.report;
};
const repositories = () =>
  app.db
    .selectFrom('repositories')
    .select(['full_name', 'is_private', 'removed_at'])
    .orderBy('full_name')
    .execute();

describe('heal-installations', () => {
  const jobs = () =>
    app.db
      .selectFrom('progressive_capture_jobs as job')
      .innerJoin('repositories as repository', 'repository.id', 'job.repository_id')
      .select(['full_name', 'job_type', 'job.reason', 'job.status'])
      .where('job_type', '=', 'classify')
      .orderBy('full_name')
      .orderBy('job.created_at')
      .execute();
  beforeEach(async () => {
    await app.db.deleteFrom('repositories').execute();
    await app.db.deleteFrom('installations').execute();
    installation.suspendedAt = null;
    installation.repositoryIds.clear();
    for (const { id } of [widgets, gears]) installation.repositoryIds.add(id);
  });

  it('an installation older than the app comes in, with its repositories; one of an account that is not served does not', async () => {
    expect(await pass('heal-installations')).toMatchObject({ installed: 1, added: 2, removed: 0 });
    expect(await app.db.selectFrom('installations').select(['id', 'account_login']).execute()).toEqual([
      { id: installation.id, account_login: 'acme' },
    ]);
    expect(await repositories()).toEqual([
      { full_name: 'acme/gears', is_private: true, removed_at: null },
      { full_name: 'acme/widgets', is_private: false, removed_at: null },
    ]);
    expect(await jobs()).toMatchObject([
      { full_name: 'acme/gears', job_type: 'classify', reason: 'installation' },
      { full_name: 'acme/widgets', job_type: 'classify', reason: 'installation' },
    ]);
    expect(await pass('heal-installations')).toEqual({
      ...{ installed: 0, uninstalled: 0, suspended: 0, unsuspended: 0 },
      ...{ added: 0, removed: 0, renamed: 0 },
    });
  });

  it('lost additions, removals and names are made good; the jobs of what went are cancelled', async () => {
    installation.repositoryIds.delete(gears.id);
    await pass('heal-installations');
    installation.repositoryIds.add(gears.id);
    installation.repositoryIds.delete(widgets.id);
    await app.db
      .updateTable('progressive_capture_jobs')
      .set({ not_before: new Date(Date.now() + 3_600_000), status: 'queued', completed_at: null })
      .execute();
    expect(await pass('heal-installations')).toMatchObject({ installed: 0, added: 1, removed: 1 });
    expect(await repositories()).toEqual([
      { full_name: 'acme/gears', is_private: true, removed_at: null },
      { full_name: 'acme/widgets', is_private: false, removed_at: expect.any(Date) },
    ]);
    expect(await jobs()).toMatchObject([
      { full_name: 'acme/gears', reason: 'installation' },
      { full_name: 'acme/widgets', status: 'cancelled' },
    ]);
    gears.name = 'cogs';
    expect(await pass('heal-installations')).toMatchObject({ added: 0, removed: 0, renamed: 1 });
    gears.name = 'gears';
    expect((await repositories()).map(({ full_name }) => full_name)).toEqual(['acme/cogs', 'acme/widgets']);
  });

  it('a suspension and its end', async () => {
    await pass('heal-installations');
    installation.suspendedAt = '2026-01-01T00:00:00Z';
    expect(await pass('heal-installations')).toMatchObject({ suspended: 1 });
    const state = () =>
      app.db.selectFrom('installations').select(['suspended_at', 'deleted_at']).executeTakeFirstOrThrow();
    expect(await state()).toEqual({ suspended_at: expect.any(Date), deleted_at: null });
    expect(await pass('heal-installations')).toMatchObject({ suspended: 0 });
    installation.suspendedAt = null;
    expect(await pass('heal-installations')).toMatchObject({ unsuspended: 1, suspended: 0 });
    expect(await state()).toEqual({ suspended_at: null, deleted_at: null });
    const history = await app.db
      .selectFrom('progressive_capture_jobs')
      .select('job_type')
      .where('job_type', '=', 'history')
      .execute();
    expect(history.length).toBeGreaterThanOrEqual(2);
  });

  it('an installation that GitHub does not know any more is uninstalled, also one of which only repositories are stored', async () => {
    await pass('heal-installations');
    sandbox.world.installations.delete(installation.id);
    await app.db
      .insertInto('repositories')
      .values({ id: 77, full_name: 'acme/old', installation_id: 777 })
      .execute();
    expect(await pass('heal-installations')).toMatchObject({ uninstalled: 2 });
    sandbox.world.installations.set(installation.id, installation);
    expect((await repositories()).map(({ removed_at: at }) => at instanceof Date)).toEqual([
      true,
      true,
      true,
    ]);
    // It comes back as a new one.
    expect(await pass('heal-installations')).toMatchObject({ installed: 1, added: 2 });
    expect(await app.db.selectFrom('installations').select('deleted_at').execute()).toEqual([
      { deleted_at: null },
    ]);
  });
});

describe('redeliver', () => {
  it("what failed is delivered again from GitHub's own log, and stored once", async () => {
    await app.db.deleteFrom('repositories').execute();
    const { webhookUrl } = sandbox.app;
    // Nobody listens.
    sandbox.app.webhookUrl = 'http://127.0.0.1:9/api/github/webhooks';
    await sandbox.change.comment(pull, 'ada', 'while the app was away');
    await sandbox.change.comment(pull, 'ada', 'and again');
    sandbox.app.webhookUrl = webhookUrl;
    const failed = sandbox.deliveries.filter(({ status }) => status !== 'OK');
    expect(failed).toHaveLength(2);
    expect(await app.db.selectFrom('deliveries').select('id').execute()).toEqual([]);

    // The first minute is left to those who are just starting.
    expect(await pass('redeliver')).toMatchObject({ requested: 0, waiting: 2 });
    const at = new Date(Date.now() - 120_000);
    for (const delivery of failed) Object.assign(delivery, { deliveredAt: at.toISOString() });
    await app.db
      .updateTable('failed_deliveries')
      .set({ last_tried_at: at, first_delivered_at: at })
      .execute();
    expect(await pass('redeliver')).toMatchObject({ requested: 2, waiting: 2 });
    await sandbox.delivered();
    expect(await app.db.selectFrom('deliveries').select(['id', 'outcome']).orderBy('id').execute()).toEqual(
      failed.map(({ guid: id }) => ({ id, outcome: 'planned' })).sort((a, b) => (a.id < b.id ? -1 : 1)),
    );
    expect(await pass('redeliver')).toMatchObject({ requested: 0, waiting: 0 });
    const made = await app.db
      .selectFrom('progressive_capture_jobs')
      .select(['target', 'status'])
      .where('job_type', '=', 'pull_requests')
      .execute();
    expect(made).toEqual([{ target: String(pull.number), status: 'queued' }]);
  });
});
