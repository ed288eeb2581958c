import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listDeliveries } from '../../src/monitor/list-deliveries.ts';
import { listJobs } from '../../src/monitor/list-jobs.ts';
import {
  type EnrolmentFilter,
  listRepositories,
  type RepositoryFilter,
} from '../../src/monitor/list-repositories.ts';
import { EVERYTHING, type Scope } from '../../src/monitor/scope.ts';
import { findServed } from '../../src/rollout/find-served.ts';
import { ensureRollout, readRollout } from '../../src/rollout/rollout-store.ts';
import type { OpenDatabase } from '../../src/store/database.ts';
import { seedMonitor } from '../app/monitor/seed-monitor.ts';
import { testConfig } from '../app/start-test-app.ts';
import { createInPglite } from '../support/databases.ts';

const NAMES = ['acme/one', 'acme/two', 'acme/three'];
let database: OpenDatabase;

beforeAll(async () => {
  database = await createInPglite();
  const { db } = database;
  await ensureRollout(db, testConfig().rollout);
  for (const [index, name] of NAMES.entries()) {
    await sql`INSERT INTO repositories (id, full_name, installation_id) VALUES (${index + 1}, ${name}, 7)`.execute(
      db,
    );
  }
  await sql`INSERT INTO repository_categories (repository_id, category, stars_count, contributors_count,
      pull_requests_count, epoch)
    VALUES (1, 'test', 0, 1, 1, 1), (2, 'large', 900, 9, 9, 1), (3, 'large', 900, 9, 9, 1)`.execute(db);
  await seedMonitor(db, {
    installationId: 7,
    repositoryIds: [1, 2, 3],
    hostileId: 4,
    jobs: 40,
    wrongEvery: 2,
  });
  // All at one moment, between two milliseconds: only the id tells them apart.
  await sql`UPDATE progressive_capture_jobs SET completed_at = '2026-11-20T12:00:00.000500Z'
    WHERE completed_at IS NOT NULL`.execute(db);
  await sql`UPDATE deliveries SET received_at = '2026-11-20T12:00:00.000500Z'`.execute(db);
});
afterAll(() => database.close());

const ONE: Scope = { kind: 'some', repositoryIds: [1] };

/** All pages, and how long each was. */
async function readPages<Row extends { id: string }>(read: (after: string | null) => Promise<Row[]>) {
  const pages: Row[][] = [];
  for (let after: string | null = null; ; ) {
    const page = await read(after);
    if (page.length === 0) return pages;
    pages.push(page);
    after = page.at(-1)?.id ?? null;
  }
}

describe('page by page, each row comes once', () => {
  it('jobs that went wrong', async () => {
    const pages = await readPages((after) => listJobs(database.db, { limit: 6, group: 'wrong', after }));
    expect(pages.map((page) => page.length)).toEqual([6, 6, 6, 2]);
    expect(new Set(pages.flat().map(({ id }) => id)).size).toBe(20);
    const inInngest = pages.flat().filter(({ processor }) => processor === 'inngest');
    expect(new Set(inInngest.map(({ inngestRunId }) => inngestRunId))).toEqual(new Set(['RUN']));
  });

  it('deliveries, by what became of them', async () => {
    const read = (scope: Scope, outcome: 'planned' | 'done' | null) =>
      readPages((after) => listDeliveries(database.db, scope, { limit: 25, outcome, after }));
    expect((await read(EVERYTHING, null)).map((page) => page.length)).toEqual([25, 16]);
    expect((await read(EVERYTHING, 'done')).flat()).toMatchObject([{ id: 'hostile', jobIds: [] }]);
    const own = (await read(ONE, 'planned')).flat();
    expect(own.length).toBe(10);
    expect(new Set(own.map(({ repository }) => repository))).toEqual(new Set(['acme/one']));
  });

  it('a delivery of no repository is shown to whoever sees everything', async () => {
    await sql`INSERT INTO deliveries (id, event, action, outcome) VALUES ('lone', 'installation', 'created', 'done')`.execute(
      database.db,
    );
    const ids = async (scope: Scope) =>
      (await listDeliveries(database.db, scope, { limit: 50, outcome: null, after: null })).map(
        ({ id }) => id,
      );
    expect(await ids(EVERYTHING)).toContain('lone');
    expect(await ids(ONE)).not.toContain('lone');
    await sql`DELETE FROM deliveries WHERE id = 'lone'`.execute(database.db);
  });
});

describe('who is in the rollout', () => {
  const list = async (filter: EnrolmentFilter | null, scope: Scope = EVERYTHING) => {
    const { db } = database;
    const rollout: RepositoryFilter['rollout'] = {
      is: {
        ...(await readRollout(db, { environmentStop: false })),
        percentage: 10,
        include: [2],
        exclude: [4],
      },
      served: await findServed(db),
      filter,
    };
    const found = await listRepositories(db, scope, {
      search: 'acme',
      after: null,
      now: new Date(),
      rollout,
    });
    return found.map(({ id, enrolment }) => [id, enrolment?.reason]);
  };

  it('is what enrolment says of each', async () => {
    expect(await list('in')).toEqual([
      [1, 'category_enrolled'],
      [2, 'included'],
    ]);
    expect(await list('out')).toEqual([
      [4, 'excluded'],
      [3, 'category_not_reached'],
    ]);
    expect(await list('included')).toEqual([[2, 'included']]);
    expect(await list('excluded')).toEqual([[4, 'excluded']]);
  });

  it('is told of nothing that is not seen', async () => {
    expect(await list('in', ONE)).toEqual([[1, 'category_enrolled']]);
    expect(await list('included', ONE)).toEqual([]);
    expect(await list(null, ONE)).toEqual([[1, 'category_enrolled']]);
  });
});
