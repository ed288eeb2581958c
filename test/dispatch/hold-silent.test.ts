import { beforeEach, expect, test } from 'vitest';
import { holdSilentJobs } from '../../src/dispatch/hold-silent.ts';
import type { Database } from '../../src/store/database.ts';
import { findJob, historyItem, later, NOW, planJob, resetJobs, workItem } from '../jobs/job-fixture.ts';
import { reserve } from '../jobs/reserve.ts';
import { describeEachDatabase } from '../support/databases.ts';

describeEachDatabase('jobs of installations that GitHub refuses', (database) => {
  let db: Database;
  beforeEach(async () => {
    db = database().db;
    await resetJobs(db);
    await db.deleteFrom('installation_budgets').execute();
    await db
      .insertInto('installation_budgets')
      .values([
        { installation_id: 7, silent_until: later(60_000) },
        { installation_id: 8, silent_until: later(-1_000) },
        { installation_id: 9 },
      ])
      .execute();
  });
  const due = async (installationId: number) => {
    const repository = {
      id: installationId,
      fullName: `acme/r${installationId}`,
      installationId,
      isPrivate: false,
    };
    return (await planJob(db, workItem({ repository }), { now: later(-10_000) })).id;
  };

  test('wait until it answers, with the reason; others do not, nor do they again', async () => {
    const [silent, answered, never, unknown] = [await due(7), await due(8), await due(9), await due(10)];
    expect(await holdSilentJobs(db, NOW)).toEqual([silent]);
    expect(await findJob(db, silent)).toMatchObject({
      status: 'queued',
      status_reason: 'waiting_for_github',
      not_before: later(60_000),
    });
    for (const id of [answered, never, unknown]) {
      expect(await findJob(db, id)).toMatchObject({ status_reason: null });
    }
    expect(await holdSilentJobs(db, NOW)).toEqual([]);
    expect(await holdSilentJobs(db, later(60_000))).toEqual([]);
  });

  test('one that is just being sent, and bulk work of GitHub Actions, stay as they are', async () => {
    const sent = await due(7);
    await reserve(db, sent);
    const repository = { id: 77, fullName: 'acme/large', installationId: 7, isPrivate: false };
    const bulk = await planJob(db, historyItem({ repository }), { now: later(-10_000) });
    expect(bulk.processor_type).toBe('github_actions');
    expect(await holdSilentJobs(db, NOW)).toEqual([]);
  });
});
