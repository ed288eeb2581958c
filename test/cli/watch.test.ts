import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { run } from '../../cli/main.ts';
import { describeChanges } from '../../cli/watch/describe-changes.ts';
import { readWatched, type Watched } from '../../cli/watch/read-watched.ts';
import { createJsonView, createLineView, createScreenView } from '../../cli/watch/views.ts';
import { loadConfig } from '../../src/config/config.ts';
import { ensureRollout } from '../../src/rollout/rollout-store.ts';
import { HOSTILE, RUNNING_JOB_ID, seedMonitor } from '../app/monitor/seed-monitor.ts';
import { withDatabase } from '../support/databases.ts';
import { PIPE } from './pipe.ts';

const loaded = loadConfig({});
if (!loaded.ok) throw new Error(loaded.problems.join());
const CONFIG = loaded.config;
const RUNNING = `job ${RUNNING_JOB_ID}: acme/`;

describe('what is seen', () => {
  const database = withDatabase();
  const look = (before: Watched | null = null) => readWatched(database().db, CONFIG, before);
  const change = (values: object) =>
    database()
      .db.updateTable('progressive_capture_jobs')
      .set(values)
      .where('id', '=', RUNNING_JOB_ID)
      .execute();

  beforeEach(async () => {
    const { db } = database();
    await ensureRollout(db, CONFIG.rollout);
    await sql`TRUNCATE repositories, installations, deliveries, failed_deliveries CASCADE`.execute(db);
    await db.deleteFrom('installation_budgets').execute();
    await db
      .insertInto('installations')
      .values({ id: 5, account_id: 9, account_login: 'acme', account_type: 'Organization' })
      .execute();
    await db
      .insertInto('repositories')
      .values({ id: 1, full_name: 'acme/widgets', installation_id: 5 })
      .execute();
    await seedMonitor(db, { installationId: 5, repositoryIds: [1], hostileId: 3, jobs: 40, wrongEvery: 20 });
  });

  describe('as lines', () => {
    test('of the first look: how things stand; then nothing where nothing has changed', async () => {
      const first = await look();
      const lines = describeChanges(null, first);
      expect(lines[0]).toMatch(/^health: /);
      expect(lines).toContain(
        'rollout: running at 10 %, phase 1 of 5, repository_size, 0 of 2 repositories in',
      );
      expect(lines).toContain('work: 0 queued, 0 sent, 1 running');
      expect(lines.at(-1)).toMatch(/^job .*, history: running: 4,200 of 6,375 \(65 %\)/);
      expect(describeChanges(first, await look(first))).toEqual([]);
    });

    test('a run that waits for GitHub, and goes on', async () => {
      const first = await look();
      const until = new Date(Date.now() + 1_800_000);
      await change({ status_reason: 'waiting_for_github', not_before: until });
      const second = await look(first);
      expect(describeChanges(first, second)).toEqual([
        expect.stringMatching(
          /, history: running \(waiting_for_github\): 4,200 of .*, goes on after 20\d\d-/,
        ),
      ]);
      await change({ status_reason: null });
      expect(describeChanges(second, await look(second))).toEqual([
        expect.stringMatching(/, history: running: 4,200 of .* a minute/),
      ]);
    });

    test('progress, then the end, of a job; each once', async () => {
      const first = await look();
      await change({ progress: sql`jsonb_set(progress, '{done}', '5000')` });
      const second = await look(first);
      expect(describeChanges(first, second)).toEqual([
        expect.stringContaining('running: 5,000 of 6,375 (78 %)'),
      ]);
      await change({ status: 'completed', completed_at: new Date() });
      const third = await look(second);
      expect(describeChanges(second, third)).toEqual([
        'work: 0 queued, 0 sent, 0 running',
        expect.stringMatching(new RegExp(`^${RUNNING}.*, history: completed: `)),
      ]);
      expect(describeChanges(third, await look(third))).toEqual([]);
    });

    test('a job that goes wrong, in one line whatever strangers write', async () => {
      const first = await look();
      await change({ status: 'failed', error: HOSTILE.error, completed_at: new Date() });
      const lines = describeChanges(first, await look(first)).filter((line) => line.startsWith(RUNNING));
      expect(lines).toEqual([expect.stringContaining('history: failed: </p></section>')]);
      expect(lines[0]).not.toContain('\u001b');
      expect(lines[0]?.length).toBeLessThan(500);
    });

    test('a stop of the rollout', async () => {
      const first = await look();
      await sql`UPDATE rollout_configuration SET emergency_stop = true`.execute(database().db);
      const lines = describeChanges(first, await look(first));
      expect(lines).toContain('health: Stopped');
      expect(lines).toContainEqual(expect.stringMatching(/^critical stopped: /));
      await sql`UPDATE rollout_configuration SET emergency_stop = false`.execute(database().db);
    });

    test('that the database is away is said once, and when it is back', async () => {
      const lines: string[] = [];
      const view = createLineView((line) => lines.push(line));
      const seen = await look();
      view.show(seen);
      const before = lines.length;
      for (const at of [1_000, 2_000]) view.showAway('It is away.', new Date(at));
      view.show(seen);
      expect(lines.slice(before)).toEqual([
        '1970-01-01T00:00:01Z It is away.',
        expect.stringMatching(/Z the database can be read again$/),
      ]);
    });
  });

  test('as JSON: an object a look', async () => {
    const lines: string[] = [];
    const view = createJsonView((line) => lines.push(line));
    view.show(await look());
    view.showAway('It is away.', new Date(1_000));
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        health: { level: expect.any(String) },
        rollout: { state: 'running', percentage: 10, strategy: 'repository_size' },
        counts: { running: 1 },
        underWay: [{ id: RUNNING_JOB_ID, progress: { done: 4_200, percent: 65 } }],
        budgets: [{ account: 'acme', pointsLeft: 4_100 }],
      },
      { at: '1970-01-01T00:00:01.000Z', error: 'It is away.' },
    ]);
  });

  describe('in a window', () => {
    async function draw(options: { columns: number; rows: number; hasColors?: boolean }) {
      const written: string[] = [];
      const view = createScreenView(
        {
          columns: () => options.columns,
          rows: () => options.rows,
          hasColors: options.hasColors ?? false,
          write: (text) => written.push(text),
        },
        5_000,
      );
      view.show(await look());
      view.end();
      const [opened, frame = '', closed] = written;
      return { opened, frame, closed, lines: stripVTControlCharacters(frame).split('\n') };
    }

    test.each([40, 80, 200])(
      'of %i columns: no line is longer, and it says what matters',
      async (columns) => {
        const { lines } = await draw({ columns, rows: 60 });
        expect(lines.filter((line) => [...line].length > columns)).toEqual([]);
        const text = lines.map((line) => line.trim()).join(' ');
        expect(text).toContain('running at 10 %, phase 1 of 5, repository_size, 0 of 2 repositories in');
        expect(text).toMatch(/█+░+ 65 %/);
        expect(text).toContain('acme: 4,100 points until');
        expect(lines.at(-1)).toBe('every 5 s; Ctrl-C ends');
      },
    );

    test('that is too low for all: it says how much is left out', async () => {
      const { lines } = await draw({ columns: 80, rows: 10 });
      expect(lines).toHaveLength(10);
      expect(lines.at(-2)).toMatch(/^\d+ more lines: enlarge the window$/);
    });

    test('without colours nothing but the drawing itself is escaped; with them, words say the same', async () => {
      const plain = await draw({ columns: 80, rows: 60 });
      expect(
        plain.frame.replaceAll('\u001b[H', '').replaceAll('\u001b[K', '').replaceAll('\u001b[J', ''),
      ).not.toContain('\u001b');
      const coloured = await draw({ columns: 80, rows: 60, hasColors: true });
      expect(coloured.frame).toContain('\u001b[31m');
      expect(coloured.lines.slice(1)).toEqual(plain.lines.slice(1));
    });

    test('leaves the terminal as it was, with what was seen last', async () => {
      const { opened, closed, lines } = await draw({ columns: 80, rows: 60 });
      expect(opened).toBe('\u001b[?1049h\u001b[?25l\u001b[?7l');
      expect(closed?.startsWith('\u001b[?7h\u001b[?25h\u001b[?1049l')).toBe(true);
      expect(closed).toContain(lines[0]);
    });
  });
});

describe('a database that is away', () => {
  const env = { DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:1/x' };

  test('is said, without the password, and tried again until somebody interrupts', async () => {
    const interruption = new AbortController();
    const lines: string[] = [];
    const code = await run(['watch', '--json', '--interval', '1'], {
      ...PIPE,
      env,
      print: (line) => {
        lines.push(line);
        if (lines.length === 2) interruption.abort();
      },
      fail: (line) => lines.push(line),
      listenForInterruption: () => interruption.signal,
    });
    expect([code, lines.length]).toEqual([0, 2]);
    expect(JSON.parse(lines[1] ?? '').error).toMatch(/connection refused.*Trying again\.$/);
    expect(lines.join()).not.toContain('hunter2');
  });

  test('Ctrl-C ends the process with code 0', async () => {
    const child = spawn(process.execPath, ['bin/hybrid-capture.js', 'watch', '--interval', '3600'], {
      env: { PATH: process.env.PATH, ...env },
    });
    const [line] = await once(child.stdout, 'data');
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(String(line)).toContain('Trying again.');
  });
});
