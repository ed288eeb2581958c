import type { Config } from '../config/config.ts';
import type { HistoryCost } from '../jobs/estimate-history.ts';

/** US dollars; null where the price is not known. */
export interface HistoryPrice {
  /** Of minutes in GitHub Actions; 0 where runs are free, in a public jobs repository. */
  actions: number | null;
  /** Of executions, if Inngest did all of it instead. */
  inngest: number | null;
  /** Of keeping the rows, a month. */
  databasePerMonth: number | null;
}

const BYTES_PER_GB = 1e9;

/** What a history costs in money, by the configured prices; minutes that a plan includes are not taken off. */
export function priceHistory(
  cost: HistoryCost,
  prices: Config['prices'],
  { isJobsRepositoryPublic }: { isJobsRepositoryPublic: boolean },
): HistoryPrice {
  const times = (price: number | null, amount: number) => (price === null ? null : price * amount);
  return {
    actions: isJobsRepositoryPublic ? 0 : times(prices.actionsMinute, cost.minutes),
    inngest: times(prices.inngestThousandExecutions, cost.executions / 1_000),
    databasePerMonth: times(prices.databaseGigabyteMonth, cost.databaseBytes / BYTES_PER_GB),
  };
}
