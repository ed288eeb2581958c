import type { Config } from '../config/config.ts';
import { BUDGETS, NOTICE_SHARE } from '../cost/budgets.ts';
import { readMonthBudget } from '../dispatch/hold-queue.ts';
import { type Alarm, setAlarm } from '../jobs/alarms.ts';
import type { JobLog } from '../jobs/job-log.ts';
import type { Processor } from '../route/decide-route.ts';
import type { Loop } from './loop.ts';

const INTERVAL_MS = 10 * 60_000;

/** Tells people when a budget of the month is nearly, or wholly, used up. What holds the jobs is the dispatch. */
export function createBudgetsLoop({ budgets, log }: { budgets: Config['budgets']; log: JobLog }): Loop {
  return {
    name: 'budgets',
    intervalMs: INTERVAL_MS,
    async pass({ now, write }) {
      const report: Record<string, string> = {};
      for (const processor of ['github_actions', 'inngest'] as const) {
        const { name } = BUDGETS[processor];
        await write(async (trx) => {
          const budget = await readMonthBudget(trx, processor, budgets, now);
          if (budget) report[name] = `${budget.used} of ${budget.limit}`;
          await setAlarm(trx, `budget_${name}`, budget && judgeBudget(processor, budget), { now, log });
        });
      }
      return report;
    },
  };
}

/** What people should know of a month's budget; null: less than 80 % is used. Pure. */
export function judgeBudget(
  processor: Processor,
  { used, limit }: { used: number; limit: number },
): Alarm | null {
  const { unit, variable, held } = BUDGETS[processor];
  const figures = `${used} of this month's ${limit} ${unit} (${variable}) are used`;
  if (used >= limit) {
    return {
      level: 'alarm',
      code: 'budget_exhausted',
      message: `${figures} up: ${held} waits until the next month, or until the limit is raised. Nothing is lost.`,
    };
  }
  if (used < limit * NOTICE_SHARE) return null;
  return {
    level: 'notice',
    code: 'budget_nearly_exhausted',
    message: `${figures}. At the limit ${held} waits until the next month.`,
  };
}
