import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lastAttempt } from '../../sandbox/runner/workflow-run.ts';
import { createInPglite } from '../support/databases.ts';
import { runLoop } from './activity.ts';
import { type BulkTown, PULL_REQUESTS, startBulkTown } from './bulk-town.ts';
import type { Call, Interceptor } from './jobs-api-proxy.ts';
import { allEnded, differingTables, outcomes, skipWaits } from './outcomes.ts';

/** The packaged Action, run as GitHub does, against the whole app; what is between them is the drill's. */
describe('a workflow run', () => {
  let town: BulkTown;
  let { sandbox, proxy, app, widgets } = {} as BulkTown;

  beforeEach(async () => {
    town = await startBulkTown(await createInPglite());
    ({ sandbox, proxy, app, widgets } = town);
  });
  afterEach(() => town?.close());

  /** SIGKILL to the Action, as when its machine goes away. */
  const killRun = () => {
    const run = [...sandbox.runner.runs.values()].at(-1);
    const pid = run ? lastAttempt(run).pid : null;
    if (!pid) throw new Error('no run is under way');
    process.kill(pid, 'SIGKILL');
  };
  const killOnce = (name: string, when: 'before' | 'after'): Interceptor => {
    let isDone = false;
    return async (call) => {
      if (isDone || call.name !== name) return call.forward();
      isDone = true;
      if (when === 'after') await call.forward();
      killRun();
      return null;
    };
  };
  const runsOnGitHub = () => [...sandbox.runner.runs.values()].map((run) => lastAttempt(run).conclusion);
  const firstRunEnded = () =>
    vi.waitFor(async () => expect(await outcomes(app.db)).toMatchObject([{ runs: [expect.any(String)] }]), {
      timeout: 30_000,
      interval: 50,
    });
  const goOn = async () => {
    await skipWaits(app.db);
    app.dispatchLoop.poke();
    await allEnded(app.db);
    await sandbox.runner.idle();
  };
  const isWhole = async () => {
    expect(await differingTables(app.db, sandbox, widgets)).toEqual([]);
    expect(await app.db.selectFrom('pull_requests').select('id').execute()).toHaveLength(PULL_REQUESTS);
  };

  it.each([
    ['before it claims its job', 'claim', 'before'],
    ['when it has its job', 'claim', 'after'],
    ['while it captures', 'batches', 'after'],
    ['after its last batch', 'finish', 'before'],
  ] as const)('that dies %s is followed by one that ends whole', async (_, name, when) => {
    proxy.intercept = killOnce(name, when);
    app.dispatchLoop.poke();
    await firstRunEnded();
    await goOn();
    expect(runsOnGitHub()).toEqual(['failure', 'success']);
    expect(await outcomes(app.db)).toEqual([
      { status: 'completed', runs: ['failure', 'success'], metrics: ['success'] },
    ]);
    await isWhole();
  });

  it('whose end was stored, with the answer lost and the run killed, is done once', async () => {
    proxy.intercept = killOnce('finish', 'after');
    app.dispatchLoop.poke();
    await allEnded(app.db);
    await sandbox.runner.idle();
    await sandbox.delivered();
    expect(runsOnGitHub()).toEqual(['failure']);
    expect(await outcomes(app.db)).toEqual([
      { status: 'completed', runs: ['success'], metrics: ['success'] },
    ]);
    await isWhole();
  });

  it('that dies, and whose webhook is lost too, is found by the sweep', async () => {
    proxy.intercept = killOnce('batches', 'after');
    const { webhookUrl } = sandbox.app;
    sandbox.app.webhookUrl = 'http://127.0.0.1:9/';
    app.dispatchLoop.poke();
    await vi.waitFor(() => expect(runsOnGitHub()).toEqual(['failure']), { timeout: 30_000, interval: 50 });
    await sandbox.runner.idle();
    expect(await outcomes(app.db)).toMatchObject([{ status: 'running', runs: [null] }]);
    sandbox.app.webhookUrl = webhookUrl;

    const longAgo = new Date(Date.now() - 240_000);
    await app.db.updateTable('job_runs').set({ created_at: longAgo }).execute();
    await app.db.updateTable('progressive_capture_jobs').set({ heartbeat_at: longAgo }).execute();
    expect(await runLoop(app.url, 'sweep')).toMatchObject({ outcome: 'passed', report: { ended: 1 } });
    await goOn();
    expect(await outcomes(app.db)).toEqual([
      { status: 'completed', runs: ['failure', 'success'], metrics: ['success'] },
    ]);
    await isWhole();
  });

  it('whose batches arrive out of order, each twice, and once more after the end, stores each once', async () => {
    // Enough text for several batches.
    for (const pull of widgets.pulls.values()) {
      for (const comment of pull.comments) comment.body = 'A long remark. '.repeat(4_000);
    }
    const batches: (() => Promise<{ status: number; body: string }>)[] = [];
    const statuses: Record<'ahead' | 'again' | 'before', number[]> = { ahead: [], again: [], before: [] };
    /** The first one, which the Action was told is stored; it comes after the second. */
    let held: Call | null = null;
    proxy.intercept = async (call) => {
      if (call.name !== 'batches') return call.forward();
      batches.push(call.forward);
      if (call.number === 1) {
        held = call;
        return {
          status: 200,
          body: JSON.stringify({
            stored: true,
            sequence: 1,
            next: 'continue',
            budget: { points: 4_000, reserve: 500 },
          }),
        };
      }
      if (held) {
        statuses.ahead.push((await call.forward()).status);
        await held.forward();
        held = null;
      }
      const answer = await call.forward();
      statuses.again.push((await call.forward()).status);
      for (const before of batches.slice(0, -1).reverse()) statuses.before.push((await before()).status);
      return answer;
    };
    app.dispatchLoop.poke();
    await allEnded(app.db);
    await sandbox.runner.idle();
    const count = batches.length;
    expect(count).toBeGreaterThan(2);
    expect(statuses).toEqual({
      ahead: [409],
      again: Array.from({ length: count - 1 }, () => 200),
      before: Array.from({ length: (count * (count - 1)) / 2 }, () => 200),
    });
    const late = await Promise.all(batches.reverse().map(async (send) => (await send()).status));
    expect(late).toEqual(Array.from({ length: count }, () => 409));
    expect(await outcomes(app.db)).toEqual([
      { status: 'completed', runs: ['success'], metrics: ['success'] },
    ]);
    const checkpoints = await app.db.selectFrom('capture_checkpoints').select('sequence').execute();
    expect(checkpoints).toEqual([{ sequence: count }]);
    await isWhole();
  });

  it('whose answers are lost now and then asks again, and nothing is lost or doubled', async () => {
    proxy.intercept = async ({ number, forward }) => {
      const answer = await forward();
      return number === 1 ? null : answer;
    };
    app.dispatchLoop.poke();
    await allEnded(app.db);
    await sandbox.runner.idle();
    expect(await outcomes(app.db)).toEqual([
      { status: 'completed', runs: ['success'], metrics: ['success'] },
    ]);
    await isWhole();
  });
});
