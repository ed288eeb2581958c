import { beforeEach, describe, expect, it } from 'vitest';
import { createClassifyAgainLoop } from '../../src/loops/classify-again.ts';
import type { Database } from '../../src/store/database.ts';
import { emptyCaptures, insertCapture, insertRepository } from '../jobs/captured-history.ts';
import { collectLog, HOUR, later, NOW, planContext, resetJobs } from '../jobs/job-fixture.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { makePass } from './make-pass.ts';

const DAY = 24 * HOUR;

describeEachDatabase('classification once more', (database) => {
  let db: Database;
  beforeEach(async () => {
    db = database().db;
    await emptyCaptures(db);
    await resetJobs(db);
    await db
      .insertInto('installations')
      .values({ id: 7, account_id: 70, account_login: 'acme', account_type: 'Organization' })
      .execute();
  });

  const pass = (now = NOW) =>
    makePass(
      db,
      createClassifyAgainLoop({
        config: {
          ...planContext({} as never).config,
          rollout: {
            ...{ percentage: 100, strategy: 'percentage', autoRollback: true, maxErrorRate: 5 },
            environmentStop: false,
          },
        },
        servedAccounts: async () => [70],
        bulkFor: () => ({ available: true }),
        log: collectLog(),
        onJobs: () => {},
      }),
      { now },
    );
  const made = () =>
    db
      .selectFrom('progressive_capture_jobs')
      .select(['repository_id', 'job_type', 'reason', 'processor_type', 'rule'])
      .where('job_type', '=', 'classify')
      .orderBy('repository_id')
      .execute();
  /** A repository that is classified as it should be. */
  const classified = async (id: number, { epoch = 1, countedAt = later(-DAY) } = {}) => {
    await insertRepository(db, id);
    await db.updateTable('repositories').set({ counted_at: countedAt }).where('id', '=', id).execute();
    await db
      .insertInto('repository_categories')
      .values({
        ...{ repository_id: id, category: 'small', epoch },
        ...{ stars_count: 1, contributors_count: 1, pull_requests_count: 1 },
      })
      .execute();
  };

  it('one that was never counted starts its history as if it were new; it is no bulk work', async () => {
    await insertRepository(db, 1);
    expect(await pass()).toEqual({ created: 1 });
    expect(await made()).toEqual([
      {
        ...{ repository_id: 1, job_type: 'classify', reason: 'installation' },
        ...{ processor_type: 'inngest', rule: 'recent' },
      },
    ]);
  });

  it.each<[string, Parameters<typeof classified>[1], number]>([
    ['classified a day ago', {}, 0],
    ['counted 29 days ago', { countedAt: later(-29 * DAY) }, 0],
    ['counted 31 days ago', { countedAt: later(-31 * DAY) }, 1],
    ['of an earlier epoch', { epoch: 0 }, 1],
  ])('%s', async (_, given, count) => {
    await classified(1, given);
    expect(await pass()).toEqual({ created: count });
    if (count > 0) expect(await made()).toMatchObject([{ reason: 'continuation', rule: 'recent' }]);
  });

  it('one whose history was begun is classified, and no more', async () => {
    await insertRepository(db, 1);
    await insertCapture(db, { repositoryId: 1, startedAt: later(-DAY) });
    await pass();
    expect(await made()).toMatchObject([{ reason: 'continuation' }]);
  });

  it('not while it is on its way, and after a failure not before the next day', async () => {
    await insertRepository(db, 1);
    await pass();
    expect(await pass(later(2 * DAY))).toEqual({ created: 0 });
    await db.updateTable('progressive_capture_jobs').set({ status: 'blocked', completed_at: NOW }).execute();
    expect(await pass(later(0.9 * DAY))).toEqual({ created: 0 });
    expect(await pass(later(1.1 * DAY))).toEqual({ created: 1 });
  });

  describe('not one that is', () => {
    beforeEach(() => insertRepository(db, 1));
    it('removed', async () => {
      await db.updateTable('repositories').set({ removed_at: NOW }).execute();
      expect(await pass()).toEqual({ created: 0 });
    });
    it.each([{ suspended_at: NOW }, { deleted_at: NOW }, { account_id: 71 }])(
      'of an installation with %o',
      async (change) => {
        await db.updateTable('installations').set(change).execute();
        expect(await pass()).toEqual({ created: 0 });
      },
    );
  });

  it('100 at a time', async () => {
    for (let id = 1; id <= 130; id++) await insertRepository(db, id);
    expect(await pass()).toEqual({ created: 100 });
    expect(await pass()).toEqual({ created: 30 });
    expect(await pass()).toEqual({ created: 0 });
  });
});
