import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../cli/main.ts';
import { appEnvironment } from '../../sandbox/app-environment.ts';
import { type RunningSandbox, startSandbox } from '../../sandbox/github.ts';
import { addInstallation, addPullRequest, addRepository } from '../../sandbox/world/build.ts';
import { estimateHistory } from '../../src/jobs/estimate-history.ts';
import { PIPE } from './pipe.ts';

let sandbox: RunningSandbox;
let env: Record<string, string>;

beforeAll(async () => {
  sandbox = await startSandbox({ owner: 'acme' });
  const { world, app } = sandbox;
  const big = addRepository(world, 'acme/big', { isPrivate: true });
  const small = addRepository(world, 'acme/small');
  const old = addRepository(world, 'acme/old', { isArchived: true });
  const foreign = addRepository(world, 'other/foreign');
  const at = '2026-01-01T00:00:00Z';
  for (let count = 0; count < 120; count++) addPullRequest(world, big, { title: 'x', createdAt: at });
  for (const repository of [small, old, foreign])
    addPullRequest(world, repository, { title: 'x', createdAt: at });
  addInstallation(world, app.owner, [big, small, old], app.permissions, at);
  addInstallation(world, foreign.owner, [foreign], app.permissions, at);
  env = {
    ...appEnvironment(sandbox),
    ALLOW_EMBEDDED: '1',
  };
});
afterAll(() => sandbox.close());

async function plan(args: string[], more: Record<string, string> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const print = (text: string) => out.push(text);
  const code = await run(['plan', ...args], {
    ...PIPE,
    env: { ...env, ...more },
    print,
    fail: (text) => err.push(text),
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

test('every repository of the served accounts, the largest first, by one query of one point each', async () => {
  const before = sandbox.stats().total;
  const { code, out } = await plan(['--json'], {
    PRICE_INNGEST_THOUSAND_EXECUTIONS: '2.5',
    PRICE_DATABASE_GB_MONTH: '0.125',
  });
  const after = sandbox.stats().total;
  expect([code, after.points - before.points]).toEqual([0, 3]);
  const { repositories, total, prices } = JSON.parse(out);
  expect(repositories).toEqual([
    {
      repository: 'acme/big',
      pullRequests: 120,
      issues: 0,
      isPrivate: true,
      skipped: null,
      cost: {
        points: 3,
        requests: 6,
        hours: (120 * 0.051) / 3600,
        minutes: 1,
        executions: 2,
        databaseBytes: 960_000,
      },
      price: { actions: 0.006, inngest: 0.005, databasePerMonth: 0.00012 },
    },
    expect.objectContaining({ repository: 'acme/old', skipped: 'archived', pullRequests: 1 }),
    expect.objectContaining({ repository: 'acme/small', skipped: null, pullRequests: 1 }),
  ]);
  expect(repositories[1].cost.minutes).toBe(0);
  expect(total).toMatchObject({
    repositories: 3,
    pullRequests: 122,
    cost: { points: 4, minutes: 2, executions: 4 },
  });
  expect(prices).toEqual({
    ...{ actionsMinute: 0.006, includedActionsMinutes: 0 },
    ...{ inngestThousandExecutions: 2.5, includedInngestExecutions: 50_000 },
    databaseGigabyteMonth: 0.125,
  });
});

test('a table; a price that is not known is not shown', async () => {
  const { code, out } = await plan([]);
  const lines = out.split('\n');
  expect(code).toBe(0);
  expect(lines.slice(0, 5)).toEqual([
    'repository           pull requests  time  Actions min  Actions $  points  requests  or executions  database',
    'acme/big                       120   6 s            1       0.01       3         6              2      1 MB',
    'acme/old (archived)              1   0 s            0       0.00       0         0              0      0 MB',
    'acme/small                       1   0 s            1       0.01       1         1              2      1 MB',
    'all 3                          122   6 s            2       0.01       4         7              4      1 MB',
  ]);
  expect(out).not.toMatch(/Inngest instead of Actions:|a month/);
});

test('one repository; one that the App is not on is refused', async () => {
  const { out } = await plan(['--repository', 'ACME/small', '--json']);
  expect(JSON.parse(out).repositories).toHaveLength(1);
  expect(await plan(['--repository', 'acme/none'])).toEqual({
    code: 1,
    out: '',
    err: 'The App is not installed on acme/none, for an account that is served.',
  });
  expect((await plan(['--repository', 'other/foreign'])).code).toBe(1);
});

test('130,000 pull requests, as they were measured', () => {
  expect(estimateHistory(130_000)).toEqual({
    points: 3_250,
    requests: 5_850,
    hours: (130_000 * 0.051) / 3_600,
    minutes: 111,
    executions: 266,
    databaseBytes: 1_040_000_000,
  });
});
