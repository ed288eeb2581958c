/**
 * Preloaded into a process that talks to the local GitHub (`node --import`): makes its time run as fast as the local
 * GitHub's clock, and in step with it. `Date`, `performance.now` and timers follow; what a real machine does (CPU, disk,
 * network) still takes real time, so it weighs `speed` times as much. `AbortSignal.timeout` is left alone: it gives up
 * late rather than early. `BENCH_CLOCK` holds the clock's `startedAt` and `speed`, as JSON.
 */
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import promises from 'node:timers/promises';
import { promisify } from 'node:util';

const { startedAt, speed } = JSON.parse(process.env.BENCH_CLOCK ?? '{}');
const RealDate = Date;
const realElapsed = performance.now.bind(performance);
const realOrigin = performance.timeOrigin;

const fastNow = () => startedAt + (realOrigin + realElapsed() - startedAt) * speed;
const wholeNow = () => Math.floor(fastNow());
performance.now = () => fastNow() - (startedAt + (realOrigin - startedAt) * speed);
globalThis.Date = new Proxy(RealDate, {
  construct: (target, given, newTarget) =>
    Reflect.construct(target, given.length === 0 ? [wholeNow()] : given, newTarget),
  apply: (target) => new target(wholeNow()).toString(),
  get: (target, name, receiver) => (name === 'now' ? wholeNow : Reflect.get(target, name, receiver)),
});

const real = { setTimeout: timers.setTimeout, setInterval: timers.setInterval };
const realWait = { setTimeout: promises.setTimeout, setInterval: promises.setInterval };
for (const name of ['setTimeout', 'setInterval']) {
  const fast = (callback, ms, ...given) => real[name](callback, (ms ?? 0) / speed, ...given);
  const wait = (ms, ...given) => realWait[name]((ms ?? 0) / speed, ...given);
  Object.defineProperty(fast, promisify.custom, { value: wait });
  globalThis[name] = fast;
  timers[name] = fast;
  promises[name] = wait;
}
syncBuiltinESMExports();
