import { type Finding, HEALTH_WORDS, type Health, judgeOverview } from '../../src/monitor/judge-overview.ts';
import type { Overview } from '../../src/monitor/read-overview.ts';
import { countOf } from '../../src/text/count-of.ts';
import type { Viewer } from './access.ts';
import { type Html, html, long, type Part } from './html.ts';
import { renderLatency, renderRouting, renderSuccess } from './render-charts.ts';
import { type CostSnapshot, renderCost } from './render-cost.ts';
import { outcomeName } from './render-deliveries.ts';
import { empty, jobItem, section, table, time, whyNoRepository } from './render-parts.ts';
import { renderHistory, renderRollout } from './render-rollout.ts';
import type { RunLinks } from './run-links.ts';
import type { RolloutSnapshot } from './snapshots.ts';

/** How the sections of the first page stand beside each other; on a phone they stand below each other in this order. */
export const OVERVIEW_COLUMNS = [
  ['rollout', 'budget'],
  ['jobs', 'ended', 'latency', 'cost'],
  ['wrong', 'routes', 'deliveries'],
] as const;

/** The first page, by section. */
export function renderOverview(
  { overview, rollout, cost }: { overview: Overview; rollout: RolloutSnapshot | null; cost: CostSnapshot },
  viewer: Viewer,
  links: RunLinks,
): Map<string, Html> {
  const health = judgeOverview(overview, rollout);
  const cards: [string, Html][] = [
    ['health', renderHealth(health, overview, rollout, viewer)],
    ...(rollout
      ? [['rollout', section('rollout', 'Rollout', renderRollout(rollout, viewer))] as [string, Html]]
      : []),
    ['jobs', section('jobs', 'Under way', renderUnderWay(overview, links))],
    ['wrong', section('wrong', 'Went wrong', renderWrong(overview, links))],
    ['ended', section('ended', 'How jobs ended', renderSuccess(overview))],
    ['latency', section('latency', 'Latency', renderLatency(overview))],
    ['routes', section('routes', 'Routing', renderRouting(overview))],
    ['budget', section('budget', "GitHub's budget", renderBudgets(overview))],
    ['cost', renderCost(cost)],
    ['deliveries', section('deliveries', 'Deliveries in 24 h', renderDeliveries(overview))],
    ...(rollout
      ? [
          [
            'history',
            section('history', 'Changes of the rollout', renderHistory(rollout), { wide: true }),
          ] as [string, Html],
        ]
      : []),
  ];
  return new Map(cards);
}

/** The answer in five seconds: is it healthy, and if not, where. */
function renderHealth(
  { level, findings }: Health,
  { counts, repositories, wrongCount }: Overview,
  rollout: RolloutSnapshot | null,
  viewer: Viewer,
): Html {
  const facts: [string, string, string][] = [
    ...(rollout
      ? [
          [`${Math.round(rollout.picture.rollout.percentage * 100) / 100} %`, 'rollout', '#rollout'] as [
            string,
            string,
            string,
          ],
        ]
      : []),
    [counts.running.toLocaleString('en'), 'running', '#jobs'],
    [(counts.queued + counts.dispatched).toLocaleString('en'), 'waiting', '#jobs'],
    [wrongCount.toLocaleString('en'), 'went wrong in 24 h', '#wrong'],
    [
      `${repositories.captured.toLocaleString('en')} of ${repositories.served.toLocaleString('en')}`,
      'repositories with rows',
      '/monitor/repositories',
    ],
  ];
  return html`<section class="health ${level}" id="health" data-section="health" aria-labelledby="health-title">
<h1 id="health-title">${HEALTH_WORDS[level]}</h1>
${repositories.served === 0 ? html`<p>${whyNoRepository(viewer)}</p>` : null}
${findings.length > 0 ? html`<ul class="findings">${findings.map(renderFinding)}</ul>` : null}
<ul class="facts">${facts.map(([value, label, href]) => html`<li><a class="fact" href="${href}"><strong>${value}</strong> <span>${label}</span></a></li>`)}</ul>
</section>`;
}

const SEVERITIES: Record<Finding['severity'], string> = {
  critical: 'Critical',
  warning: 'Warning',
  note: 'Note',
};

function renderFinding({ severity, text, cure, quoted, section: where }: Finding): Html {
  return html`<li class="${severity}"><span class="badge ${severity}">${SEVERITIES[severity]}</span>
<span><a href="#${where}">${long(text)}</a> ${cure}${quoted ? html` <q>${long(quoted, 300)}</q>` : null}</span></li>`;
}

function renderUnderWay({ underWay, counts }: Overview, links: RunLinks): Html {
  const { queued, dispatched, running, deferred } = counts;
  const parts = [`${running} running`, `${dispatched} sent`, `${queued} queued`];
  if (deferred > 0) parts.push(`${deferred} of them for tomorrow`);
  return html`<p>${parts.join(', ')}. <a href="/monitor/jobs?group=queued">What is queued</a></p>
${underWay.length === 0 ? empty('Nothing is under way.') : html`<ul class="jobs">${underWay.map((job) => jobItem(job, links))}</ul>`}`;
}

function renderWrong({ wrong, wrongCount }: Overview, links: RunLinks): Html {
  if (wrong.length === 0) return empty('No job has gone wrong.');
  return html`<p>${countOf(wrongCount, 'job')} in 24 h; the newest: <a href="/monitor/jobs?group=wrong">All of them</a></p>
<ul class="jobs">${wrong.slice(0, 5).map((job) => jobItem(job, links))}</ul>`;
}

function renderBudgets({ budgets, at }: Overview): Html {
  if (budgets.length === 0) return empty('No capture has asked GitHub for anything yet.');
  const left = (count: number | null, resetAt: Date | null) =>
    count === null ? 'not told' : resetAt !== null && resetAt <= at ? 'reset since' : count;
  return html`<p>GraphQL points and REST requests left in this hour, as GitHub told them last.</p>${table(
    "What is left of GitHub's hourly budget, by installation",
    ['account', 'GraphQL', 'REST', 'reset'],
    budgets.map((budget) => {
      const { account, installationId, pointsLeft, pointsResetAt, restLeft, restResetAt } = budget;
      return [
        html`${account ?? String(installationId)}<br><span class="muted">${time(latest(budget.pointsToldAt, budget.restToldAt))}</span>`,
        left(pointsLeft, pointsResetAt),
        left(restLeft, restResetAt),
        time(latest(pointsResetAt, restResetAt)),
      ];
    }),
  )}`;
}

function renderDeliveries({ deliveries }: Overview): Html {
  if (deliveries.length === 0) return empty('No webhook has come in 24 hours.');
  return html`${table(
    'Webhooks of the last 24 hours',
    ['event', 'count', 'last'],
    deliveries.map(({ event, outcome, count, lastAt }) => [
      html`${breakable(event)}${outcome === 'planned' ? null : html` <span class="muted">${outcomeName(outcome)}</span>`}`,
      count,
      time(lastAt),
    ]),
  )}<p><a href="/monitor/deliveries">Single deliveries</a></p>`;
}

/** An event's name, which may be broken between its words. */
function breakable(event: string): Part {
  return event.split('_').map((word, index) => (index === 0 ? word : html`_<wbr>${word}`));
}

function latest(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b;
  return a > b ? a : b;
}
