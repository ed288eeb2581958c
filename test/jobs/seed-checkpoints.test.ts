import { beforeEach, describe, expect, it } from 'vitest';
import { seedCheckpoints } from '../../src/jobs/seed-checkpoints.ts';
import type { Database } from '../../src/store/database.ts';
import type { CaptureInclude } from '../../src/work-item/work-item.ts';
import { describeEachDatabase } from '../support/databases.ts';
import {
  emptyCaptures,
  findCheckpoint,
  type GivenCapture,
  insertCapture,
  insertRepository,
} from './captured-history.ts';
import { findJob, HOUR, later, NOW, plan, resetJobs, workItem } from './job-fixture.ts';
import { reserve } from './reserve.ts';

const REPOSITORY = { id: 42, fullName: 'acme/widgets', installationId: 7, isPrivate: false };
const FINISHED = { version: 1, isFinished: true };

describeEachDatabase('a job that follows on complete captures', (database) => {
  let db: Database;
  beforeEach(async () => {
    db = database().db;
    await emptyCaptures(db);
    await resetJobs(db);
    await insertRepository(db, REPOSITORY.id, { full_name: REPOSITORY.fullName });
  });

  /** A capture of so many hours ago; its checkpoint says when. */
  const captured = (hoursAgo: number, more: Partial<GivenCapture> = {}) =>
    insertCapture(db, {
      repositoryId: REPOSITORY.id,
      startedAt: later(-hoursAgo * HOUR),
      checkpoint: { ...FINISHED, hoursAgo },
      ...more,
    });
  const planIncrement = async (include: CaptureInclude[] = ['pull-requests']) => {
    const range = { since: later(-49 * HOUR) };
    const item = workItem({
      repository: REPOSITORY,
      type: 'history',
      items: [],
      range,
      include,
      reason: 'scheduled',
    });
    const [planned] = await plan(db, [item]);
    if (planned?.outcome !== 'created') throw new Error('no new job');
    return planned.job;
  };
  /** The checkpoint that a new job is given, when all is captured up to so many hours ago. */
  const seedOf = async (untilHoursAgo: number, include?: CaptureInclude[]) => {
    const job = await planIncrement(include);
    await db
      .transaction()
      .execute((trx) => seedCheckpoints(trx, [{ job, capturedUntil: later(-untilHoursAgo * HOUR) }]));
    return findCheckpoint(db, job.id);
  };

  it('goes on from the newest of them', async () => {
    await captured(72);
    await captured(24, { since: later(-73 * HOUR) });
    await captured(48, { since: later(-73 * HOUR) });
    expect(await seedOf(24)).toEqual({
      sequence: 0,
      checkpoint: { ...FINISHED, hoursAgo: 24 },
      repository_id: REPOSITORY.id,
      finished_at: null,
    });
  });

  it.each<[string, Partial<GivenCapture>]>([
    ['it lacks one of the kinds', { include: ['issues'] }],
    ['it is incomplete', { complete: false }],
    ['it failed', { status: 'failed' }],
    ['its checkpoint is not finished', { checkpoint: { version: 1, isFinished: false } }],
    ['it ended before it began: the time between was left to another one', { until: later(-25 * HOUR) }],
    ['it is of another repository', { repositoryId: 43 }],
  ])('not from the newest one when %s', async (_, capture) => {
    await insertRepository(db, 43);
    await captured(72);
    await captured(24, capture);
    expect((await seedOf(24))?.checkpoint).toEqual({ ...FINISHED, hoursAgo: 72 });
  });

  it('not from one that has a hole before it', async () => {
    await captured(72);
    await captured(24, { since: later(-30 * HOUR) });
    expect((await seedOf(72))?.checkpoint).toEqual({ ...FINISHED, hoursAgo: 72 });
  });

  it('from one that has more kinds', async () => {
    await captured(24, { include: ['labels', 'pull-requests', 'issues'] });
    expect((await seedOf(24, ['pull-requests', 'issues']))?.checkpoint).toEqual({
      ...FINISHED,
      hoursAgo: 24,
    });
  });

  it('has no checkpoint when there is none to go on from', async () => {
    await captured(24, { until: later(-25 * HOUR) });
    expect(await seedOf(24)).toBeUndefined();
  });

  describe('is given other work to do before it begins', () => {
    const seeded = async () => {
      await captured(48);
      const job = await planIncrement();
      await db
        .transaction()
        .execute((trx) => seedCheckpoints(trx, [{ job, capturedUntil: later(-48 * HOUR) }]));
      expect(await findCheckpoint(db, job.id)).toBeDefined();
      return job.id;
    };

    it('the whole history: it starts from the beginning', async () => {
      const jobId = await seeded();
      const item = workItem({
        repository: REPOSITORY,
        type: 'history',
        items: [],
        range: { until: later(-48 * HOUR) },
        include: ['issues'],
        reason: 'manual',
      });
      expect(await plan(db, [item])).toMatchObject([{ outcome: 'coalesced', job: { id: jobId } }]);
      expect(await findJob(db, jobId)).toMatchObject({
        range_since: null,
        include: ['issues', 'pull-requests'],
      });
      expect(await findCheckpoint(db, jobId)).toBeUndefined();
    });

    it('other work of the repository leaves it alone', async () => {
      const jobId = await seeded();
      await plan(db, [workItem({ repository: REPOSITORY }), workItem({ repository: REPOSITORY })]);
      expect(await findCheckpoint(db, jobId)).toBeDefined();
    });

    it('once it has begun, that is another job', async () => {
      const jobId = await seeded();
      await reserve(db, jobId, NOW);
      await db
        .updateTable('progressive_capture_jobs')
        .set({ status: 'dispatched', dispatched_at: NOW })
        .where('id', '=', jobId)
        .execute();
      const item = workItem({
        repository: REPOSITORY,
        type: 'history',
        items: [],
        range: {},
        reason: 'manual',
      });
      for (const planned of await plan(db, [item])) expect(planned.outcome).toBe('created');
      expect(await findCheckpoint(db, jobId)).toBeDefined();
    });
  });
});
