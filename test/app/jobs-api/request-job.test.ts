import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeEachDatabase } from '../../support/databases.ts';
import { DOCS, IDENTITY, report, SHOP, startApi, type TestApi } from './api-fixture.ts';

const OWN = {
  repository: 'acme/shop',
  repository_id: `${SHOP.id}`,
  workflow_ref: 'acme/shop/.github/workflows/scheduled-capture.yml@refs/heads/trunk',
  ref: 'refs/heads/trunk',
  event_name: 'schedule',
  run_id: '88001',
};
const ASK = { ...IDENTITY, mode: 'capture', since: null, until: null, items: [], include: [] };

describeEachDatabase('POST /api/jobs', (database) => {
  let api: TestApi;
  beforeEach(async () => {
    api = await startApi(database().db);
  });
  afterEach(() => api.close());

  const ask = async (claims: Record<string, unknown> = {}, body: object = {}) =>
    api.post('/api/jobs', await api.idToken({ ...OWN, ...claims }), { ...ASK, ...body });
  const jobs = () =>
    api.db.selectFrom('progressive_capture_jobs').selectAll().orderBy('created_at').execute();

  it('gives a run a job for its own repository, bound to this run', async () => {
    const answer = await ask({ actor: 'ada', actor_id: '7' });
    const [job, ...more] = await jobs();
    expect(more).toEqual([]);
    expect(answer).toMatchObject({ status: 200, body: { job: { id: job?.id } } });
    expect(job).toMatchObject({
      repository_id: SHOP.id,
      job_type: 'history',
      include: ['pull-requests'],
      reason: 'scheduled',
      actor_id: 7,
      processor_type: 'github_actions',
      rule: 'historical',
      status: 'dispatched',
      workflow_run_id: 88001,
    });
    expect(job?.is_exposed).toBe(false);

    const claim = await api.post(`/api/jobs/${job?.id}/claim`, await api.idToken(OWN), IDENTITY);
    expect(claim).toMatchObject({ status: 200, body: { job: { repository: { id: SHOP.id } } } });
    const finish = await api.post(`/api/jobs/${job?.id}/finish`, claim.body.sessionToken, report());
    expect(finish.body).toEqual({ status: 'completed' });
    // Users' own runs never feed the guard.
    const metrics = await api.db.selectFrom('rollout_metrics').select(['outcome', 'exposed']).execute();
    expect(metrics).toEqual([{ outcome: 'success', exposed: false }]);
  });

  it('also where the installation is older than the app, which knows nothing of it', async () => {
    await sql`DELETE FROM installations`.execute(api.db);
    expect(await ask()).toMatchObject({ status: 200, body: { job: { id: expect.any(String) } } });
  });

  it('passes on what is asked for', async () => {
    await ask(
      {},
      { mode: 'verify', since: '2026-01-01T00:00:00Z', items: [], include: ['issues', 'labels'] },
    );
    expect(await jobs()).toMatchObject([
      { job_type: 'verify', range_since: new Date('2026-01-01T00:00:00Z'), include: ['issues', 'labels'] },
    ]);
  });

  it('takes up where the last complete capture began', async () => {
    const start = new Date('2026-11-20T00:00:00Z');
    const run = async (hours: number, runId: string, complete: boolean) => {
      api.setNow(new Date(start.getTime() + hours * 3_600_000));
      const { body } = await ask({ run_id: runId });
      const path = `/api/jobs/${body.job.id}`;
      const claim = await api.post(`${path}/claim`, await api.idToken({ ...OWN, run_id: runId }), IDENTITY);
      await api.post(`${path}/finish`, claim.body.sessionToken, report({ complete }));
      return claim.body.job.since;
    };
    expect(await run(0, '88001', false)).toBeNull();
    expect(await run(24, '88002', true)).toBeNull();
    expect(await run(48, '88003', true)).toBe('2026-11-20T23:00:00.000Z');
    expect(await run(72, '88004', true)).toBe('2026-11-21T23:00:00.000Z');
    api.setNow(new Date(start.getTime() + 96 * 3_600_000));
    await ask({ run_id: '88005' }, { include: ['issues'] });
    expect((await jobs()).at(-1)?.range_since).toBeNull();
  });

  it('goes on from the checkpoint of the last complete capture, unless a beginning is asked for', async () => {
    const start = new Date('2026-11-20T00:00:00Z');
    const claimed = async (hours: number, body: object = {}) => {
      api.setNow(new Date(start.getTime() + hours * 3_600_000));
      const run = { run_id: `${88001 + hours}` };
      const path = `/api/jobs/${(await ask(run, body)).body.job.id}`;
      const claim = await api.post(`${path}/claim`, await api.idToken({ ...OWN, ...run }), IDENTITY);
      const { checkpoint, sequence, sessionToken } = claim.body;
      const sent = { sequence: sequence + 1, checkpoint: { at: hours, isFinished: true } };
      await api.postBatch(path.slice('/api/jobs/'.length), sessionToken, sent);
      await api.post(`${path}/finish`, sessionToken, report());
      return { checkpoint, sequence };
    };
    expect(await claimed(0)).toEqual({ checkpoint: null, sequence: 0 });
    expect(await claimed(24)).toEqual({ checkpoint: { at: 0, isFinished: true }, sequence: 0 });
    expect(await claimed(48)).toEqual({ checkpoint: { at: 24, isFinished: true }, sequence: 0 });
    const since = '2026-11-01T00:00:00Z';
    expect(await claimed(72, { since })).toEqual({ checkpoint: null, sequence: 0 });
    expect(await claimed(96, { mode: 'verify' })).toEqual({ checkpoint: null, sequence: 0 });
  });

  it('the claim of such a job is for its own run alone', async () => {
    const { body } = await ask();
    const path = `/api/jobs/${body.job.id}/claim`;
    const claim = async (claims: object) => {
      const answer = await api.post(path, await api.idToken({ ...OWN, ...claims }), IDENTITY);
      return `${answer.status} ${answer.body.error?.code}`;
    };
    expect(await claim({ run_id: '88002' })).toBe('403 wrong_repository');
    expect(await claim({ repository_id: '2' })).toBe('403 wrong_repository');
    const evil = 'acme/shop/.github/workflows/scheduled-capture.yml@refs/heads/evil';
    expect(await claim({ workflow_ref: evil, ref: 'refs/heads/evil' })).toBe('403 wrong_branch');
    expect(await claim({ event_name: 'push' })).toBe('403 wrong_event');
    expect(await api.claim(body.job.id)).toMatchObject({
      status: 403,
      body: { error: { code: 'wrong_run' } },
    });
    expect(await claim({})).toBe('200 undefined');
  });

  describe('at most one an hour', () => {
    it('for each repository; the same run gets the same job', async () => {
      const first = await ask();
      expect((await ask()).body).toEqual(first.body);
      expect((await ask({ run_attempt: '2' })).body).toEqual(first.body);
      const second = await ask({ run_id: '88002' });
      expect(second).toMatchObject({ status: 200, body: { job: null, reason: 'too_soon' } });
      expect(await jobs()).toHaveLength(1);
    });

    it('and the next one when the hour is over, not before', async () => {
      const start = new Date();
      api.setNow(start);
      await ask();
      api.setNow(new Date(start.getTime() + 3_599_000));
      expect((await ask({ run_id: '88002' })).body.reason).toBe('too_soon');
      api.setNow(new Date(start.getTime() + 3_600_000));
      expect((await ask({ run_id: '88003' })).body.job).not.toBeNull();
      expect(await jobs()).toHaveLength(2);
    });

    it('also when two runs ask at once', async () => {
      const answers = await Promise.all([ask({ run_id: '88001' }), ask({ run_id: '88002' })]);
      expect(answers.filter(({ body }) => body.job !== null)).toHaveLength(1);
      expect(await jobs()).toHaveLength(1);
    });
  });

  it.each([
    ['private', { job: null, reason: 'budget_exhausted' }],
    ['public', { job: { id: expect.any(String) } }],
  ])("when the month's minutes are used up, a run of a %s repository", async (visibility, answer) => {
    const { jobId, sessionToken } = await api.claimedJob(77001, { repository: DOCS });
    await api.post(`/api/jobs/${jobId}/finish`, sessionToken, report());
    api.config.budgets.actionsMinutesPerMonth = 1;
    expect((await ask({ repository_visibility: visibility })).body).toMatchObject(answer);
    // The work is not lost: it waits, or is given.
    expect(await jobs()).toHaveLength(2);
  });

  describe('without a job in the answer, the work is queued for Inngest', () => {
    it.each<[string, string, string]>([
      ['stopped', 'emergency_stop = true', 'emergency_stop'],
      ['not enrolled', "excluded_repositories = '{1}'", 'not_enrolled'],
    ])('%s', async (_, change, reason) => {
      await sql`UPDATE rollout_configuration SET ${sql.raw(change)}`.execute(api.db);
      const answer = await ask();
      expect(answer).toMatchObject({ status: 200, body: { job: null, reason } });
      expect(answer.body.message.length).toBeGreaterThan(10);
      expect(await jobs()).toMatchObject([{ status: 'queued', processor_type: 'inngest', rule: reason }]);
      expect(api.changes).toEqual([undefined]);
    });
  });

  it('an archived repository has nothing to do', async () => {
    await sql`UPDATE repositories SET is_archived = true WHERE id = 1`.execute(api.db);
    expect((await ask()).body).toMatchObject({ job: null, reason: 'archived' });
    expect(await jobs()).toEqual([]);
  });

  it('while the installation has all its bulk runs, the job waits', async () => {
    for (const run of [1, 2, 3, 4, 5]) {
      const jobId = await api.sentJob(run);
      await sql`UPDATE progressive_capture_jobs SET target = ${`other ${run}`} WHERE id = ${jobId}`.execute(
        api.db,
      );
    }
    expect((await ask()).body).toMatchObject({ job: null, reason: 'queued' });
    expect((await jobs()).at(-1)).toMatchObject({ status: 'queued', processor_type: 'github_actions' });
  });

  describe('is refused', () => {
    it.each<[string, Record<string, unknown>, string]>([
      ['to a repository that is not installed', { repository_id: '999' }, '403 not_installed'],
      ['to a push', { event_name: 'push' }, '403 wrong_event'],
      [
        'to a pull request of the same file',
        { event_name: 'pull_request', ref: 'refs/pull/3/merge' },
        '403 wrong_event',
      ],
      [
        'to another workflow file',
        { workflow_ref: 'acme/shop/.github/workflows/ci.yml@refs/heads/trunk' },
        '403 wrong_workflow',
      ],
      [
        'to another branch',
        {
          workflow_ref: 'acme/shop/.github/workflows/scheduled-capture.yml@refs/heads/x',
          ref: 'refs/heads/x',
        },
        '403 wrong_branch',
      ],
    ])('%s', async (_, claims, expected) => {
      const { status, body } = await ask(claims);
      expect(`${status} ${body.error.code}`).toBe(expected);
      expect(await jobs()).toEqual([]);
      expect(await api.db.selectFrom('leases').selectAll().execute()).toEqual([]);
    });

    it.each<[string, ReturnType<typeof sql>]>([
      ['removed from the installation', sql`UPDATE repositories SET removed_at = now() WHERE id = 1`],
      ['of an installation that is gone', sql`UPDATE installations SET deleted_at = now()`],
      ['of a suspended installation', sql`UPDATE installations SET suspended_at = now()`],
    ])('to a repository %s', async (_, change) => {
      await change.execute(api.db);
      expect(await ask()).toMatchObject({ status: 403, body: { error: { code: 'not_installed' } } });
      expect(await jobs()).toEqual([]);
    });

    it('with a body of another shape', async () => {
      expect(await ask({}, { mode: 'destroy' })).toMatchObject({ status: 422 });
      expect(await ask({}, { items: [0] })).toMatchObject({ status: 422 });
      expect(await jobs()).toEqual([]);
    });
  });
});
