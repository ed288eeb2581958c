import type { Config } from '../config/config.ts';
import type { Usage } from './read-usage.ts';

/** US dollars; null: more than is included, and the price of that is not known. */
export interface UsagePrice {
  actions: number;
  inngest: number | null;
  total: number | null;
}

/** What a month's usage costs, without what it includes. Pure. */
export function priceUsage(
  { billedMinutes, executions }: Pick<Usage, 'billedMinutes' | 'executions'>,
  prices: Config['prices'],
): UsagePrice {
  const actions = Math.max(0, billedMinutes - prices.includedActionsMinutes) * prices.actionsMinute;
  const inngest = priceExecutions(executions, prices);
  return { actions, inngest, total: inngest === null ? null : actions + inngest };
}

/** US dollars for a month's executions of Inngest; null: more than are included, and the price is not known. Pure. */
export function priceExecutions(executions: number, prices: Config['prices']): number | null {
  const { includedInngestExecutions: included, inngestThousandExecutions: price } = prices;
  if (executions <= included) return 0;
  return price === null ? null : ((executions - included) / 1_000) * price;
}

/**
 * The part of a month's price that falls to some of its usage: of the billed minutes, and of the executions. US dollars;
 * null: a price is not known. Pure.
 */
export function priceShare(
  part: Pick<Usage, 'billedMinutes' | 'executions'>,
  { total, price }: { total: Pick<Usage, 'billedMinutes' | 'executions'>; price: UsagePrice },
): number | null {
  const share = (amount: number, of: number) => (of === 0 ? 0 : amount / of);
  const inngest = part.executions === 0 ? 0 : price.inngest;
  if (inngest === null) return null;
  return (
    price.actions * share(part.billedMinutes, total.billedMinutes) +
    inngest * share(part.executions, total.executions)
  );
}
