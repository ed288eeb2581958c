import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Loop, LoopPass, LoopReport } from '../../src/loops/loop.ts';
import { createLoopRunner, type LoopRunnerOptions } from '../../src/loops/loop-runner.ts';
import type { Database } from '../../src/store/database.ts';
import { LeaseLostError } from '../../src/store/lease.ts';
import { collectLog } from '../jobs/job-fixture.ts';
import { describeEachDatabase } from '../support/databases.ts';

const NOW = new Date('2026-11-20T12:00:00Z');
const later = (ms: number) => new Date(NOW.getTime() + ms);

/** A loop whose passes do what the test says. */
function loopOf(pass: (pass: LoopPass) => Promise<LoopReport>, more: Partial<Loop> = {}): Loop {
  return { name: 'try', intervalMs: 60_000, pass, ...more };
}

describeEachDatabase('a loop', (database) => {
  let db: Database;
  let log: ReturnType<typeof collectLog>;
  const runners: ReturnType<typeof createLoopRunner>[] = [];
  beforeEach(async () => {
    db = database().db;
    log = collectLog();
    await db.deleteFrom('leases').execute();
    await db.deleteFrom('deliveries').execute();
  });
  afterEach(async () => {
    await Promise.all(runners.splice(0).map((runner) => runner.stop()));
  });

  const runnerOf = (loop: Loop, more: Partial<LoopRunnerOptions> = {}) => {
    const runner = createLoopRunner({ db, loops: [loop], log, ...more });
    runners.push(runner);
    return runner;
  };
  const lease = () => db.selectFrom('leases').selectAll().executeTakeFirstOrThrow();
  const writeDelivery = (pass: LoopPass, id: string) =>
    pass.write((trx) => trx.insertInto('deliveries').values({ id, event: 'x', outcome: 'done' }).execute());
  const deliveries = async () =>
    (await db.selectFrom('deliveries').select('id').orderBy('id').execute()).map(({ id }) => id);
  /** What another instance does once the lease has run out. */
  const takeOver = () =>
    db
      .updateTable('leases')
      .set(({ eb }) => ({ holder: 'another instance', fence: eb('fence', '+', 1) }))
      .execute();

  it('makes a pass under its lease, and notes that it came through', async () => {
    const seen: Date[] = [];
    let heldUntil = 0;
    const loop = loopOf(async (pass) => {
      seen.push(pass.now);
      expect(pass.lastPassedAt).toEqual(seen.length === 1 ? null : NOW);
      heldUntil = (await lease()).expires_at.getTime();
      await writeDelivery(pass, `d${seen.length}`);
      return { things: 3, code: 'fine' };
    });
    const outcome = await runnerOf(loop, { now: () => NOW, leaseMs: 60_000 }).run('try');
    expect(outcome).toEqual({
      outcome: 'passed',
      fence: 1,
      durationMs: expect.any(Number),
      report: { things: 3, code: 'fine' },
    });
    const after = await lease();
    expect(after).toMatchObject({ name: 'loop:try', fence: 1, passed_at: NOW });
    expect(heldUntil).toBeGreaterThan(after.expires_at.getTime() + 50_000);
    expect(log.lines).toEqual([
      {
        level: 'info',
        fields: {
          stage: 'loop',
          loop: 'try',
          fence: 1,
          duration_ms: expect.any(Number),
          things: 3,
          code: 'fine',
        },
        message: 'A pass of a loop is done.',
      },
    ]);
    expect(await runnerOf(loop, { now: () => later(60_000) }).run('try')).toMatchObject({ fence: 2 });
    expect(seen).toEqual([NOW, later(60_000)]);
    expect(await deliveries()).toEqual(['d1', 'd2']);
  });

  it('says nothing in the log about a pass that did nothing', async () => {
    await runnerOf(loopOf(async () => ({ things: 0 }))).run('try');
    expect(log.lines).toEqual([]);
  });

  it('makes one pass at a time, whichever instance wants to', async () => {
    const { promise: open, resolve: letGo } = Promise.withResolvers<void>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const slow = loopOf(async () => {
      begin();
      await open;
      return {};
    });
    const here = runnerOf(slow);
    const pass = here.run('try');
    await begun;
    expect(await here.run('try')).toEqual({ outcome: 'held' });
    expect(await runnerOf(slow).run('try')).toEqual({ outcome: 'held' });
    letGo();
    expect(await pass).toMatchObject({ outcome: 'passed', fence: 1 });
  });

  it('is taken over from an instance that is gone, with a higher fence', async () => {
    await db
      .insertInto('leases')
      .values({ name: 'loop:try', holder: 'gone', fence: 7, expires_at: later(-86_400_000 * 365) })
      .execute();
    expect(await runnerOf(loopOf(async () => ({}))).run('try')).toMatchObject({ fence: 8 });
  });

  it('writes nothing once another instance has taken over', async () => {
    const loop = loopOf(async (pass) => {
      await writeDelivery(pass, 'before');
      await takeOver();
      await writeDelivery(pass, 'after');
      return {};
    });
    await expect(runnerOf(loop).run('try')).rejects.toThrow(LeaseLostError);
    expect(await deliveries()).toEqual(['before']);
    expect(await lease()).toMatchObject({ holder: 'another instance', fence: 2, passed_at: null });
  });

  it('is told when the lease is lost between two writes', async () => {
    const loop = loopOf(async ({ signal }) => {
      await takeOver();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      expect(signal.reason).toBeInstanceOf(LeaseLostError);
      return {};
    });
    expect(await runnerOf(loop, { leaseMs: 60 }).run('try')).toMatchObject({ outcome: 'passed' });
    expect(await lease()).toMatchObject({ holder: 'another instance', passed_at: null });
  });

  it('keeps the lease for as long as a pass takes', async () => {
    const other = runnerOf(loopOf(async () => ({})));
    const loop = loopOf(async () => {
      const first = (await lease()).expires_at;
      await vi.waitUntil(async () => (await lease()).expires_at > first, { timeout: 10_000 });
      expect(await other.run('try')).toEqual({ outcome: 'held' });
      return {};
    });
    expect(await runnerOf(loop, { leaseMs: 900 }).run('try')).toMatchObject({ outcome: 'passed' });
  });

  it('a pass that fails gives the lease back at once, and has not come through', async () => {
    const runner = runnerOf(
      loopOf(async ({ lastPassedAt }) => {
        expect(lastPassedAt).toBeNull();
        throw new Error('GitHub is away');
      }),
    );
    await expect(runner.run('try')).rejects.toThrow('GitHub is away');
    expect(await lease()).toMatchObject({ fence: 1, passed_at: null });
    await expect(runner.run('try')).rejects.toThrow('GitHub is away');
    expect(await lease()).toMatchObject({ fence: 2 });
  });

  it('of another name there is none', async () => {
    const runner = runnerOf(loopOf(async () => ({})));
    await expect(runner.run('toString')).rejects.toThrow(RangeError);
    expect(runner.names).toEqual(['try']);
  });

  describe('by the clock', () => {
    it('is run again and again, and again after an error', async () => {
      let passes = 0;
      const { promise: third, resolve } = Promise.withResolvers<void>();
      const loop = loopOf(
        async () => {
          passes += 1;
          if (passes === 3) resolve();
          if (passes === 2) throw new Error('once');
          return {};
        },
        { intervalMs: 20 },
      );
      runnerOf(loop).start();
      await third;
      expect(log.lines).toMatchObject([
        { level: 'warn', message: 'A pass of a loop failed; it is tried again.', fields: { loop: 'try' } },
      ]);
    });

    it('in one of two instances', async () => {
      const passes: string[] = [];
      const { promise: enough, resolve } = Promise.withResolvers<void>();
      const instance = (name: string) =>
        loopOf(
          async () => {
            passes.push(name);
            if (passes.length === 4) resolve();
            return {};
          },
          { intervalMs: 200 },
        );
      const startedAt = Date.now();
      runnerOf(instance('a')).start();
      runnerOf(instance('b')).start();
      await enough;
      // The fourth one comes after three intervals, less what timers may be early and a pass counts as one's own.
      expect(Date.now() - startedAt).toBeGreaterThan(3 * 200 * 0.9);
    });

    it('stops at the next safe point, and makes no further pass', async () => {
      const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
      let passes = 0;
      const loop = loopOf(
        async (pass) => {
          passes += 1;
          begin();
          await new Promise((resolve) => pass.signal.addEventListener('abort', resolve));
          await writeDelivery(pass, 'too late');
          return {};
        },
        { intervalMs: 10 },
      );
      const runner = runnerOf(loop);
      runner.start();
      await begun;
      await runner.stop();
      const { fence } = await lease();
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect([passes, fence, (await lease()).fence]).toEqual([1, 1, 1]);
      expect(await deliveries()).toEqual([]);
      expect(log.lines).toEqual([]);
    });
  });
});
