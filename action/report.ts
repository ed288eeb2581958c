import type { CaptureResult } from '../src/capture/capture.ts';
import type { Usage } from '../src/github/client.ts';
import { formatCount as count, formatDuration } from '../src/text/format-progress.ts';

/**
 * How one capture ended. `continue`: it goes on from its checkpoint; the app sees to that, or the next run.
 * `skipped`: there was nothing to do.
 */
export interface CaptureReport {
  /** `capture of owner/name` or the like. */
  title: string;
  /** What of the repository, as `describeRange` has it; empty where the job was not even known. */
  range: string;
  /** Null: a capture without the app. */
  jobId: string | null;
  status: 'complete' | 'incomplete' | 'continue' | 'stopped' | 'failed' | 'skipped';
  /** What a person should know, in one line; null when all is well. */
  message: string | null;
  /** Somebody has to act, or nothing goes on: the run ends red. */
  isFailure: boolean;
  totals: Pick<CaptureResult, 'pullRequests' | 'rows' | 'points' | 'requests' | 'seconds'>;
  /** Rows that went to the destination, by table. */
  rowsByTable: ReadonlyMap<string, number>;
  gaps: CaptureResult['gaps'];
  warnings: string[];
  checkpoint: CaptureResult['checkpoint'] | null;
  /** What was used and is left of GitHub's budget; null: nothing was asked. */
  usage: Usage | null;
}

export const NO_TOTALS: CaptureReport['totals'] = {
  pullRequests: 0,
  rows: 0,
  points: 0,
  requests: 0,
  seconds: 0,
};

/** A report on something that was not begun, or that goes on to be filled in. */
export function emptyReport(
  given: Pick<CaptureReport, 'title' | 'status' | 'message' | 'isFailure'> &
    Partial<Pick<CaptureReport, 'range' | 'jobId'>>,
): CaptureReport {
  return {
    range: '',
    jobId: null,
    totals: NO_TOTALS,
    rowsByTable: new Map(),
    gaps: [],
    warnings: [],
    checkpoint: null,
    usage: null,
    ...given,
  };
}

/** The statuses in words. */
export const STATUS_WORDS = {
  complete: 'complete',
  incomplete: 'incomplete',
  continue: 'to be continued',
  stopped: 'stopped',
  failed: 'failed',
  skipped: 'nothing to do',
} as const satisfies Record<CaptureReport['status'], string>;

/** For the log, in one line. */
export function describeTotals(totals: CaptureReport['totals']): string {
  const { pullRequests, rows, seconds, points, requests } = totals;
  return `${count(pullRequests)} pull requests, ${count(rows)} rows, ${formatDuration(seconds)}, ${count(points)} points, ${count(requests)} requests`;
}

/** The outputs that action.yml declares. */
export function outputsOf(reports: readonly CaptureReport[]): Record<string, string | number | boolean> {
  const sum = (key: keyof CaptureReport['totals']) =>
    reports.reduce((total, { totals }) => total + totals[key], 0);
  return {
    'pull-requests': sum('pullRequests'),
    rows: sum('rows'),
    points: sum('points'),
    requests: sum('requests'),
    complete:
      reports.length > 0 && reports.every(({ status }) => status === 'complete' || status === 'skipped'),
    checkpoint: JSON.stringify(reports.at(-1)?.checkpoint ?? {}),
  };
}
