import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type RunningSandbox, startSandbox } from '../../sandbox/github.ts';
import type { Repository } from '../../sandbox/world/model.ts';
import type { Database } from '../../src/store/database.ts';
import { openPostgres } from '../../src/store/open-postgres.ts';
import { startTestApp, type TestApp } from '../app/start-test-app.ts';
import { createOnPostgres, describePostgres, type GetDatabase } from '../support/databases.ts';
import { environmentOf, installOn, livePullRequest, redeliverAll, runLoop } from './activity.ts';
import { startBulkTown } from './bulk-town.ts';
import { type DatabaseLine, startLine } from './database-line.ts';
import { allEnded, allTaken, differingTables, outcomes, quietLoops, skipWaits } from './outcomes.ts';

describePostgres('the database goes away under load', () => {
  let sandbox: RunningSandbox;
  let widgets: Repository;
  let database: ReturnType<GetDatabase>;
  let db: Database;
  let line: DatabaseLine;
  let app: TestApp;
  beforeEach(async () => {
    database = await createOnPostgres();
    ({ db } = database);
    await quietLoops(db);
    line = await startLine(new URL(database.url ?? ''));
    sandbox = await startSandbox({ owner: 'acme' });
    ({ repository: widgets } = installOn(sandbox));
    app = await startTestApp(await openPostgres({ url: line.url }), environmentOf(sandbox));
    sandbox.app.webhookUrl = `${app.url}/api/github/webhooks`;
  });
  afterEach(async () => {
    line?.mend();
    await app?.close();
    await sandbox?.close();
    await line?.close();
    await database?.close();
  });

  it('and comes back: what was refused is delivered again, what was under way goes on, and nothing is missing', async () => {
    await livePullRequest(sandbox, widgets, 'Before');
    const during = livePullRequest(sandbox, widgets, 'While it goes');
    line.cut();
    await during;
    await livePullRequest(sandbox, widgets, 'While it is away');
    const refused = sandbox.deliveries.filter(({ status }) => status !== 'OK');
    expect(refused.length).toBeGreaterThan(10);
    // Half a minute holds six passes of the dispatch loop, and one or none of each other loop.
    const failed = () =>
      app.lines.filter(({ msg }) => String(msg).startsWith('Due jobs could not be dispatched'));
    for (let passes = failed().length; failed().length < 6; passes = failed().length) {
      app.dispatchLoop.poke();
      await vi.waitFor(() => expect(failed().length).toBeGreaterThan(passes), { interval: 10 });
    }
    for (const name of ['sweep', 'redeliver', 'guard', 'budgets', 'freshness', 'prune']) {
      expect(await runLoop(app.url, name)).toMatchObject({ error: { code: 'database_unavailable' } });
    }
    // GitHub keeps what is answered so; no delivery was taken and lost.
    expect([...new Set(refused.map(({ statusCode }) => statusCode))]).toEqual([503]);

    line.mend();
    await livePullRequest(sandbox, widgets, 'After');
    await redeliverAll(sandbox, app.url);
    await allTaken(db);
    // Runs whose end could not be recorded are given up when their leases are over.
    await skipWaits(db, { leases: true });
    await vi.waitFor(
      async () => {
        // A run that was given up while it still went may have stored its batch before its successor, which tries again later.
        await skipWaits(db);
        app.dispatchLoop.poke();
        await allEnded(db, 1_000);
      },
      { timeout: 30_000, interval: 50 },
    );
    expect(await differingTables(db, sandbox, widgets)).toEqual([]);
    expect(await db.selectFrom('pull_requests').select('id').execute()).toHaveLength(4);
    for (const { status, runs, metrics } of await outcomes(db)) {
      expect([status, runs.at(-1), metrics]).toEqual(['completed', 'success', ['success']]);
    }
    const received = new Set((await db.selectFrom('deliveries').select('id').execute()).map(({ id }) => id));
    expect(refused.filter(({ guid }) => !received.has(guid)).map(({ event }) => event)).toEqual([]);
  });

  it('while the Action captures: it tries again until the database is back, and its work is whole', async () => {
    const own = await createOnPostgres();
    const ownLine = await startLine(new URL(own.url ?? ''));
    const town = await startBulkTown(await openPostgres({ url: ownLine.url }));
    try {
      const answers: number[] = [];
      town.proxy.intercept = async ({ name, forward }) => {
        if (name === 'batches' && answers.length === 0) ownLine.cut();
        // Its tries go on for 5 minutes (`test/destination/jobs-api.test.ts`); here the third is answered.
        if (name === 'batches' && answers.length === 2) ownLine.mend();
        const answer = await forward();
        if (name === 'batches') answers.push(answer.status);
        return answer;
      };
      town.app.dispatchLoop.poke();
      await vi.waitFor(() => expect(answers).toContain(200), { timeout: 20_000, interval: 50 });
      await allEnded(own.db);
      await town.sandbox.runner.idle();
      expect(answers.slice(0, 2)).toEqual([503, 503]);
      expect(await outcomes(own.db)).toEqual([
        { status: 'completed', runs: ['success'], metrics: ['success'] },
      ]);
      expect(await differingTables(own.db, town.sandbox, town.widgets)).toEqual([]);
    } finally {
      ownLine.mend();
      await town.close();
      await ownLine.close();
      await own.close();
    }
  });
});
