import { AxeBuilder } from '@axe-core/playwright';
import type { Updateable } from 'kysely';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { addRepository } from '../../../sandbox/world/build.ts';
import type { Repository } from '../../../sandbox/world/model.ts';
import type { DB } from '../../../src/store/database.generated.ts';
import { type CommandTown, startCommandTown } from '../command-town.ts';
import { CHROMIUM, launchChromium, SIZES, screenshotPath } from './browser.ts';
import { HOSTILE, RUNNING_JOB_ID, seedMonitor } from './seed-monitor.ts';

const name = 'the monitor in Chromium';

/** The page in a real browser, against the whole app and the local GitHub. */
if (CHROMIUM === null) describe.skip(`${name} (none on this machine; CHROMIUM_BIN names one)`, tests);
else describe(name, tests);

function tests() {
  let town: CommandTown;
  let hostile: Repository;
  let browser: Browser;
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    town = await startCommandTown({
      MONITOR_TOKEN: 'look',
      MAX_ACTIONS_MINUTES_PER_MONTH: '2000',
      MAX_INNGEST_EXECUTIONS_PER_MONTH: '3000',
    });
    const [installation] = town.world.installations.values();
    if (!installation) throw new Error('The App is installed nowhere.');
    hostile = addRepository(town.world, HOSTILE.repository);
    installation.repositoryIds.add(hostile.id);
    await seedMonitor(town.app.db, {
      installationId: installation.id,
      repositoryIds: [town.home.id, town.widgets.id],
      hostileId: hostile.id,
      jobs: 600,
      wrongEvery: 29,
    });
    browser = await launchChromium();
  });
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
  });
  afterAll(async () => {
    await browser?.close();
    await town.close();
  });

  /** A browser of its own, with all that its console has complained of. */
  async function open(options: Parameters<Browser['newContext']>[0] = {}) {
    const context = await browser.newContext({ viewport: SIZES.desktop, ...options });
    contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(8_000);
    const problems: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    return { page, problems };
  }

  /** Through the local GitHub, as a person does. */
  async function signIn(page: Page, login: string): Promise<void> {
    await page.goto(`${town.app.url}/monitor/sign-in`);
    await page.getByRole('link', { name: login, exact: true }).click();
    await page.waitForURL('**/monitor');
  }

  async function violations(page: Page): Promise<string[]> {
    const { violations: found } = await new AxeBuilder({ page }).analyze();
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
  }

  const setRollout = (columns: Updateable<DB['rollout_configuration']>) =>
    town.app.db.updateTable('rollout_configuration').set(columns).execute();
  const health = (page: Page) => page.locator('#health h1').textContent();

  describe.each([
    ['desktop', 'light'],
    ['desktop', 'dark'],
    ['phone', 'light'],
    ['phone', 'dark'],
  ] as const)('%s, %s', (size, colorScheme) => {
    const look = async (login = 'boss') => {
      const opened = await open({ viewport: SIZES[size], colorScheme });
      await signIn(opened.page, login);
      return opened;
    };
    const keep = async (page: Page, state: string) => {
      await page.screenshot({ path: screenshotPath(`${state}-${size}-${colorScheme}`), fullPage: true });
      expect(await violations(page)).toEqual([]);
      // Nothing is wider than the screen.
      const [inner, scrolled] = await page.evaluate<[number, number]>(
        '[innerWidth, document.documentElement.scrollWidth]',
      );
      expect(scrolled).toBeLessThanOrEqual(inner);
      expect(await page.evaluate('window.pwned')).toBeUndefined();
    };

    it('every page is shown, accessible, without a word on the console', async () => {
      const { page, problems } = await look();
      expect(await health(page)).toBe('Needs attention');
      await keep(page, 'overview');
      await page.goto(`${town.app.url}/monitor/jobs?group=wrong`);
      await keep(page, 'jobs');
      await page.goto(`${town.app.url}/monitor/jobs/${RUNNING_JOB_ID}`);
      expect(await page.locator('progress').first().getAttribute('value')).toBe('65');
      await keep(page, 'job');
      await page.goto(`${town.app.url}/monitor/repositories`);
      await keep(page, 'repositories');
      await page.goto(`${town.app.url}/monitor/repositories/${hostile.id}`);
      expect(await page.locator('h1').textContent()).toBe(HOSTILE.repository.replace('\u202e', ''));
      await keep(page, 'repository');
      expect(problems).toEqual([]);
    });

    it('a stop and a rollback are seen at once', async () => {
      const { page, problems } = await look();
      await setRollout({ emergency_stop: true });
      await page.locator('#health.stopped').waitFor();
      await keep(page, 'stopped');
      await setRollout({ emergency_stop: false });
      await setRollout({ state: 'rolled_back', rollout_percentage: 0 });
      await page.locator('#health.failing').waitFor();
      expect(await page.locator('#health').textContent()).toContain('The rollout was rolled back to 0 %.');
      await keep(page, 'rolled-back');
      await setRollout({ state: 'running', rollout_percentage: 10 });
      await page.locator('#health.attention').waitFor();
      expect(problems).toEqual([]);
    });

    it('a stop and a resume by button name the person and the reason', async () => {
      const { page, problems } = await look();
      await page.getByRole('button', { name: 'Emergency stop' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Reason, for the history').fill('errors since noon');
      await keep(page, 'dialog');
      await dialog.getByRole('button', { name: 'Emergency stop' }).click();
      await dialog.getByText('hybrid_progressive_capture is stopped').waitFor();
      await dialog.getByRole('button', { name: 'Close' }).click();
      await page.locator('#health.stopped').waitFor();
      expect(await town.lastHistory()).toMatchObject({
        action: 'emergency_stop',
        reason: 'errors since noon',
        reason_code: 'stopped',
        actor: { type: 'user', id: town.world.actor('boss').id, login: 'boss', permission: 'admin' },
        source: { type: 'page' },
      });
      await page.getByRole('button', { name: 'Resume' }).click();
      // By keyboard: the reason has the focus, and Enter sends.
      await page.keyboard.type('they are gone');
      await page.keyboard.press('Enter');
      await dialog.getByText('is running again at 10 %').waitFor();
      await page.keyboard.press('Enter');
      await page.locator('#health.attention').waitFor();
      expect(await town.lastHistory()).toMatchObject({ action: 'resume', reason: 'they are gone' });
      expect(problems).toEqual([]);
    });

    it('who has not signed in sees a way in, and nothing else', async () => {
      const { page } = await open({ viewport: SIZES[size], colorScheme });
      const response = await page.goto(`${town.app.url}/monitor`);
      expect(response?.status()).toBe(401);
      expect(await page.content()).not.toContain('acme');
      await keep(page, 'sign-in');
    });
  });

  it('window.rollout: the same verbs, the same history', async () => {
    const { page, problems } = await open();
    await signIn(page, 'boss');
    const call = (expression: string) => page.evaluate<{ ok: boolean; reasonCode: string }>(expression);
    expect(await call("rollout.setRollout(5, 'carefully')")).toMatchObject({
      ok: true,
      reasonCode: 'set_lower',
    });
    expect(await town.lastHistory()).toMatchObject({
      action: 'set',
      new_percentage: 5,
      reason: 'carefully',
      triggered_by: 'boss',
      source: { type: 'page' },
    });
    expect(await call("rollout.emergencyStop('a test')")).toMatchObject({ reasonCode: 'stopped' });
    await page.locator('#health.stopped').waitFor();
    expect(await call("rollout.resume('over')")).toMatchObject({ reasonCode: 'resumed_after_stop' });
    for (const verb of ['status', 'stats', 'monitorPhase4', 'history']) {
      expect(await call(`rollout.${verb}()`)).toMatchObject({ ok: true });
    }
    expect(await call('rollout.status()')).toMatchObject({ reasonCode: 'status' });
    expect(await page.evaluate('rollout.help()')).toBeUndefined();
    await setRollout({ rollout_percentage: 10 });
    expect(problems).toEqual([]);
  });

  it('without the right the buttons are closed, and the app refuses whoever goes around them', async () => {
    const { page } = await open();
    await signIn(page, 'helper');
    expect(await page.getByRole('button', { name: 'Emergency stop' }).isDisabled()).toBe(true);
    const before = await town.lastHistory();
    const answer = await page.evaluate("rollout.emergencyStop('I may not')");
    expect(answer).toMatchObject({ ok: false, reasonCode: 'permission_denied' });
    expect(await town.lastHistory()).toEqual(before);
    expect((await town.rollout()).emergency_stop).toBe(false);
  });

  it('says when nothing comes any more', async () => {
    const { page } = await open();
    await signIn(page, 'boss');
    await page.clock.install();
    await page.route('**/monitor/events*', (route) => route.abort());
    await page.reload();
    await page.clock.runFor(20_000);
    expect(await page.locator('#connection').textContent()).toContain('what you see is old');
    await page.screenshot({ path: screenshotPath('stale-desktop-light') });
  });
}
