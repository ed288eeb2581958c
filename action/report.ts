import type { CaptureResult } from '../src/capture/capture.ts';
import { formatCount as count, formatDuration } from '../src/text/format-progress.ts';
import { neutralizeSummary } from '../src/text/neutralize.ts';

/**
 * How one capture ended. `continue`: it goes on from its checkpoint; the app sees to that, or the next run.
 * `skipped`: there was nothing to do.
 */
export interface CaptureReport {
  /** `capture of owner/name` or the like. */
  title: string;
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
}

export const NO_TOTALS: CaptureReport['totals'] = {
  pullRequests: 0,
  rows: 0,
  points: 0,
  requests: 0,
  seconds: 0,
};

/** A report on something that was not begun. */
export function emptyReport(
  given: Pick<CaptureReport, 'title' | 'status' | 'message' | 'isFailure'>,
): CaptureReport {
  return { ...given, totals: NO_TOTALS, rowsByTable: new Map(), gaps: [], warnings: [], checkpoint: null };
}

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

/** GitHub takes 1 MiB of summary; what is cut is in the database, or comes again in the next run. */
const MAX_GAPS_SHOWN = 50;
/** More bars than this have no room for their names. */
const MAX_BARS = 6;

const STATUS_TEXT = {
  complete: '✅ complete',
  incomplete: '⚠️ incomplete',
  continue: '⏸️ to be continued',
  stopped: '⏹️ stopped',
  failed: '❌ failed',
  skipped: '✅ nothing to do',
} as const satisfies Record<CaptureReport['status'], string>;

/** The job summary in GitHub's Markdown. @param appUrl where to see more, when there is an app */
export function renderSummary(reports: readonly CaptureReport[], appUrl: URL | null): string {
  const sections = reports.map(renderReport);
  if (appUrl) sections.push(`[Watch it on the monitor](${appUrl.origin}/monitor)`);
  return `${sections.join('\n\n')}\n`;
}

function renderReport(report: CaptureReport): string {
  const { totals, rowsByTable, gaps, warnings } = report;
  const lines = [`### ${neutralizeSummary(report.title)}: ${STATUS_TEXT[report.status]}`, ''];
  if (report.message) lines.push(neutralizeSummary(report.message, 1_000), '');
  lines.push(
    '| pull requests | rows | time | points | requests |',
    '| ---: | ---: | ---: | ---: | ---: |',
    `| ${count(totals.pullRequests)} | ${count(totals.rows)} | ${formatDuration(totals.seconds)} | ${count(totals.points)} | ${count(totals.requests)} |`,
  );
  if (rowsByTable.size > 0) {
    lines.push('', '| table | rows sent |', '| --- | ---: |');
    for (const [table, rows] of rowsByTable) lines.push(`| ${table} | ${count(rows)} |`);
    lines.push('', ...renderChart(rowsByTable));
  }
  if (gaps.length > 0) {
    lines.push('', `Not captured (${count(gaps.length)}):`, '');
    for (const { number, connection, reason } of gaps.slice(0, MAX_GAPS_SHOWN)) {
      const what = number === null ? 'an item' : `number ${number}`;
      lines.push(`- ${what}, ${neutralizeSummary(connection)}: ${neutralizeSummary(reason)}`);
    }
    if (gaps.length > MAX_GAPS_SHOWN) lines.push(`- and ${count(gaps.length - MAX_GAPS_SHOWN)} more`);
  }
  if (warnings.length > 0) {
    lines.push(
      '',
      'Notes:',
      '',
      ...warnings.slice(0, MAX_GAPS_SHOWN).map((text) => `- ${neutralizeSummary(text)}`),
    );
  }
  return lines.join('\n');
}

/** The largest tables once more as a picture, below the table that holds all of them. The names are ours. */
function renderChart(rowsByTable: CaptureReport['rowsByTable']): string[] {
  const largest = [...rowsByTable].sort(([, a], [, b]) => b - a).slice(0, MAX_BARS);
  const highest = Math.max(...largest.map(([, rows]) => rows));
  if (largest.length < 2 || highest === 0) return [];
  return [
    '```mermaid',
    'xychart-beta',
    '  title "Rows sent, by table"',
    `  x-axis [${largest.map(([table]) => `"${table.replaceAll('_', ' ')}"`).join(', ')}]`,
    `  y-axis "rows" 0 --> ${highest}`,
    `  bar [${largest.map(([, rows]) => rows).join(', ')}]`,
    '```',
  ];
}
