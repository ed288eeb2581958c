import type { Usage } from '../src/github/client.ts';
import { capitalize } from '../src/text/capitalize.ts';
import { countOf } from '../src/text/count-of.ts';
import { formatCount as count, formatDuration } from '../src/text/format-progress.ts';
import { formatTime } from '../src/text/format-time.ts';
import { neutralizeSummary } from '../src/text/neutralize.ts';
import { type CaptureReport, STATUS_WORDS } from './report.ts';

/** Where a person sees more; null where there is no such place. */
export interface SummaryLinks {
  appUrl: URL | null;
  /** GitHub's page of all runs of this workflow. */
  workflowRuns: string | null;
}

/** GitHub takes 1 MiB of summary; what is cut is in the database, or comes again in the next run. */
const MOST_CAPTURES = 100;
const MOST_GAPS = 50;
/** More bars than this have no room for their names. */
const MOST_BARS = 6;

const MARKS = {
  complete: '✅',
  incomplete: '⚠️',
  continue: '⏸️',
  stopped: '⏹️',
  failed: '❌',
  skipped: '✅',
} as const satisfies Record<CaptureReport['status'], string>;

/** The job summary in GitHub's Markdown, the same for runs of every kind. */
export function renderSummary(reports: readonly CaptureReport[], links: SummaryLinks): string {
  const sections = [
    [`### ${headingOf(reports)}`],
    renderCaptures(reports, links),
    renderRows(reports),
    renderGaps(reports, links.appUrl !== null),
    renderList(
      'Notes',
      reports.flatMap(({ warnings }) => warnings),
    ),
    renderBudget(reports.flatMap(({ usage }) => usage ?? [])),
    renderLinks(reports, links),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

const verdictOf = ({ status }: CaptureReport) => `${MARKS[status]} ${STATUS_WORDS[status]}`;

function headingOf(reports: readonly CaptureReport[]): string {
  const [first] = reports;
  if (first && reports.length === 1) {
    return `${neutralizeSummary(capitalize(first.title))}: ${verdictOf(first)}`;
  }
  const verdicts = Map.groupBy(reports, verdictOf);
  return `${countOf(reports.length, 'capture')}: ${[...verdicts].map(([verdict, { length }]) => `${length} ${verdict}`).join(', ')}`;
}

function renderCaptures(reports: readonly CaptureReport[], { appUrl }: SummaryLinks): string[] {
  const shown = reports.slice(0, MOST_CAPTURES);
  const told = shown.filter(({ message }) => message !== null);
  return [
    '| what | range | verdict | pull requests | rows | time | points | requests |',
    '| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |',
    ...shown.map((report) => {
      const { title, range, jobId, totals } = report;
      const what = neutralizeSummary(title);
      const cells = [
        appUrl && jobId ? `[${what}](${appUrl.origin}/monitor/jobs/${jobId})` : what,
        neutralizeSummary(range),
        verdictOf(report),
        count(totals.pullRequests),
        count(totals.rows),
        formatDuration(totals.seconds),
        count(totals.points),
        count(totals.requests),
      ];
      return `| ${cells.join(' | ')} |`;
    }),
    ...(reports.length > shown.length ? ['', `And ${count(reports.length - shown.length)} more.`] : []),
    ...(told.length > 0 ? [''] : []),
    ...told.map(({ title, message }) => {
      const what = reports.length > 1 ? `**${neutralizeSummary(title)}**: ` : '';
      return `- ${what}${neutralizeSummary(message ?? '', 1_000)}`;
    }),
  ];
}

function renderRows(reports: readonly CaptureReport[]): string[] {
  const rowsByTable = new Map<string, number>();
  for (const [table, rows] of reports.flatMap((report) => [...report.rowsByTable])) {
    rowsByTable.set(table, (rowsByTable.get(table) ?? 0) + rows);
  }
  if (rowsByTable.size === 0) return [];
  const tables = [...rowsByTable].sort(([, a], [, b]) => b - a);
  return [
    '#### Rows',
    '',
    '| table | rows sent |',
    '| --- | ---: |',
    ...tables.map(([table, rows]) => `| ${table} | ${count(rows)} |`),
    ...renderChart(tables.slice(0, MOST_BARS)),
  ];
}

/** The largest tables once more as a picture, which says nothing that the table above does not. The names are ours. */
function renderChart(largest: readonly (readonly [string, number])[]): string[] {
  const [, highest] = largest[0] ?? ['', 0];
  if (largest.length < 2 || highest === 0) return [];
  return [
    '',
    `The first ${largest.length} lines of this table as a chart:`,
    '',
    '```mermaid',
    'xychart-beta',
    '  accTitle: Rows sent, by table',
    '  accDescr: The same numbers are in the table above.',
    '  title "Rows sent, by table"',
    `  x-axis [${largest.map(([table]) => `"${table.replaceAll('_', ' ')}"`).join(', ')}]`,
    `  y-axis "rows" 0 --> ${highest}`,
    `  bar [${largest.map(([, rows]) => rows).join(', ')}]`,
    '```',
  ];
}

function renderGaps(reports: readonly CaptureReport[], hasApp: boolean): string[] {
  const gaps = reports.flatMap((report) => report.gaps.map((gap) => ({ ...gap, title: report.title })));
  if (gaps.length === 0) return [];
  const cure = hasApp
    ? 'The next capture of the repository tries them again. To do it now, comment `/capture verify` in one of its issues.'
    : 'The next run tries them again.';
  return [
    `#### Not captured (${count(gaps.length)})`,
    '',
    cure,
    '',
    ...gaps.slice(0, MOST_GAPS).map(({ number, connection, reason, title }) => {
      const what = number === null ? 'an item' : `number ${number}`;
      const of = reports.length > 1 ? ` (${neutralizeSummary(title)})` : '';
      return `- ${what}${of}, ${neutralizeSummary(connection)}: ${neutralizeSummary(reason)}`;
    }),
    ...(gaps.length > MOST_GAPS ? [`- and ${count(gaps.length - MOST_GAPS)} more`] : []),
  ];
}

function renderList(heading: string, texts: readonly string[]): string[] {
  if (texts.length === 0) return [];
  return [
    `#### ${heading}`,
    '',
    ...texts.slice(0, MOST_GAPS).map((text) => `- ${neutralizeSummary(text)}`),
    ...(texts.length > MOST_GAPS ? [`- and ${count(texts.length - MOST_GAPS)} more`] : []),
  ];
}

/** All captures of a run draw on the budget of one installation or token: used together, left as was told last. */
function renderBudget(usages: readonly Usage[]): string[] {
  if (usages.length === 0) return [];
  const last = (isTold: (usage: Usage) => boolean) => usages.findLast(isTold);
  const graphql = last(({ pointsLeft }) => pointsLeft !== null);
  const rest = last(({ restLeft }) => restLeft !== null);
  const line = (
    name: string,
    used: number[],
    left?: number | null,
    limit?: number | null,
    at?: Date | null,
  ) =>
    `| ${[
      name,
      count(used.reduce((total, one) => total + one, 0)),
      ...[left, limit].map((number) => (number == null ? 'not told' : count(number))),
      at ? formatTime(at) : 'not told',
    ].join(' | ')} |`;
  const points = usages.map((usage) => usage.points);
  const requests = usages.map((usage) => usage.restRequests);
  return [
    "#### GitHub's budget",
    '',
    '| | used by this run | left now | of, in an hour | whole again at |',
    '| --- | ---: | ---: | ---: | --- |',
    line('points (GraphQL)', points, graphql?.pointsLeft, graphql?.pointsLimit, graphql?.resetAt),
    line('requests (REST)', requests, rest?.restLeft, rest?.restLimit, rest?.restResetAt),
  ];
}

function renderLinks(reports: readonly CaptureReport[], { appUrl, workflowRuns }: SummaryLinks): string[] {
  const isContinued = reports.some(({ status }) => status === 'continue');
  return [
    ...(appUrl ? [`- [Watch it on the monitor](${appUrl.origin}/monitor)`] : []),
    ...(workflowRuns && isContinued
      ? [`- [Where it is continued: the runs of this workflow](${workflowRuns})`]
      : []),
  ];
}
