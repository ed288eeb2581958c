import { budgetName, describeCost, formatDollars, summarizeCost } from '../../src/cost/describe-cost.ts';
import { priceShare } from '../../src/cost/price-usage.ts';
import type { Cost, MonthBudget } from '../../src/cost/read-cost.ts';
import type { RepositoryUsage } from '../../src/cost/read-usage.ts';
import { type Html, html } from './html.ts';
import { pairs, section, table } from './render-parts.ts';

/** What the month has cost so far, and the repositories that cost the most. */
export interface CostSnapshot {
  cost: Cost;
  repositories: readonly RepositoryUsage[];
}

export function renderCost({ cost, repositories }: CostSnapshot): Html {
  return section(
    'cost',
    `Cost of ${cost.month.name}`,
    html`<p><strong>${summarizeCost(cost)}</strong></p>
${cost.budgets.map(renderBudget)}
${pairs(describeCost(cost))}
${repositories.length === 0 ? null : renderRepositories(repositories, cost)}`,
  );
}

function renderBudget({ processor, used, limit }: MonthBudget): Html {
  const name = budgetName(processor);
  const percent = Math.min(100, Math.floor((used / limit) * 100));
  return html`<div class="progress">
<progress max="100" value="${String(percent)}" aria-label="${name}">${percent} %</progress>
<span>${name}: ${percent} % used</span>
</div>`;
}

function renderRepositories(repositories: readonly RepositoryUsage[], cost: Cost): Html {
  return table(
    'The repositories that cost the most this month',
    ['repository', 'billed min', 'executions', 'price'],
    repositories.map((usage) => [
      html`<a href="/monitor/repositories/${String(usage.repositoryId)}">${usage.repository}</a>`,
      Math.round(usage.billedMinutes * 10) / 10,
      usage.executions,
      formatDollars(priceShare(usage, cost)),
    ]),
  );
}
