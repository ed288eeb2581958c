import { beforeEach, describe, expect, it } from 'vitest';
import type { QueuedJob } from '../../src/jobs/insert-jobs.ts';
import { createLoopRunner } from '../../src/loops/loop-runner.ts';
import { createReconcileLoop, type ReconcileOptions } from '../../src/loops/reconcile.ts';
import type { Database } from '../../src/store/database.ts';
import { emptyCaptures, findCheckpoint, insertCapture, insertRepository } from '../jobs/captured-history.ts';
import { collectLog, HOUR, LIMITS, resetJobs } from '../jobs/job-fixture.ts';
import { describeEachDatabase, describePostgres } from '../support/databases.ts';

const DAY = 24 * HOUR;
const MIDNIGHT = new Date('2026-11-20T00:00:00Z');
const hours = (n: number) => new Date(MIDNIGHT.getTime() + n * HOUR);
const CONFIG = {
  limits: LIMITS,
  coalesceMs: 3_000,
  inngestBulkPerDay: 500,
  rollout: {
    percentage: 100,
    strategy: 'percentage',
    autoRollback: true,
    maxErrorRate: 5,
    environmentStop: false,
  },
} as const;

function reconciling(getDatabase: () => Database) {
  const told: QueuedJob[] = [];
  const log = collectLog();
  /** One pass as of a time. */
  const pass = async (now: Date, changes: Partial<ReconcileOptions> = {}) => {
    const loop = createReconcileLoop({
      config: CONFIG,
      periodMs: DAY,
      servedAccounts: async () => [70],
      bulkFor: () => ({ available: true }),
      log,
      onJobs: (jobs) => void told.push(...jobs),
      ...changes,
    });
    const runner = createLoopRunner({ db: getDatabase(), loops: [loop], log, now: () => now });
    return runner.run('reconcile');
  };
  const jobs = () =>
    getDatabase()
      .selectFrom('progressive_capture_jobs')
      .selectAll()
      .where('reason', '=', 'scheduled')
      .orderBy('repository_id')
      .execute();
  return { told, log, pass, jobs };
}

