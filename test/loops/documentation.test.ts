import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { createLoops } from '../../src/loops/all-loops.ts';
import { collectLog } from '../jobs/job-fixture.ts';
import { withDatabase } from '../support/databases.ts';

const database = withDatabase();
const text = readFileSync(new URL('../../docs/loops.md', import.meta.url), 'utf8');

function loopsOf(env: Record<string, string>) {
  const loaded = loadConfig(env);
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return createLoops({
    config: loaded.config,
    servedAccounts: async () => [],
    bulkFor: () => ({ available: true }),
    log: collectLog(),
    onJobs: () => {},
    db: database().db,
    sendNotices: async () => 0,
    onChanged: () => {},
    deliveryLog: { pages: async function* () {}, redeliver: async () => 'asked' },
    directory: { installations: async () => [], exists: async () => true, repositories: async () => [] },
    onInstallations: () => {},
    dispatchDue: async () => 0,
    workflowRun: async () => null,
  });
}

test('docs/loops.md has a row for every loop, and no other', () => {
  const table = text.slice(0, text.indexOf('\n\n- '));
  const named = [...table.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
  expect(named).toEqual(loopsOf({}).map(({ name }) => name));
});

test('the names of loops are legal in a path', () => {
  for (const { name } of loopsOf({})) expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
});

test('FRESHNESS_HOURS=0 switches the alarm off', () => {
  expect(loopsOf({ FRESHNESS_HOURS: '0' }).map(({ name }) => name)).not.toContain('freshness');
});

test('RECONCILE_HOURS=0 switches reconciliation off', () => {
  expect(loopsOf({ RECONCILE_HOURS: '0' }).map(({ name }) => name)).not.toContain('reconcile');
  expect(loopsOf({ RECONCILE_HOURS: '2' }).find(({ name }) => name === 'reconcile')?.intervalMs).toBe(
    300_000,
  );
});
