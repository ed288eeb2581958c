import { sql } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CaptureRow } from '../../../src/destination/destination.ts';
import { cancelJobs } from '../../../src/jobs/runs.ts';
import { describeEachDatabase } from '../../support/databases.ts';
import { BATCH_HEADERS, DOCS, encodeBatch, report, SHOP, startApi, type TestApi } from './api-fixture.ts';

const AT = '2026-11-01T10:00:00.000Z';
const person: CaptureRow = {
  table: 'contributors',
  row: { id: 7, login: 'ada', type: 'User', captured_at: AT },
};
const pullRequest = (id: number, more: Record<string, unknown> = {}): CaptureRow => ({
  table: 'pull_requests',
  row: {
    id,
    number: id,
    title: `Change ${id}`,
    body: '',
    state: 'OPEN',
    author_id: 7,
    created_at: AT,
    updated_at: AT,
    captured_at: AT,
    ...more,
  },
});

describeEachDatabase('…/batches', (database) => {
  let api: TestApi;
  beforeEach(async () => {
    api = await startApi(database().db);
  });
  afterEach(() => api.close());

  const stored = () =>
    api.db.selectFrom('pull_requests').select(['id', 'repository_id', 'title']).orderBy('id').execute();
  const checkpoint = () =>
    api.db.selectFrom('capture_checkpoints').select(['key', 'sequence', 'checkpoint']).executeTakeFirst();

  it('stores rows, checkpoint, number and progress, and renews lease and budget', async () => {
    const { jobId, sessionToken } = await api.claimedJob();
    const before = new Date();
    const answer = await api.postBatch(jobId, sessionToken, {
      sequence: 1,
      rows: [person, pullRequest(11), pullRequest(12)],
      checkpoint: { cursor: 'A' },
      pointsLeft: 3_000,
    });
    expect(answer).toMatchObject({
      status: 200,
      body: { stored: true, sequence: 1, next: 'continue', budget: { points: 2_500, reserve: 500 } },
    });
    expect(await stored()).toEqual([
      { id: 11, repository_id: SHOP.id, title: 'Change 11' },
      { id: 12, repository_id: SHOP.id, title: 'Change 12' },
    ]);
    expect(await checkpoint()).toEqual({ key: jobId, sequence: 1, checkpoint: { cursor: 'A' } });
    const job = await api.db.selectFrom('progressive_capture_jobs').selectAll().executeTakeFirstOrThrow();
    expect(job.progress).toMatchObject({ rows: 3, pointsLeft: 3_000 });
    expect(job.lease_expires_at?.getTime()).toBeGreaterThanOrEqual(before.getTime() + 5 * 60_000);
  });

  it('twice changes nothing the second time', async () => {
    const { jobId, sessionToken } = await api.claimedJob();
    const first = { sequence: 1, rows: [person, pullRequest(11)], checkpoint: { cursor: 'A' } };
    expect((await api.postBatch(jobId, sessionToken, first)).body.stored).toBe(true);
    const again = { sequence: 1, rows: [person, pullRequest(12)], checkpoint: { cursor: 'B' } };
    expect(await api.postBatch(jobId, sessionToken, again)).toMatchObject({
      status: 200,
      body: { stored: false, sequence: 1, next: 'continue' },
    });
    expect(await stored()).toHaveLength(1);
    expect(await checkpoint()).toMatchObject({ sequence: 1, checkpoint: { cursor: 'A' } });
  });

  it('at once with itself is stored once', async () => {
    const { jobId, sessionToken } = await api.claimedJob();
    const batch = { sequence: 1, rows: [person, pullRequest(11)] };
    const answers = await Promise.all([1, 2, 3].map(() => api.postBatch(jobId, sessionToken, batch)));
    expect(answers.map(({ body }) => body.stored).sort()).toEqual([false, false, true]);
    expect(await stored()).toHaveLength(1);
  });

  it('out of order is refused with the number that is expected', async () => {
    const { jobId, sessionToken } = await api.claimedJob();
    expect((await api.postBatch(jobId, sessionToken, { sequence: 1 })).status).toBe(200);
    const answer = await api.postBatch(jobId, sessionToken, { sequence: 3, rows: [person, pullRequest(11)] });
    expect(answer).toMatchObject({ status: 409, body: { error: { code: 'out_of_order' } } });
    expect(answer.body.error.message).toMatch(/\b2\b/);
    expect(await stored()).toEqual([]);
    expect(await checkpoint()).toMatchObject({ sequence: 1 });
  });

  it('continues where the run before ended', async () => {
    const first = await api.claimedJob();
    await api.postBatch(first.jobId, first.sessionToken, { sequence: 1, checkpoint: { cursor: 'A' } });
    const { body } = await api.claim(first.jobId, { run_attempt: '2' });
    expect(body).toMatchObject({ sequence: 1, checkpoint: { cursor: 'A' } });
    const late = await api.postBatch(first.jobId, first.sessionToken, { sequence: 2 });
    expect(late).toMatchObject({ status: 409, body: { error: { code: 'superseded' } } });
    expect(await api.postBatch(first.jobId, body.sessionToken, { sequence: 2 })).toMatchObject({
      body: { stored: true },
    });
  });

  it('takes the repository from the job, whatever the rows say', async () => {
    const { jobId, sessionToken } = await api.claimedJob();
    const rows = [person, pullRequest(11, { repository_id: DOCS.id })];
    const answer = await api.postBatch(jobId, sessionToken, { sequence: 1, rows });
    if (answer.status === 200) expect(await stored()).toMatchObject([{ id: 11, repository_id: SHOP.id }]);
    else expect(await stored()).toEqual([]);
    expect(answer.status).toBe(200);
  });

  it('with a row of another repository is refused whole', async () => {
    const docs = await api.claimedJob(77001, { repository: DOCS });
    await api.postBatch(docs.jobId, docs.sessionToken, { sequence: 1, rows: [person, pullRequest(11)] });
    const shop = await api.claimedJob(77002);
    const rows = [person, pullRequest(12), pullRequest(11, { title: 'taken over' })];
    const answer = await api.postBatch(shop.jobId, shop.sessionToken, { sequence: 1, rows });
    expect(answer).toMatchObject({ status: 422, body: { error: { code: 'row_of_another_repository' } } });
    expect(answer.body.error.message).toContain('11');
    expect(await stored()).toEqual([{ id: 11, repository_id: DOCS.id, title: 'Change 11' }]);
    const keys = await api.db.selectFrom('capture_checkpoints').select('key').execute();
    expect(keys).toEqual([{ key: docs.jobId }]);
    const retry = await api.postBatch(shop.jobId, shop.sessionToken, { sequence: 1, rows: rows.slice(0, 2) });
    expect(retry.body).toMatchObject({ stored: true });
  });

  it.each<[string, CaptureRow]>([
    ['a column that does not exist', pullRequest(12, { pwned: true })],
    ['a value that does not fit', pullRequest(12, { state: 'EXPLODED' })],
    ['a number that does not fit', pullRequest(12, { number: 'twelve' })],
    ['a missing key', { table: 'pull_requests', row: { title: 'x', captured_at: AT } }],
    [
      'a reference to nothing',
      { table: 'commits', row: { pull_request_id: 99, oid: 'a'.repeat(40), captured_at: AT } },
    ],
  ])('with %s is refused whole', async (_, row) => {
    const { jobId, sessionToken } = await api.claimedJob();
    const answer = await api.postBatch(jobId, sessionToken, {
      sequence: 1,
      rows: [person, pullRequest(11), row],
    });
    expect(answer.status).toBe(422);
    expect(answer.body.error.code).toMatch(/^(invalid_row|row_of_another_repository)$/);
    expect(await stored()).toEqual([]);
    expect(await checkpoint()).toBeUndefined();
  });

  it('can write no other table', async () => {
    const { jobId, sessionToken } = await api.claimedJob();
    const row = { table: 'rollout_configuration', row: { emergency_stop: true } } as unknown as CaptureRow;
    const answer = await api.postBatch(jobId, sessionToken, { sequence: 1, rows: [row] });
    expect(answer).toMatchObject({ status: 422, body: { error: { code: 'invalid_row' } } });
    const { rows } = await sql`SELECT 1 FROM rollout_configuration WHERE emergency_stop`.execute(api.db);
    expect(rows).toEqual([]);
  });

  it('of a job that has ended, was cancelled, or went on is refused', async () => {
    const ended = await api.claimedJob(77001);
    const finish = await api.post(`/api/jobs/${ended.jobId}/finish`, ended.sessionToken, report());
    expect(finish.body).toEqual({ status: 'completed' });
    const batch = { sequence: 1, rows: [person, pullRequest(11)] };
    expect(await api.postBatch(ended.jobId, ended.sessionToken, batch)).toMatchObject({
      status: 409,
      body: { error: { code: 'job_not_running' } },
    });
    const cancelled = await api.claimedJob(77002);
    await cancelJobs(api.db, { repositoryId: SHOP.id }, 'uninstalled');
    expect(await api.postBatch(cancelled.jobId, cancelled.sessionToken, batch)).toMatchObject({
      status: 409,
      body: { error: { code: 'cancelled' } },
    });
    expect(await stored()).toEqual([]);
  });

  it('needs the session of this very job', async () => {
    const mine = await api.claimedJob(77001);
    const other = await api.claimedJob(77002, { repository: DOCS });
    const batch = { sequence: 1, rows: [person, pullRequest(11)] };
    for (const token of ['hcs_1.77001.1.aaaaaaaaaaaaaaaaaaaaaa.x', other.sessionToken, await api.idToken()]) {
      expect(await api.postBatch(mine.jobId, token, batch)).toMatchObject({
        status: 401,
        body: { error: { code: 'wrong_session' } },
      });
    }
    expect(await stored()).toEqual([]);
  });

  it('too large for the limits is answered while it is still sent, and stores nothing', async () => {
    const { jobId, sessionToken } = await api.claimedJob();
    const path = `/api/jobs/${jobId}/batches`;
    const tooLong = encodeBatch({
      sequence: 1,
      rows: [person, pullRequest(11, { body: 'x'.repeat(1024 * 1024) })],
    });
    expect(await api.post(path, sessionToken, tooLong, BATCH_HEADERS)).toMatchObject({
      status: 413,
      body: { error: { code: 'line_too_long' } },
    });
    const noise = Buffer.alloc(4 * 1024 * 1024 + 1, 7);
    expect(await api.post(path, sessionToken, noise, BATCH_HEADERS)).toMatchObject({
      status: 413,
      body: { error: { code: 'batch_too_large' } },
    });
    expect(await checkpoint()).toBeUndefined();
    expect((await api.postBatch(jobId, sessionToken, { sequence: 1 })).status).toBe(200);
  });
});
