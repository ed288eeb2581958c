import { sql } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readRollout } from '../../../src/rollout/rollout-store.ts';
import { describeEachDatabase } from '../../support/databases.ts';
import { IDENTITY, report, startApi, type TestApi } from './api-fixture.ts';

describeEachDatabase('POST /api/jobs/next', (database) => {
  let api: TestApi;
  beforeEach(async () => {
    api = await startApi(database().db);
  });
  afterEach(() => api.close());

  const next = async (finishedJobId: string, claims: Record<string, unknown> = {}) =>
    api.post('/api/jobs/next', await api.idToken(claims), { ...IDENTITY, finishedJobId });
  const jobRow = (id: string) =>
    api.db.selectFrom('progressive_capture_jobs').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

  /** A job of run 77001 that it has finished. */
  async function finishedJob(workflowRunId = 77001): Promise<string> {
    const { jobId, sessionToken } = await api.claimedJob(workflowRunId);
    const answer = await api.post(`/api/jobs/${jobId}/finish`, sessionToken, report());
    expect(answer.body).toEqual({ status: 'completed' });
    return jobId;
  }
  /** A queued bulk job of this installation. */
  async function queuedJob(repositoryId: number, more: Record<string, unknown> = {}): Promise<string> {
    await sql`INSERT INTO repositories (id, full_name, installation_id, pull_requests_count)
      VALUES (${repositoryId}, ${`acme/r${repositoryId}`}, 50, ${repositoryId}) ON CONFLICT DO NOTHING`.execute(
      api.db,
    );
    const { version } = await readRollout(api.db, { environmentStop: false });
    const { id } = await api.db
      .insertInto('progressive_capture_jobs')
      .values({
        repository_id: repositoryId,
        installation_id: 50,
        job_type: 'history',
        target: 'history',
        include: ['pull-requests'],
        reason: 'scheduled',
        processor_type: 'github_actions',
        rule: 'historical',
        enrolment_reason: 'included',
        arm: 'enrolled',
        rollout_epoch: 1,
        rollout_phase: 0,
        rollout_version: version,
        ...more,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    return id;
  }

  it('gives the next due job of the installation, by priority and then by size, bound to this run', async () => {
    const finished = await finishedJob();
    const large = await queuedJob(102);
    const small = await queuedJob(101);
    const urgent = await queuedJob(103, { priority: 1 });
    for (const expected of [urgent, small, large]) {
      const { body } = await next(finished);
      expect(body).toEqual({ job: { id: expected } });
      expect(await jobRow(expected)).toMatchObject({ status: 'dispatched', workflow_run_id: 77001, run: 1 });
      const claim = await api.claim(expected);
      expect(claim.status).toBe(200);
      await api.post(`/api/jobs/${expected}/finish`, claim.body.sessionToken, report());
    }
    expect((await next(finished)).body).toMatchObject({ job: null, reason: 'nothing_due' });
  });

  it("gives none when the month's minutes are used up; where they are free it does", async () => {
    const finished = await finishedJob();
    const jobId = await queuedJob(101);
    api.config.budgets.actionsMinutesPerMonth = 1;
    expect((await next(finished)).body).toEqual({
      job: null,
      reason: 'budget_exhausted',
      message: expect.stringContaining('(MAX_ACTIONS_MINUTES_PER_MONTH) are used up'),
    });
    expect(await jobRow(jobId)).toMatchObject({ status: 'queued', run: 0 });
    api.config.budgets.actionsMinutesPerMonth = 2;
    expect((await next(finished)).body).toEqual({ job: { id: jobId } });
    api.config.budgets.actionsMinutesPerMonth = 1;
    // What it was given stays its own.
    expect((await next(finished)).body).toEqual({ job: { id: jobId } });
    const another = await finishedJob(77002);
    const free = await queuedJob(102);
    const claims = { run_id: '77002', repository_visibility: 'public' };
    expect((await next(another, claims)).body).toEqual({ job: { id: free } });
  });

  it('gives the same job again while it is not finished', async () => {
    const finished = await finishedJob();
    const jobId = await queuedJob(101);
    await queuedJob(102);
    expect((await next(finished)).body).toEqual({ job: { id: jobId } });
    expect((await next(finished)).body).toEqual({ job: { id: jobId } });
    await api.claim(jobId);
    expect((await next(finished)).body).toEqual({ job: { id: jobId } });
  });

  it('gives one job to one of two runs that ask at once', async () => {
    const [first, second] = [await finishedJob(77001), await finishedJob(77002)];
    const jobId = await queuedJob(101);
    const answers = await Promise.all([next(first), next(second, { run_id: '77002' })]);
    const given = answers.map(({ body }) => body.job?.id).filter((id) => id !== undefined);
    expect(given).toEqual([jobId]);
    expect((await jobRow(jobId)).workflow_run_id).toBe(answers[0]?.body.job ? 77001 : 77002);
  });

  it('leaves alone what is not due, not bulk, or of another installation', async () => {
    const finished = await finishedJob();
    await queuedJob(101, { not_before: new Date(Date.now() + 60_000) });
    await queuedJob(102, { processor_type: 'inngest', rule: 'recent' });
    await queuedJob(103, { installation_id: 51 });
    expect((await next(finished)).body).toMatchObject({ job: null, reason: 'nothing_due' });
    const { asked_next_at: askedNextAt } = await api.db
      .selectFrom('job_runs')
      .select('asked_next_at')
      .where('job_id', '=', finished)
      .executeTakeFirstOrThrow();
    expect(askedNextAt).toBeInstanceOf(Date);
  });

  it('keeps to the bulk runs that an installation may have', async () => {
    const finished = await finishedJob();
    for (const run of [1, 2, 3, 4, 5]) {
      const jobId = await api.sentJob(run);
      await sql`UPDATE progressive_capture_jobs SET target = ${`other ${run}`} WHERE id = ${jobId}`.execute(
        api.db,
      );
    }
    await queuedJob(101);
    expect((await next(finished)).body).toMatchObject({ job: null, reason: 'nothing_due' });
  });

  it('gives nothing while the rollout is stopped', async () => {
    const finished = await finishedJob();
    const jobId = await queuedJob(101);
    await sql`UPDATE rollout_configuration SET emergency_stop = true`.execute(api.db);
    expect((await next(finished)).body).toMatchObject({ job: null, reason: 'emergency_stop' });
    expect(await jobRow(jobId)).toMatchObject({ status: 'queued' });
  });

  it('is refused to who did not finish that job, or is not a run of the jobs repository', async () => {
    const finished = await finishedJob();
    const running = await api.claimedJob(77003);
    await queuedJob(101);
    const code = async (jobId: string, claims: Record<string, unknown>) => {
      const { status, body } = await next(jobId, claims);
      return `${status} ${body.error?.code}`;
    };
    expect(await code(finished, { run_id: '77009' })).toBe('403 wrong_run');
    expect(await code('00000000-0000-4000-8000-000000000000', {})).toBe('403 wrong_run');
    expect(await code(running.jobId, { run_id: '77003' })).toBe('409 job_not_finished');
    expect(await code(finished, { repository_id: '1' })).toBe('403 wrong_repository');
    expect(await code(finished, { event_name: 'schedule' })).toBe('403 wrong_event');
    expect(await code('not a job', {})).toBe('422 invalid_body');
  });

  it('takes a token of its run once', async () => {
    const [first, second] = [await finishedJob(77001), await finishedJob(77002)];
    await queuedJob(101);
    expect((await next(first, { jti: 'once' })).body.job).not.toBeNull();
    expect(await next(second, { jti: 'once', run_id: '77002' })).toMatchObject({
      status: 401,
      body: { error: { code: 'token_replayed' } },
    });
  });
});
