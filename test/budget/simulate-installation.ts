import {
  createInstallation,
  type Holder,
  type Installation,
  isDone,
  type LedgerUnderTest,
} from './greedy-holders.ts';

const BULK_RUNS = 8;
/** What a job about a pull request that has just changed uses. */
const SMALL_JOB = { graphqlMs: 800, restMs: 300 };

export interface Simulated {
  installation: Installation;
  /** How long each live job waited for what it needed, and how long after the beginning it came; milliseconds. */
  waits: { ms: number; since: number }[];
}

/**
 * Up to eight bulk runs that last 2 to 10 minutes, and four live jobs a minute, all at random times. Bulk runs ask every 5 to
 * 20 s; answers come late or never, and some runs end without a word.
 */
export async function simulateInstallation(
  ledger: LedgerUnderTest,
  { seed, minutes }: { seed: number; minutes: number },
): Promise<Simulated> {
  const random = createRandom(seed);
  const installation = createInstallation(ledger);
  const startedAt = installation.now;
  const bulk = new Map<Holder, { asksAt: number; endsAt: number }>();
  const live = new Set<Holder>();
  const waits: Simulated['waits'] = [];

  async function startSome(): Promise<void> {
    const { now } = installation;
    if (bulk.size < BULK_RUNS && random() < 0.1) {
      const endsAt = now + (2 + random() * 8) * 60_000;
      bulk.set(await installation.start('bulk'), { asksAt: now + 15_000, endsAt });
    }
    if (random() < 4 / 60) live.add(await installation.start('live', { need: SMALL_JOB }));
  }

  async function goOnBulk(run: Holder, { asksAt, endsAt }: { asksAt: number; endsAt: number }) {
    const { now } = installation;
    if (now >= endsAt) {
      bulk.delete(run);
      if (random() < 0.2) installation.kill(run);
      else await installation.release(run, random() < 0.8);
    } else if (now >= asksAt) {
      const lateMs = random() < 0.1 ? random() * 15_000 : 0;
      await installation.renew(run, { lateMs, isLost: random() < 0.05, tells: random() < 0.9 });
      bulk.set(run, { asksAt: now + 5_000 + random() * 15_000, endsAt });
    }
  }

  async function goOnLive(job: Holder): Promise<void> {
    if (!isDone(job)) return void (await installation.renew(job));
    live.delete(job);
    waits.push({ ms: installation.now - job.startedAt, since: job.startedAt - startedAt });
    await installation.release(job);
  }

  while (installation.now < startedAt + minutes * 60_000) {
    await startSome();
    for (const [run, plan] of bulk) await goOnBulk(run, plan);
    for (const job of live) await goOnLive(job);
    installation.pass(1_000);
  }
  return { installation, waits };
}

/** Mulberry32: the same numbers in each run of the tests. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
