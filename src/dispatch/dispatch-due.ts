import { createDispatchPass, type DispatchPassOptions } from './dispatch-pass.ts';
import { findNextDue } from './find-due-jobs.ts';

export interface DispatchLoopOptions extends Omit<DispatchPassOptions, 'now'> {
  /** Milliseconds until rows that another process wrote are seen. Default 5,000. */
  pollMs?: number;
  now?: () => Date;
}

export interface DispatchLoop {
  /** Looks for due jobs at once, or at a time. */
  poke(at?: Date): void;
  /** One pass: gives up lost runs, routes again, dispatches what is due. Resolves to the number of runs sent. */
  runOnce(): Promise<number>;
  start(): void;
  /** Resolves when the pass that is under way is over. */
  stop(): Promise<void>;
}

const POLL_MS = 5_000;

/** Dispatches queued jobs when they are due. Safe with several processes on one database: each run is reserved once. */
export function createDispatchLoop(options: DispatchLoopOptions): DispatchLoop {
  const { log, pollMs = POLL_MS, now = () => new Date() } = options;
  const pass = createDispatchPass({ ...options, now });
  let timer: NodeJS.Timeout | undefined;
  let wakeAt = Number.POSITIVE_INFINITY;
  let isStarted = false;
  let underWay: Promise<unknown> | null = null;
  let isPoked = false;

  function schedule(at: number): void {
    if (!isStarted || at >= wakeAt) return;
    clearTimeout(timer);
    wakeAt = at;
    timer = setTimeout(wake, Math.max(0, at - Date.now()));
  }

  function wake(): void {
    wakeAt = Number.POSITIVE_INFINITY;
    if (underWay) {
      isPoked = true;
      return;
    }
    isPoked = false;
    underWay = pass()
      .then(async () => {
        const next = await findNextDue(options.db, now());
        schedule(Math.min(Date.now() + pollMs, next?.getTime() ?? Infinity));
      })
      .catch((err: unknown) => {
        log.warn({ err, stage: 'dispatch' }, 'Due jobs could not be dispatched; they will be tried again.');
        schedule(Date.now() + pollMs);
      })
      .finally(() => {
        underWay = null;
        if (isPoked) schedule(Date.now());
      });
  }

  return {
    poke: (at) => schedule(at?.getTime() ?? Date.now()),
    runOnce: pass,
    start() {
      isStarted = true;
      schedule(Date.now());
    },
    async stop() {
      isStarted = false;
      clearTimeout(timer);
      await underWay;
    },
  };
}