describeEachDatabase('reconciliation', (database) => {
  const { told, log, pass, jobs } = reconciling(() => database().db);
  beforeEach(async () => {
    const { db } = database();
    told.length = 0;
    log.lines.length = 0;
    await emptyCaptures(db);
    await resetJobs(db);
  });

  /** Repositories whose time is midnight, captured a day before. */
  const captured = async (...ids: number[]) => {
    for (const id of ids) {
      await insertRepository(database().db, id);
      await insertCapture(database().db, {
        repositoryId: id,
        startedAt: hours(-24),
        include: ['pull-requests', 'labels'],
        checkpoint: { isFinished: true, of: id },
      });
    }
  };
  const report = async (...args: Parameters<typeof pass>) => {
    const outcome = await pass(...args);
    return outcome.outcome === 'passed' ? outcome.report : outcome;
  };

  it('makes a scheduled job that goes on where the last capture began, and seeds it', async () => {
    await captured(24, 48);
    expect(await report(hours(0.1))).toEqual({ due: 2, created: 2, coalesced: 0, skipped: 0 });
    const [job, other, ...more] = await jobs();
    expect(more).toEqual([]);
    expect(job).toMatchObject({
      repository_id: 24,
      installation_id: 7,
      job_type: 'history',
      items: [],
      range_since: hours(-25),
      range_until: null,
      include: ['labels', 'pull-requests'],
      reason: 'scheduled',
      actor_id: null,
      is_critical: false,
      priority: 2,
      processor_type: 'github_actions',
      rule: 'historical',
      is_exposed: true,
      status: 'queued',
      not_before: hours(0.1),
    });
    expect(await findCheckpoint(database().db, job?.id ?? '')).toMatchObject({
      sequence: 0,
      checkpoint: { isFinished: true, of: 24 },
    });
    expect(await findCheckpoint(database().db, other?.id ?? '')).toMatchObject({ checkpoint: { of: 48 } });
    expect(told.map(({ id }) => id)).toEqual([job?.id, other?.id]);
    expect(log.lines).toMatchObject([
      {
        fields: {
          job: job?.id,
          repository: 'acme/r24',
          stage: 'route',
          processor: 'github_actions',
          rule: 'historical',
        },
      },
      { fields: { job: other?.id, repository: 'acme/r48' } },
      { fields: { stage: 'loop', loop: 'reconcile', due: 2, created: 2 } },
    ]);
  });

  it('once in a period, also while the job waits or after it has failed', async () => {
    await captured(24);
    await report(hours(0.1));
    expect(await report(hours(0.2))).toMatchObject({ due: 0 });
    await database()
      .db.updateTable('leases')
      .set({ passed_at: hours(-1) })
      .execute();
    expect(await report(hours(0.3))).toMatchObject({ due: 0 });
    await database()
      .db.updateTable('progressive_capture_jobs')
      .set({ status: 'failed', completed_at: hours(0.4) })
      .where('reason', '=', 'scheduled')
      .execute();
    for (let hour = 0.5; hour < 24; hour += 0.5) expect(await report(hours(hour))).toMatchObject({ due: 0 });
    expect(await report(hours(24))).toMatchObject({ due: 1, created: 1 });
    expect(await jobs()).toHaveLength(2);
  });

  it('goes by the rollout, like all other work', async () => {
    await captured(24);
    const stopped = { ...CONFIG, rollout: { ...CONFIG.rollout, environmentStop: true } };
    await report(hours(0.1), { config: stopped });
    expect(await jobs()).toMatchObject([
      { processor_type: 'inngest', rule: 'emergency_stop', is_bulk: true, status: 'queued' },
    ]);
  });

  it('leaves out what a repository has switched off', async () => {
    await captured(24, 48);
    const settings = (capture: object) => JSON.stringify({ capture });
    const set = (id: number, capture: object) =>
      database()
        .db.updateTable('repositories')
        .set({ settings: settings(capture) })
        .where('id', '=', id)
        .execute();
    await set(24, { labels: false });
    await set(48, { labels: false, 'pull-requests': false });
    expect(await report(hours(0.1))).toEqual({ due: 2, created: 1, coalesced: 0, skipped: 1 });
    expect(await jobs()).toMatchObject([{ repository_id: 24, include: ['pull-requests'] }]);
  });

  it('a pass that can’t tell who is served makes nothing, and does not count', async () => {
    await captured(24);
    const servedAccounts = () => Promise.reject(new Error('GitHub is away'));
    await expect(pass(hours(0.1), { servedAccounts })).rejects.toThrow('GitHub is away');
    expect(await jobs()).toEqual([]);
    expect(await report(hours(0.2))).toMatchObject({ created: 1 });
  });

  describe('many repositories', () => {
    it('1,200 of one time in three transactions, a job each', async () => {
      const { db } = database();
      const ids = Array.from({ length: 1_200 }, (_, index) => 24 * (index + 1));
      await db
        .insertInto('repositories')
        .values(ids.map((id) => ({ id, full_name: `acme/r${id}`, installation_id: 7 })))
        .execute();
      await captured(24 * 1_201);
      const template = await db.selectFrom('progressive_capture_jobs').selectAll().executeTakeFirstOrThrow();
      for (let from = 0; from < ids.length; from += 400) {
        const rows = ids.slice(from, from + 400).map((repository_id) => {
          const { id: _, result, progress: __, ...row } = template;
          return { ...row, repository_id, result: JSON.stringify(result) };
        });
        await db.insertInto('progressive_capture_jobs').values(rows).execute();
      }
      expect(await report(hours(0.1))).toMatchObject({ due: 1_201, created: 1_201 });
      const made = await jobs();
      expect(new Set(made.map(({ repository_id }) => repository_id)).size).toBe(1_201);
    });
  });

  it('comes often enough for its times, and not all the time', () => {
    const interval = (periodMs: number) =>
      createReconcileLoop({
        config: CONFIG,
        periodMs,
        servedAccounts: async () => [],
        bulkFor: () => ({ available: true }),
        log,
        onJobs: () => {},
      }).intervalMs;
    expect([interval(DAY), interval(2 * HOUR), interval(36_000)]).toEqual([600_000, 300_000, 1_500]);
  });
});

describePostgres('reconciliation by several instances at once', (database) => {
  const { pass, jobs } = reconciling(() => database().db);

  it('makes each job once', async () => {
    const { db } = database();
    await emptyCaptures(db);
    await resetJobs(db);
    for (let id = 24; id <= 24 * 20; id += 24) {
      await insertRepository(db, id);
      await insertCapture(db, { repositoryId: id, startedAt: hours(-24) });
    }
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => pass(hours(0.1))));
    const created = outcomes.map((outcome) => (outcome.outcome === 'passed' ? outcome.report.created : 0));
    expect(created.sort().slice(0, 7)).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(await jobs()).toHaveLength(20);
  });
});
