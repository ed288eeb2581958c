import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CaptureRow } from '../../../src/destination/destination.ts';
import { createJobsApiDestination } from '../../../src/destination/jobs-api.ts';
import { createJobsApiClient, type JobsApiRefusal } from '../../../src/destination/jobs-api-client.ts';
import { describeEachDatabase } from '../../support/databases.ts';
import { ORIGIN, progress, report, SHOP, startApi, type TestApi } from './api-fixture.ts';

const AT = '2026-11-01T10:00:00.000Z';

describeEachDatabase("the Action's client against the Jobs API", (database) => {
  let api: TestApi;
  beforeEach(async () => {
    api = await startApi(database().db);
  });
  afterEach(() => api.close());

  const clientOf = (claims: Record<string, unknown> = {}) =>
    createJobsApiClient({
      appUrl: new URL(ORIGIN),
      getIdToken: (audience) => api.idToken({ aud: audience, ...claims }),
      actionVersion: '1.0.0',
      fetch: (url, init) => fetch(String(url).replace(ORIGIN, api.url), init),
    });

  function rowsOf(count: number): CaptureRow[] {
    const author = { id: 7, login: 'ada', type: 'User', captured_at: AT };
    const pullRequests = Array.from({ length: count }, (_, index) => ({
      table: 'pull_requests' as const,
      row: {
        id: 1_000 + index,
        number: index + 1,
        title: `Größe ☃ ${index}`,
        body: '',
        state: 'OPEN',
        author_id: 7,
        created_at: AT,
        updated_at: AT,
        captured_at: AT,
      },
    }));
    return [{ table: 'contributors', row: author }, ...pullRequests];
  }

  it('carries out a job: claim, batches in parts, life sign, gaps, end, next', async () => {
    const jobId = await api.sentJob(77001);
    const client = clientOf();
    const claimed = await client.claim(jobId);
    const session = client.session(jobId, claimed.sessionToken);
    const limits = { compressedBytes: 4_194_304, inflatedBytes: 33_554_432, lineBytes: 1_048_576, rows: 40 };
    const destination = createJobsApiDestination({ session, ...claimed, limits });
    expect(await destination.open()).toEqual({ checkpoint: null, sequence: 0 });
    const batch = {
      sequence: 1,
      checkpoint: { cursor: 'A' },
      progress: progress(100, 4_000),
      rows: rowsOf(100),
    };
    const budget = { ...claimed.budget, points: 3_500 };
    expect(await destination.write(batch)).toEqual({ next: 'continue', budget });
    expect(await session.heartbeat({ progress: progress(100) })).toEqual({ next: 'continue', budget });

    const pullRequests = await api.db
      .selectFrom('pull_requests')
      .select(['number', 'title', 'repository_id'])
      .orderBy('number')
      .execute();
    expect(pullRequests).toHaveLength(100);
    expect(pullRequests.at(-1)).toEqual({ number: 100, title: 'Größe ☃ 99', repository_id: SHOP.id });

    const none = {
      comments: 0,
      reviews: 0,
      review_threads: 0,
      commits: 0,
      files: 0,
      labels: 0,
      assignees: 0,
    };
    const gaps = await destination.findGaps(
      [
        { number: 1, ...none },
        { number: 2, ...none, files: 3 },
      ],
      SHOP.id,
    );
    expect(gaps).toEqual({
      numbers: [2],
      gaps: [{ number: 2, connection: 'files', expected: 3, stored: 0 }],
    });

    const again = await client.claim(jobId);
    expect(again.checkpoint).toEqual({ cursor: 'A' });
    expect(again.sequence).toBeGreaterThan(1);
    const renewed = client.session(jobId, again.sessionToken);
    expect((await renewed.renewToken()).installationToken).toMatch(/^ghs_/);
    expect(await renewed.finish({ ...report(), outcome: 'success' })).toEqual({ status: 'completed' });
    expect(await client.requestNextJob(jobId)).toMatchObject({ job: null, reason: 'nothing_due' });
    const refusal = await client.claim(jobId).catch((error: JobsApiRefusal) => error);
    expect(refusal).toMatchObject({ code: 'already_finished', status: 409 });
  });

  it('asks for a job of its own repository', async () => {
    const client = clientOf({
      repository: 'acme/shop',
      repository_id: `${SHOP.id}`,
      workflow_ref: 'acme/shop/.github/workflows/scheduled-capture.yml@refs/heads/trunk',
      ref: 'refs/heads/trunk',
      event_name: 'schedule',
      run_id: '88001',
    });
    const offer = await client.requestJob({
      mode: 'capture',
      since: null,
      until: null,
      items: [],
      include: [],
    });
    const { job } = await client.claim(offer.job?.id ?? '');
    expect(job).toMatchObject({ type: 'history', repository: { id: SHOP.id, fullName: 'acme/shop' } });
  });
});
