import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { appEnvironment } from '../../sandbox/app-environment.ts';
import { startSandbox } from '../../sandbox/github.ts';
import { addInstallation, addRepository } from '../../sandbox/world/build.ts';
import type { Repository } from '../../sandbox/world/model.ts';
import { createInPglite } from '../support/databases.ts';
import { startTestApp, type TestApp } from './start-test-app.ts';

const PATH = '.github/hybrid-capture.yml';

let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let app: TestApp;
let widgets: Repository;
let organisation: Repository;

beforeAll(async () => {
  sandbox = await startSandbox({ owner: 'acme' });
  const { world } = sandbox;
  widgets = addRepository(world, 'acme/widgets');
  organisation = addRepository(world, 'acme/.github');
  const installed = [widgets, organisation];
  const installation = addInstallation(
    world,
    sandbox.app.owner,
    installed,
    sandbox.app.permissions,
    '2026-11-01T00:00:00Z',
  );
  app = await startTestApp(await createInPglite(), {
    ...appEnvironment(sandbox),
    ALLOWED_ACCOUNTS: '',
  });
  sandbox.app.webhookUrl = `${app.url}/api/github/webhooks`;
  widgets.contents.set(PATH, 'capture:\n  issues: false\n');
  const repositories = installed.map(({ id, name }) => ({ id, full_name: `acme/${name}`, private: false }));
  await sandbox.announce('installation', 'created', {
    sender: world.actor('boss'),
    installation,
    extra: { repositories },
  });
  await app.idle();
});
afterAll(async () => {
  await app.close();
  await sandbox.close();
});
beforeEach(() => {
  app.lines.length = 0;
});

async function settingsAfterPush(text: string | null) {
  if (text === null) widgets.contents.delete(PATH);
  else widgets.contents.set(PATH, text);
  await push([PATH]);
  return settings();
}

async function push(modified: string[]) {
  await sandbox.announce('push', null, {
    sender: sandbox.world.actor('boss'),
    repository: widgets,
    extra: {
      ref: 'refs/heads/main',
      deleted: false,
      commits: [{ timestamp: '2026-11-23T10:00:00Z', added: [], modified, removed: [] }],
    },
  });
  await app.idle();
}

async function settings() {
  const row = app.db
    .selectFrom('repositories')
    .select(['settings', 'settings_problem'])
    .where('id', '=', widgets.id);
  return row.executeTakeFirstOrThrow();
}

it('reads the file at the installation, and again at a push that touches it', async () => {
  expect(await settings()).toMatchObject({
    settings: { capture: { issues: false } },
    settings_problem: null,
  });
  expect(await settingsAfterPush('capture:\n  labels: false\n')).toMatchObject({
    settings: { capture: { labels: false, issues: true } },
    settings_problem: null,
  });
  widgets.contents.set(PATH, 'capture:\n  commits: false\n');
  await push(['README.md']);
  expect(await settings()).toMatchObject({ settings: { capture: { labels: false, commits: true } } });
});

it('reports a bad file in a clear message, and the defaults hold', async () => {
  const after = await settingsAfterPush('capture:\n  isues: false\n');
  expect(after.settings).toBeNull();
  expect(after.settings_problem).toContain('.github/hybrid-capture.yml, line 2');
  expect(app.lines.filter((line) => line.level === 'warn')).toMatchObject([
    { stage: 'settings', repository: 'acme/widgets', msg: after.settings_problem },
  ]);
});

it("falls back to the organisation's file, and to none", async () => {
  organisation.contents.set(PATH, 'capture:\n  issues: false\n');
  expect(await settingsAfterPush(null)).toMatchObject({ settings: { capture: { issues: false } } });
  organisation.contents.delete(PATH);
  expect(await settingsAfterPush(null)).toEqual({ settings: null, settings_problem: null });
});
