import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { planWork } from '../../src/jobs/plan-work.ts';
import { markSent, reserveRun, startRun } from '../../src/jobs/runs.ts';
import { readRollout } from '../../src/rollout/rollout-store.ts';
import { historyItem, planContext } from '../jobs/job-fixture.ts';
import { type CommandTown, startCommandTown } from './command-town.ts';
import { workflowRunEvent } from './payloads.ts';

let town: CommandTown;
let nextRunId = 5_000;

beforeAll(async () => {
  town = await startCommandTown({
    CAPTURE_WORKFLOW: 'acme/jobs/.github/workflows/bulk-capture.yml@main',
    PUBLIC_URL: 'https://capture.example.com',
  });
});
afterAll(() => town.close());
beforeEach(async () => {
  const { db } = town.app;
  await db.deleteFrom('commands').execute();
  await db.deleteFrom('rollout_notices').execute();
  await db.deleteFrom('progressive_capture_jobs').execute();
  await sql`UPDATE rollout_configuration SET state = 'running', emergency_stop = false, rollout_percentage = 10,
    target_repositories = '{}', cooldown_until = NULL, rollbacks = 0, auto_advance = true`.execute(db);
});

/** A bulk job of the captured repository whose workflow run has begun; answers the run's id. */
async function beginBulkJob(): Promise<number> {
  const { db } = town.app;
  const workflowRunId = ++nextRunId;
  const repository = await db
    .selectFrom('repositories')
    .selectAll()
    .where('id', '=', town.widgets.id)
    .executeTakeFirstOrThrow();
  await db.transaction().execute(async (trx) => {
    const item = historyItem({
      repository: {
        id: repository.id,
        fullName: repository.full_name,
        installationId: repository.installation_id ?? 0,
        isPrivate: false,
      },
    });
    const rollout = await readRollout(trx, { environmentStop: false });
    const [planned] = await planWork(trx, [item], planContext(rollout, { now: new Date() }));
    if (planned?.outcome !== 'created') throw new Error('not one job');
    const { job } = planned;
    if (job.processor_type !== 'github_actions') throw new Error('the job is not bound for GitHub Actions');
    // The last attempt, so that its failure is the job's end.
    await trx
      .updateTable('progressive_capture_jobs')
      .set({ max_attempts: 1 })
      .where('id', '=', job.id)
      .execute();
    const reserved = await reserveRun(trx, job.id, 'test', { bulkPerInstallation: 100 });
    if (!reserved) throw new Error('the job could not be reserved');
    const run = { jobId: job.id, run: reserved.run, leaseMs: 60_000, workflowRunId };
    await markSent(trx, { ...run, worker: 'workflow' });
    await startRun(trx, { ...run, worker: 'workflow' });
  });
  return workflowRunId;
}

/** GitHub's own word that a workflow run has ended, as a signed webhook. */
async function endOnGitHub(runId: number, conclusion: string): Promise<void> {
  const payload = workflowRunEvent('completed', { id: runId, conclusion });
  const account = { ...(payload.repository as { owner: object }).owner, id: town.sandbox.app.owner.id };
  const { status } = await town.app.post(
    'workflow_run',
    { ...payload, repository: { ...(payload.repository as object), owner: account } },
    { secret: town.sandbox.app.webhookSecret },
  );
  expect(status).toBe(200);
}

const commentsOf = () => town.control.comments.map(({ body, author }) => ({ body, by: author?.login }));

