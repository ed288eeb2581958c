import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type RunningSandbox, startSandbox } from '../../sandbox/github.ts';
import type { Repository } from '../../sandbox/world/model.ts';
import type { Database } from '../../src/store/database.ts';
import { openPostgres } from '../../src/store/open-postgres.ts';
import { startTestApp, type TestApp } from '../app/start-test-app.ts';
import { createOnPostgres, describePostgres, type GetDatabase } from '../support/databases.ts';
import { environmentOf, installOn, livePullRequest, redeliverAll } from './activity.ts';
import { allEnded, differingTables, outcomes, quietLoops, skipWaits } from './outcomes.ts';

/** The way to a database, which can be cut. */
async function startLine(target: URL) {
  const ends = new Set<Socket>();
  let isCut = false;
  const server = createServer((from) => {
    if (isCut) {
      from.destroy();
      return;
    }
    const to = connect(Number(target.port), target.hostname);
    for (const [end, other] of [
      [from, to],
      [to, from],
    ] as const) {
      ends.add(end);
      end.on('error', () => {});
      end.on('close', () => {
        ends.delete(end);
        other.destroy();
      });
      end.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(target);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const drop = () => {
    for (const end of ends) end.destroy();
  };
  return {
    url: url.href,
    cut() {
      isCut = true;
      drop();
    },
    mend() {
      isCut = false;
    },
    async close() {
      drop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describePostgres('the database goes away under load', () => {
  let sandbox: RunningSandbox;
  let widgets: Repository;
  let database: ReturnType<GetDatabase>;
  let db: Database;
  let line: Awaited<ReturnType<typeof startLine>>;
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
    // GitHub keeps what is answered so; no delivery was taken and lost.
    expect([...new Set(refused.map(({ statusCode }) => statusCode))]).toEqual([503]);

    line.mend();
    await livePullRequest(sandbox, widgets, 'After');
    await redeliverAll(sandbox, app.url);
    await vi.waitFor(
      async () => {
        const waiting = await db
          .selectFrom('progressive_capture_jobs')
          .select('id')
          .where('status', '=', 'queued')
          .execute();
        expect(waiting).toEqual([]);
      },
      { timeout: 20_000, interval: 50 },
    );
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
});
