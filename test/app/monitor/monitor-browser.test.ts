import { AxeBuilder } from '@axe-core/playwright';
import { sql, type Updateable } from 'kysely';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { addRepository } from '../../../sandbox/world/build.ts';
import type { Repository } from '../../../sandbox/world/model.ts';
import type { DB } from '../../../src/store/database.generated.ts';
import { type CommandTown, startCommandTown } from '../command-town.ts';
import { CHROMIUM, launchChromium, SIZES, screenshotPath } from './browser.ts';
import { HOSTILE, RUNNING_JOB_ID, seedMonitor } from './seed-monitor.ts';

const name = 'the monitor in Chromium';

/** What a stop or a rollback changes on the page. */
const CHANGED_PARTS = ['#health', '#rollout'];

/** What another job of the same kind has too. */
const COPIED = [
  'repository_id',
  'installation_id',
  'job_type',
  'target',
  'include',
  'reason',
  'processor_type',
  'rule',
  'enrolment_reason',
  'arm',
  'rollout_epoch',
  'rollout_phase',
  'rollout_version',
  'status',
  'completed_at',
] as const;

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

  async function violations(page: Page, builder = new AxeBuilder({ page })): Promise<string[]> {
    const { violations: found } = await builder.analyze();
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
  }

  const setRollout = (columns: Updateable<DB['rollout_configuration']>) =>
    town.app.db.updateTable('rollout_configuration').set(columns).execute();
  const health = (page: Page) => page.locator('#health h1').textContent();

  /** A kind of screen: how it is looked at, and how what is seen is kept and checked. */
  function screen(size: keyof typeof SIZES) {
    const look = async (login = 'boss') => {
      const opened = await open({ viewport: SIZES[size] });
      await signIn(opened.page, login);
      return opened;
    };
    /** @param parts selectors of what is looked at; none: the whole page */
    const keep = async (page: Page, state: string, parts: readonly string[] = []) => {
      const axe = () => parts.reduce((builder, part) => builder.include(part), new AxeBuilder({ page }));
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: screenshotPath(`${state}-${size}-${colorScheme}`), fullPage: true });
        // Of the rules, the colours can break no other.
        const builder = colorScheme === 'light' ? axe() : axe().withRules('color-contrast');
        expect(await violations(page, builder)).toEqual([]);
      }
      // Nothing is wider than the screen.
      const [inner, scrolled] = await page.evaluate<[number, number]>(
        '[innerWidth, document.documentElement.scrollWidth]',
      );
      expect(scrolled).toBeLessThanOrEqual(inner);
      expect(await page.evaluate('window.pwned')).toBeUndefined();
    };
    return { look, keep };
  }

  describe.each(['desktop', 'phone'] as const)('%s', (size) => {
    const { look, keep } = screen(size);

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
      await page.goto(`${town.app.url}/monitor/deliveries?outcome=done`);
      expect(await page.locator('#failed').textContent()).toContain(HOSTILE.event);
      await keep(page, 'deliveries');
      expect(problems).toEqual([]);
    });

    it('a stop and a rollback are seen at once', async () => {
      const { page, problems } = await look();
      await setRollout({ emergency_stop: true });
      await page.locator('#health.stopped').waitFor();
      await keep(page, 'stopped', CHANGED_PARTS);
      await setRollout({ emergency_stop: false });
      await setRollout({ state: 'rolled_back', rollout_percentage: 0 });
      await page.locator('#health.failing').waitFor();
      expect(await page.locator('#health').textContent()).toContain('The rollout was rolled back to 0 %.');
      await keep(page, 'rolled-back', CHANGED_PARTS);
      await setRollout({ state: 'running', rollout_percentage: 10 });
      await page.locator('#health.attention').waitFor();
      expect(problems).toEqual([]);
    });

    it('who has not signed in sees a way in, and nothing else', async () => {
      const { page } = await open({ viewport: SIZES[size] });
      const response = await page.goto(`${town.app.url}/monitor`);
      expect(response?.status()).toBe(401);
      expect(await page.content()).not.toContain('acme');
      await keep(page, 'sign-in');
    });
  });

  it.each(['desktop', 'phone'] as const)(
    '%s: a stop and a resume by button name the person and the reason',
    async (size) => {
      const { look, keep } = screen(size);
      const { page, problems } = await look();
      await page.getByRole('button', { name: 'Emergency stop' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Reason, for the history').fill('errors since noon');
      await keep(page, 'dialog', ['dialog']);
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
    },
  );

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

  it('who sees no repository sees that there is nothing', async () => {
    const elsewhere = addRepository(town.world, 'acme/elsewhere', { isPrivate: true });
    elsewhere.collaborators.set(town.world.actor('stranger', 'User').id, 'read');
    const captured = [town.home, town.widgets, hostile];
    for (const repository of captured) repository.isPrivate = true;
    const { page, problems } = await open();
    await signIn(page, 'stranger');
    for (const repository of captured) repository.isPrivate = false;
    expect(await health(page)).toBe('Quiet: nothing to judge yet');
    await page.getByText('GitHub shows you none of the repositories').waitFor();
    expect(await page.content()).not.toContain('acme/');
    await page.screenshot({ path: screenshotPath('empty-desktop-light'), fullPage: true });
    expect(await violations(page)).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('who is in the rollout is changed by button, and the list follows', async () => {
    const { page, problems } = await open();
    await signIn(page, 'keeper');
    await page.goto(`${town.app.url}/monitor/repositories?in=in`);
    const exclude = page.getByRole('button', { name: 'Exclude acme/widgets' });
    await exclude.click();
    const dialog = page.getByRole('dialog', { name: 'Exclude acme/widgets' });
    await dialog.getByLabel('Reason, for the history').fill('its runs fail');
    await page.keyboard.press('Enter');
    await dialog.getByText('acme/widgets is on the exclude list').waitFor();
    await page.keyboard.press('Enter');
    await exclude.waitFor({ state: 'detached' });
    expect(await town.lastHistory()).toMatchObject({ action: 'exclude', reason: 'its runs fail' });
    await page.getByRole('link', { name: 'Exclude list' }).click();
    await page.getByRole('button', { name: 'Include acme/widgets' }).click();
    await page.keyboard.type('mended');
    await page.keyboard.press('Enter');
    await page.getByText('acme/widgets is on the include list').waitFor();
    await page.getByText('There is no such repository.').waitFor();
    expect((await town.rollout()).target_repositories).toEqual([town.widgets.id]);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Include list' }).click();
    await page.getByRole('button', { name: 'Unlist acme/widgets' }).click();
    await page.keyboard.type('as all others');
    await page.keyboard.press('Enter');
    await page.getByText('acme/widgets is on no list').waitFor();
    await page.getByText('There is no such repository.').waitFor();
    expect(await town.rollout()).toMatchObject({ target_repositories: [], excluded_repositories: [] });
    expect(problems).toEqual([]);
  });

  it('a list goes on by itself, and leaves the reader and the focus where they are', async () => {
    const { page, problems } = await open();
    await signIn(page, 'boss');
    await page.goto(`${town.app.url}/monitor/jobs`);
    const item = page.locator('.job').nth(20);
    const key = (await item.getAttribute('data-key')) ?? '';
    await item.getByRole('link').first().focus();
    const top = () =>
      page.evaluate<number>(`document.querySelector('[data-key="${key}"]').getBoundingClientRect().top`);
    const before = await top();
    await town.app.db
      .insertInto('progressive_capture_jobs')
      .columns(COPIED)
      .expression((eb) =>
        eb
          .selectFrom('progressive_capture_jobs')
          .select([...COPIED])
          .where('id', '=', key),
      )
      .execute();
    await page
      .locator('.job')
      .nth(21)
      .and(page.locator(`[data-key="${key}"]`))
      .waitFor();
    expect(Math.abs((await top()) - before)).toBeLessThan(1);
    expect(await page.evaluate("document.activeElement.closest('.job')?.dataset.key")).toBe(key);
    expect(problems).toEqual([]);
  });

  it('says when the database can not be read, and goes on when it can', async () => {
    const { page } = await open();
    await signIn(page, 'boss');
    const rename = (from: string, to: string) =>
      sql`ALTER TABLE ${sql.table(from)} RENAME TO ${sql.table(to)}`.execute(town.app.db);
    await rename('deliveries', 'deliveries_away');
    await page.getByText('can not read its database').waitFor();
    expect(await page.locator('body.stale').count()).toBe(1);
    await page.screenshot({ path: screenshotPath('trouble-desktop-light') });
    const other = await page.context().newPage();
    const response = await other.goto(`${town.app.url}/monitor`);
    expect(response?.status()).toBe(503);
    expect(await other.locator('h1').textContent()).toBe('The monitor can not read its database');
    expect(await violations(other)).toEqual([]);
    await other.screenshot({ path: screenshotPath('away-desktop-light') });
    await rename('deliveries_away', 'deliveries');
    await page.locator('#connection').waitFor({ state: 'hidden' });
    expect(await page.locator('body.stale').count()).toBe(0);
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