describe('from failing workflow runs to a rolled-back rollout', () => {
  it('signed webhooks, outcomes, the guard, nobody in, verified, people told, work goes on in Inngest', async () => {
    await town.say('keeper', '/rollout include acme/widgets its history waits');
    const before = town.control.comments.length;

    for (let job = 0; job < 10; job++) await endOnGitHub(await beginBulkJob(), 'failure');
    expect((await town.loop('guard')).report).toMatchObject({ decision: 'hold', changed: 0 });
    await endOnGitHub(await beginBulkJob(), 'timed_out');
    expect((await town.loop('guard')).report).toMatchObject({
      health: 'failing',
      decision: 'rollback',
      reason: 'error_rate',
      changed: 1,
      notices: 1,
    });

    expect(await town.rollout()).toMatchObject({
      state: 'rolled_back',
      rollout_percentage: 0,
      auto_advance: false,
      rollbacks: 1,
    });
    expect(await town.lastHistory()).toMatchObject({ action: 'rollback', triggered_by: 'auto_rollback' });
    const [notice] = await town.app.db.selectFrom('rollout_notices').selectAll().execute();
    expect(notice).toMatchObject({
      kind: 'rollback',
      sent_at: expect.any(Date),
      verified: { checked: 2, stillIn: [] },
    });

    const told = commentsOf().slice(before);
    expect(told).toHaveLength(1);
    expect(told[0]?.body).toMatch(/^\*\*❌ hybrid_progressive_capture was rolled back: 10 % → 0 %, v\d+\*\*/);
    expect(told[0]?.body).toContain('11 of 11 jobs failed, the limit is 5 % (threshold).');
    expect(told[0]?.body).toContain('| Verified | 2 of 2 repositories that were looked at are out |');
    expect(told[0]?.body).toContain('`/rollout resume <reason>`');
    expect(told[0]?.body).toContain('cc @keeper');
    expect(told[0]?.body).not.toMatch(/^\/rollout/m);

    // Its include list counts for nothing now.
    await expect(beginBulkJob()).rejects.toThrow('not bound for GitHub Actions');
    // Once is enough.
    expect((await town.loop('guard')).report).toMatchObject({
      decision: 'none',
      reason: 'rolled_back',
      notices: 0,
    });
    expect(commentsOf()).toHaveLength(before + 1);
  });

  it.each([
    ['does not take', { kind: 'status', status: 502 }],
    ['takes, and whose answer is lost,', { kind: 'lost_answer' }],
  ] as const)('a notice that GitHub %s is there once after a later pass', async (_, fault) => {
    await town.say('keeper', '/rollout include acme/widgets');
    for (let job = 0; job < 11; job++) await endOnGitHub(await beginBulkJob(), 'failure');
    const before = town.control.comments.length;
    const when = ({ method, path }: { method: string; path: string }) =>
      method === 'POST' && path.endsWith('/comments');
    town.sandbox.faults.add({ when, fault });
    expect((await town.loop('guard')).report).toMatchObject({ decision: 'rollback', notices: 0 });
    expect(await town.rollout()).toMatchObject({ state: 'rolled_back' });
    expect((await town.loop('guard')).report).toMatchObject({ notices: 1 });
    expect(town.control.comments).toHaveLength(before + 1);
    const [notice] = await town.app.db.selectFrom('rollout_notices').selectAll().execute();
    expect(notice).toMatchObject({ attempts: 2, error: null, url: expect.stringContaining('/issues/') });
  });
});

describe('from blocked workflow runs to a held rollout', () => {
  it('with the cure in the notice, and no rollback', async () => {
    await town.say('keeper', '/rollout include acme/widgets');
    const before = town.control.comments.length;
    for (let job = 0; job < 3; job++) await endOnGitHub(await beginBulkJob(), 'startup_failure');
    expect((await town.loop('guard')).report).toMatchObject({
      decision: 'hold',
      reason: 'blocked_jobs',
      notices: 1,
    });
    expect(await town.rollout()).toMatchObject({ state: 'held', rollout_percentage: 10 });
    const [told] = commentsOf().slice(before);
    expect(told?.body).toContain('check the workflow file and the spending limit');
    const { rows } = await town.say('keeper', '/rollout resume the limit is raised');
    expect(rows).toMatchObject([{ reason_code: 'resumed_after_hold' }]);
    expect((await town.loop('guard')).report).toMatchObject({ decision: 'hold' });
  });
});

describe('outcomes that can not be read', () => {
  it('hold: unknown, never healthy, told in the log', async () => {
    const { db } = town.app;
    const { version } = await town.rollout();
    await sql`ALTER TABLE rollout_metrics RENAME TO away`.execute(db);
    try {
      expect((await town.loop('guard')).report).toMatchObject({
        health: 'unknown',
        decision: 'hold',
        reason: 'data_unreadable',
        changed: 0,
      });
    } finally {
      await sql`ALTER TABLE away RENAME TO rollout_metrics`.execute(db);
    }
    expect((await town.rollout()).version).toBe(version);
    expect(town.app.lines).toContainEqual(
      expect.objectContaining({
        stage: 'guard',
        health: 'unknown',
        reason: 'data_unreadable',
        level: 'error',
      }),
    );
  });
});
