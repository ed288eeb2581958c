import { sql } from 'kysely';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Octokit } from '../../app/github-app.ts';
import { createLog } from '../../app/log.ts';
import { createNoticeSender } from '../../app/send-notices.ts';
import { startSandbox } from '../../sandbox/github.ts';
import { type Alarm, setAlarm } from '../../src/jobs/alarms.ts';
import { insertAlarmNotices } from '../../src/rollout/guard/insert-alarm-notices.ts';
import { insertNotice } from '../../src/rollout/guard/notices.ts';
import { environmentOf, installOn, runLoop } from '../drills/activity.ts';
import { collectLog } from '../jobs/job-fixture.ts';
import { resetRollout } from '../rollout/guard/guard-fixture.ts';
import { createInPglite, withDatabase } from '../support/databases.ts';
import { startTestApp } from './start-test-app.ts';

const database = withDatabase();
const db = () => database().db;

let asked: { route: string; issue_number?: number; body?: string }[];
/** Issues that take no comments, by the status that GitHub answers. */
let closed: Map<number, number>;

const octokit = {
  request: async (route: string, given: { issue_number?: number; body?: string }) => {
    asked.push({ route, ...given });
    if (route === 'POST /repos/{owner}/{repo}/issues') return { data: { number: 77 } };
    const status = closed.get(given.issue_number ?? 0);
    if (status !== undefined) throw Object.assign(new Error(`HTTP ${status}`), { status });
    if (route.startsWith('GET')) return { data: [] };
    return { data: { html_url: `https://github.example/acme/control/issues/${given.issue_number}#1` } };
  },
} as unknown as Octokit;

const lines: Record<string, unknown>[] = [];
const send = (control: { owner: string; repo: string } | null = { owner: 'acme', repo: 'r1' }) =>
  createNoticeSender({
    db: db(),
    config: { control },
    app: { installation: async () => octokit },
    log: createLog('info', { write: (line) => void lines.push(JSON.parse(line)) }),
  })();

const notices = () => db().selectFrom('rollout_notices').selectAll().orderBy('id').execute();
const routes = () =>
  asked.map(({ route, issue_number }) => `${route.split(' ')[0]} ${issue_number ?? 'new'}`);

beforeEach(async () => {
  asked = [];
  closed = new Map();
  lines.length = 0;
  await resetRollout(db());
  await db().deleteFrom('commands').execute();
  await db().deleteFrom('rollout_status_issues').execute();
  await insertNotice(db(), {
    kind: 'hold',
    version: 2,
    content: { ok: false, reasonCode: 'common_cause', headline: 'held', table: [], body: [] },
  });
});

const steeredFrom = (issue: number, outcome = 'done') =>
  db()
    .insertInto('commands')
    .values({
      comment_id: issue,
      command_index: 0,
      repository_id: 1,
      issue_number: issue,
      actor_id: 5,
      verb: 'rollout set',
      body_sha256: '',
      outcome,
    })
    .execute();

describe('a notice goes', () => {
  test('to the issue in which the rollout was steered last', async () => {
    await steeredFrom(4);
    await steeredFrom(5, 'refused');
    expect(await send()).toBe(1);
    expect(routes()).toEqual(['POST 4']);
    expect(await notices()).toMatchObject([
      { sent_at: expect.any(Date), url: 'https://github.example/acme/control/issues/4#1', attempts: 1 },
    ]);
  });

  test('to an issue that the app opens, where it was steered from none; and there again', async () => {
    expect(await send()).toBe(1);
    await sql`UPDATE rollout_notices SET sent_at = NULL, attempts = 0`.execute(db());
    expect(await send()).toBe(1);
    expect(routes()).toEqual(['POST new', 'POST 77', 'POST 77']);
  });

  test.each([403, 404, 410])('to an opened issue where the other takes none (%i)', async (status) => {
    await steeredFrom(4);
    closed.set(4, status);
    expect(await send()).toBe(1);
    expect(routes()).toEqual(['POST 4', 'POST new', 'POST 77']);
  });

  test('to the log alone where there is no control repository', async () => {
    expect(await send(null)).toBe(0);
    expect(await notices()).toMatchObject([{ sent_at: expect.any(Date), url: null }]);
    expect(lines).toMatchObject([
      { headline: 'held', msg: expect.stringContaining('CONTROL_REPOSITORY is not set') },
    ]);
  });

  test('later, where GitHub is away: in the order in which things happened', async () => {
    await steeredFrom(4);
    await insertNotice(db(), {
      kind: 'advance',
      version: 3,
      content: { ok: true, reasonCode: 'gates_passed', headline: 'second', table: [], body: [] },
    });
    closed.set(4, 500);
    expect(await send()).toBe(0);
    expect(await notices()).toMatchObject([
      { sent_at: null, attempts: 1, error: 'HTTP 500' },
      { sent_at: null, attempts: 0 },
    ]);
    closed.clear();
    expect(await send()).toBe(2);
    expect(asked.filter(({ body }) => body).map(({ body }) => body?.split('\n')[0])).toEqual([
      '**❌ held**',
      '**❌ held**',
      '**✅ second**',
    ]);
  });

  test('only once verified, when it tells of a rollback', async () => {
    await db().deleteFrom('rollout_notices').execute();
    await insertNotice(db(), {
      kind: 'rollback',
      version: 2,
      content: { ok: false, reasonCode: 'error_rate', headline: 'rolled back', table: [], body: [] },
    });
    expect(await send()).toBe(0);
    const verified = { checkedAt: '', checked: 3, stillIn: [], isSuperseded: true };
    await db()
      .updateTable('rollout_notices')
      .set({ verified: JSON.stringify(verified) })
      .execute();
    expect(await send()).toBe(1);
    expect(asked.at(-1)?.body).toContain(
      '| Verified | no: the rollout was changed again before it could be |',
    );
  });
});

