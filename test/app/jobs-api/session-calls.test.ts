import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cancelJobs, reserveRun } from '../../../src/jobs/runs.ts';
import { describeEachDatabase } from '../../support/databases.ts';
import { progress, report, SHOP, startApi, type TestApi } from './api-fixture.ts';

describeEachDatabase('the calls of a session', (database) => {
  let api: TestApi;
  beforeEach(async () => {
    api = await startApi(database().db);
  });
  afterEach(() => api.close());

  const jobRow = (id: string) =>
    api.db.selectFrom('progressive_capture_jobs').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const metrics = () => api.db.selectFrom('rollout_metrics').select(['job_id', 'outcome']).execute();

  describe('…/heartbeat', () => {
    it('renews the lease and stores progress', async () => {
      const { jobId, sessionToken } = await api.claimedJob();
      const later = new Date(Date.now() + 200_000);
      api.setNow(later);
      const path = `/api/jobs/${jobId}/heartbeat`;
      const answer = await api.post(path, sessionToken, { progress: progress(42, 4_000) });
      expect(answer).toMatchObject({ status: 200, body: { next: 'continue' } });
      expect(await jobRow(jobId)).toMatchObject({
        heartbeat_at: later,
        lease_expires_at: new Date(later.getTime() + 300_000),
        progress: { rows: 42, pointsLeft: 4_000 },
      });
      await api.post(path, sessionToken, { progress: null });
      expect((await jobRow(jobId)).progress).toMatchObject({ rows: 42 });
      expect(api.logged.at(-1)).toMatchObject({
        stage: 'jobs-api',
        call: 'heartbeat',
        job: jobId,
        repository: 'acme/shop',
        processor: 'github_actions',
        rule: 'historical',
        run: 1,
      });
    });

    it('answers stop once the job is cancelled', async () => {
      const { jobId, sessionToken } = await api.claimedJob();
      await cancelJobs(api.db, { repositoryId: SHOP.id }, 'uninstalled');
      const answer = await api.post(`/api/jobs/${jobId}/heartbeat`, sessionToken, { progress: null });
      expect(answer).toMatchObject({ status: 200, body: { next: 'stop' } });
    });

    it('is refused when the job has gone to another run', async () => {
      const { jobId, sessionToken } = await api.claimedJob();
      await api.post(`/api/jobs/${jobId}/finish`, sessionToken, report({ outcome: 'continue' }));
      const path = `/api/jobs/${jobId}/heartbeat`;
      expect(await api.post(path, sessionToken, { progress: null })).toMatchObject({
        status: 409,
        body: { error: { code: 'job_not_running' } },
      });
      await reserveRun(api.db, jobId, 'test', { bulkPerInstallation: 5, now: new Date(Date.now() + 1_000) });
      expect(await api.post(path, sessionToken, { progress: null })).toMatchObject({
        status: 409,
        body: { error: { code: 'superseded' } },
      });
    });

    it('checks its body', async () => {
      const { jobId, sessionToken } = await api.claimedJob();
      const answer = await api.post(`/api/jobs/${jobId}/heartbeat`, sessionToken, { progress: { done: -1 } });
      expect(answer).toMatchObject({ status: 422, body: { error: { code: 'invalid_body' } } });
      expect(answer.body.error.message).toContain('progress.done');
    });
  });

  describe('…/token', () => {
    it('gives another token for the same repository', async () => {
      const { jobId, sessionToken } = await api.claimedJob();
      const answer = await api.post(`/api/jobs/${jobId}/token`, sessionToken);
      expect(answer.body).toEqual({
        installationToken: 'ghs_2',
        installationTokenExpiresAt: '2100-01-01T00:00:00.000Z',
      });
      expect(api.tokenRequests[1]).toEqual(api.tokenRequests[0]);
    });

    it('gives none once the run is over', async () => {
      const { jobId, sessionToken } = await api.claimedJob();
      await api.post(`/api/jobs/${jobId}/finish`, sessionToken, report());
      expect((await api.post(`/api/jobs/${jobId}/token`, sessionToken)).status).toBe(409);
      expect(api.tokenRequests).toHaveLength(1);
    });
  });

  describe('…/gaps', () => {
    const counts = (number: number) => ({
      number,
      comments: 0,
      reviews: 0,
      review_threads: 0,
      commits: 0,
      files: 2,
      labels: 0,
      assignees: 0,
    });

    it('names the pull requests that lack rows', async () => {
      const { jobId, sessionToken } = await api.claimedJob();
      await sql`INSERT INTO pull_requests (id, repository_id, number, state, created_at, updated_at, captured_at)
        VALUES (11, 1, 1, 'OPEN', now(), now(), now()), (12, 1, 2, 'OPEN', now(), now(), now())`.execute(
        api.db,
      );
      await sql`INSERT INTO files (pull_request_id, path, additions, deletions, captured_at)
        VALUES (11, 'a', 1, 0, now()), (11, 'b', 1, 0, now()), (12, 'a', 1, 0, now())`.execute(api.db);
      const body = { counts: [counts(1), counts(2)] };
      const answer = await api.post(`/api/jobs/${jobId}/gaps`, sessionToken, body);
      expect(answer).toMatchObject({
        status: 200,
        body: { numbers: [2], gaps: [{ number: 2, connection: 'files', expected: 2, stored: 1 }] },
      });
    });

    it('takes 1,000 pull requests, not 1,001', async () => {
      const { jobId, sessionToken } = await api.claimedJob();
      const path = `/api/jobs/${jobId}/gaps`;
      const many = Array.from({ length: 1_001 }, (_, index) => counts(index + 1));
      expect(await api.post(path, sessionToken, { counts: many })).toMatchObject({
        status: 422,
        body: { error: { code: 'invalid_body' } },
      });
      const answer = await api.post(path, sessionToken, { counts: many.slice(0, 1_000) });
      expect(answer.status).toBe(200);
      expect(answer.body.numbers).toHaveLength(1_000);
    });
  });

  describe('…/finish', () => {
    it('ends job and run, and records the outcome once', async () => {
      const { jobId, sessionToken } = await api.claimedJob();
      api.changes.length = 0;
      const path = `/api/jobs/${jobId}/finish`;
      expect(await api.post(path, sessionToken, report())).toMatchObject({
        status: 200,
        body: { status: 'completed' },
      });
      const job = await jobRow(jobId);
      expect(job).toMatchObject({
        status: 'completed',
        result: { pullRequests: 3, rows: 12, points: 40, requests: 7, seconds: 2.5, complete: true, gaps: 0 },
      });
      const run = await api.db.selectFrom('job_runs').selectAll().executeTakeFirstOrThrow();
      expect(run).toMatchObject({
        state: 'ended',
        conclusion: 'success',
        points: 40,
        requests: 7,
        rows_stored: 12,
      });
      expect(api.changes).toEqual([undefined]);

      expect((await api.post(path, sessionToken, report())).body).toEqual({ status: 'completed' });
      expect(await metrics()).toEqual([{ job_id: jobId, outcome: 'success' }]);
      expect((await jobRow(jobId)).completed_at).toEqual(job.completed_at);
    });

    it('at once with itself ends the job once', async () => {
      const { jobId, sessionToken } = await api.claimedJob();
      const path = `/api/jobs/${jobId}/finish`;
      const answers = await Promise.all([1, 2, 3].map(() => api.post(path, sessionToken, report())));
      expect(answers.map(({ body }) => body)).toEqual(Array(3).fill({ status: 'completed' }));
      expect(await metrics()).toHaveLength(1);
    });

    it('with another outcome afterwards is refused', async () => {
      const { jobId, sessionToken } = await api.claimedJob();
      const path = `/api/jobs/${jobId}/finish`;
      await api.post(path, sessionToken, report());
      expect(await api.post(path, sessionToken, report({ outcome: 'failure', error: 'x' }))).toMatchObject({
        status: 409,
        body: { error: { code: 'already_finished' } },
      });
      expect(await jobRow(jobId)).toMatchObject({ status: 'completed' });
    });

    it('with `continue` queues the job for later, and says the same when asked again after it went on', async () => {
      const { jobId, sessionToken } = await api.claimedJob();
      api.changes.length = 0;
      const continueAt = new Date(Date.now() + 1_800_000);
      const body = report({ outcome: 'continue', continueAt: continueAt.toISOString(), complete: false });
      const path = `/api/jobs/${jobId}/finish`;
      expect((await api.post(path, sessionToken, body)).body).toEqual({ status: 'queued' });
      expect(await jobRow(jobId)).toMatchObject({ status: 'queued', not_before: continueAt, attempt: 0 });
      expect(api.changes).toEqual([undefined, continueAt]);
      expect(await metrics()).toEqual([]);

      await reserveRun(api.db, jobId, 'test', {
        bulkPerInstallation: 5,
        now: new Date(continueAt.getTime() + 1),
      });
      expect((await api.post(path, sessionToken, body)).body).toEqual({ status: 'queued' });
      expect(await jobRow(jobId)).toMatchObject({ run: 2 });
    });

    it('with a failure queues the next attempt', async () => {
      const { jobId, sessionToken } = await api.claimedJob();
      const path = `/api/jobs/${jobId}/finish`;
      const body = report({ outcome: 'failure', complete: false, error: 'GitHub answered 500.' });
      expect((await api.post(path, sessionToken, body)).body).toEqual({ status: 'queued' });
      expect(await jobRow(jobId)).toMatchObject({
        status: 'queued',
        attempt: 1,
        error: 'GitHub answered 500.',
      });
    });

    it('of a cancelled job answers so', async () => {
      const { jobId, sessionToken } = await api.claimedJob();
      await cancelJobs(api.db, { repositoryId: SHOP.id }, 'uninstalled');
      const body = report({ outcome: 'cancelled', complete: false });
      expect((await api.post(`/api/jobs/${jobId}/finish`, sessionToken, body)).body).toEqual({
        status: 'cancelled',
      });
      expect(await metrics()).toEqual([{ job_id: jobId, outcome: 'cancelled' }]);
    });

    it.each<[string, object, string]>([
      ['an outcome that only the app decides', { outcome: 'lost' }, 'outcome'],
      ['a negative count', { rows: -1 }, 'rows'],
      ['an error of more than 2,000 characters', { error: 'x'.repeat(2_001) }, 'error'],
      [
        'a continuation more than a day ahead',
        { outcome: 'continue', continueAt: new Date(Date.now() + 25 * 3_600_000).toISOString() },
        'continueAt',
      ],
    ])('with %s is refused', async (_, overrides, field) => {
      const { jobId, sessionToken } = await api.claimedJob();
      const answer = await api.post(`/api/jobs/${jobId}/finish`, sessionToken, report({ ...overrides }));
      expect(answer).toMatchObject({ status: 422, body: { error: { code: 'invalid_body' } } });
      expect(answer.body.error.message).toContain(field);
      expect(await jobRow(jobId)).toMatchObject({ status: 'running' });
    });
  });
});
