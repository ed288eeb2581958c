import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createInngest } from '../../../app/inngest/functions.ts';
import { createFunctions } from '../../../app/inngest/job-functions.ts';
import { type Config, loadConfig } from '../../../src/config/config.ts';
import { collectLog } from '../../jobs/job-fixture.ts';
import { withDatabase } from '../../support/databases.ts';
import { serveOnFreePort } from './inngest-server.ts';

const database = withDatabase();

function configOf(env: Record<string, string>): Config {
  const loaded = loadConfig(env);
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.config;
}

const CLOUD = { INNGEST_EVENT_KEY: 'event-key', INNGEST_SIGNING_KEY: `signkey-test-${'ab'.repeat(16)}` };

function create(env: Record<string, string>) {
  return createInngest({
    db: database().db,
    config: configOf(env),
    tokenFor: async () => {
      throw new Error('not asked');
    },
    bulkFor: () => ({ available: true }),
    log: collectLog(),
  });
}

test('the functions have the ids that dashboards and alerts know, explicit retries and keyed concurrency', () => {
  const { client } = create({ INNGEST_DEV: '1' });
  const functions = createFunctions(client, {
    db: database().db,
    config: configOf({}),
    tokenFor: async () => ({ token: '', expiresAt: new Date() }),
    bulkFor: () => ({ available: true }),
    log: collectLog(),
    onSettled: () => {},
  });
  expect(functions.map(({ opts }) => [opts.id, opts.retries])).toEqual([
    ['capture-repository-sync-graphql', 3],
    ['capture-pull-request', 3],
    ['classify-single-repository', 3],
    ['prod-test-function', 0],
  ]);
  for (const { opts } of functions.slice(0, 3)) {
    const limits = opts.concurrency as { key: string; limit: number }[];
    expect(limits[0]).toEqual({
      scope: 'env',
      key: '"installation:" + string(event.data.installationId)',
      limit: 4,
    });
    expect(limits.every(({ key }) => key.includes('event.data.'))).toBe(true);
  }
});

describe('in cloud mode', () => {
  let served: Awaited<ReturnType<typeof serveOnFreePort>>;
  beforeAll(async () => {
    served = await serveOnFreePort(create(CLOUD).handler);
  });
  afterAll(() => served.close());
  const ask = (method: string) =>
    fetch(`${served.url}/api/inngest?fnId=hybrid-capture-capture-pull-request&stepId=step`, {
      method,
      ...(method === 'POST' ? { body: '{}' } : {}),
    });

  test.each(['GET', 'PUT', 'POST'])('%s without a signature is refused', async (method) => {
    expect((await ask(method)).status).toBe(401);
  });
});
