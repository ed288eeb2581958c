import { expect, test } from 'vitest';
import { createDeliveries, firstRepositoryId, WEBHOOK_SECRET } from '../../bench/webhooks/make-delivery.ts';
import { percentile } from '../../bench/webhooks/send-load.ts';
import { parseEvent } from '../../src/work-item/parse-event.ts';
import { sign } from '../app/start-test-app.ts';

test('every webhook of the bench is a signed event of another pull request', () => {
  const next = createDeliveries(3);
  const deliveries = Array.from({ length: 7 }, next);
  const parsed = deliveries.map(({ body, headers }) => {
    expect(headers['x-hub-signature-256']).toBe(sign(body, WEBHOOK_SECRET));
    expect(body.length).toBeGreaterThan(15_000);
    const event = parseEvent({
      name: 'pull_request',
      deliveryId: headers['x-github-delivery'] ?? '',
      payload: JSON.parse(body),
      now: new Date(),
    });
    if (event.kind !== 'work') throw new Error(event.kind);
    return event.items.map(({ repository, items }) => [repository.id - firstRepositoryId, ...items]);
  });
  expect(parsed.flat()).toEqual([
    [1, 1],
    [2, 1],
    [0, 2],
    [1, 2],
    [2, 2],
    [0, 3],
    [1, 3],
  ]);
  expect(new Set(deliveries.map(({ headers }) => headers['x-github-delivery'])).size).toBe(7);
});

test('percentiles of ascending values', () => {
  const values = Array.from({ length: 200 }, (_, index) => index + 1);
  expect([percentile(values, 0.5), percentile(values, 0.99), percentile([7], 0.99)]).toEqual([101, 199, 7]);
  expect(() => percentile([], 0.5)).toThrow('nothing');
});
