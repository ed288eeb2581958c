import type { Insertable } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DB } from '../../../src/store/database.generated.ts';
import { createInPglite } from '../../support/databases.ts';
import { startTestApp, type TestApp } from '../start-test-app.ts';

type NewJob = Insertable<DB['progressive_capture_jobs']>;

const TOKEN = 'metrics-of-the-tests';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp(await createInPglite(), { METRICS_TOKEN: TOKEN, HYBRID_ROLLOUT_PERCENTAGE: '25' });
});
afterAll(() => app.close());

async function scrape(authorization: string | null = `Bearer ${TOKEN}`, method = 'GET') {
  const response = await fetch(`${app.url}/metrics`, {
    method,
    headers: authorization === null ? {} : { authorization },
  });
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}

/** Samples by their name with labels. */
async function samples(): Promise<Record<string, number>> {
  const { text } = await scrape();
  const lines = text.split('\n').filter((line) => line.startsWith('hybrid_capture_'));
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at).replace('hybrid_capture_', ''), Number(line.slice(at + 1))];
    }),
  );
}

describe('GET /metrics', () => {
  it('is for who has the token', async () => {
    expect([(await scrape(null)).status, (await scrape('Bearer wrong')).status]).toEqual([401, 401]);
    expect((await scrape(undefined, 'POST')).status).toBe(405);
    const { status, type, text } = await scrape();
    expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(text).toContain('process_resident_memory_bytes');
    expect(text).not.toContain(TOKEN);
  });

  it('is closed without METRICS_TOKEN', async () => {
    const closed = await startTestApp(await createInPglite());
    const response = await fetch(`${closed.url}/metrics`, { headers: { authorization: 'Bearer ' } });
    expect([response.status, await response.json()]).toMatchObject([404, { error: { code: 'closed' } }]);
    await closed.close();
  });

  it('counts webhooks by event and answer; a header of one’s own is no label', async () => {
    const before = await samples();
    await app.post('ping', { zen: 'x' });
    await app.post('made-up-by-a-stranger', {});
    await app.post('pull_request', {}, { secret: 'wrong' });
    const after = await samples();
    expect(after['webhooks_total{event="other",status="202"}']).toBe(2);
    expect(after['webhooks_total{event="pull_request",status="400"}']).toBe(1);
    expect(after.webhook_seconds_count).toBe((before.webhook_seconds_count ?? 0) + 3);
  });

  it('tells the rollout', async () => {
    const values = await samples();
    expect(values.rollout_percentage).toBe(25);
    expect(values['rollout_state{state="running"}']).toBe(1);
    await app.db.updateTable('rollout_configuration').set({ emergency_stop: true }).execute();
    const stopped = await samples();
    expect([stopped['rollout_state{state="running"}'], stopped['rollout_state{state="stopped"}']]).toEqual([
      0, 1,
    ]);
  });

  it('tells the queue, what is under way, how jobs ended, the latency and the budget from the database', async () => {
    await app.db.insertInto('repositories').values({ id: 7, full_name: 'acme/secret-name' }).execute();
    const start = Date.now();
    const ago = (seconds: number) => new Date(start - seconds * 1_000);
    const job = (change: Partial<NewJob>): NewJob => ({
      repository_id: 7,
      installation_id: 5,
      job_type: 'pull_requests',
      target: String(Math.random()),
      include: ['pull-requests'],
      reason: 'webhook',
      processor_type: 'inngest',
      rule: 'recent',
      enrolment_reason: 'in_share',
      arm: 'enrolled',
      rollout_epoch: 1,
      rollout_phase: 0,
      rollout_version: 1,
      not_before: ago(-3_600),
      ...change,
    });

    const inserted = await app.db
      .insertInto('progressive_capture_jobs')
      .values([
        job({ priority: 1 }),
        job({ priority: 1 }),
        job({
          status: 'running',
          processor_type: 'github_actions',
          lease_expires_at: ago(-3_600),
        }),
        job({ status: 'running', status_reason: 'waiting_for_github', lease_expires_at: ago(-3_600) }),
        job({ status: 'completed', created_at: ago(64), completed_at: ago(60) }),
      ])
      .returning(['id', 'status'])
      .execute();
    await app.db
      .insertInto('rollout_metrics')
      .values({
        job_id: inserted.find(({ status }) => status === 'completed')?.id ?? '',
        repository_id: 7,
        processor_type: 'inngest',
        outcome: 'success',
        exposed: false,
        arm: 'enrolled',
        epoch: 1,
        phase: 0,
        success_count: 1,
        error_count: 0,
        average_processing_time: 2,
      })
      .execute();
    const told = { points_told_at: ago(1), points_reset_at: ago(-600) };
    await app.db
      .insertInto('installation_budgets')
      .values([
        { installation_id: 5, points_left: 4_000, ...told },
        { installation_id: 6, points_left: 3_000, ...told },
        // Its hour is over.
        { installation_id: 8, points_left: 1, points_told_at: ago(9), points_reset_at: ago(5) },
      ])
      .execute();
    const values = await samples();
    expect(values).toMatchObject({
      'queue_jobs{processor="inngest",priority="1"}': 2,
      'queue_oldest_seconds{processor="inngest",priority="1"}': 0,
      'jobs_under_way{processor="github_actions",status="running"}': 1,
      'jobs_under_way{processor="inngest",status="waiting"}': 1,
      'jobs_ended_last_day{processor="inngest",outcome="success"}': 1,
      'github_budget_remaining{resource="graphql"}': 3_000,
    });
    expect(values['event_to_rows_seconds{processor="inngest",quantile="0.95"}']).toBeCloseTo(4, 3);
    expect(values.last_success_seconds).toBeLessThan(60);
    expect((await scrape()).text).not.toMatch(/secret-name|repository/);
  });

  it('answers 503 while the database is away, and says nothing of it', async () => {
    const own = await createInPglite();
    const lonely = await startTestApp(own, { METRICS_TOKEN: TOKEN });
    await own.db.destroy();
    const response = await fetch(`${lonely.url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } });
    expect([response.status, await response.json()]).toMatchObject([
      503,
      { error: { code: 'database_unavailable' } },
    ]);
    await lonely.close();
  });
});
