import { describe, expect, test } from 'vitest';
import type { CaptureResult } from '../../src/capture/capture.ts';
import { judgeCaptureResult } from '../../src/jobs/judge-capture.ts';

const gap = (number: number | null) => ({ number, connection: 'files', reason: 'HTTP 502' });

function captured(gaps: CaptureResult['gaps']): CaptureResult {
  const progress = { done: 9, total: 9, points: 1, requests: 2, rows: 3, pointsLeft: null, restLeft: null };
  return {
    ...{ status: 'incomplete', continueAt: null, checkpoint: {}, progress, warnings: ['Something else'] },
    ...{ pullRequests: 9, rows: 3, points: 1, requests: 2, seconds: 4, gaps },
  };
}

describe('an incomplete capture names what is missing, and why', () => {
  test.each<[string, CaptureResult['gaps'], string]>([
    ['one part', [gap(51)], '1 part could not be fetched: number 51, files: HTTP 502'],
    ['one without a number', [gap(null)], '1 part could not be fetched: an item, files: HTTP 502'],
    [
      'many',
      [1, 2, 3, 4, 5].map(gap),
      '5 parts could not be fetched: number 1, files: HTTP 502; number 2, files: HTTP 502; number 3, files: HTTP 502; 2 more',
    ],
  ])('%s', (_, gaps, text) => {
    expect(judgeCaptureResult(captured(gaps))).toMatchObject({
      outcome: 'success',
      result: { complete: false, gaps: gaps.length },
      error: `Captured, but ${text}`,
    });
  });
});
