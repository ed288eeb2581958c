import type { Progress } from '../src/jobs-api/protocol.ts';
import { capitalize } from '../src/text/capitalize.ts';
import { formatProgress } from '../src/text/format-progress.ts';

/** Time between two lines, so that the log of a run of hours stays readable. */
const LINE_INTERVAL_MS = 10_000;
/** What is logged in so much time is folded under one title: a run of 5.5 hours folds into some thirty lines. */
const FOLD_INTERVAL_MS = 10 * 60_000;

export interface ProgressLog {
  /** A part of the capture begins. */
  stage(name: string): void;
  update(progress: Progress): void;
  /** What was told last; null before the first batch. */
  last(): Progress | null;
}

/**
 * Tells how a capture goes: a line at most once in 10 s, folded by its parts and every 10 minutes. The titles tell the
 * progress too, so that the log can be read without opening any.
 */
export function createProgressLog(
  log: { info: (line: string) => void; fold: (title: string) => void },
  now: () => number = Date.now,
): ProgressLog {
  const startedMs = now();
  let part = '';
  let first: Progress | null = null;
  let last: Progress | null = null;
  let lineMs = Number.NEGATIVE_INFINITY;
  let foldMs = startedMs;
  const fold = (title: string) => {
    foldMs = now();
    log.fold(title);
  };
  return {
    stage(name) {
      part = capitalize(name);
      fold(part);
    },
    update(progress) {
      first ??= progress;
      last = progress;
      if (now() - lineMs < LINE_INTERVAL_MS) return;
      lineMs = now();
      const line = formatProgress(progress, first.done, now() - startedMs);
      if (now() - foldMs >= FOLD_INTERVAL_MS) fold(`${part}: ${line}`);
      else log.info(line);
    },
    last: () => last,
  };
}
