import { generateKeyPair } from 'jose';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeEachDatabase } from '../../support/databases.ts';
import { IDENTITY, INSTALLATION, JOBS_REPOSITORY, SHOP, startApi, type TestApi } from './api-fixture.ts';

describeEachDatabase('POST /api/jobs/{id}/claim', (database) => {
  let api: TestApi;
  beforeEach(async () => {
    api = await startApi(database().db);
  });
  afterEach(() => api.close());

  const jobRow = (id: string) =>
    api.db.selectFrom('progressive_capture_jobs').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const runRow = (id: string) =>
    api.db.selectFrom('job_runs').selectAll().where('job_id', '=', id).executeTakeFirstOrThrow();
  const usedTokens = () => api.db.selectFrom('oidc_tokens').selectAll().orderBy('jti').execute();

  it('binds the run to its job and gives it what it needs', async () => {
    const jobId = await api.sentJob(77001, { include: ['pull-requests', 'commits'] });
    const answer = await api.claim(jobId, { jti: 'first', repository_visibility: 'public' });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        protocol: 1,
        run: 1,
        job: {
          jobId,
          type: 'history',
          repository: { id: SHOP.id, fullName: 'acme/shop' },
          items: [],
          since: null,
          until: null,
          include: ['pull-requests', 'commits'],
        },
        installationToken: 'ghs_1',
        installationTokenExpiresAt: '2100-01-01T00:00:00.000Z',
        checkpoint: null,
        sequence: 0,
        budget: {
          points: 4_500,
          reserve: 500,
          restRequests: 4_500,
          restReserve: 500,
          graphqlMsPerMinute: 48_600,
          restMsPerMinute: 24_300,
        },
      },
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(api.tokenRequests).toEqual([
      {
        installationId: INSTALLATION,
        repositoryId: SHOP.id,
        permissions: { metadata: 'read', pull_requests: 'read', issues: 'read', contents: 'read' },
      },
    ]);
    expect(await jobRow(jobId)).toMatchObject({ status: 'running', workflow_run_id: 77001, attempt: 1 });
    const run = await runRow(jobId);
    expect(run).toMatchObject({ state: 'running', workflow_run_id: 77001, workflow_run_attempt: 1 });
    expect(run.billing).toBe('free_public');
    expect(run.session_token_hash).toMatch(/^[0-9a-f]{64}$/);
    expect(await usedTokens()).toMatchObject([
      { jti: 'first', workflow_run_id: 77001, run_attempt: 1, job_id: jobId },
    ]);
    expect(JSON.stringify(await runRow(jobId))).not.toContain(answer.body.sessionToken);
    expect(JSON.stringify(api.logged)).not.toMatch(/hcs_|ghs_|eyJ/);
    expect(api.logged.at(-1)).toMatchObject({
      stage: 'jobs-api',
      call: 'claim',
      job: jobId,
      repository: 'acme/shop',
      processor: 'github_actions',
      rule: 'historical',
      duration_ms: expect.any(Number),
    });
  });

  it('asks for contents only where commits are captured', async () => {
    const withoutContents = { metadata: 'read', pull_requests: 'read', issues: 'read' };
    await api.claimedJob(77001, { include: ['pull-requests'] });
    await api.claimedJob(77002, { include: ['issues', 'labels'] });
    expect(api.tokenRequests.map(({ permissions }) => permissions)).toEqual([
      { ...withoutContents, contents: 'read' },
      withoutContents,
    ]);
  });

  it('tells where the last committed batch ended', async () => {
    const jobId = await api.sentJob(77001);
    await api.db
      .insertInto('capture_checkpoints')
      .values({
        key: jobId,
        repository_id: SHOP.id,
        sequence: 7,
        checkpoint: JSON.stringify({ cursor: 'Y3' }),
      })
      .execute();
    expect((await api.claim(jobId)).body).toMatchObject({ sequence: 7, checkpoint: { cursor: 'Y3' } });
  });

  describe('refuses, and changes nothing', () => {
    it.each<[string, Record<string, unknown>, string]>([
      ['a token of another issuer', { iss: 'https://token.actions.example' }, '401 wrong_issuer'],
      ['a token for another audience', { aud: 'https://elsewhere.example' }, '401 wrong_audience'],
      ['an expired token', { exp: 1_700_000_000 }, '401 token_expired'],
      ['a token of the future', { nbf: 4_000_000_000 }, '401 token_not_yet_valid'],
      ['a token without a jti', { jti: undefined }, '401 token_malformed'],
      [
        'another repository with the same workflow',
        { repository_id: '901', repository: 'acme/jobs' },
        '403 wrong_repository',
      ],
      [
        'the captured repository itself',
        { repository_id: '1', repository: 'acme/shop' },
        '403 wrong_repository',
      ],
      [
        'another workflow',
        { workflow_ref: 'acme/jobs/.github/workflows/other.yml@refs/heads/main' },
        '403 wrong_workflow',
      ],
      [
        'another branch',
        {
          workflow_ref: 'acme/jobs/.github/workflows/bulk-capture.yml@refs/heads/evil',
          ref: 'refs/heads/evil',
        },
        '403 wrong_branch',
      ],
      ['another event', { event_name: 'push' }, '403 wrong_event'],
      ['another run', { run_id: '77002' }, '403 wrong_run'],
    ])('%s', async (_, overrides, expected) => {
      const jobId = await api.sentJob(77001);
      const { status, body } = await api.claim(jobId, overrides);
      expect(`${status} ${body.error.code}`).toBe(expected);
      expect(body.error.message.length).toBeGreaterThan(20);
      expect(await jobRow(jobId)).toMatchObject({ status: 'dispatched' });
      expect(await runRow(jobId)).toMatchObject({ state: 'sent', session_token_hash: null });
      expect(await usedTokens()).toEqual([]);
      expect(api.tokenRequests).toEqual([]);
    });

    it('a token of another key', async () => {
      const jobId = await api.sentJob(77001);
      const key = await generateKeyPair('RS256');
      const token = await api.issuer.sign(
        { iss: api.issuer.url, aud: 'https://capture.example.com' },
        { key },
      );
      const answer = await api.post(`/api/jobs/${jobId}/claim`, token, IDENTITY);
      expect(answer).toMatchObject({ status: 401, body: { error: { code: 'wrong_signature' } } });
      expect(await jobRow(jobId)).toMatchObject({ status: 'dispatched' });
    });

    it('an issuer that can not be asked: 503, to be tried again', async () => {
      const jobId = await api.sentJob(77001);
      const token = await api.idToken();
      await api.issuer.close();
      const answer = await api.post(`/api/jobs/${jobId}/claim`, token, IDENTITY);
      expect(answer).toMatchObject({ status: 503, body: { error: { code: 'issuer_unreachable' } } });
      expect(answer.headers.get('retry-after')).toBe('10');
      expect(await jobRow(jobId)).toMatchObject({ status: 'dispatched' });
    });

    it('a job while GitHub can not be asked for a token: 503, then it is given', async () => {
      const jobId = await api.sentJob(77001);
      const token = await api.idToken();
      const path = `/api/jobs/${jobId}/claim`;
      api.failGitHub(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
      const answer = await api.post(path, token, IDENTITY);
      expect(answer).toMatchObject({ status: 503, body: { error: { code: 'github_unavailable' } } });
      expect(await jobRow(jobId)).toMatchObject({ status: 'dispatched' });
      api.failGitHub(null);
      expect(await api.post(path, token, IDENTITY)).toMatchObject({ status: 200 });
    });

    it('a job for whose repository GitHub gives no token', async () => {
      const jobId = await api.sentJob(77001);
      api.failGitHub(Object.assign(new Error('Not Found'), { status: 404 }));
      expect(await api.claim(jobId)).toMatchObject({
        status: 403,
        body: { error: { code: 'not_installed' } },
      });
      expect(await runRow(jobId)).toMatchObject({ state: 'sent', session_token_hash: null });
    });

    it('a job whose run is not known while GitHub can not be asked', async () => {
      const jobId = await api.sentJob(null);
      api.failGitHub(new Error('fetch failed'));
      expect(await api.claim(jobId)).toMatchObject({
        status: 503,
        body: { error: { code: 'github_unavailable' } },
      });
    });

    it('a job that does not exist, or no job id', async () => {
      const answer = await api.claim('00000000-0000-4000-8000-000000000000');
      expect(answer).toMatchObject({ status: 404, body: { error: { code: 'job_not_found' } } });
      expect(await api.claim("x'; DROP TABLE job_runs; --")).toMatchObject({ status: 404 });
    });

    it.each(['completed', 'failed', 'cancelled', 'skipped'])('a job that is %s', async (status) => {
      const jobId = await api.sentJob(77001);
      await sql`UPDATE progressive_capture_jobs SET status = ${status}, completed_at = now()`.execute(api.db);
      expect(await api.claim(jobId)).toMatchObject({
        status: 409,
        body: { error: { code: 'already_finished' } },
      });
      expect(await usedTokens()).toEqual([]);
    });

    it('a protocol that is not served, with the line to write', async () => {
      const jobId = await api.sentJob(77001);
      const body = { protocol: 2, actionVersion: '9.0.0' };
      const answer = await api.post(`/api/jobs/${jobId}/claim`, await api.idToken(), body);
      expect(answer).toMatchObject({ status: 426, body: { error: { code: 'upgrade_required' } } });
      expect(answer.body.error.message).toContain('uses: hybrid-capture/hybrid-capture@v1');
    });
  });

  describe('of a job whose run is not known', () => {
    const shown = (jobId: string) => ({
      repositoryId: JOBS_REPOSITORY,
      path: '.github/workflows/bulk-capture.yml',
      event: 'workflow_dispatch',
      displayTitle: `Capture ${jobId}`,
    });

    it('is accepted when GitHub shows the run with the id of the job', async () => {
      const jobId = await api.sentJob(null);
      api.workflowRuns.set(77001, shown(jobId));
      expect(await api.claim(jobId)).toMatchObject({ status: 200 });
      expect(await runRow(jobId)).toMatchObject({ workflow_run_id: 77001 });
      expect(await jobRow(jobId)).toMatchObject({ workflow_run_id: 77001, status: 'running' });
      expect(await api.claim(jobId, { run_id: '77002' })).toMatchObject({ status: 403 });
    });

    it.each<[string, (jobId: string) => object | null]>([
      ['does not know the run', () => null],
      ['shows another job', (jobId) => ({ ...shown(jobId), displayTitle: 'Capture of something else' })],
      ['shows another workflow', (jobId) => ({ ...shown(jobId), path: '.github/workflows/ci.yml' })],
      ['shows another repository', (jobId) => ({ ...shown(jobId), repositoryId: 901 })],
      ['shows another event', (jobId) => ({ ...shown(jobId), event: 'push' })],
    ])('is refused when GitHub %s', async (_, run) => {
      const jobId = await api.sentJob(null);
      const answer = run(jobId);
      if (answer) api.workflowRuns.set(77001, answer as ReturnType<typeof shown>);
      expect(await api.claim(jobId)).toMatchObject({ status: 403, body: { error: { code: 'wrong_run' } } });
      expect(await jobRow(jobId)).toMatchObject({ status: 'dispatched', workflow_run_id: null });
    });

    it('goes to one of two runs that claim it at once', async () => {
      const jobId = await api.sentJob(null);
      api.workflowRuns.set(77001, shown(jobId));
      api.workflowRuns.set(77002, shown(jobId));
      const answers = await Promise.all([api.claim(jobId), api.claim(jobId, { run_id: '77002' })]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 403]);
      const winner = answers[0]?.status === 200 ? 77001 : 77002;
      expect(await runRow(jobId)).toMatchObject({ workflow_run_id: winner });
      expect(await usedTokens()).toHaveLength(1);
    });
  });

  describe('again', () => {
    it('with the same token gives the same session, also twice at once', async () => {
      const jobId = await api.sentJob(77001);
      const token = await api.idToken();
      const path = `/api/jobs/${jobId}/claim`;
      const answers = await Promise.all([1, 2, 3].map(() => api.post(path, token, IDENTITY)));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      const sessions = new Set(answers.map(({ body }) => body.sessionToken));
      expect(sessions.size).toBe(1);
      expect(await usedTokens()).toHaveLength(1);
      const [session] = [...sessions];
      const beat = await api.post(`/api/jobs/${jobId}/heartbeat`, session, { progress: null });
      expect(beat).toMatchObject({ status: 200, body: { next: 'continue' } });
    });

    it('with a new token of the same run gives a new session, which replaces the old one', async () => {
      const { jobId, sessionToken } = await api.claimedJob();
      const again = await api.claim(jobId);
      expect(again.status).toBe(200);
      expect(again.body.sessionToken).not.toBe(sessionToken);
      const path = `/api/jobs/${jobId}/heartbeat`;
      expect(await api.post(path, sessionToken, { progress: null })).toMatchObject({
        status: 409,
        body: { error: { code: 'superseded' } },
      });
      expect((await api.post(path, again.body.sessionToken, { progress: null })).body).toMatchObject({
        next: 'continue',
      });
    });

    it('with the token of another run is refused, also for a job of its own', async () => {
      const first = await api.sentJob(77001);
      expect((await api.claim(first, { jti: 'stolen' })).status).toBe(200);
      const second = await api.sentJob(77002);
      expect(await api.claim(second, { jti: 'stolen', run_id: '77002' })).toMatchObject({
        status: 401,
        body: { error: { code: 'token_replayed' } },
      });
      expect(await api.claim(second, { jti: 'stolen' })).toMatchObject({
        status: 401,
        body: { error: { code: 'token_replayed' } },
      });
      expect(await jobRow(second)).toMatchObject({ status: 'dispatched' });
    });

    it('by a higher attempt takes over; the lower one is refused from then on', async () => {
      const { jobId, sessionToken } = await api.claimedJob();
      expect(await api.claim(jobId, { run_attempt: '2' })).toMatchObject({ status: 200 });
      expect(await runRow(jobId)).toMatchObject({ workflow_run_attempt: 2, run: 1 });
      const beat = await api.post(`/api/jobs/${jobId}/heartbeat`, sessionToken, { progress: null });
      expect(beat).toMatchObject({ status: 409, body: { error: { code: 'superseded' } } });
      expect(await api.claim(jobId, { run_attempt: '1' })).toMatchObject({
        status: 409,
        body: { error: { code: 'stale_attempt' } },
      });
      expect(await runRow(jobId)).toMatchObject({ workflow_run_attempt: 2 });
    });
  });
});
