import type { Config } from '../config/config.ts';
import { countHeldJobs } from '../dispatch/hold-queue.ts';
import { EVERYTHING, type Scope } from '../monitor/scope.ts';
import type { Processor } from '../route/decide-route.ts';
import type { Database } from '../store/database.ts';
import { limitOf, NOTICE_SHARE } from './budgets.ts';
import { type Month, monthOf } from './month.ts';
import { priceExecutions, priceUsage, type UsagePrice } from './price-usage.ts';
import { findReached, judgePace, type Pace, project } from './project-month.ts';
import { findFirstRun, type ProcessorUsage, readUsageByProcessor, type Usage } from './read-usage.ts';

/** How a budget of the month stands. */
export interface MonthBudget {
  processor: Processor;
  limit: number;
  used: number;
  /** By the month's end; null: there is no projection. */
  projected: number | null;
  /** When 80 % and all of it will be used up; null: not in this month, or already, or there is no projection. */
  noticeOn: Date | null;
  exhaustedOn: Date | null;
  /** Jobs that wait because it is used up. */
  held: number;
}

/** What a month has cost so far. */
export interface Cost {
  month: Month;
  at: Date;
  processors: ProcessorUsage[];
  total: Usage;
  price: UsagePrice;
  /** The same work, had Inngest done all of it. */
  onInngest: { executions: number; price: number | null };
  pace: Pace;
  /** By the month's end; null: see `pace`. */
  projection: (Pick<Usage, 'billedMinutes' | 'executions'> & { price: UsagePrice }) | null;
  /** Of the running month and of all repositories; a limit that is not set is left out. */
  budgets: MonthBudget[];
  prices: Config['prices'];
}

export interface CostOptions {
  now: Date;
  /** Default is the month of `now`. */
  month?: Month;
  /** Default is everything. A part has no budgets: they are those of all repositories together. */
  scope?: Scope;
}

/** Reads, prices and projects a month. */
export async function readCost(
  db: Database,
  { budgets, prices }: Pick<Config, 'budgets' | 'prices'>,
  { now, month = monthOf(now), scope = EVERYTHING }: CostOptions,
): Promise<Cost> {
  const processors = await readUsageByProcessor(db, { month, now, scope });
  const total = addUp(processors);
  const pace = judgePace(month, { now, firstRunAt: await findFirstRun(db) });
  const projected =
    pace.kind === 'known'
      ? { billedMinutes: project(total.billedMinutes, pace), executions: project(total.executions, pace) }
      : null;
  const hasBudgets = scope.kind === 'all' && pace.kind !== 'over';
  const held = hasBudgets ? await countHeldJobs(db) : new Map<Processor, number>();
  return {
    month,
    at: now,
    processors,
    total,
    price: priceUsage(total, prices),
    onInngest: {
      executions: total.executionsOnInngest,
      price: priceExecutions(total.executionsOnInngest, prices),
    },
    pace,
    projection: projected && { ...projected, price: priceUsage(projected, prices) },
    budgets: (['github_actions', 'inngest'] as const).flatMap((processor) => {
      const limit = limitOf(processor, budgets);
      if (limit === null || !hasBudgets) return [];
      const used = processor === 'inngest' ? total.executions : total.billedMinutes;
      const reached = (amount: number) =>
        pace.kind === 'known' ? findReached(amount, used, pace, now) : null;
      return {
        ...{ processor, limit, used, held: held.get(processor) ?? 0 },
        projected: pace.kind === 'known' ? project(used, pace) : null,
        noticeOn: reached(limit * NOTICE_SHARE),
        exhaustedOn: reached(limit),
      };
    }),
    prices,
  };
}

function addUp(parts: readonly Usage[]): Usage {
  const sum = (of: (usage: Usage) => number) => parts.reduce((all, usage) => all + of(usage), 0);
  return {
    runs: sum(({ runs }) => runs),
    runsInApp: sum(({ runsInApp }) => runsInApp),
    minutes: sum(({ minutes }) => minutes),
    billedMinutes: sum(({ billedMinutes }) => billedMinutes),
    freeMinutes: sum(({ freeMinutes }) => freeMinutes),
    executions: sum(({ executions }) => executions),
    executionsOnInngest: sum(({ executionsOnInngest }) => executionsOnInngest),
    points: sum(({ points }) => points),
    requests: sum(({ requests }) => requests),
    rows: sum(({ rows }) => rows),
  };
}
