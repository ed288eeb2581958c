import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { preloadUrl } from '../../bench/fast-time.ts';
import { createClock } from '../../sandbox/clock.ts';

const SCRIPT = `
import { setTimeout as wait } from 'node:timers/promises';
const [date, monotonic] = [Date.now(), performance.now()];
await wait(5000);
await new Promise((resolve) => setTimeout(resolve, 5000));
const passed = { date: Date.now() - date, monotonic: performance.now() - monotonic };
console.log(JSON.stringify({ ...passed, now: new Date().getTime(), isDate: new Date() instanceof Date }));`;

test("a process's time runs with the local GitHub's clock", async () => {
  const clock = createClock(100);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', preloadUrl('fast-time'), '--input-type=module', '--eval', SCRIPT],
    {
      env: {
        ...process.env,
        BENCH_CLOCK: JSON.stringify({ startedAt: clock.startedAt, speed: clock.speed }),
      },
    },
  );
  const end = clock.now();
  const { date, monotonic, now, isDate } = JSON.parse(stdout);
  expect(isDate).toBe(true);
  // Waited by its clock, which runs a hundred times as fast: 10 s and not 0.1; timers may be a millisecond early.
  expect(date).toBeGreaterThan(9_500);
  expect(monotonic).toBeGreaterThan(9_500);
  expect(now).toBeLessThanOrEqual(end);
  expect(now).toBeGreaterThan(clock.startedAt + 9_500);
});
