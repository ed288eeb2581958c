import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';
import timers from 'node:timers';
import promises, { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Clock } from '../../sandbox/clock.ts';

/** Turns of the event loop without anything new after which everybody is taken to wait. */
const QUIET_TURNS = 5;

type Callback = (...given: unknown[]) => void;

/** A timer that `setTimeout` or `setInterval` gave, as far as anybody uses one. */
class SkippedTimer {
  readonly #queue: TimerQueue;
  readonly delayMs: number;
  readonly repeats: boolean;
  readonly call: () => void;
  dueAt = 0;
  #isReferenced = true;

  constructor(queue: TimerQueue, call: () => void, delayMs: number, repeats: boolean) {
    this.#queue = queue;
    this.call = call;
    this.delayMs = delayMs;
    this.repeats = repeats;
    this.refresh();
  }
  refresh(): this {
    this.#queue.remove(this);
    this.#queue.add(this);
    return this;
  }
  close(): this {
    this.#queue.remove(this);
    return this;
  }
  ref(): this {
    this.#isReferenced = true;
    return this;
  }
  unref(): this {
    this.#isReferenced = false;
    return this;
  }
  hasRef(): boolean {
    return this.#isReferenced;
  }
  [Symbol.dispose](): void {
    this.close();
  }
}

interface TimerQueue {
  add(timer: SkippedTimer): void;
  remove(timer: SkippedTimer): void;
  /** When the first one is due; null when there is none. */
  next(): number | null;
  /** Calls those that are due, in order. */
  callDue(): void;
}

function createTimerQueue(now: () => number): TimerQueue {
  /** By the time they are due; a few dozen at most. */
  const queue: SkippedTimer[] = [];
  const timers: TimerQueue = {
    add(timer) {
      timer.dueAt = now() + timer.delayMs;
      const place = queue.findIndex(({ dueAt }) => dueAt > timer.dueAt);
      queue.splice(place === -1 ? queue.length : place, 0, timer);
    },
    remove(timer) {
      const place = queue.indexOf(timer);
      if (place !== -1) queue.splice(place, 1);
    },
    next: () => queue[0]?.dueAt ?? null,
    callDue() {
      const at = now();
      for (let first = queue[0]; first !== undefined && first.dueAt <= at; first = queue[0]) {
        queue.shift();
        if (first.repeats) timers.add(first);
        first.call();
      }
    },
  };
  return timers;
}

export interface SkippedWaits {
  /** For the local GitHub in this process. */
  clock: Clock;
  /** Carries `work` out, with all waits skipped. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * Makes this process one in which nobody waits: its time is the CPU time of its main thread, and whenever everything in
 * it waits (the client for answers or for a limit, the local GitHub for a service time to be over) time jumps to the next
 * thing that is due. `Date`, `performance.now` and timers follow. So a wall time here is what it would be on a machine
 * with nothing else to do: CPU counts as it is, the local GitHub's own counts at most twice, and how busy the machine is
 * does not matter.
 *
 * It sees waits of requests sent with `fetch` and of timers; what waits for anything else must not take long.
 */
export function skipWaits(): SkippedWaits {
  const RealDate = Date;
  const startedAt = RealDate.now();
  const cpuMs = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  const cpuAtStart = cpuMs();
  let skippedMs = 0;
  const exact = () => startedAt + cpuMs() - cpuAtStart + skippedMs;
  const wholeNow = () => Math.floor(exact());
  const queue = createTimerQueue(exact);
  /** Requests without a whole answer so far; of those, the ones that the local GitHub lets wait. */
  const underWay = { requests: 0, asleep: 0 };

  const start = (call: Callback, delayMs: number | undefined, given: unknown[], repeats: boolean) =>
    new SkippedTimer(queue, () => call(...given), Math.max(1, delayMs ?? 1), repeats);
  const setTimeout = (call: Callback, delayMs?: number, ...given: unknown[]) =>
    start(call, delayMs, given, false);
  const setInterval = (call: Callback, delayMs?: number, ...given: unknown[]) =>
    start(call, delayMs, given, true);
  const wait = <T>(delayMs?: number, value?: T, { signal }: { signal?: AbortSignal } = {}) =>
    new Promise<T | undefined>((resolve, reject) => {
      const abort = () => {
        timer.close();
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', abort);
        resolve(value);
      }, delayMs);
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort, { once: true });
    });
  Object.defineProperty(setTimeout, promisify.custom, { value: wait });
  const realClear = timers.clearTimeout;
  const clear = (timer: unknown) => {
    if (timer instanceof SkippedTimer) timer.close();
    else realClear(timer as NodeJS.Timeout);
  };
  const faked = { setTimeout, setInterval, clearTimeout: clear, clearInterval: clear };
  Object.assign(globalThis, faked);
  Object.assign(timers, faked);
  Object.assign(promises, { setTimeout: wait });
  syncBuiltinESMExports();

  performance.now = () => exact() - startedAt;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, given, newTarget) =>
      Reflect.construct(target, given.length === 0 ? [wholeNow()] : given, newTarget),
    get: (target, name, receiver) => (name === 'now' ? wholeNow : Reflect.get(target, name, receiver)),
  });

  const realFetch = globalThis.fetch;
  globalThis.fetch = async (...given: Parameters<typeof fetch>) => {
    underWay.requests += 1;
    try {
      const response = await realFetch(...given);
      const { status, statusText, headers } = response;
      const body = await response.arrayBuffer();
      return new Response(status === 204 || status === 304 ? null : body, { status, statusText, headers });
    } finally {
      underWay.requests -= 1;
    }
  };

  const clock: Clock = {
    startedAt,
    speed: 1,
    now: wholeNow,
    sleep: (ms) => clock.sleepUntil(exact() + ms),
    async sleepUntil(at) {
      const leftMs = at - exact();
      if (leftMs <= 0) return;
      underWay.asleep += 1;
      await wait(leftMs);
      underWay.asleep -= 1;
    },
    advance(ms) {
      skippedMs += ms;
    },
  };

  return {
    clock,
    async run(work) {
      let isEnded = false;
      const result = work();
      const end = () => {
        isEnded = true;
      };
      // A failure is the caller's, below; until then it must not count as one that nobody handles.
      result.then(end, end);
      let quiet = 0;
      while (!isEnded) {
        await setImmediate();
        queue.callDue();
        quiet = underWay.requests === underWay.asleep ? quiet + 1 : 0;
        const next = queue.next();
        if (quiet < QUIET_TURNS || next === null) continue;
        skippedMs += Math.max(0, next - exact());
        queue.callDue();
        quiet = 0;
      }
      return result;
    },
  };
}
