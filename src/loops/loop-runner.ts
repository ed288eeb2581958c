import { randomUUID } from 'node:crypto';
import type { JobLog } from '../jobs/job-log.ts';
import type { Database } from '../store/database.ts';
import { endLease, requireLease, takeLease } from '../store/lease.ts';
import { keepLease } from './keep-lease.ts';
import type { Loop, LoopReport } from './loop.ts';

export interface LoopRunnerOptions {
  db: Database;
  loops: readonly Loop[];
  log: JobLog;
  /** Milliseconds until a holder that gives no sign of life has lost its lease. Default 60,000. */
  leaseMs?: number;
  now?: () => Date;
}

export type PassOutcome =
  | { outcome: 'passed'; fence: number; durationMs: number; report: LoopReport }
  /** Another pass of the loop is under way, here or in another instance. */
  | { outcome: 'held' };

export interface LoopRunner {
  readonly names: readonly string[];
  /**
   * Makes one pass now, whenever the last one was.
   * @throws what the pass throws; RangeError for a name that is not one of `names`
   */
  run(name: string): Promise<PassOutcome>;
  start(): void;
  /** Resolves when the passes that are under way have reached their next safe point. */
  stop(): Promise<void>;
}

const LEASE_MS = 60_000;
/** After the start, when there is other work to do. */
const FIRST_AFTER_MS = 5_000;
const RETRY_MS = 30_000;
/** Of the interval: within it the pass of another instance counts as one's own. Timers are late rather than early. */
const REST_SHARE = 0.9;

/**
 * Runs loops at their intervals. With several instances on one database a loop makes one pass in its interval, in one of
 * them, under a lease in `leases`; when that instance dies, another one takes over.
 */
export function createLoopRunner(options: LoopRunnerOptions): LoopRunner {
  const { db, loops, log, leaseMs = LEASE_MS, now = () => new Date() } = options;
  const stopping = new AbortController();
  const timers = new Map<string, NodeJS.Timeout>();
  const underWay = new Set<Promise<unknown>>();

  async function makePass(loop: Loop, { restMs }: { restMs: number }): Promise<PassOutcome> {
    const begunAt = now();
    const passedBefore = restMs > 0 ? new Date(begunAt.getTime() - restMs) : null;
    const lease = await takeLease(db, `loop:${loop.name}`, randomUUID(), leaseMs, { passedBefore });
    if (!lease) return { outcome: 'held' };
    const kept = keepLease({ db, lease, leaseMs, log });
    const signal = AbortSignal.any([stopping.signal, kept.signal]);
    const startedMs = performance.now();
    let report: LoopReport | null = null;
    try {
      report = await loop.pass({
        now: begunAt,
        lastPassedAt: lease.passedAt,
        signal,
        write: (work) =>
          db.transaction().execute(async (trx) => {
            signal.throwIfAborted();
            await requireLease(trx, lease);
            return work(trx);
          }),
      });
    } finally {
      await kept.release();
      await endLease(db, lease, report && begunAt).catch((err: unknown) =>
        log.warn({ err, stage: 'loop', loop: loop.name }, 'A lease could not be given back; it runs out.'),
      );
    }
    const durationMs = Math.round(performance.now() - startedMs);
    if (Object.values(report).some((value) => typeof value === 'number' && value > 0)) {
      const line = { stage: 'loop', loop: loop.name, fence: lease.fence, duration_ms: durationMs };
      log.info({ ...line, ...report }, 'A pass of a loop is done.');
    }
    return { outcome: 'passed', fence: lease.fence, durationMs, report };
  }

  function track<Result>(work: Promise<Result>): Promise<Result> {
    underWay.add(work);
    const forget = () => underWay.delete(work);
    work.then(forget, forget);
    return work;
  }

  function schedule(loop: Loop, afterMs: number): void {
    if (stopping.signal.aborted) return;
    const wake = () =>
      track(makePass(loop, { restMs: loop.intervalMs * REST_SHARE })).then(
        () => schedule(loop, loop.intervalMs),
        (err: unknown) => {
          if (stopping.signal.aborted) return;
          log.warn({ err, stage: 'loop', loop: loop.name }, 'A pass of a loop failed; it is tried again.');
          schedule(loop, Math.min(loop.intervalMs, RETRY_MS));
        },
      );
    timers.set(loop.name, setTimeout(wake, afterMs));
  }

  return {
    names: loops.map(({ name }) => name),
    async run(name) {
      const loop = loops.find((candidate) => candidate.name === name);
      if (!loop) throw new RangeError(`There is no loop "${name}".`);
      return track(makePass(loop, { restMs: 0 }));
    },
    start() {
      for (const loop of loops) schedule(loop, Math.min(loop.intervalMs, FIRST_AFTER_MS));
    },
    async stop() {
      stopping.abort();
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.allSettled(underWay);
    },
  };
}
