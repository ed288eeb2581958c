import { sumEnded } from '../../src/monitor/judge-overview.ts';
import type { Overview } from '../../src/monitor/read-overview.ts';
import { interval95 } from '../../src/rollout/guard/statistics.ts';
import { countOf } from '../../src/text/count-of.ts';
import { formatCount, formatDuration } from '../../src/text/format-progress.ts';
import { renderBars, renderLines, roundUp } from './charts.ts';
import { type Html, html } from './html.ts';
import { empty, processorName, table } from './render-parts.ts';

const hourOf = (start: Date) => `${start.toISOString().slice(11, 16)} UTC`;
const percent = (share: number) => `${Math.round(share * 100)} %`;

/** Where work went, hour by hour, and by which rule. */
export function renderRouting({ hours, routing }: Pick<Overview, 'hours' | 'routing'>): Html {
  const total = routing.reduce((sum, { jobs }) => sum + jobs, 0);
  if (total === 0) return empty('No work came in the last 24 hours.');
  const bulk = routing
    .filter(({ processor }) => processor === 'github_actions')
    .reduce((sum, { jobs }) => sum + jobs, 0);
  const chart = renderBars(
    {
      id: 'routing',
      summary: `${formatCount(total)} jobs were routed in 24 hours, ${percent(bulk / total)} of them to GitHub Actions.`,
      starts: hours.map(({ start }) => start),
      max: roundUp(Math.max(...hours.map(({ routed }) => routed.inngest + routed.github_actions))),
      format: (value) => compact(value),
      legend: [
        { label: processorName('inngest'), className: 'series-a' },
        { label: processorName('github_actions'), className: 'series-b' },
      ],
      values: {
        columns: ['hour', 'Inngest', 'GitHub Actions'],
        rows: hours.map(({ start, routed }) => [
          hourOf(start),
          formatCount(routed.inngest),
          formatCount(routed.github_actions),
        ]),
      },
    },
    [
      { className: 'series-a', values: hours.map(({ routed }) => routed.inngest) },
      { className: 'series-b', values: hours.map(({ routed }) => routed.github_actions) },
    ],
  );
  const rules = table(
    'Jobs by rule',
    ['runs in', 'rule', 'jobs', 'share'],
    routing.map(({ processor, rule, jobs }) => [processorName(processor), rule, jobs, percent(jobs / total)]),
  );
  return html`<p><strong>${percent(bulk / total)}</strong> of ${total} jobs in 24 h went to GitHub Actions.</p>${chart}${rules}`;
}

/** The share of jobs that ended well, with its 95 % interval. */
export function renderSuccess({ hours }: Pick<Overview, 'hours'>): Html {
  const sums = hours.map(sumEnded);
  const judged = sums.reduce((sum, hour) => sum + hour.judged, 0);
  if (judged === 0) return empty('No job has ended in the last 24 hours: that is neither good nor bad.');
  const errors = sums.reduce((sum, hour) => sum + hour.errors, 0);
  const { low, high } = interval95({ jobs: judged, errors });
  const bands = sums.map((hour) => {
    if (hour.judged === 0) return null;
    const band = interval95({ jobs: hour.judged, errors: hour.errors });
    return { low: 1 - band.high, high: 1 - band.low };
  });
  const values = sums.map((hour) => (hour.judged === 0 ? null : hour.successes / hour.judged));
  const chart = renderLines(
    {
      id: 'success',
      summary: `${percent(1 - errors / judged)} of ${formatCount(judged)} jobs ended well in 24 hours.`,
      starts: hours.map(({ start }) => start),
      max: 1,
      format: percent,
      legend: [{ label: 'success rate, with its 95 % interval', className: 'series-c' }],
      values: {
        columns: ['hour', 'jobs', 'success rate', '95 % interval'],
        rows: hours.map(({ start }, index) => {
          const [sum, band, value] = [sums[index], bands[index], values[index]];
          return [
            hourOf(start),
            sum && sum.errors > 0
              ? `${formatCount(sum.judged)}, ${countOf(sum.errors, 'error')}`
              : formatCount(sum?.judged ?? 0),
            value === null || value === undefined ? 'no data' : percent(value),
            band ? `${percent(band.low)} to ${percent(band.high)}` : '',
          ];
        }),
      },
    },
    [{ className: 'series-c', values, band: bands }],
  );
  return html`<p><strong>${percent(1 - errors / judged)}</strong> of ${judged} jobs ended well in 24 h (95 % interval ${percent(1 - high)} to ${percent(1 - low)}).</p>${chart}`;
}

/** From the event to the row. */
export function renderLatency({ hours }: Pick<Overview, 'hours'>): Html {
  const known = hours.flatMap(({ latency }) => (latency ? [latency] : []));
  const newest = known.at(-1);
  if (!newest) return empty('No event was captured in the last 24 hours.');
  const chart = renderLines(
    {
      id: 'latency-chart',
      summary: `Half of the newest hour's events were stored within ${seconds(newest.median)}, 95 % within ${seconds(newest.p95)}.`,
      starts: hours.map(({ start }) => start),
      max: roundUp(Math.max(...known.map(({ p95 }) => p95))),
      format: (value) => seconds(value),
      legend: [
        { label: 'median', className: 'series-a' },
        { label: '95th percentile', className: 'series-d' },
      ],
      values: {
        columns: ['hour', 'jobs', 'median', '95th percentile'],
        rows: hours.map(({ start, latency }) => [
          hourOf(start),
          formatCount(latency?.jobs ?? 0),
          latency ? seconds(latency.median) : 'no data',
          latency ? seconds(latency.p95) : 'no data',
        ]),
      },
    },
    [
      { className: 'series-d', values: hours.map(({ latency }) => latency?.p95 ?? null) },
      { className: 'series-a', values: hours.map(({ latency }) => latency?.median ?? null) },
    ],
  );
  return html`<p>From the event to the row: median <strong>${seconds(newest.median)}</strong>, 95 % within ${seconds(newest.p95)}.</p>${chart}`;
}

function seconds(value: number): string {
  return value < 10 ? `${Math.round(value * 10) / 10} s` : formatDuration(value);
}

function compact(value: number): string {
  return value >= 10_000 ? `${Math.round(value / 1_000)}k` : String(Math.round(value * 10) / 10);
}
