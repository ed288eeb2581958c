import type { Processor } from '../route/decide-route.ts';
import type { Answer } from '../text/answer.ts';
import { countOf } from '../text/count-of.ts';
import { formatCount } from '../text/format-progress.ts';
import { BUDGETS, NOTICE_SHARE } from './budgets.ts';
import type { Cost, MonthBudget } from './read-cost.ts';
import type { ProcessorUsage, Usage } from './read-usage.ts';

/** A month's cost in the words of the monitor, of `/rollout stats` and of the command line. The texts are ours. */
export function describeCost(cost: Cost): Answer['table'] {
  const { processors, budgets, total, pace } = cost;
  const usage: Answer['table'] =
    total.runs === 0
      ? [
          [
            'Runs',
            pace.kind === 'over' ? 'none in this month' : 'none in this month yet, so nothing is projected',
          ],
        ]
      : [
          ...processors.map((its) => [processorName(its), describeUsage(its, cost)] as const),
          ['In money', describePrice(cost)],
          ['All on Inngest', describeOnInngest(cost)],
          ["At the month's end", describeProjection(cost)],
        ];
  return [
    ...usage,
    ...budgets.map((budget) => [budgetName(budget.processor), describeBudget(budget, cost)] as const),
  ];
}

/** The month's price in one line, such as `$8.24 so far`. */
export function summarizeCost({ price, pace }: Pick<Cost, 'price' | 'pace'>): string {
  const sum =
    price.total === null ? `${formatDollars(price.actions)} without Inngest` : formatDollars(price.total);
  return pace.kind === 'over' ? sum : `${sum} so far`;
}

/** US dollars to the cent; null is a price that is not known. */
export function formatDollars(amount: number | null): string {
  if (amount === null) return 'not known';
  if (amount > 0 && amount < 0.005) return 'below $0.01';
  return amount.toLocaleString('en', { style: 'currency', currency: 'USD' });
}

function processorName({ processor }: ProcessorUsage): string {
  return processor === 'github_actions' ? 'GitHub Actions' : 'Inngest';
}

function describeUsage(usage: ProcessorUsage, { prices }: Cost): string {
  const { processor, runs, points, requests, rows } = usage;
  const own =
    processor === 'github_actions'
      ? describeMinutes(usage)
      : describeExecutions(usage, prices.includedInngestExecutions);
  return `${formatCount(runs)} ${runs === 1 ? 'run' : 'runs'}${own}, ${formatCount(points)} points, ${formatCount(requests)} requests, ${formatCount(rows)} rows`;
}

function describeExecutions({ runsInApp, executions }: Usage, included: number): string {
  const where = runsInApp > 0 ? `, ${formatCount(runsInApp)} of them in the app's own process` : '';
  return `${where}: ${formatCount(executions)} executions (${formatCount(included)} are included)`;
}

function describeMinutes({ minutes, billedMinutes, freeMinutes }: Usage): string {
  const free = freeMinutes > 0 ? ` and ${whole(freeMinutes)} free` : '';
  return `: ${minutes.toLocaleString('en', { maximumFractionDigits: 1 })} min measured, ${whole(billedMinutes)} billed${free}`;
}

function describePrice({ price, prices }: Cost): string {
  const included =
    prices.includedActionsMinutes > 0
      ? ` above ${formatCount(prices.includedActionsMinutes)} included minutes`
      : '';
  const actions = `GitHub Actions ${formatDollars(price.actions)}${included}`;
  return `${actions}, Inngest ${formatDollars(price.inngest)}${price.inngest === null ? `: ${PRICE_UNKNOWN}` : ''}`;
}

const PRICE_UNKNOWN = 'PRICE_INNGEST_THOUSAND_EXECUTIONS is not set';

/** What it would have been, and who is cheaper. */
function describeOnInngest({ onInngest, price, total }: Cost): string {
  const { executions } = onInngest;
  const needed = `${formatCount(executions)} executions instead of ${formatCount(total.executions)}`;
  if (onInngest.price === null) return `${needed}, more than are included: ${PRICE_UNKNOWN}`;
  const priced = `${needed}, ${formatDollars(onInngest.price)}`;
  if (price.total === null) return priced;
  const saved = onInngest.price - price.total;
  if (Math.abs(saved) < 0.005) return `${priced}, as much as now`;
  return saved > 0
    ? `${priced}, so ${formatDollars(saved)} are saved`
    : `${priced}, ${formatDollars(-saved)} less than now`;
}

function describeProjection({ pace, projection }: Cost): string {
  if (pace.kind === 'over') return 'the month is over';
  if (pace.kind === 'too_early' || projection === null) {
    return 'not projected yet: less than 2 days are measured';
  }
  const { billedMinutes, executions, price } = projection;
  return `about ${whole(billedMinutes)} billed min, ${whole(executions)} executions, ${formatDollars(price.total)}, if it goes on as since ${day(pace.since)}`;
}

/** What people call a processor's budget. */
export function budgetName(processor: Processor): string {
  return processor === 'github_actions' ? 'Budget of minutes' : 'Budget of executions';
}

function describeBudget({ processor, limit, used, projected, ...budget }: MonthBudget, cost: Cost): string {
  const { variable, held } = BUDGETS[processor];
  const state = `${formatCount(used)} of ${formatCount(limit)} used (${percent(used / limit)})`;
  if (used >= limit) {
    return `${state}: ${held} waits until ${day(cost.month.to)}, or until ${variable} is raised; ${countOf(budget.held, 'job')} held`;
  }
  if (projected === null) return state;
  if (budget.exhaustedOn) {
    const notice = budget.noticeOn ? `${percent(NOTICE_SHARE)} on ${day(budget.noticeOn)}, ` : '';
    return `${state}: at this pace ${notice}100 % on ${day(budget.exhaustedOn)}`;
  }
  return `${state}: at this pace ${percent(projected / limit)} by the month's end`;
}

const whole = (value: number) => formatCount(Math.round(value));
const percent = (share: number) => `${Math.floor(share * 100)} %`;
const day = (time: Date) => time.toISOString().slice(0, 10);
