import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { withDatabase } from '../support/databases.ts';
import { workflowRunEvent } from './payloads.ts';
import { startTestApp, type TestApp } from './start-test-app.ts';

const database = withDatabase();
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp(database(), {
    CAPTURE_WORKFLOW: 'acme/jobs/.github/workflows/bulk-capture.yml@main',
    PUBLIC_URL: 'https://capture.example.com',
  });
});
afterAll(() => app.close());
afterEach(() => app.db.deleteFrom('repositories').execute());

const RUN_ID = 5001;

/** A bulk job whose run was sent, and answers its id. */
async function sentJob(
  run: { id?: number | null; attempt?: number; state?: 'sent' | 'running'; jobAttempt?: number } = {},
): Promise<string> {
  const { id = RUN_ID, state = 'sent', jobAttempt = 1 } = run;
  const jobId = randomUUID();
  await app.db
    .insertInto('repositories')
    .values({ id: 7001, full_name: 'acme/widgets', installation_id: 42 })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const isRunning = state === 'running';
  await app.db
    .insertInto('progressive_capture_jobs')
    .values({
      id: jobId,
      repository_id: 7001,
      installation_id: 42,
      job_type: 'history',
      target: 'history',
      include: ['pull-requests'],
      reason: 'installation',
      processor_type: 'github_actions',
      rule: 'historical',
      enrolment_reason: 'included',
      is_exposed: true,
      is_bulk: true,
      arm: 'enrolled',
      rollout_epoch: 1,
      rollout_phase: 0,
      rollout_version: 1,
      status: isRunning ? 'running' : 'dispatched',
      attempt: isRunning ? jobAttempt : jobAttempt - 1,
      run: 1,
      dispatched_at: new Date(),
      started_at: isRunning ? new Date() : null,
      lease_expires_at: new Date(Date.now() + 900_000),
      workflow_run_id: id,
    })
    .execute();
  await app.db
    .insertInto('job_runs')
    .values({
      job_id: jobId,
      run: 1,
      attempt: jobAttempt,
      processor_type: 'github_actions',
      worker: 'workflow',
      state,
      workflow_run_id: id,
      workflow_run_attempt: run.attempt ?? null,
      started_at: isRunning ? new Date() : null,
    })
    .execute();
  return jobId;
}

async function jobAndRun(jobId: string) {
  const job = await app.db
    .selectFrom('progressive_capture_jobs')
    .select(['status', 'attempt', 'error'])
    .where('id', '=', jobId)
    .executeTakeFirstOrThrow();
  const run = await app.db
    .selectFrom('job_runs')
    .select(['state', 'conclusion'])
    .where('job_id', '=', jobId)
    .executeTakeFirstOrThrow();
  return { ...job, ...run };
}

const completed = (run: Record<string, unknown>, repository?: string) =>
  app.post('workflow_run', workflowRunEvent('completed', run, repository));

describe('a workflow run that ends without a report ends the run of its job', () => {
  it.each([
    ['cancelled', 'cancelled', 'cancelled'],
    ['startup_failure', 'blocked', 'blocked'],
    ['action_required', 'blocked', 'blocked'],
    ['skipped', 'blocked', 'blocked'],
    // Attempts are left.
    ['timed_out', 'queued', 'timed_out'],
    ['failure', 'queued', 'failure'],
    ['success', 'queued', 'lost'],
    ['stale', 'queued', 'lost'],
    ['of_next_year', 'queued', 'lost'],
  ])('%s: the job is %s', async (conclusion, status, outcome) => {
    const jobId = await sentJob();
    expect((await completed({ conclusion })).status).toBe(200);
    const job = await jobAndRun(jobId);
    expect(job).toMatchObject({ status, state: 'ended', conclusion: outcome });
    expect(job.error).toContain(`Workflow run ${RUN_ID}: `);
  });

  it('finds the job by the id in the name of the run, when the answer to the dispatch was lost', async () => {
    const jobId = await sentJob({ id: null });
    await completed({ id: 777, display_title: `Bulk capture ${jobId}`, conclusion: 'cancelled' });
    expect(await jobAndRun(jobId)).toMatchObject({ status: 'cancelled' });
  });

  it.each([
    ['before it took its job up: blocked, with the cure', 'sent', 'blocked', 'spending limit'],
    ['in the middle: failed', 'running', 'failed', 'its log says why'],
  ] as const)('failure of the last attempt, %s', async (_, state, status, error) => {
    const jobId = await sentJob({ state, jobAttempt: 3 });
    await completed({ conclusion: 'failure' });
    expect(await jobAndRun(jobId)).toMatchObject({
      status,
      conclusion: 'failure',
      error: expect.stringContaining(error),
    });
    const metrics = await app.db.selectFrom('rollout_metrics').select(['outcome', 'error_count']).execute();
    expect(metrics).toEqual([
      state === 'sent' ? { outcome: 'blocked', error_count: 0 } : { outcome: 'failure', error_count: 1 },
    ]);
  });

  it('ends one that was running', async () => {
    const jobId = await sentJob({ state: 'running', attempt: 1 });
    await completed({ conclusion: 'cancelled' });
    expect(await jobAndRun(jobId)).toMatchObject({ status: 'cancelled', state: 'ended' });
  });
});

describe('nothing happens', () => {
  it.each([
    ['to a run in another repository', { conclusion: 'failure' }, 'acme/widgets'],
    ['to an attempt that another one has followed', { run_attempt: 1, conclusion: 'cancelled' }, 'acme/jobs'],
    ['to a run of nobody', { id: 1, conclusion: 'cancelled' }, 'acme/jobs'],
    [
      'by a name alone, when the run was not dispatched',
      { id: 1, event: 'push', display_title: 'JOB', conclusion: 'cancelled' },
      'acme/jobs',
    ],
  ])('%s', async (_, run, repository) => {
    const jobId = await sentJob({ state: 'running', attempt: 2 });
    const named = 'display_title' in run ? { ...run, display_title: jobId } : run;
    expect((await completed(named, repository)).status).toBe(200);
    expect(await jobAndRun(jobId)).toMatchObject({ status: 'running', state: 'running' });
  });

  it('when it only began', async () => {
    const jobId = await sentJob();
    expect((await app.post('workflow_run', workflowRunEvent('requested', {}))).status).toBe(202);
    expect(await jobAndRun(jobId)).toMatchObject({ status: 'dispatched' });
  });
});
