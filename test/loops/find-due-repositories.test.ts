import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { selfServiceLease } from '../../src/jobs/self-service-lease.ts';
import { findDueRepositories } from '../../src/loops/find-due-repositories.ts';
import type { Database } from '../../src/store/database.ts';
import {
  emptyCaptures,
  type GivenCapture,
  insertCapture,
  insertRepository,
} from '../jobs/captured-history.ts';
import { describeEachDatabase } from '../support/databases.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Midnight, UTC: the time of repositories whose id is a multiple of 24. */
const MIDNIGHT = new Date('2026-11-20T00:00:00Z');
const hours = (n: number) => new Date(MIDNIGHT.getTime() + n * HOUR);

describeEachDatabase('repositories that are due', (database) => {
  let db: Database;
  beforeEach(async () => {
    db = database().db;
    await emptyCaptures(db);
    await db
      .insertInto('installations')
      .values({ id: 7, account_id: 70, account_login: 'acme', account_type: 'Organization' })
      .execute();
  });

  const due = async (
    from: Date | null,
    now: Date,
    more: Partial<Parameters<typeof findDueRepositories>[1]> = {},
  ) =>
    findDueRepositories(db, {
      now,
      lastPassedAt: from,
      periodMs: DAY,
      servedAccounts: [70],
      afterId: 0,
      limit: 1_000,
      ...more,
    });
  const dueIds = async (...args: Parameters<typeof due>) =>
    (await due(...args)).due.map(({ repository }) => repository.id);
  const captured = async (id: number, capture: Partial<GivenCapture> = {}) => {
    await insertRepository(db, id);
    await insertCapture(db, { repositoryId: id, startedAt: hours(-24), ...capture });
  };

  describe('300 repositories, all captured at the same time', () => {
    beforeEach(async () => {
      await sql`INSERT INTO repositories (id, full_name, installation_id)
        SELECT 1000 + 7 * n, 'acme/r' || n, 7 FROM generate_series(1, 300) AS n`.execute(db);
      await sql`INSERT INTO progressive_capture_jobs (repository_id, installation_id, job_type, target, include, reason,
          processor_type, rule, enrolment_reason, arm, rollout_epoch, rollout_phase, rollout_version, status,
          started_at, completed_at, result)
        SELECT id, 7, 'history', 'history', '{pull-requests}', 'installation', 'inngest', 'not_enrolled', 'x', 'control',
          1, 0, 1, 'completed', ${hours(-48)}::timestamptz, ${hours(-48)}::timestamptz, '{"complete": true}'
        FROM repositories`.execute(db);
    });

    it('come one time of the day after the other, each once', async () => {
      const seen: number[] = [];
      let most = 0;
      for (let hour = 0; hour < 24; hour += 0.5) {
        const ids = await dueIds(hours(hour - 0.5), hours(hour));
        seen.push(...ids);
        most = Math.max(most, ids.length);
      }
      expect(seen).toHaveLength(300);
      expect(new Set(seen).size).toBe(300);
      expect(most).toBe(13);
    });

    it('keep their times from day to day', async () => {
      const first = await dueIds(hours(4.5), hours(5.2));
      expect(first.length).toBeGreaterThan(0);
      expect(await dueIds(hours(28.5), hours(29.2))).toEqual(first);
    });

    it('at the first pass of all only those of the last hour come', async () => {
      expect(await dueIds(null, hours(5.5))).toEqual(await dueIds(hours(4.5), hours(5.5)));
    });

    it('after a time without passes those whose time it was, and all of them after a period', async () => {
      expect(await dueIds(hours(0.5), hours(6.5))).toHaveLength(75);
      expect(await dueIds(hours(-70), hours(6.5))).toHaveLength(300);
    });

    it('page by page', async () => {
      const page = (afterId: number) => due(hours(0.5), hours(6.5), { limit: 50, afterId });
      const first = await page(0);
      expect(first.due).toHaveLength(50);
      expect(first.lastId).toBe(first.due.at(-1)?.repository.id);
      const second = await page(first.lastId ?? 0);
      expect([second.due.length, second.lastId]).toEqual([25, null]);
      const all = await due(hours(0.5), hours(6.5));
      expect(all).toEqual({ due: [...first.due, ...second.due], lastId: null });
    });

    it('a page of those that are not due leads on to the next one', async () => {
      await sql`DELETE FROM progressive_capture_jobs`.execute(db);
      expect(await due(hours(0.5), hours(6.5), { limit: 50 })).toEqual({
        due: [],
        lastId: expect.any(Number),
      });
    });
  });

  it('with what complete captures hold, and up to when', async () => {
    await captured(24, { include: ['pull-requests', 'labels'] });
    await insertCapture(db, { repositoryId: 24, startedAt: hours(-40), include: ['issues'] });
    await insertCapture(db, {
      repositoryId: 24,
      startedAt: hours(-3),
      include: ['commits'],
      since: hours(-9),
    });
    expect((await due(hours(-1), hours(0))).due).toEqual([
      {
        repository: { id: 24, fullName: 'acme/r24', installationId: 7, isPrivate: false },
        include: ['issues', 'labels', 'pull-requests'],
        capturedUntil: hours(-40),
      },
    ]);
  });

  describe('not', () => {
    const isDue = async () => (await dueIds(hours(-1), hours(0))).includes(24);

    it.each<[string, Partial<GivenCapture>, boolean]>([
      ['captured a day ago: due', {}, true],
      ['captured half a day ago: due', { startedAt: hours(-12) }, true],
      ['captured less than half a day ago', { startedAt: hours(-11.9) }, false],
      ['never captured from the beginning on', { since: hours(-1000) }, false],
      ['never captured completely', { complete: false }, false],
      ['failed', { status: 'failed' }, false],
      ['still queued', { status: 'queued' }, false],
    ])('%s', async (_, capture, expected) => {
      await captured(24, capture);
      expect(await isDue()).toBe(expected);
    });

    it.each(['queued', 'dispatched', 'running'] as const)('while a job of it is %s', async (status) => {
      await captured(24);
      await insertCapture(db, { repositoryId: 24, startedAt: hours(-20), status });
      expect(await isDue()).toBe(false);
    });

    it.each<[string, Record<string, unknown>]>([
      ['removed', { removed_at: hours(-1) }],
      ['archived', { is_archived: true }],
      ['a fork', { is_fork: true }],
      ['empty', { is_empty: true, pull_requests_count: 0 }],
      ['not installed', { installation_id: null }],
    ])('%s', async (_, change) => {
      await captured(24);
      expect(await isDue()).toBe(true);
      await db.updateTable('repositories').set(change).where('id', '=', 24).execute();
      expect(await isDue()).toBe(false);
    });

    it.each<[string, Record<string, unknown>]>([
      ['uninstalled', { deleted_at: hours(-1) }],
      ['suspended', { suspended_at: hours(-1) }],
      ['of an account that is not served', { account_id: 71 }],
    ])('%s', async (_, change) => {
      await captured(24);
      await db.updateTable('installations').set(change).execute();
      expect(await isDue()).toBe(false);
    });

    it('but an empty one that has issues is, and one of an installation of which nothing is stored', async () => {
      await captured(24);
      await db.updateTable('repositories').set({ is_empty: true, issues_count: 1 }).execute();
      expect(await isDue()).toBe(true);
      await db.deleteFrom('installations').execute();
      expect(await isDue()).toBe(true);
    });

    describe('where its own workflow asks for jobs', () => {
      beforeEach(async () => {
        await captured(24, { startedAt: hours(-24) });
        const lease = { name: selfServiceLease(24), holder: 'workflow:1', expires_at: hours(-20) };
        await db.insertInto('leases').values(lease).execute();
      });

      it('as long as that captures about once a day', async () => {
        await insertCapture(db, { repositoryId: 24, startedAt: hours(-21), since: hours(-25) });
        expect(await isDue()).toBe(false);
      });

      it('nor while it is some hours late', async () => {
        expect(await isDue()).toBe(false);
        expect(await dueIds(hours(23), hours(24))).toEqual([24]);
      });

      it('but again when it has stopped asking', async () => {
        await db
          .updateTable('leases')
          .set({ expires_at: hours(-31) })
          .execute();
        expect(await isDue()).toBe(true);
      });
    });
  });

  it('with another period at other times', async () => {
    await captured(25, { startedAt: hours(-100) });
    const weekly = { periodMs: 7 * DAY };
    const times = [];
    for (let hour = 0; hour < 7 * 24; hour += 1) {
      const ids = await dueIds(hours(hour - 1), hours(hour), weekly);
      if (ids.length > 0) times.push(hour);
    }
    expect(times).toHaveLength(1);
  });
});
