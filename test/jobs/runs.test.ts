import { beforeEach, describe, expect, test } from 'vitest';
import { requeueAbandonedRuns } from '../../src/jobs/lost-runs.ts';
import { rerouteQueued } from '../../src/jobs/reroute-queued.ts';
import {
  cancelJobs,
  endRun,
  heartbeat,
  markSent,
  pauseRun,
  releaseUnsent,
  requeueLostRuns,
  reserveRun,
  startRun,
} from '../../src/jobs/runs.ts';
import type { Database } from '../../src/store/database.ts';
import type { WorkItem } from '../../src/work-item/work-item.ts';
import { describeEachDatabase } from '../support/databases.ts';
import {
  findJob,
  findMetrics,
  findRuns,
  historyItem,
  LIMITS,
  later,
  NOW,
  planJob,
  resetJobs,
  workItem,
} from './job-fixture.ts';
import { reserve } from './reserve.ts';

const RESULT = { pullRequests: 1, rows: 12, points: 3, requests: 2, seconds: 1.5, complete: true, gaps: 0 };
const LEASE_MS = 60_000;

describeEachDatabase('runs of a job', (database) => {
  let db: Database;
  let jobId: string;
  beforeEach(async () => {
    db = database().db;
    await resetJobs(db);
    jobId = (await planJob(db, workItem(), { now: later(-10_000) })).id;
  });

  const start = (run: number, now = NOW) =>
    startRun(db, { jobId, run, worker: 'in_process', holder: 'me', leaseMs: LEASE_MS, now });
  const end = (run: number, outcome: Parameters<typeof endRun>[1]['outcome'], now = later(4_000)) =>
    endRun(db, { jobId, run, outcome, result: outcome === 'success' ? RESULT : null, error: null, now });

  describe('reserving', () => {
    test('a due job is held until the lease is over', async () => {
      expect(await reserve(db, jobId)).toBe(1);
      expect(await findJob(db, jobId)).toMatchObject({
        status: 'queued',
        run: 1,
        dispatched_at: null,
        lease_holder: 'dispatcher-1',
        lease_expires_at: later(LEASE_MS),
      });
      expect(await findRuns(db, jobId)).toMatchObject([
        { run: 1, attempt: 1, state: 'reserved', worker: null },
      ]);
      const again = (now: Date) => reserveRun(db, jobId, 'dispatcher-2', { now, bulkPerInstallation: 1 });
      expect(await again(later(LEASE_MS))).toBeNull();
      expect((await again(later(LEASE_MS + 1)))?.run).toBe(1);
    });

    test('a job is not due before its time', async () => {
      const { id } = await planJob(db, workItem({ items: [6] }));
      const at = (ms: number) => reserveRun(db, id, 'd', { now: later(ms), bulkPerInstallation: 1 });
      expect(await at(2_999)).toBeNull();
      expect((await at(3_000))?.run).toBe(1);
    });

    test('trying an unsent dispatch again keeps its number and costs no attempt', async () => {
      const run = await reserve(db, jobId);
      await releaseUnsent(db, {
        jobId,
        run,
        holder: 'dispatcher-1',
        error: 'Inngest is away',
        notBefore: later(5_000),
      });
      expect(await findJob(db, jobId)).toMatchObject({
        status: 'queued',
        status_reason: 'dispatch_failed',
        error: 'Inngest is away',
        attempt: 0,
        lease_holder: null,
        dispatched_at: null,
      });
      expect(await reserveRun(db, jobId, 'd', { now: later(4_999), bulkPerInstallation: 1 })).toBeNull();
      expect(await reserve(db, jobId, later(5_000))).toBe(1);
      expect(await findRuns(db, jobId)).toHaveLength(1);
    });

    test('somebody else can not let go of it', async () => {
      const run = await reserve(db, jobId);
      await releaseUnsent(db, { jobId, run, holder: 'other', error: 'x', notBefore: NOW });
      expect(await findJob(db, jobId)).toMatchObject({ lease_holder: 'dispatcher-1', error: null });
    });

    test('routed again before it was sent, it takes the next number', async () => {
      const run = await reserve(db, jobId);
      await releaseUnsent(db, { jobId, run, holder: 'dispatcher-1', error: 'x', notBefore: NOW });
      await db
        .updateTable('progressive_capture_jobs')
        .set({ processor_type: 'github_actions' })
        .where('id', '=', jobId)
        .execute();
      expect(await reserve(db, jobId)).toBe(2);
      expect(await findRuns(db, jobId)).toMatchObject([
        { run: 1, state: 'ended', conclusion: 'rerouted', processor_type: 'inngest' },
        { run: 2, state: 'reserved', attempt: 1, processor_type: 'github_actions' },
      ]);
    });

    test('one bulk run per installation, also while it is being sent', async () => {
      const bulk = async (repositoryId: number, installationId: number) => {
        const repository = {
          id: repositoryId,
          fullName: `acme/r${repositoryId}`,
          installationId,
          isPrivate: false,
        };
        return (await planJob(db, historyItem({ repository }), { now: later(-10_000) })).id;
      };
      const [first, second, elsewhere] = [await bulk(50, 7), await bulk(51, 7), await bulk(52, 8)];
      const tryToReserve = (id: string, limit: number, ms = 0) =>
        reserveRun(db, id, 'd', { now: later(ms), bulkPerInstallation: limit });
      expect(await tryToReserve(first, 1)).not.toBeNull();
      expect(await tryToReserve(second, 1)).toBeNull();
      expect(await tryToReserve(elsewhere, 1)).not.toBeNull();
      await markSent(db, {
        jobId: first,
        run: 1,
        worker: 'workflow',
        workflowRunId: 99,
        leaseMs: LEASE_MS,
        now: NOW,
      });
      expect(await tryToReserve(second, 1, 120_000)).toBeNull();
      expect(await tryToReserve(second, 2)).not.toBeNull();
    });
  });

  describe('starting', () => {
    test('reserved, sent, running', async () => {
      const run = await reserve(db, jobId);
      await markSent(db, { jobId, run, worker: 'in_process', leaseMs: 30_000, now: NOW });
      expect(await findJob(db, jobId)).toMatchObject({
        status: 'dispatched',
        dispatched_at: NOW,
        lease_expires_at: later(30_000),
        attempt: 0,
      });
      expect(await start(run, later(1_000))).toMatchObject({
        status: 'running',
        attempt: 1,
        started_at: later(1_000),
        lease_holder: 'me',
        lease_expires_at: later(1_000 + LEASE_MS),
      });
      expect(await findRuns(db, jobId)).toMatchObject([
        { state: 'running', worker: 'in_process', started_at: later(1_000) },
      ]);
    });

    test('a worker that is faster than the note of its dispatch', async () => {
      const run = await reserve(db, jobId);
      expect(await start(run)).toMatchObject({ status: 'running' });
      await markSent(db, { jobId, run, worker: 'in_process', leaseMs: 1, now: later(1_000) });
      expect(await findJob(db, jobId)).toMatchObject({
        status: 'running',
        lease_expires_at: later(LEASE_MS),
      });
      expect(await findRuns(db, jobId)).toMatchObject([{ state: 'running' }]);
    });

    test('a second dispatch does not take a run from the workflow run that has begun it', async () => {
      const run = await reserve(db, jobId);
      await startRun(db, {
        jobId,
        run,
        worker: 'workflow',
        workflowRunId: 500,
        workflowRunAttempt: 1,
        leaseMs: LEASE_MS,
        now: NOW,
      });
      await markSent(db, {
        jobId,
        run,
        worker: 'workflow',
        workflowRunId: 501,
        leaseMs: 1,
        now: later(1_000),
      });
      expect(await findJob(db, jobId)).toMatchObject({ status: 'running', workflow_run_id: 500 });
      expect(await findRuns(db, jobId)).toMatchObject([{ state: 'running', workflow_run_id: 500 }]);
    });

    test('not twice, not another run, not after its end', async () => {
      const run = await reserve(db, jobId);
      expect(await start(run + 1)).toBeNull();
      expect(await start(run)).not.toBeNull();
      expect(await start(run)).toBeNull();
      await end(run, 'success');
      expect(await start(run)).toBeNull();
    });

    test('the same Inngest run may go on, another may not', async () => {
      const run = await reserve(db, jobId);
      const by = (inngestRunId: string) =>
        startRun(db, { jobId, run, worker: 'inngest', inngestRunId, leaseMs: LEASE_MS, now: NOW });
      expect(await by('01A')).toMatchObject({ attempt: 1 });
      expect(await by('01A')).toMatchObject({ attempt: 1, status: 'running' });
      expect(await by('01B')).toBeNull();
    });

    test('a higher attempt of the same workflow run takes over, an older one or another run does not', async () => {
      const run = await reserve(db, jobId);
      await markSent(db, { jobId, run, worker: 'workflow', workflowRunId: 500, leaseMs: LEASE_MS, now: NOW });
      const claim = (workflowRunId: number, workflowRunAttempt: number, sessionTokenHash: string) =>
        startRun(db, {
          jobId,
          run,
          worker: 'workflow',
          workflowRunId,
          workflowRunAttempt,
          sessionTokenHash,
          leaseMs: LEASE_MS,
          now: NOW,
        });
      expect(await claim(501, 1, 'other')).toBeNull();
      expect(await claim(500, 1, 'first')).not.toBeNull();
      expect(await claim(501, 2, 'other')).toBeNull();
      expect(await claim(500, 2, 'second')).not.toBeNull();
      expect(await claim(500, 1, 'first')).toBeNull();
      expect(await findRuns(db, jobId)).toMatchObject([
        { workflow_run_id: 500, workflow_run_attempt: 2, session_token_hash: 'second' },
      ]);
    });
  });

  describe('heartbeats', () => {
    const progress = {
      done: 1,
      total: 9,
      points: 2,
      requests: 3,
      rows: 4,
      pointsLeft: 4_998,
      restLeft: null,
    };
    const beat = (run: number, holder: string, now = later(30_000)) =>
      heartbeat(db, { jobId, run, holder, progress, leaseMs: LEASE_MS, now });

    test('renew the lease and keep the progress', async () => {
      const run = await reserve(db, jobId);
      await start(run);
      expect(await beat(run, 'me')).toBe('continue');
      expect(await findJob(db, jobId)).toMatchObject({
        heartbeat_at: later(30_000),
        lease_expires_at: later(30_000 + LEASE_MS),
        progress,
      });
    });

    test('stop: another holder, another run, a cancelled job', async () => {
      const run = await reserve(db, jobId);
      await start(run);
      expect(await beat(run, 'somebody')).toBe('stop');
      expect(await beat(run + 1, 'me')).toBe('stop');
      await cancelJobs(db, { repositoryId: 42 }, 'uninstalled', NOW);
      expect(await beat(run, 'me')).toBe('stop');
    });
  });

  test('a stop between routing and dispatching keeps bulk work out of GitHub Actions', async () => {
    const { id } = await planJob(db, historyItem(), { now: later(-10_000) });
    const tryToReserve = () => reserveRun(db, id, 'd', { now: NOW, bulkPerInstallation: 1 });
    await db.updateTable('rollout_configuration').set({ emergency_stop: true }).execute();
    expect(await tryToReserve()).toBeNull();
    await rerouteQueued(db, {
      now: NOW,
      limits: LIMITS,
      environmentStop: false,
      bulkFor: () => ({ available: true }),
      everything: false,
    });
    expect(await tryToReserve()).toMatchObject({ job: { processor_type: 'inngest' } });
  });

  describe('ending', () => {
    test('a capture that came through shows that the repository is not removed; one that failed does not', async () => {
      const removedAt = async () =>
        (await db.selectFrom('repositories').select('removed_at').executeTakeFirstOrThrow()).removed_at;
      await db.updateTable('repositories').set({ removed_at: NOW }).execute();
      const run = await reserve(db, jobId);
      await start(run);
      await end(run, 'failure');
      expect(await removedAt()).toEqual(NOW);
      const again = await reserve(db, jobId, later(60_000));
      await start(again, later(60_000));
      await end(again, 'success');
      expect(await removedAt()).toBeNull();
    });

    test('success: status, run and one row of metrics', async () => {
      const run = await reserve(db, jobId);
      await start(run);
      expect(await end(run, 'success')).toEqual({ status: 'completed', isChanged: true, notBefore: null });
      expect(await findJob(db, jobId)).toMatchObject({
        status: 'completed',
        attempt: 1,
        completed_at: later(4_000),
        result: RESULT,
        lease_holder: null,
        lease_expires_at: null,
      });
      expect(await findRuns(db, jobId)).toMatchObject([
        {
          state: 'ended',
          conclusion: 'success',
          points: 3,
          requests: 2,
          rows_stored: 12,
          ended_at: later(4_000),
        },
      ]);
      expect(await findMetrics(db)).toMatchObject([
        {
          job_id: jobId,
          repository_id: 42,
          processor_type: 'inngest',
          outcome: 'success',
          exposed: false,
          arm: 'enrolled',
          epoch: 1,
          phase: 4,
          success_count: 1,
          error_count: 0,
          average_processing_time: 4,
        },
      ]);
    });

    test('twice: the second changes nothing', async () => {
      const run = await reserve(db, jobId);
      await start(run);
      await end(run, 'success');
      const stored = await findJob(db, jobId);
      expect(await end(run, 'failure', later(9_000))).toEqual({
        status: 'completed',
        isChanged: false,
        notBefore: null,
      });
      expect(await findJob(db, jobId)).toEqual(stored);
      expect(await findMetrics(db)).toHaveLength(1);
    });

    test('failure is tried again with the next run number, and the last one counts', async () => {
      let now = NOW;
      for (const [index, status] of ['queued', 'queued', 'failed'].entries()) {
        const run = await reserve(db, jobId, now);
        expect(run).toBe(index + 1);
        await start(run, now);
        const ended = await endRun(db, {
          jobId,
          run,
          outcome: 'failure',
          result: null,
          error: 'GitHub is away',
          now,
        });
        expect(ended?.status).toBe(status);
        now = ended?.notBefore ?? now;
      }
      expect(await findJob(db, jobId)).toMatchObject({
        status: 'failed',
        attempt: 3,
        error: 'GitHub is away',
      });
      expect((await findRuns(db, jobId)).map(({ attempt, conclusion }) => [attempt, conclusion])).toEqual([
        [1, 'failure'],
        [2, 'failure'],
        [3, 'failure'],
      ]);
      expect(await findMetrics(db)).toMatchObject([{ outcome: 'failure', success_count: 0, error_count: 1 }]);
    });

    test('a failure that would meet the same answer again is final', async () => {
      const run = await reserve(db, jobId);
      await start(run);
      const options = {
        jobId,
        run,
        outcome: 'failure',
        result: null,
        error: 'not found',
        canRetry: false,
      } as const;
      expect((await endRun(db, options))?.status).toBe('failed');
    });

    test('a continuation: no attempt, the next run number, no metrics until the end; its time is that of all runs', async () => {
      const first = await reserve(db, jobId);
      await start(first);
      const ended = await endRun(db, {
        jobId,
        run: first,
        outcome: 'continue',
        result: RESULT,
        error: null,
        continueAt: later(60_000),
        now: later(2_000),
      });
      expect(ended).toEqual({ status: 'queued', isChanged: true, notBefore: later(60_000) });
      expect(await findJob(db, jobId)).toMatchObject({
        attempt: 0,
        status_reason: 'continuation',
        completed_at: null,
      });
      expect(await findMetrics(db)).toEqual([]);
      const second = await reserve(db, jobId, later(60_000));
      expect(second).toBe(2);
      await start(second, later(60_000));
      await end(second, 'success', later(65_000));
      expect(await findMetrics(db)).toMatchObject([{ average_processing_time: 7, success_count: 1 }]);
    });

    test('a continuation does not take new events in: they make a job of their own', async () => {
      const run = await reserve(db, jobId);
      await start(run);
      await end(run, 'continue');
      const other = await planJob(db, workItem());
      expect(other.id).not.toBe(jobId);
    });

    test('blocked before it was sent: kept, counted neither as success nor as error', async () => {
      const run = await reserve(db, jobId);
      expect((await end(run, 'blocked'))?.status).toBe('blocked');
      expect(await findMetrics(db)).toMatchObject([
        { outcome: 'blocked', success_count: 0, error_count: 0, average_processing_time: 0 },
      ]);
    });

    test('by an execution that lost the run: nothing', async () => {
      const run = await reserve(db, jobId);
      await start(run);
      const ended = await endRun(db, {
        jobId,
        run,
        holder: 'other',
        outcome: 'success',
        result: RESULT,
        error: null,
      });
      expect(ended).toEqual({ status: 'running', isChanged: false, notBefore: null });
    });

    test('what GitHub or a broken row put into an error is stored as one harmless line', async () => {
      const run = await reserve(db, jobId);
      await start(run);
      await endRun(db, {
        jobId,
        run,
        outcome: 'blocked',
        result: null,
        error: 'a\u0000b\n::error::c',
        now: NOW,
      });
      expect((await findJob(db, jobId)).error).toBe('a b : :error: :c');
    });
  });

  describe('pausing', () => {
    const UNTIL = later(3_600_000);
    const startOnInngest = (run: number, now: Date, holder = 'me', inngestRunId = '01A') =>
      startRun(db, { jobId, run, worker: 'inngest', inngestRunId, holder, leaseMs: LEASE_MS, now });
    const begin = async () => {
      const run = await reserve(db, jobId);
      await startOnInngest(run, NOW);
      return run;
    };
    const pause = (run: number, now = later(2_000), changes: Partial<Parameters<typeof pauseRun>[1]> = {}) =>
      pauseRun(db, {
        ...{ jobId, run, holder: 'me', result: RESULT, until: UNTIL, leaseMs: LEASE_MS, perInstallation: 1 },
        now,
        ...changes,
      });

    test('the run stays, nobody holds it, and it has until some time after the wait to go on', async () => {
      const run = await begin();
      expect(await pause(run)).toBe(true);
      expect(await findJob(db, jobId)).toMatchObject({
        status: 'running',
        status_reason: 'waiting_for_github',
        run,
        attempt: 1,
        not_before: UNTIL,
        heartbeat_at: later(2_000),
        lease_holder: null,
        lease_expires_at: new Date(UNTIL.getTime() + LEASE_MS),
        error: null,
      });
      expect(await findRuns(db, jobId)).toMatchObject([
        { state: 'running', pauses: 1, paused_at: later(2_000), points: 3, requests: 2, rows_stored: 12 },
      ]);
      expect(await findMetrics(db)).toEqual([]);
      expect(await requeueLostRuns(db, new Date(UNTIL.getTime() + LEASE_MS))).toEqual([]);
    });

    test('it goes on as the same run: what it did adds up, and the wait is not counted as work', async () => {
      const run = await begin();
      await pause(run);
      expect(await startOnInngest(run, UNTIL, 'another', '01B')).toBeNull();
      expect(await startOnInngest(run, UNTIL, 'next')).toMatchObject({
        status: 'running',
        status_reason: null,
        lease_holder: 'next',
      });
      const again = new Date(UNTIL.getTime() + 60_000);
      expect(await pause(run, new Date(UNTIL.getTime() + 1_000), { holder: 'next', until: again })).toBe(
        true,
      );
      await startOnInngest(run, new Date(again.getTime() + 500), 'last');
      await endRun(db, {
        ...{ jobId, run, holder: 'last', outcome: 'success', result: RESULT, error: null },
        now: new Date(again.getTime() + 4_500),
      });
      expect(await findRuns(db, jobId)).toMatchObject([
        {
          ...{ run: 1, state: 'ended', conclusion: 'success', pauses: 2, paused_at: null },
          ...{ points: 9, requests: 6, rows_stored: 36 },
        },
      ]);
      expect(await findJob(db, jobId)).toMatchObject({
        status: 'completed',
        attempt: 1,
        result: { pullRequests: 3, rows: 36, points: 9, requests: 6, seconds: 4.5, complete: true },
      });
      expect(await findMetrics(db)).toMatchObject([{ average_processing_time: 2 + 1 + 4 }]);
    });

    test('a part without a result keeps what those before it did', async () => {
      const run = await begin();
      await pause(run);
      await startOnInngest(run, UNTIL, 'next');
      await end(run, 'failure', new Date(UNTIL.getTime() + 1_000));
      expect(await findRuns(db, jobId)).toMatchObject([{ conclusion: 'failure', rows_stored: 12 }]);
    });

    test('what the run before did is not counted again', async () => {
      const first = await begin();
      await end(first, 'continue', later(1_000));
      await db
        .updateTable('progressive_capture_jobs')
        .set({ result: JSON.stringify(RESULT) })
        .execute();
      const second = await reserve(db, jobId, later(1_000));
      await startOnInngest(second, later(1_000), 'me', '01B');
      expect(await pause(second, later(2_000), { result: null })).toBe(true);
      await startOnInngest(second, UNTIL, 'next', '01B');
      await end(second, 'failure', UNTIL);
      expect((await findRuns(db, jobId)).at(-1)).toMatchObject({ run: 2, rows_stored: null, points: null });
    });

    test('not by somebody who does not hold it, nor one that was cancelled or has ended', async () => {
      const run = await begin();
      expect(await pause(run, NOW, { holder: 'other' })).toBe(false);
      expect(await pause(run + 1)).toBe(false);
      await cancelJobs(db, { repositoryId: 42 }, 'cancelled', later(1_000));
      expect(await pause(run)).toBe(false);
      expect(await findJob(db, jobId)).toMatchObject({ status: 'cancelled', status_reason: 'cancelled' });
    });

    test('as many of an installation as may, and those of another besides', async () => {
      const first = await begin();
      expect(await pause(first)).toBe(true);
      const startOther = async (repository: Partial<WorkItem['repository']>) => {
        const item = workItem({ repository: { ...workItem().repository, ...repository } });
        const { id } = await planJob(db, item, { now: later(-10_000) });
        const run = await reserve(db, id);
        await startRun(db, { jobId: id, run, worker: 'inngest', holder: 'me', leaseMs: LEASE_MS, now: NOW });
        return { jobId: id, run };
      };
      const same = await startOther({ id: 43, fullName: 'acme/gadgets' });
      expect(await pause(same.run, NOW, same)).toBe(false);
      expect(await findJob(db, same.jobId)).toMatchObject({ status: 'running', status_reason: null });
      expect(await pause(same.run, NOW, { ...same, perInstallation: 2 })).toBe(true);
      const another = await startOther({ id: 44, fullName: 'zoo/keeper', installationId: 8 });
      expect(await pause(another.run, NOW, another)).toBe(true);
    });

    test('one that is never taken up again goes on as the next run, at no attempt', async () => {
      const run = await begin();
      await pause(run);
      const after = new Date(UNTIL.getTime() + LEASE_MS + 1);
      expect(await requeueLostRuns(db, after)).toMatchObject([
        { jobId, run, worker: 'inngest', status: 'queued' },
      ]);
      expect(await findJob(db, jobId)).toMatchObject({
        attempt: 0,
        status_reason: 'continuation',
        not_before: after,
        error: 'Run 1 waited for GitHub until 2026-11-20T13:00:00.000Z and was not taken up again.',
      });
      expect(await findRuns(db, jobId)).toMatchObject([
        { conclusion: 'continue', rows_stored: 12, paused_at: later(2_000) },
      ]);
      const next = await reserve(db, jobId, after);
      expect(next).toBe(2);
      await startOnInngest(next, after, 'me', '01B');
      expect(await startOnInngest(run, after)).toBeNull();
      await end(next, 'success', new Date(after.getTime() + 5_000));
      expect(await findMetrics(db)).toMatchObject([{ average_processing_time: 2 + 5 }]);
    });

    test('what is cancelled while it waits has worked until then', async () => {
      const run = await begin();
      await pause(run);
      await cancelJobs(db, { repositoryId: 42 }, 'uninstalled', later(600_000));
      expect(await startOnInngest(run, UNTIL)).toBeNull();
      expect(await findMetrics(db)).toMatchObject([{ outcome: 'cancelled', average_processing_time: 2 }]);
    });
  });

  describe('lost runs', () => {
    test('queued again when the lease is over, not before; lost after the last attempt', async () => {
      let now = NOW;
      for (const attempt of [1, 2, 3]) {
        const run = await reserve(db, jobId, now);
        await start(run, now);
        expect(await requeueLostRuns(db, new Date(now.getTime() + LEASE_MS))).toEqual([]);
        now = new Date(now.getTime() + LEASE_MS + 1);
        const status = attempt < 3 ? 'queued' : 'lost';
        expect(await requeueLostRuns(db, now)).toMatchObject([{ jobId, run, worker: 'in_process', status }]);
      }
      expect(await findJob(db, jobId)).toMatchObject({
        status: 'lost',
        attempt: 3,
        error: expect.stringContaining('no sign of life since'),
      });
      expect(await findMetrics(db)).toMatchObject([{ outcome: 'lost', error_count: 1 }]);
    });

    test('a heartbeat saves it', async () => {
      const run = await reserve(db, jobId);
      await start(run);
      await heartbeat(db, { jobId, run, progress: null, leaseMs: LEASE_MS, now: later(30_000) });
      expect(await requeueLostRuns(db, later(LEASE_MS + 1))).toEqual([]);
    });

    test('a run that was sent but never began uses up its attempt, unless it still waits for its turn', async () => {
      const run = await reserve(db, jobId);
      await markSent(db, { jobId, run, worker: 'workflow', workflowRunId: 9, leaseMs: LEASE_MS, now: NOW });
      const waiting = { extendLease: async () => 60_000 };
      expect(await requeueLostRuns(db, later(LEASE_MS + 1), waiting)).toEqual([]);
      expect(await findJob(db, jobId)).toMatchObject({
        status: 'dispatched',
        lease_expires_at: later(LEASE_MS + 1 + 60_000),
      });
      const gone = { extendLease: async () => null };
      expect(await requeueLostRuns(db, later(LEASE_MS + 60_002), gone)).toMatchObject([{ status: 'queued' }]);
      expect(await findJob(db, jobId)).toMatchObject({
        attempt: 1,
        error: 'Run 1 was sent but never began.',
      });
      expect(await reserve(db, jobId, later(LEASE_MS + 60_002))).toBe(2);
    });

    test('the sole owner of a database gives up its earlier in-process runs at once', async () => {
      const run = await reserve(db, jobId);
      await start(run);
      expect(await requeueAbandonedRuns(db, later(1))).toMatchObject([{ jobId, run, status: 'queued' }]);
      expect(await findJob(db, jobId)).toMatchObject({ not_before: later(1), attempt: 1 });
    });

    test('runs elsewhere are not its own', async () => {
      const run = await reserve(db, jobId);
      await startRun(db, { jobId, run, worker: 'workflow', workflowRunId: 3, leaseMs: LEASE_MS, now: NOW });
      expect(await requeueAbandonedRuns(db, later(1))).toEqual([]);
    });
  });

  test('cancelling ends what lives, in the scope alone', async () => {
    const run = await reserve(db, jobId);
    await startRun(db, { jobId, run, worker: 'workflow', workflowRunId: 31, leaseMs: LEASE_MS, now: NOW });
    const queued = await planJob(db, workItem());
    const repository = { id: 43, fullName: 'acme/gadgets', installationId: 8, isPrivate: false };
    const other = await planJob(db, workItem({ repository }));
    const cancelled = await cancelJobs(db, { installationId: 7 }, 'uninstalled', later(2_000));
    expect(cancelled).toHaveLength(2);
    expect(cancelled).toEqual(
      expect.arrayContaining([
        { id: jobId, workflowRunId: 31 },
        { id: queued.id, workflowRunId: null },
      ]),
    );
    expect(await findJob(db, jobId)).toMatchObject({ status: 'cancelled', status_reason: 'uninstalled' });
    expect(await findRuns(db, jobId)).toMatchObject([{ state: 'ended', conclusion: 'cancelled' }]);
    expect((await findJob(db, other.id)).status).toBe('queued');
    expect((await findMetrics(db)).map(({ outcome, error_count }) => [outcome, error_count])).toEqual([
      ['cancelled', 0],
      ['cancelled', 0],
    ]);
    expect(await end(run, 'success')).toMatchObject({ status: 'cancelled', isChanged: false });
  });
});
