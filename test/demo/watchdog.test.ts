import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createWatchdog } from '../../demo/watchdog.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('ends the story when nothing new was seen for 2 minutes, and says what was seen last', () => {
  const stop = new AbortController();
  const watchdog = createWatchdog(stop);
  watchdog.see('job history is dispatched');
  vi.advanceTimersByTime(100_000);
  watchdog.see('job history is running');
  vi.advanceTimersByTime(100_000);
  watchdog.see('job history is running');
  vi.advanceTimersByTime(19_999);
  expect(stop.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(stop.signal.reason.message).toMatch(/^nothing changed for 120 seconds \(job history is running\)/);
});

it('does nothing once the story is told', () => {
  const stop = new AbortController();
  const watchdog = createWatchdog(stop);
  watchdog.end();
  vi.advanceTimersByTime(1_000_000);
  expect(stop.signal.aborted).toBe(false);
});
