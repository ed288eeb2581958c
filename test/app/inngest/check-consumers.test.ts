import { expect, test } from 'vitest';
import { checkConsumers, UnconsumedEventError } from '../../../app/inngest/check-consumers.ts';

const listens = (...names: string[]) => ({ opts: { triggers: names.map((event) => ({ event })) } });

test('every event has a function, by name or by type', () => {
  const byType = { opts: { triggers: [{ event: { name: 'b' } }, { cron: '* * * * *' }] } };
  expect(() => checkConsumers([{ name: 'a' }, { name: 'b' }], [listens('a'), byType])).not.toThrow();
});

test('an event without a function stops the start, by name', () => {
  const check = () =>
    checkConsumers([{ name: 'a' }, { name: 'b' }, { name: 'c' }], [listens('b'), { opts: {} }]);
  expect(check).toThrow(UnconsumedEventError);
  expect(check).toThrow('No Inngest function is triggered by a, c:');
});
