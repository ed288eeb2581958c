import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { VARIABLES } from '../../src/config/variables.ts';
import { BULK_UNAVAILABLE } from '../../src/route/bulk-availability.ts';
import { ROUTE_RULES } from '../../src/route/decide-route.ts';

const rows = readFileSync(new URL('../../docs/routing.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => line.slice(2, -2).split(' | '));

test('docs/routing.md has the rules in their order, with their processor', () => {
  const rules = rows.filter(([order = '']) => /^\d+$/.test(order));
  expect(rules.map(([order, rule, , processor]) => [order, rule, processor])).toEqual(
    ROUTE_RULES.map(({ code, processor }, index) => [String(index), `\`${code}\``, processor]),
  );
});

test('docs/routing.md has the variable and the default of each limit', () => {
  const limits = rows.filter(([, variable = '']) => variable.startsWith('`ROUTE_'));
  expect(limits.map(([, variable, fallback]) => [variable, fallback])).toEqual(
    Object.entries(VARIABLES)
      .filter(([name]) => name.startsWith('ROUTE_'))
      .map(([name, { fallback }]) => [`\`${name}\``, fallback]),
  );
});

test('docs/routing.md has every reason for which bulk work is not available', () => {
  const reasons = rows.map(([reason = '']) => reason.replaceAll('`', ''));
  for (const reason of Object.keys(BULK_UNAVAILABLE)) expect(reasons).toContain(reason);
});
