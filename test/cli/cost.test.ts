import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../cli/main.ts';
import { openPglite } from '../../src/store/open-pglite.ts';
import { insertRuns } from '../cost/run-fixture.ts';
import { PIPE } from './pipe.ts';

const CHECKOUT = process.cwd();
/** Seconds from the fixture's now to the same day of 2025: a month that is over. */
const A_YEAR_AGO = -365 * 86_400;

async function cost(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await run(['cost', ...args], {
    ...PIPE,
    env: {},
    print: (text) => out.push(text),
    fail: (text) => err.push(text),
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

beforeAll(async () => {
  process.chdir(mkdtempSync(join(tmpdir(), 'hybrid-capture-cost-')));
  await run(['migrate'], { ...PIPE, env: {}, print: () => undefined, fail: () => undefined });
  const database = await openPglite({ dataDir: '.data/app' });
  const at = A_YEAR_AGO;
  await insertRuns(database.db, [
    { at, repository: 1, seconds: 599, billing: 'billed', points: 25, requests: 45, rows: 23_000 },
    { at, repository: 2, seconds: 61, billing: 'free_public', points: 1, requests: 2, rows: 3 },
    { at, repository: 2, worker: 'inngest', points: 1, requests: 1, rows: 4 },
  ]);
  await database.db
    .updateTable('repositories')
    .set({ full_name: 'acme/\u001b[31mred' })
    .where('id', '=', 2)
    .execute();
  await database.close();
});
afterAll(() => process.chdir(CHECKOUT));

const OVERVIEW = [
  'Cost of 2025-11 (UTC): $0.06',
  '  GitHub Actions     2 runs: 11 min measured, 10 billed and 2 free, 26 points, 47 requests, 23,003 rows',
  '  Inngest            1 run: 2 executions (50,000 are included), 1 points, 1 requests, 4 rows',
  '  In money           GitHub Actions $0.06, Inngest $0.00',
  '  All on Inngest     30 executions instead of 2, $0.00, $0.06 less than now',
  "  At the month's end  the month is over",
];

test('a month in lines', async () => {
  const { code, out } = await cost('--month', '2025-11');
  expect(code).toBe(0);
  expect(out.split('\n').map((line) => line.replace(/ {2,}/g, '  '))).toEqual(
    OVERVIEW.map((line) => line.replace(/ {2,}/g, '  ')),
  );
});

test('by repository, the most expensive first; names can do no harm', async () => {
  const { out } = await cost('--month', '2025-11', '--by', 'repository');
  expect(out.split('\n').slice(OVERVIEW.length)).toEqual([
    '  repository  runs  minutes  billed  free  executions  all on Inngest  points  requests  rows    $',
    '  acme/r1     1     10.0     10.0    0.0   0           24              25      45        23,000  $0.06',
    '  acme/red    2     1.0      0.0     2.0   2           6               2       3         7       $0.00',
  ]);
  const limited = await cost('--month', '2025-11', '--by', 'repository', '--limit', '1');
  expect(limited.out).not.toContain('acme/red');
});

test('by processor, and as JSON', async () => {
  const { out } = await cost('--month', '2025-11', '--by', 'processor');
  expect(
    out
      .split('\n')
      .slice(OVERVIEW.length + 1)
      .map((line) => line.trim().split(/\s+/)[0]),
  ).toEqual(['github_actions', 'inngest']);
  const json = JSON.parse((await cost('--month', '2025-11', '--by', 'repository', '--json')).out);
  expect(json).toMatchObject({
    month: { name: '2025-11' },
    total: { runs: 3, billedMinutes: 10, freeMinutes: 2, executions: 2, executionsOnInngest: 30 },
    price: { inngest: 0 },
    pace: { kind: 'over' },
    projection: null,
    budgets: [],
    repositories: [
      { repositoryId: 1, billedMinutes: 10 },
      { repositoryId: 2, freeMinutes: 2 },
    ],
  });
});

test('a month without a run, and one that is none', async () => {
  expect((await cost('--month', '2024-01', '--by', 'repository')).out).toBe(
    'Cost of 2024-01 (UTC): $0.00\n  Runs  none in this month',
  );
  expect(await cost('--month', '2026-13')).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringContaining('It must be a month such as 2026-11.'),
  });
});
