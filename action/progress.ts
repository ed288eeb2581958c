import type { Progress } from '../src/jobs-api/protocol.ts';
import { formatProgress } from '../src/text/format-progress.ts';

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
