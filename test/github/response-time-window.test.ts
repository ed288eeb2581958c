import { expect, test } from 'vitest';
import { createResponseTimeWindow } from '../../src/github/response-time-window.ts';

test('response times in any 60 s stay below what GitHub allows', () => {
  const window = createResponseTimeWindow({ windowMs: 60_000, allowedMs: 50_000 });
  for (let i = 1; i <= 5; i += 1) {
    expect(window.waitMs((i - 1) * 10_000, 10_000)).toBe(0);
    window.add(i * 10_000, 10_000);
  }
  // 50 s are used: the first request must leave the window before the next may go.
  expect(window.waitMs(50_000, 10_000)).toBe(20_000);
  expect(window.waitMs(69_999, 10_000)).toBe(1);
  expect(window.waitMs(70_000, 10_000)).toBe(0);
  // Twice as long a request needs the room of two.
  expect(window.waitMs(70_000, 20_000)).toBe(10_000);
});

test('a request that is expected to take longer than the window may go when the window is empty', () => {
  const window = createResponseTimeWindow({ windowMs: 60_000, allowedMs: 50_000 });
  expect(window.waitMs(0, 90_000)).toBe(0);
});
