import { afterEach, beforeEach, expect, it } from 'vitest';
import { type RunningSandbox, startSandbox } from '../../sandbox/github.ts';
import type { Repository } from '../../sandbox/world/model.ts';
import type { Database } from '../../src/store/database.ts';
import { createOnPostgres, describePostgres, type GetDatabase } from '../support/databases.ts';
import { environmentOf, installOn, livePullRequest, redeliverAll } from './activity.ts';
import { type AppProcess, startAppProcess } from './app-process.ts';
import { allEnded, allTaken, differingTables, outcomes, quietLoops, skipWaits } from './outcomes.ts';

describePostgres('an app that is killed', () => {
  let sandbox: RunningSandbox;
  let widgets: Repository;
  let database: ReturnType<GetDatabase>;
  let db: Database;
  const apps: AppProcess[] = [];
  beforeEach(async () => {
    database = await createOnPostgres();
    ({ db } = database);
    await quietLoops(db);
    sandbox = await startSandbox({ owner: 'acme' });
    ({ repository: widgets } = installOn(sandbox));
  });
  afterEach(async () => {
    for (const app of apps.splice(0)) await app.kill();
    await sandbox?.close();
    await database?.close();
  });
  const start = async (env: Record<string, string> = {}) => {
    const app = await startAppProcess({
      ...environmentOf(sandbox),
      DATABASE_URL: database.url ?? '',
      ...env,
    });
    apps.push(app);
    return app;
  };
  const kill = async (app: AppProcess) => {
    apps.splice(apps.indexOf(app), 1);
    await app.kill();
  };
  const sendTo = (app: AppProcess) => {
    sandbox.app.webhookUrl = `${app.url}/api/github/webhooks`;
  };
  const isWhole = async (count: number) => {
    expect(await differingTables(db, sandbox, widgets)).toEqual([]);
    expect(await db.selectFrom('pull_requests').select('id').execute()).toHaveLength(count);
    for (const { status, runs, metrics } of await outcomes(db)) {
      expect([status, runs.at(-1), metrics]).toEqual(['completed', 'success', ['success']]);
    }
  };

  it('between commit and dispatch: the next one does the work', async () => {
    // Committed jobs are dispatched after this, which it does not live to see.
    const first = await start({ COALESCE_SECONDS: '600' });
    sendTo(first);
    await livePullRequest(sandbox, widgets, 'A change');
    await kill(first);
    const jobs = await db.selectFrom('progressive_capture_jobs').select(['status', 'run']).execute();
    expect(jobs.length).toBeGreaterThan(0);
    expect(jobs.every(({ status, run }) => status === 'queued' && run === 0)).toBe(true);

    await skipWaits(db);
    await start();
    await allEnded(db);
    await isWhole(1);
  });

  it('under load, beside another one on the same database: nothing is lost, and nothing is done twice', async () => {
    const [first, second] = [await start(), await start()];
    for (let n = 1; n <= 6; n++) {
      sendTo(n % 2 === 0 ? first : second);
      if (n === 4) {
        const underWay = livePullRequest(sandbox, widgets, `Change ${n}`);
        await kill(first);
        await underWay;
      } else await livePullRequest(sandbox, widgets, `Change ${n}`);
    }
    expect(sandbox.deliveries.some(({ statusCode }) => statusCode === 0)).toBe(true);
    sendTo(second);
    await redeliverAll(sandbox, second.url);
    // What the dead one had in hand is free when its leases are over.
    await allTaken(db);
    await skipWaits(db, { leases: true });
    await allEnded(db);
    await isWhole(6);
    const guids = await db.selectFrom('deliveries').select('id').execute();
    expect(new Set(sandbox.deliveries.map(({ guid }) => guid)).size).toBeGreaterThanOrEqual(guids.length);
  });
});