describe('an alarm is told', () => {
  const MINUTE = 60_000;
  const started = Date.now();
  /** The alarm as it is so many minutes later, and what is told then. */
  const toldAfter = async (minutes: number, alarm: Alarm | null) => {
    const now = new Date(started + minutes * MINUTE);
    await setAlarm(db(), 'budget_actions_minutes', alarm, { now, log: collectLog() });
    await insertAlarmNotices(db(), now);
    const before = asked.length;
    await send();
    return asked.slice(before).map(({ body }) => body?.split('\n')[0]);
  };
  const exhausted: Alarm = { level: 'alarm', code: 'budget_exhausted', message: 'All of it is used up.' };
  const nearly: Alarm = {
    level: 'notice',
    code: 'budget_nearly_exhausted',
    message: 'At the limit work waits.',
  };
  const RAISED = '**❌ Alarm: `budget_actions_minutes`**';
  const OVER = '**✅ Over: `budget_actions_minutes`**';
  beforeEach(async () => {
    await db().deleteFrom('rollout_notices').execute();
    await db().deleteFrom('alarms').execute();
    await steeredFrom(4);
  });

  test('once when it is raised, and once when it is over, in the issue that was steered from last', async () => {
    expect(await toldAfter(0, exhausted)).toEqual([RAISED]);
    expect(await toldAfter(10, exhausted)).toEqual([]);
    expect(await toldAfter(20, null)).toEqual([OVER]);
    expect(await toldAfter(30, null)).toEqual([]);
    expect(new Set(routes())).toEqual(new Set(['POST 4']));
    const [{ body = '' } = {}] = asked;
    expect(body).toContain('All of it is used up.');
    expect(body).toContain('reason_code: `budget_exhausted`');
  });

  test('once more when it has become another one', async () => {
    expect(await toldAfter(0, nearly)).toEqual(['**❌ Notice: `budget_actions_minutes`**']);
    expect(await toldAfter(10, exhausted)).toEqual([RAISED]);
  });

  test('at most once in a day, however often it comes and goes', async () => {
    const told: unknown[] = [];
    for (let minutes = 0; minutes < 24 * 60; minutes += 30) {
      told.push(...(await toldAfter(minutes, minutes % 60 === 0 ? exhausted : null)));
    }
    expect(told).toEqual([RAISED, OVER]);
    // It is there once more, and a day has gone by.
    expect(await toldAfter(24 * 60 + 31, exhausted)).toEqual([RAISED]);
  });

  test('not at all when it was over before anybody was told', async () => {
    const raised = { now: new Date(started), log: collectLog() };
    await setAlarm(db(), 'stale_data', exhausted, raised);
    await setAlarm(db(), 'stale_data', null, raised);
    await send();
    expect(asked).toEqual([]);
  });

  test('to the log alone where there is no control repository', async () => {
    await setAlarm(db(), 'stale_data', exhausted, { now: new Date(), log: collectLog() });
    expect([await send(null), await send(null)]).toEqual([0, 0]);
    expect(lines).toMatchObject([{ kind: 'alarm', reason: 'budget_exhausted' }]);
  });
});

test('an alarm is a comment on GitHub, in an issue that the app opens where it was steered from none', async () => {
  const sandbox = await startSandbox({ owner: 'acme' });
  const { repository } = installOn(sandbox);
  const app = await startTestApp(await createInPglite(), {
    ...environmentOf(sandbox),
    CONTROL_REPOSITORY: 'acme/widgets',
  });
  try {
    const patient = { timeout: 10_000 };
    await vi.waitFor(async () => {
      expect(await runLoop(app.url, 'heal-installations')).toMatchObject({ outcome: 'passed' });
    }, patient);
    const told = () => [...repository.issues.values()].flatMap(({ comments }) => comments);
    // The app's own timer may be making the pass.
    const untilTold = (count: number) =>
      vi.waitFor(async () => {
        await runLoop(app.url, 'guard');
        expect(told()).toHaveLength(count);
      }, patient);
    const alarm: Alarm = { level: 'alarm', code: 'stale_data', message: 'No row was stored so far.' };
    await setAlarm(app.db, 'stale_data', alarm, { now: new Date(), log: collectLog() });
    await untilTold(1);
    await setAlarm(app.db, 'stale_data', null, { now: new Date(), log: collectLog() });
    await untilTold(2);
    const [issue, ...others] = repository.issues.values();
    expect(others).toEqual([]);
    expect(issue?.title).toBe('Rollout: hybrid_progressive_capture');
    expect(told().map(({ body }) => body.split('\n')[0])).toEqual([
      '**❌ Alarm: `stale_data`**',
      '**✅ Over: `stale_data`**',
    ]);
  } finally {
    await app.close();
    await sandbox.close();
  }
});
