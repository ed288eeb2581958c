import type { CaptureResult } from '../capture/capture.ts';
import type { Gap } from '../capture/checkpoint.ts';
import { GitHubError } from '../github/errors.ts';
import { countOf } from '../text/count-of.ts';
import type { EndRunOptions } from './end-run.ts';
import type { RunResult } from './run-result.ts';

/** Gaps that are named; the number of all is told. */
const MOST_GAPS = 3;

export type CaptureEnd = Pick<EndRunOptions, 'outcome' | 'result' | 'error' | 'continueAt' | 'canRetry'>;

/** What the end of a capture means for its run. A capture that was told to stop goes on later, at no attempt's cost. */
export function judgeCaptureResult(capture: CaptureResult): CaptureEnd {
  const result: RunResult = {
    pullRequests: capture.pullRequests,
    rows: capture.rows,
    points: capture.points,
    requests: capture.requests,
    seconds: capture.seconds,
    complete: capture.status === 'complete',
    gaps: capture.gaps.length,
  };
  switch (capture.status) {
    case 'complete':
      return { outcome: 'success', result, error: null };
    case 'incomplete':
      return { outcome: 'success', result, error: describeGaps(capture.gaps) };
    case 'continue':
    case 'stopped':
      return { outcome: 'continue', result, error: null, continueAt: capture.continueAt };
  }
}

function describeGaps(gaps: readonly Gap[]): string {
  const named = gaps.slice(0, MOST_GAPS).map(({ number, connection, reason }) => {
    const what = number === null ? 'an item' : `number ${number}`;
    return `${what}, ${connection}: ${reason}`;
  });
  const more = gaps.length > MOST_GAPS ? [`${gaps.length - MOST_GAPS} more`] : [];
  return `Captured, but ${countOf(gaps.length, 'part')} could not be fetched: ${[...named, ...more].join('; ')}`;
}

/**
 * What a failed capture means for its run, whatever it did before. A wait for GitHub's budget is no failure; trying again is left out where
 * the answer would be the same; what the installation's owner must change blocks.
 */
export function judgeCaptureError(error: unknown): Omit<CaptureEnd, 'result'> {
  const message = error instanceof Error ? error.message : String(error);
  const end = (outcome: 'failure' | 'blocked', canRetry: boolean) => ({ outcome, canRetry, error: message });
  if (error instanceof GitHubError) {
    switch (error.code) {
      case 'rate_limited':
        return { outcome: 'continue', error: message, continueAt: error.retryAt };
      case 'forbidden':
      case 'unauthorized':
        return end('blocked', false);
      case 'not_found':
      case 'repository_changed':
        return end('failure', false);
      default:
        return end('failure', true);
    }
  }
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'row_of_another_repository' || code === 'invalid_row') return end('failure', false);
  return end('failure', true);
}
