import type { Config } from '../config/config.ts';
import type { Processor } from '../route/decide-route.ts';

/** Of a limit, at which people are told, 0 to 1. */
export const NOTICE_SHARE = 0.8;

/** The monthly budget of each processor, for people. */
export const BUDGETS: Readonly<
  Record<Processor, { name: string; variable: string; unit: string; held: string }>
> = {
  github_actions: {
    name: 'actions_minutes',
    variable: 'MAX_ACTIONS_MINUTES_PER_MONTH',
    unit: 'billed Actions minutes',
    held: 'bulk work',
  },
  inngest: {
    name: 'inngest_executions',
    variable: 'MAX_INNGEST_EXECUTIONS_PER_MONTH',
    unit: 'Inngest executions',
    held: 'work for Inngest, except what is critical or asked for by a person,',
  },
};

/** What a month may use of a processor; null: as much as it takes. */
export function limitOf(processor: Processor, budgets: Config['budgets']): number | null {
  return processor === 'inngest' ? budgets.inngestExecutionsPerMonth : budgets.actionsMinutesPerMonth;
}
