import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PUBLISHED_PRICES, type PublishedPrice } from '../../src/cost/published-prices.ts';

const text = readFileSync(new URL('../../docs/costs.md', import.meta.url), 'utf8');

test('docs/costs.md has a row for every published price, with its source and date', () => {
  const rows = text.split('\n').filter((line) => /^\| `(PRICE|INCLUDED)_/.test(line));
  expect(rows).toEqual(
    Object.entries<PublishedPrice>(PUBLISHED_PRICES).map(([name, { amount, unit, others, source }]) => {
      const read = source ? `[${source.readOn}](${source.url})` : '';
      return `| \`${name}\` | ${amount ?? 'not counted'} | ${unit} | ${others} | ${read} |`;
    }),
  );
});
