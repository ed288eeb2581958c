import type { CaptureResult } from '../capture/capture.ts';
import { GitHubError } from '../github/errors.ts';
import type { EndRunOptions } from './end-run.ts';
import type { RunResult } from './run-result.ts';

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
      return {
        outcome: 'success',
        result,
        error: `Captured, but ${capture.gaps.length} parts could not be fetched: ${capture.warnings.slice(0, 3).join('; ')}`,
      };
    case 'continue':
    case 'stopped':
      return { outcome: 'continue', result, error: null, continueAt: capture.continueAt };
  }
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
