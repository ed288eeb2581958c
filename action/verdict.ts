import type { CaptureResult } from '../src/capture/capture.ts';
import { formatCount } from '../src/text/format-progress.ts';

/** What a verification that went to its end has found, in one line: whether the copy is complete. */
export function describeVerification({ status, progress, pullRequests, gaps }: CaptureResult): string | null {
  const all = `${formatCount(progress.total ?? progress.done)} pull requests`;
  const repaired = pullRequests === 0 ? '' : ` ${formatCount(pullRequests)} of them had to be fetched again.`;
  if (status === 'complete') {
    return `The copy is complete: ${all} have everything that GitHub counts.${repaired}`;
  }
  if (status !== 'incomplete') return null;
  const numbers = new Set(gaps.map(({ number }) => number));
  return `The copy is NOT complete: ${formatCount(numbers.size)} of ${all} lack something that GitHub counts (${formatCount(gaps.length)} gaps; the summary of the run lists them).${repaired}`;
}
