import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type CommandTown, startCommandTown } from './command-town.ts';

let town: CommandTown;
const say = (login: string, body: string, issue: 'bug' | 'pull' = 'bug') =>
  town.say(login, body, { issue: town[issue] });

beforeAll(async () => {
  town = await startCommandTown();
});
afterAll(() => town.close());
afterEach(async () => {
  await town.app.db.deleteFrom('commands').execute();
  await town.app.db.deleteFrom('progressive_capture_jobs').execute();
});

const manualJobs = () =>
  town.app.db
    .selectFrom('progressive_capture_jobs')
    .selectAll()
    .where('reason', '=', 'manual')
    .orderBy('created_at')
    .orderBy('range_since')
    .execute();

describe('/capture in an issue of a captured repository', () => {
  it('pull: the named pull requests, one job, in the name of who asked', async () => {
    const { replies, reactions, rows } = await say('wendy', '/capture pull 12 #3 20-22,3');
    expect(reactions).toEqual(['eyes', 'rocket']);
    expect(rows).toMatchObject([{ verb: 'capture pull', outcome: 'done', reason_code: 'queued' }]);
    const [job, ...more] = await manualJobs();
    expect(more).toEqual([]);
    expect(job).toMatchObject({
      repository_id: town.widgets.id,
      job_type: 'pull_requests',
      items: [3, 12, 20, 21, 22],
      actor_login: 'wendy',
      processor_type: 'inngest',
      is_critical: false,
    });
    expect(replies).toHaveLength(1);
    expect(replies[0]).toMatch(/^\*\*✅ Queued: 5 pull requests, by @wendy\*\*/);
    expect(replies[0]).toContain(`| Job | \`${job?.id}\` |`);
    expect(replies[0]).toContain(`| Runs in | inngest, rule \`${job?.rule}\`: `);
  });

  it('pull without a number, in a pull request: that one', async () => {
    await say('wendy', '/capture pull', 'pull');
    expect(await manualJobs()).toMatchObject([{ items: [town.pull.number] }]);
  });

  it('recent: the last 24 hours, critical if so asked for', async () => {
    await say('wendy', '/capture recent --critical');
    const [job, ...more] = await manualJobs();
    expect(more).toEqual([]);
    expect(job).toMatchObject({ job_type: 'history', target: 'recent', is_critical: true, priority: 0 });
    const hours = (Date.now() - (job?.range_since?.getTime() ?? 0)) / 3_600_000;
    expect(hours).toBeGreaterThan(23.9);
    expect(hours).toBeLessThan(24.1);
  });

  it('history: for maintainers, the last day and the rest, and not again for a day', async () => {
    expect((await say('wendy', '/capture history')).rows).toMatchObject([
      { outcome: 'refused', reason_code: 'permission_denied' },
    ]);
    expect((await say('mary', '/capture history')).rows).toMatchObject([{ outcome: 'done' }]);
    expect((await manualJobs()).map(({ target }) => target).sort()).toEqual(['history', 'recent']);
    const again = await say('mallory', '/capture history');
    expect(again.rows).toMatchObject([{ outcome: 'refused', reason_code: 'history_cool_down' }]);
    expect(again.replies[0]).toContain('Again from ');
    expect(await manualJobs()).toHaveLength(2);
  });

  it('history: again at once when the last one has failed, and after a day', async () => {
    await say('mary', '/capture history');
    await town.app.db
      .updateTable('progressive_capture_jobs')
      .set({ status: 'failed', completed_at: new Date() })
      .execute();
    expect((await say('mary', '/capture history')).rows).toMatchObject([{ outcome: 'done' }]);
    await town.app.db
      .updateTable('progressive_capture_jobs')
      .set({
        status: 'completed',
        completed_at: new Date(),
        created_at: new Date(Date.now() - 25 * 3_600_000),
      })
      .execute();
    expect((await say('mary', '/capture history')).rows).toMatchObject([{ outcome: 'done' }]);
  });

  it('verify: one job', async () => {
    await say('wendy', '/capture verify');
    expect(await manualJobs()).toMatchObject([{ job_type: 'verify', reason: 'manual' }]);
  });

  it('status: what is stored, and the last jobs', async () => {
    await say('wendy', '/capture verify');
    const { replies } = await say('wendy', '/capture status');
    expect(replies[0]).toMatch(/^\*\*✅ \d+ pull requests? stored, \d+ jobs? under way\*\*/);
    expect(replies[0]).toContain('| Complete |');
    expect(replies[0]).toContain('<details><summary>Last ');
  });

  it('status: of a run that waits for GitHub, until when', async () => {
    await say('wendy', '/capture verify');
    await town.app.db
      .updateTable('progressive_capture_jobs')
      .set({
        status: 'running',
        status_reason: 'waiting_for_github',
        not_before: new Date('2100-01-01'),
        completed_at: null,
      })
      .where('job_type', '=', 'verify')
      .execute();
    const { replies } = await say('wendy', '/capture status');
    expect(replies[0]).toContain('Under way: waits for GitHub until 2100-01-01');
  });

  it('help: from the registry, for everybody who can read', async () => {
    const { replies } = await say('helper', '/capture help');
    expect(replies[0]).toContain('| `/capture pull <n…>` |');
    expect(replies[0]).toContain('permission in this repository');
  });
});

describe('/capture is refused', () => {
  it.each([
    ['without numbers in an issue', '/capture pull', 'not_understood'],
    ['for a number that is none', '/capture pull 12x', 'not_understood'],
    ['for pull request 0', '/capture pull 0', 'not_understood'],
    ['for a range that falls', '/capture pull 9-3', 'not_understood'],
    ['for too many', '/capture pull 1-501', 'not_understood'],
    ['for a flag that it has not', '/capture recent --force', 'not_understood'],
    ['for a verb that there is not', '/capture pulls', 'unknown_verb'],
  ])('%s', async (_, body, code) => {
    const { rows, reactions } = await say('mallory', body);
    expect(rows).toMatchObject([{ outcome: 'refused', reason_code: code }]);
    expect(reactions).toEqual(['eyes', 'confused']);
    expect(await manualJobs()).toEqual([]);
  });

  it('to who is somebody in the control repository alone', async () => {
    for (const body of ['/capture recent', '/capture pull 1', '/capture verify', '/capture status']) {
      const { rows } = await say('boss', body);
      expect(rows).toMatchObject([{ outcome: 'refused', reason_code: 'permission_denied' }]);
    }
    expect(await manualJobs()).toEqual([]);
  });

  it('where the rollout is meant: /rollout is not steered from here', async () => {
    const { rows, replies } = await say('mallory', '/rollout include acme/widgets');
    expect(rows).toMatchObject([{ reason_code: 'not_control_repository' }]);
    expect(replies[0]).toContain('`/capture help`');
  });

  it('a replayed delivery makes no second job', async () => {
    await say('wendy', '/capture pull 7');
    await town.sandbox.redeliver(town.sandbox.deliveries.length);
    await town.app.idle();
    expect(await manualJobs()).toHaveLength(1);
  });
});
