import { HOUR_MS } from './limits.ts';

/** What GitHub has told of one hourly budget of an installation, in the headers of a run's requests. */
export interface HourlyBudget {
  /** Points, or requests. */
  left: number;
  toldAt: Date;
  /** When the budget is whole again; null while not known. */
  resetAt: Date | null;
}

/** An hour of GitHub's that goes on. */
export interface CurrentHour {
  /** Points, or requests. */
  left: number;
  endsAt: Date;
}

/** The hour as far as is known; null before GitHub has told of it, and once the one that was told of is over. */
export function judgeHour(budget: HourlyBudget | null, now: Date): CurrentHour | null {
  if (budget === null || endOf(budget) <= now.getTime()) return null;
  return { left: budget.left, endsAt: new Date(endOf(budget)) };
}

/**
 * What is known once a run has told its number. Within one hour the budget only falls, so of two runs' numbers the lower one
 * holds, in whatever order they come; without GitHub's reset time the newer one does.
 */
export function mergeHourly(known: HourlyBudget | null, told: HourlyBudget): HourlyBudget {
  if (known === null || judgeHour(known, told.toldAt) === null) return told;
  if (known.resetAt === null || told.resetAt === null) return told;
  if (known.resetAt.getTime() !== told.resetAt.getTime()) return known.resetAt < told.resetAt ? told : known;
  return known.left < told.left ? known : told;
}

/** GitHub's hours end at most an hour from now, whatever was told. */
function endOf({ toldAt, resetAt }: HourlyBudget): number {
  const latest = toldAt.getTime() + HOUR_MS;
  return Math.min(resetAt?.getTime() ?? latest, latest);
}
