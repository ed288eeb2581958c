import type { Progress } from '../jobs-api/protocol.ts';

export interface Pace {
  /** Items a minute. */
  perMinute: number;
  /** Until the last one; null while that can't be said. */
  secondsLeft: number | null;
}

/** How fast a capture goes, by the items that were done in `elapsedMs`: it began at `doneBefore`. */
export function judgePace(
  { done, total }: Pick<Progress, 'done' | 'total'>,
  doneBefore: number,
  elapsedMs: number,
): Pace {
  const perMinute = elapsedMs > 0 ? ((done - doneBefore) / elapsedMs) * 60_000 : 0;
  const isKnown = perMinute >= 1 && total !== null && total > done;
  return { perMinute, secondsLeft: isKnown ? ((total - done) / perMinute) * 60 : null };
}

/** `1,200 of 6,375 (18 %), 412 a minute, about 13 min left, 4,812 points left, 4,950 requests left`. */
export function formatProgress(progress: Progress, doneBefore: number, elapsedMs: number): string {
  const { done, total, pointsLeft, restLeft } = progress;
  const { perMinute, secondsLeft } = judgePace(progress, doneBefore, elapsedMs);
  const percent = percentOf(progress);
  const share = percent === null ? '' : ` (${percent} %)`;
  const parts = [
    total === null ? `${formatCount(done)} so far` : `${formatCount(done)} of ${formatCount(total)}${share}`,
  ];
  if (perMinute >= 1) parts.push(`${formatCount(Math.round(perMinute))} a minute`);
  if (secondsLeft !== null) parts.push(`about ${formatDuration(secondsLeft)} left`);
  if (pointsLeft !== null) parts.push(`${formatCount(pointsLeft)} points left`);
  if (restLeft !== null) parts.push(`${formatCount(restLeft)} requests left`);
  return parts.join(', ');
}

/** 0 to 100, and 100 only when all is done; null where there is nothing to do, or it is not known how much. */
export function percentOf({ done, total }: Pick<Progress, 'done' | 'total'>): number | null {
  return total === null || total === 0 ? null : Math.floor((done / total) * 100);
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

export function formatCount(value: number): string {
  return value.toLocaleString('en');
}
