import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { readUsageByProcessor, readUsageByRepository } from '../../../src/cost/read-usage.ts';
import { listJobs } from '../../../src/monitor/list-jobs.ts';
import { listRepositories } from '../../../src/monitor/list-repositories.ts';
import { readOverview } from '../../../src/monitor/read-overview.ts';
import { EVERYTHING } from '../../../src/monitor/scope.ts';
import { createOnPostgres, describePostgres } from '../../support/databases.ts';
import { startTestApp } from '../start-test-app.ts';
import { seedMonitor } from './seed-monitor.ts';

const REPOSITORIES = 10_000;
const JOBS = 100_000;
const LATEST_MS = 1_000;

describePostgres('10,000 repositories and 100,000 jobs of one day', () => {
  it('the first page, both lists and the repository page are made within a second', async () => {
    const database = await createOnPostgres();
    const { db } = database;
    await sql`INSERT INTO repositories (id, full_name, installation_id, pull_requests_count)
      SELECT n, 'acme/repository-' || n, 7, 40 FROM generate_series(1, ${REPOSITORIES}::integer) AS n`.execute(
      db,
    );
    const repositoryIds = Array.from({ length: REPOSITORIES }, (_, index) => index + 1);
    await seedMonitor(db, {
      installationId: 7,
      repositoryIds,
      hostileId: 999_001,
      jobs: JOBS,
      wrongEvery: 50,
    });
    await sql`ANALYZE`.execute(db);
    const scope = { kind: 'some', repositoryIds: repositoryIds.filter((id) => id % 2 === 0) } as const;
    const [all, half] = [
      await readOverview(db, EVERYTHING, new Date()),
      await readOverview(db, scope, new Date()),
    ];
    const total = (of: typeof all) => of.routing.reduce((sum, { jobs }) => sum + jobs, 0);
    expect(total(half)).toBeGreaterThan(40_000);
    expect(total(half)).toBeLessThan(total(all));
    const seen = await listJobs(db, { limit: 50, scope });
    expect(seen.every(({ repositoryId }) => repositoryId % 2 === 0)).toBe(true);
    expect(
      await listRepositories(db, scope, { search: '', after: null, now: new Date(), rollout: null }),
    ).toHaveLength(50);
    const now = new Date();
    const month = { name: 'two days', from: new Date(now.getTime() - 2 * 86_400_000), to: now };
    const startedMs = performance.now();
    const used = await readUsageByProcessor(db, { month, now, scope: EVERYTHING });
    const part = await readUsageByProcessor(db, { month, now, scope });
    const dearest = await readUsageByRepository(db, { month, now, scope, limit: 5 });
    const usageMs = (performance.now() - startedMs) / 3;
    const runsOf = (usage: typeof used) => usage.reduce((sum, { runs }) => sum + runs, 0);
    expect(runsOf(used)).toBe(JOBS + 1);
    expect(runsOf(part)).toBeLessThan(JOBS);
    expect(dearest.every(({ repositoryId }) => repositoryId % 2 === 0)).toBe(true);
    expect(usageMs).toBeLessThan(LATEST_MS);
    const app = await startTestApp(database, { MONITOR_TOKEN: 'look' });
    try {
      const get = async (path: string) => {
        const startedMs = performance.now();
        const response = await fetch(`${app.url}${path}`, { headers: { authorization: 'Bearer look' } });
        const text = await response.text();
        expect(response.status).toBe(200);
        return { ms: performance.now() - startedMs, text };
      };
      const first = await get('/monitor');
      expect(first.text).toContain('10,001');
      for (const path of [
        '/monitor/jobs',
        '/monitor/jobs?group=wrong',
        `/monitor/jobs?after=${seen[0]?.id}`,
        '/monitor/deliveries',
        '/monitor/deliveries?outcome=done',
        '/monitor/repositories?in=in',
        '/monitor/repositories?q=repository-99',
        '/monitor/repositories/77',
      ]) {
        expect((await get(path)).ms, path).toBeLessThan(LATEST_MS);
      }
      expect(first.ms).toBeLessThan(LATEST_MS);
    } finally {
      await app.close();
    }
  });
});
