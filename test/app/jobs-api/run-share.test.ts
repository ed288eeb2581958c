import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cancelJobs } from '../../../src/jobs/runs.ts';
import { describeEachDatabase } from '../../support/databases.ts';
import { DOCS, INSTALLATION, progress, report, SHOP, startApi, type TestApi } from './api-fixture.ts';

const START = Date.now();
const later = (seconds: number) => new Date(START + seconds * 1_000);

describeEachDatabase("a run's share of the installation's budget", (database) => {
  let api: TestApi;
  beforeEach(async () => {
    api = await startApi(database().db);
    api.setNow(later(0));
  });
  afterEach(() => api.close());

  const grants = () =>
    api.db
      .selectFrom('budget_grants')
      .select(['installation_id', 'holder', 'kind', 'graphql_ms', 'is_released'])
      .orderBy('id')
      .execute();
  const told = () => api.db.selectFrom('installation_budgets').selectAll().executeTakeFirstOrThrow();
  const docs = () => api.claimedJob(77002, { repository: DOCS });
  const beat = async (run: { jobId: string; sessionToken: string }, last: object | null = null) =>
    (await api.post(`/api/jobs/${run.jobId}/heartbeat`, run.sessionToken, { progress: last })).body;
  const finish = (run: { jobId: string; sessionToken: string }, more: object = {}) =>
    api.post(`/api/jobs/${run.jobId}/finish`, run.sessionToken, report({ ...more }));

  it('is renewed by claim, heartbeats and batches, and ends with the run', async () => {
    const shop = await api.claimedJob();
    expect(shop.budget.graphqlMsPerMinute).toBe(48_600);
    const second = await docs();
    expect(second.budget).toMatchObject({ graphqlMsPerMinute: 0, restMsPerMinute: 0, points: 2_250 });

    api.setNow(later(10));
    expect((await beat(shop, { ...progress(0), graphqlMs: 4_000, restMs: 100 })).budget).toEqual({
      points: 2_250,
      reserve: 500,
      restRequests: 2_250,
      restReserve: 500,
      graphqlMsPerMinute: 24_300,
      restMsPerMinute: 12_150,
    });
    api.setNow(later(20));
    const batch = await api.postBatch(shop.jobId, shop.sessionToken, { sequence: 1 });
    expect(batch.body.budget.graphqlMsPerMinute).toBe(24_300);
    expect(await beat(second)).toMatchObject({ next: 'continue', budget: { graphqlMsPerMinute: 0 } });

    api.setNow(later(30));
    expect((await finish(shop, { graphqlMs: 9_000, restMs: 300 })).body).toEqual({ status: 'completed' });
    // What is left of the first run is what it used.
    expect((await beat(second)).budget).toMatchObject({
      points: 4_500,
      graphqlMsPerMinute: 39_600,
      restMsPerMinute: 24_000,
    });
    // Its first 4,000 were used in the first ten seconds.
    api.setNow(later(71));
    expect((await beat(second)).budget).toMatchObject({
      graphqlMsPerMinute: 43_600,
      restMsPerMinute: 24_100,
    });
    expect((await grants()).filter(({ is_released }) => is_released)).toMatchObject([
      { holder: `${shop.jobId}/1/1`, graphql_ms: 5_000 },
    ]);
  });

  it('is kept for a minute after a run that did not tell what it used, also when it tells its end again', async () => {
    const shop = await api.claimedJob();
    await finish(shop);
    await finish(shop);
    const second = await docs();
    api.setNow(later(60));
    expect((await beat(second)).budget.graphqlMsPerMinute).toBe(0);
    api.setNow(later(61));
    expect((await beat(second)).budget.graphqlMsPerMinute).toBe(48_600);
  });

  it('is given back by a run whose job was cancelled', async () => {
    const shop = await api.claimedJob();
    await cancelJobs(api.db, { repositoryId: SHOP.id }, 'uninstalled');
    expect(await beat(shop)).toEqual({ next: 'stop' });
    await finish(shop, { outcome: 'cancelled', graphqlMs: 1_000, restMs: 0 });
    expect(await grants()).toMatchObject([{ graphql_ms: 1_000, is_released: true }]);
  });

  it('stays with the run that claims again, and is another one for another attempt', async () => {
    const shop = await api.claimedJob();
    expect((await api.claim(shop.jobId)).body.budget.graphqlMsPerMinute).toBe(48_600);
    // The first attempt's machine may have used all of it in the last minute.
    const again = await api.claim(shop.jobId, { run_attempt: '2' });
    expect(again.body.budget.graphqlMsPerMinute).toBe(0);
    expect((await grants()).map(({ holder }) => holder)).toEqual([
      `${shop.jobId}/1/1`,
      `${shop.jobId}/1/1`,
      `${shop.jobId}/1/2`,
    ]);
    api.setNow(later(106));
    const { sessionToken } = again.body;
    expect((await beat({ jobId: shop.jobId, sessionToken })).budget.graphqlMsPerMinute).toBe(48_600);
  });

  it('knows what GitHub told of the hour, by the headers of any run', async () => {
    const resetAt = later(600);
    const shop = await api.claimedJob();
    const last = { ...progress(0, 1_500), restLeft: 900, pointsResetAt: resetAt.toISOString() };
    expect((await beat(shop, last)).budget).toMatchObject({ points: 1_000, restRequests: 400 });
    expect((await docs()).budget).toMatchObject({ points: 500, restRequests: 200 });
    expect(await told()).toMatchObject({
      installation_id: INSTALLATION,
      points_left: 1_500,
      points_reset_at: resetAt,
      rest_left: 900,
      rest_reset_at: null,
    });
  });

  describe('of an older Action', () => {
    it('that tells neither REST requests nor what it used: accepted', async () => {
      const shop = await api.claimedJob();
      const { restLeft: _, ...old } = progress(7, 4_000);
      expect(await beat(shop, old)).toMatchObject({
        next: 'continue',
        budget: { points: 3_500, restRequests: 4_500 },
      });
      expect((await finish(shop)).status).toBe(200);
      expect(await grants()).toMatchObject([{ graphql_ms: 48_600, is_released: true }]);
    });
  });

  it('a time that is none, or less than nothing used, is refused', async () => {
    const shop = await api.claimedJob();
    for (const wrong of [{ pointsResetAt: 'soon' }, { graphqlMs: -1 }, { restMs: 0.5 }]) {
      const answer = await beat(shop, { ...progress(0), ...wrong });
      expect(answer.error).toMatchObject({
        code: 'invalid_body',
        message: expect.stringContaining(Object.keys(wrong)[0] ?? ''),
      });
    }
  });
});

describeEachDatabase('LIVE_RESERVE_PERCENT', (database) => {
  it('is what bulk runs leave alone', async () => {
    const api = await startApi(database().db, { LIVE_RESERVE_PERCENT: '50' });
    expect((await api.claimedJob()).budget).toEqual({
      points: 2_500,
      reserve: 2_500,
      restRequests: 2_500,
      restReserve: 2_500,
      graphqlMsPerMinute: 27_000,
      restMsPerMinute: 13_500,
    });
    await api.close();
  });
});
