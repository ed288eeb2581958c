import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BudgetShare, type Progress } from '../../src/jobs-api/protocol.ts';
import { answer, createFakeGitHub } from './fake-github.ts';
import { MemoryDestination } from './memory-destination.ts';
import { bigWorld, type RunOptions, runCapture } from './run-capture.ts';
import { World } from './world.ts';

class Killed extends Error {}

/** A clock that lets every batch go out at once: 20 s pass between two looks at it. */
function eagerClock(): () => Date {
  let time = Date.UTC(2026, 0, 1);
  return () => {
    time += 20_000;
    return new Date(time);
  };
}

describe('resuming', () => {
  test('killed before or after any batch, the next run goes on from the last stored one', async () => {
    const world = bigWorld();
    const whole = new MemoryDestination();
    const undisturbed = createFakeGitHub(world.root());
    await runCapture(undisturbed, whole, { now: eagerClock() });
    const batches = whole.batches.length;
    expect(batches).toBeGreaterThan(5);
    const reviewComments = whole.of('comments').filter((row) => row.comment_type === 'review').length;

    for (let kill = 1; kill <= batches; kill += 1) {
      const destination = new MemoryDestination();
      const github = createFakeGitHub(world.root());
      destination.before = (batch) => {
        if (batch.sequence === kill) throw new Killed();
      };
      await expect(runCapture(github, destination, { now: eagerClock() })).rejects.toThrow(Killed);
      destination.before = () => {};
      const result = await runCapture(github, destination, { now: eagerClock() });
      expect(result.status).toBe('complete');
      expect(destination.uniqueKeys()).toEqual(world.pullRequestKeys());
      // The repository is asked again, and what no batch has held: answers under way, and the comments that were read ahead
      // until their threads were known, all of them here.
      const again = github.requests.length - undisturbed.requests.length;
      expect(again).toBeLessThanOrEqual(1 + 2 + Math.ceil(reviewComments / 100) + 3);
    }
  });

  test('a finished capture goes on with what changed since it began', async () => {
    const world = bigWorld();
    const destination = new MemoryDestination();
    await runCapture(createFakeGitHub(world.root()), destination);
    const quiet = createFakeGitHub(world.root());
    const nothing = await runCapture(quiet, destination);
    expect(nothing).toMatchObject({ status: 'complete', pullRequests: 0, points: 1 });

    const changed = world.pullRequests[9];
    if (changed) changed.updatedAt = '2026-03-01T12:30:00Z';
    world.addPullRequest({ comments: 2 }, { updatedAt: '2026-03-01T12:40:00Z' });
    const github = createFakeGitHub(world.root());
    const result = await runCapture(github, destination);
    expect(result).toMatchObject({ status: 'complete', pullRequests: 2, progress: { done: 2, total: 2 } });
    expect(
      destination
        .of('pull_requests')
        .slice(-2)
        .map((row) => row.number),
    ).toEqual([62, 10]);
  });

  test('what could not be fetched is tried again by the next pass, and not all of the history with it', async () => {
    const world = bigWorld();
    const bad = world.pullRequests[50];
    let isBroken = true;
    const github = createFakeGitHub(world.root(), ({ query, variables }) => {
      const parts = query.matchAll(/p(\d+): node\(id: \$i\d+\) \{ \.\.\. on PullRequest \{ page: files/g);
      const isBad = [...parts].some(([, i]) => variables[`i${i}`] === bad?.id);
      return isBroken && isBad ? answer('', { status: 502 }) : undefined;
    });
    const destination = new MemoryDestination();
    const first = await runCapture(github, destination);
    expect(first).toMatchObject({ status: 'incomplete', gaps: [{ number: 51, connection: 'files' }] });
    const again = await runCapture(github, destination);
    expect(again).toMatchObject({ status: 'incomplete', gaps: [{ number: 51, connection: 'files' }] });

    // Gone meanwhile, it is nothing to wait for.
    const list = world.pullRequests.splice(50, 1);
    const without = structuredClone(destination.checkpoint);
    const shadow = new MemoryDestination();
    Object.assign(shadow, { checkpoint: without, sequence: destination.sequence });
    expect(await runCapture(createFakeGitHub(world.root()), shadow)).toMatchObject({
      status: 'complete',
      warnings: ['Number 51 was listed and is there no more'],
    });
    world.pullRequests.splice(50, 0, ...list);

    isBroken = false;
    const stored = destination.rows.length;
    const healed = await runCapture(github, destination);
    expect(healed).toMatchObject({ status: 'complete', pullRequests: 1, gaps: [] });
    const rows = destination.rows.slice(stored);
    const pulls = rows.filter(({ table }) => table === 'pull_requests');
    expect(new Set(pulls.map(({ row }) => row.number))).toEqual(new Set([51]));
    expect(rows.filter(({ table }) => table === 'files')).toHaveLength(333);
    expect(await runCapture(github, destination)).toMatchObject({ status: 'complete', pullRequests: 0 });
  });

  test('another repository under the same name is not taken for the one that was captured', async () => {
    const world = new World();
    world.addPullRequest();
    const destination = new MemoryDestination();
    await runCapture(createFakeGitHub(world.root()), destination);
    const other = new World();
    other.databaseId = 78;
    // Older than the first capture: an incremental pass would pass it over.
    other.addPullRequest();
    const stored = destination.rows.length;
    await expect(runCapture(createFakeGitHub(other.root()), destination)).rejects.toMatchObject({
      code: 'repository_changed',
      message: expect.stringContaining('octo/repo is repository 78 now, not 77'),
    });
    expect(destination.rows).toHaveLength(stored);
  });

  test('a checkpoint of another version starts from the beginning', async () => {
    const destination = new MemoryDestination();
    destination.checkpoint = { version: 99, anything: true };
    destination.sequence = 4;
    const world = new World();
    world.addPullRequest();
    const result = await runCapture(createFakeGitHub(world.root()), destination);
    expect(result).toMatchObject({ status: 'complete', pullRequests: 1 });
    expect(destination.sequence).toBe(5);
  });
});

describe('ending early', () => {
  test('near the deadline: continue, and nothing that was fetched is lost', async () => {
    const world = bigWorld();
    let time = Date.UTC(2026, 0, 1);
    const now = () => new Date(time);
    const github = createFakeGitHub(world.root(), ({ operation }) => {
      if (operation === 'PullRequestByNumber') time += 10 * 60_000;
      return undefined;
    });
    const destination = new MemoryDestination();
    const deadline = new Date(time + 10 * 60_000);
    const first = await runCapture(github, destination, { now, deadline });
    expect(first).toMatchObject({ status: 'continue', continueAt: null });
    expect(destination.of('snapshots')).toHaveLength(37);
    expect(first.checkpoint).toEqual(destination.checkpoint);
    const second = await runCapture(github, destination);
    expect(second).toMatchObject({ status: 'complete', progress: { done: 61, total: 61 } });
    expect(destination.uniqueKeys()).toEqual(world.pullRequestKeys());
  });

  test('the destination says stop: stopped after that batch', async () => {
    const destination = new MemoryDestination();
    destination.next = 'stop';
    const github = createFakeGitHub(bigWorld().root());
    const result = await runCapture(github, destination, { now: eagerClock() });
    expect(result.status).toBe('stopped');
    // Its answer comes when the next one is on its way, and two lanes have sent theirs.
    expect(destination.batches.length).toBeLessThanOrEqual(3);
  });

  test('the signal: stopped, with what was fetched stored', async () => {
    const world = bigWorld();
    const abort = new AbortController();
    const github = createFakeGitHub(world.root(), ({ operation }) => {
      if (operation === 'Continuations') abort.abort();
      return undefined;
    });
    const destination = new MemoryDestination();
    const result = await runCapture(github, destination, { signal: abort.signal });
    expect(result.status).toBe('stopped');
    expect(new Set(destination.of('pull_requests').map(({ number }) => number)).size).toBe(61);
    await runCapture(createFakeGitHub(world.root()), destination);
    expect(destination.uniqueKeys()).toEqual(world.pullRequestKeys());
  });

  test('a failure: the last progress tells what was used, and what was stored', async () => {
    const destination = new MemoryDestination();
    const github = createFakeGitHub(bigWorld().root());
    destination.before = ({ sequence }) => {
      if (sequence === 3) throw new Killed();
    };
    let last: Progress | null = null;
    const onProgress = (progress: Progress) => {
      last = progress;
    };
    await expect(runCapture(github, destination, { now: eagerClock(), onProgress })).rejects.toThrow(Killed);
    expect(last).toMatchObject({
      ...{ rows: destination.rows.length, points: github.points(), requests: github.requests.length },
    });
  });

  test('a used share of the budget: continue, unless a batch renews it', async () => {
    const world = bigWorld();
    const destination = new MemoryDestination();
    const first = await runCapture(createFakeGitHub(world.root()), destination, {
      budget: BudgetShare.parse({ points: 3, reserve: 0 }),
    });
    expect(first).toMatchObject({ status: 'continue', points: 3 });
    expect(first.continueAt).toBeInstanceOf(Date);

    const renewing = new MemoryDestination();
    const write = renewing.write.bind(renewing);
    renewing.write = async (batch) => ({
      ...(await write(batch)),
      budget: BudgetShare.parse({ points: 2, reserve: 0 }),
    });
    const second = await runCapture(createFakeGitHub(world.root()), renewing, {
      budget: BudgetShare.parse({ points: 2, reserve: 0 }),
    });
    expect(second.status).toBe('complete');
  });

  describe('a share that others give', () => {
    const NONE = BudgetShare.parse({ points: 0, reserve: 0, graphqlMsPerMinute: 0, restMsPerMinute: 0 });
    const SOME = BudgetShare.parse({ points: 1_000, reserve: 0 });

    test('is asked for before the first request when there is none yet', async () => {
      const world = bigWorld();
      const asked: number[] = [];
      const github = createFakeGitHub(world.root());
      const result = await runCapture(github, new MemoryDestination(), {
        budget: NONE,
        renewBudget: async () => {
          asked.push(github.requests.length);
          return SOME;
        },
      });
      expect(result.status).toBe('complete');
      expect(asked).toEqual([0]);
    });

    test('holds 30 s, and the one before when there is no other', async () => {
      let time = Date.UTC(2026, 0, 1);
      // Each request takes 20 s of the capture's clock.
      const github = createFakeGitHub(bigWorld().root(), () => {
        time += 20_000;
        return undefined;
      });
      let asked = 0;
      const result = await runCapture(github, new MemoryDestination(), {
        now: () => new Date(time),
        budget: SOME,
        renewBudget: async () => {
          asked += 1;
          return asked % 2 === 0 ? SOME : null;
        },
      });
      expect(result.status).toBe('complete');
      expect(asked).toBeGreaterThan(github.requests.length / 4);
      expect(asked).toBeLessThanOrEqual(github.requests.length);
    });

    test('comes with life signs too, and ends the run when it is used up and none is given', async () => {
      let take = (_: BudgetShare) => {};
      const github = createFakeGitHub(bigWorld().root(), (_, index) => {
        if (index === 1) take(BudgetShare.parse({ points: 1, reserve: 0 }));
        return undefined;
      });
      const result = await runCapture(github, new MemoryDestination(), {
        budget: SOME,
        listenForBudget: (taker) => {
          take = taker;
        },
      });
      // The repository, and what the last share allowed.
      expect(result).toMatchObject({ status: 'continue' });
      expect(result.points).toBeLessThanOrEqual(3);
    });

    describe('and that is waited for', () => {
      const BEGUN = Date.UTC(2026, 0, 1);
      const later = (seconds: number) => new Date(BEGUN + seconds * 1_000);
      beforeEach(() => void vi.useFakeTimers({ now: BEGUN, toFake: ['Date', 'setTimeout', 'clearTimeout'] }));
      afterEach(() => void vi.useRealTimers());

      /** A capture that begins with that share; how it ended, when, and how often it asked for another. */
      async function waitWith(budget: BudgetShare, given: RunOptions = {}) {
        const github = createFakeGitHub(bigWorld().root());
        const asked: Date[] = [];
        const work = runCapture(github, new MemoryDestination(), {
          budget,
          renewBudget: async () => {
            asked.push(new Date());
            return budget;
          },
          ...given,
        }).then((result) => ({ ...result, endedAt: new Date() }));
        await vi.advanceTimersByTimeAsync(600_000);
        return { ...(await work), asked, requests: github.requests.length };
      }

      test.each<[string, RunOptions, number]>([
        ['a run that may wait 25 s', { maxWaitMs: 25_000 }, 25],
        ['one that comes to its deadline before', { maxWaitMs: 25_000, deadline: later(20) }, 15],
        ['one that may wait long, for as long as another one may take', { maxWaitMs: 300_000 }, 120],
      ])('%s: no longer in all, then it goes on half a minute later', async (_, given, seconds) => {
        const result = await waitWith(NONE, given);
        expect(result).toMatchObject({ status: 'continue', requests: 0, endedAt: later(seconds) });
        expect(result.asked).toHaveLength(seconds / 5 + 1);
        expect(result.continueAt).toEqual(later(seconds + 30));
      });

      const USED_UP = { ...SOME, points: 0, reserve: 500 };

      test("of an hour that is used up: it goes on at GitHub's time, and asks nobody until then", async () => {
        const budget = { ...USED_UP, pointsResetAt: later(1_800).toISOString() };
        expect(await waitWith(budget, { maxWaitMs: 25_000 })).toMatchObject({
          ...{ status: 'continue', continueAt: later(1_801), endedAt: later(0) },
          ...{ asked: [], requests: 0 },
        });
      });

      test('of an hour that is over soon: it waits, and asks for a share of the next one', async () => {
        const asked: Date[] = [];
        const result = await waitWith(
          { ...USED_UP, pointsResetAt: later(10).toISOString() },
          {
            maxWaitMs: 25_000,
            renewBudget: async () => {
              asked.push(new Date());
              return SOME;
            },
          },
        );
        expect(result).toMatchObject({ status: 'complete', endedAt: later(11) });
        expect(asked).toEqual([later(11)]);
      });
    });
  });

  test('the reserve is left to live work', async () => {
    const reset = Math.floor(Date.now() / 1000) + 3_000;
    const github = createFakeGitHub(bigWorld().root());
    const { fetch } = github;
    let left = 503;
    github.fetch = async (url, init) => {
      const response = await fetch(url, init);
      if (init.method === 'POST') left -= 1;
      response.headers.set('x-ratelimit-remaining', String(left));
      response.headers.set('x-ratelimit-reset', String(reset));
      return response;
    };
    const result = await runCapture(github, new MemoryDestination(), {
      budget: BudgetShare.parse({ points: 1_000, reserve: 500 }),
    });
    expect(result).toMatchObject({ status: 'continue', points: 3 });
    expect(Math.abs((result.continueAt?.getTime() ?? 0) - reset * 1000)).toBeLessThanOrEqual(2_000);
  });
});
