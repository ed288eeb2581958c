import { expect, test } from 'vitest';
import { checkConsumers, UnconsumedEventError } from '../../../app/inngest/check-consumers.ts';

const sent = (name: string, consumer: string) => ({ name, version: '1', consumer });
const listens = (id: string, ...events: unknown[]) => ({
  opts: { id, triggers: events.map((event) => ({ event })) },
});

test('every event has its function, by name or by type', () => {
  const byType = {
    opts: { id: 'g', triggers: [{ event: { name: 'b', version: '1' } }, { cron: '* * * * *' }] },
  };
  expect(() => checkConsumers([sent('a', 'f'), sent('b', 'g')], [listens('f', 'a'), byType])).not.toThrow();
});

test.each([
  ['an event without a function', [], 'a starts no function f'],
  ['an event with another function', [listens('g', 'a')], 'a starts no function f'],
  [
    'an event in another version',
    [listens('f', { name: 'a', version: '2' })],
    'a is sent in version 1, and f reads version 2',
  ],
  [
    'a function for an event that nobody sends',
    [listens('f', 'a'), listens('h', 'c')],
    'h waits for c, which nobody sends',
  ],
])('%s stops the start', (_, functions, problem) => {
  const check = () => checkConsumers([sent('a', 'f')], functions);
  expect(check).toThrow(UnconsumedEventError);
  expect(check).toThrow(problem);
});
