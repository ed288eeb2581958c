import type { Progress } from '../src/jobs-api/protocol.ts';

/** Time between two lines, so that the log of a run of hours stays readable. */
const LINE_INTERVAL_MS = 10_000;

export interface ProgressLog {
  update(progress: Progress): void;
  /** What was told last; null before the first batch. */
  last(): Progress | null;
}

/** Writes a line about the progress of a capture, at most one in 10 s. */
export function createProgressLog(write: (line: string) => void, now: () => number = Date.now): ProgressLog {
  const startedMs = now();
  let first: Progress | null = null;
  let last: Progress | null = null;
  let lineMs = Number.NEGATIVE_INFINITY;
  return {
    update(progress) {
      first ??= progress;
      last = progress;
      if (now() - lineMs < LINE_INTERVAL_MS) return;
      lineMs = now();
      write(formatProgress(progress, first.done, now() - startedMs));
    },
    last: () => last,
  };
}

/**
 * `1,200 of 6,375 (18 %), 412 a minute, about 13 min left, 4,812 points left`. The rate counts what this run did: it
 * began at `doneBefore`.
 */
export function formatProgress(progress: Progress, doneBefore: number, elapsedMs: number): string {
  const { done, total, pointsLeft } = progress;
  const perMinute = elapsedMs > 0 ? ((done - doneBefore) / elapsedMs) * 60_000 : 0;
  const parts = [
    total === null ? `${count(done)} so far` : `${count(done)} of ${count(total)}${percent(done, total)}`,
  ];
  if (perMinute >= 1) parts.push(`${count(Math.round(perMinute))} a minute`);
  if (perMinute >= 1 && total !== null && total > done) {
    parts.push(`about ${formatDuration(((total - done) / perMinute) * 60)} left`);
  }
  if (pointsLeft !== null) parts.push(`${count(pointsLeft)} points left`);
  return parts.join(', ');
}

/** @param seconds rounded to what a reader cares for: `45 s`, `12 min`, `2 h 5 min` */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest > 0 ? ` ${rest} min` : ''}`;
}

export function count(value: number): string {
  return value.toLocaleString('en');
}

function percent(done: number, total: number): string {
  return total > 0 ? ` (${Math.floor((done / total) * 100)} %)` : '';
}
