/** A price or an allowance as its seller publishes it. The defaults of the configuration come from here. */
export interface PublishedPrice {
  /** Null: none is published that holds for everybody; it is not counted until it is configured. */
  amount: number | null;
  /** With the currency. */
  unit: string;
  /** What holds with other plans and runners. */
  others: string;
  /** Where it was read, and on which day; null: nowhere, since it is everybody's own. */
  source: { url: string; readOn: string } | null;
}

/** By the environment variable that replaces it; `docs/costs.md` has a row for each. */
export const PUBLISHED_PRICES = {
  PRICE_ACTIONS_MINUTE: {
    amount: 0.006,
    unit: 'US dollars a minute of a standard 2-core Linux runner, since 2026-01-01',
    others: '0.002 with 1 core (`ubuntu-slim`), 0.005 with 2 Arm cores, 0.012 with 4 cores',
    source: { url: 'https://docs.github.com/billing/reference/actions-runner-pricing', readOn: '2026-11-24' },
  },
  INCLUDED_ACTIONS_MINUTES: {
    amount: 0,
    unit: 'minutes a month',
    others:
      '2,000 with GitHub Free, 3,000 with Pro and Team, 50,000 with Enterprise Cloud, all workflows of the account together',
    source: {
      url: 'https://docs.github.com/billing/concepts/product-billing/github-actions',
      readOn: '2026-11-24',
    },
  },
  PRICE_INNGEST_THOUSAND_EXECUTIONS: {
    amount: null,
    unit: 'US dollars for 1,000 executions above those that are included',
    others: 'by plan, on its page of prices; 0 on a server of your own',
    source: { url: 'https://www.inngest.com/docs/durable-execution/limits', readOn: '2026-11-24' },
  },
  INCLUDED_INNGEST_EXECUTIONS: {
    amount: 50_000,
    unit: 'executions a month, in the free plan',
    others: '1,000,000 with Pro, 10,000,000 with Business',
    source: { url: 'https://www.inngest.com/docs/durable-execution/limits', readOn: '2026-11-24' },
  },
  PRICE_DATABASE_GB_MONTH: {
    amount: null,
    unit: 'US dollars a gigabyte and month, for `plan` alone',
    others: 'by provider',
    source: null,
  },
} as const satisfies Record<string, PublishedPrice>;
