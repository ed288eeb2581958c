import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Contact, keepInTouch } from '../../action/keep-in-touch.ts';
import { NO_SHARE } from '../../src/budget/no-share.ts';
import { createJobsApiClient, JobsApiUnreachable } from '../../src/destination/jobs-api-client.ts';
import type { BudgetShare, Progress } from '../../src/jobs-api/protocol.ts';
import { type FakeJobsApi, startFakeJobsApi } from './fake-jobs-api.ts';

const JOB = '00000000-0000-4000-8000-000000000001';
const PROGRESS: Progress = {
  done: 1,
  total: 2,
  points: 3,
  requests: 4,
  rows: 5,
  pointsLeft: 4_000,
  restLeft: null,
  graphqlMs: 700,
  restMs: 0,
};
const SHARE: BudgetShare = {
  points: 1_000,
  reserve: 500,
  restRequests: 800,
  restReserve: 500,
  graphqlMsPerMinute: 6_075,
  restMsPerMinute: 3_037,
};

describe('keeping in touch with the app', () => {
  let app: FakeJobsApi;
  let contact: Contact;
  let progress: Progress | null;

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    app = await startFakeJobsApi();
    const client = createJobsApiClient({
      appUrl: new URL(app.url),
      getIdToken: async () => 'oidc',
      actionVersion: '1.0.0',
      sleep: async () => {},
    });
    app.jobs.set(JOB, {
      jobId: JOB,
      type: 'history',
      repository: { id: 1, fullName: 'acme/shop' },
      items: [],
      since: null,
      until: null,
      include: ['pull-requests'],
    });
    progress = PROGRESS;
    contact = keepInTouch(client.session(JOB, `session-${JOB}`), () => progress);
  });
  afterEach(async () => {
    contact.end();
    await app.close();
    vi.useRealTimers();
  });

  const heartbeats = () =>
    app.calls.filter(({ path }) => path.endsWith('/heartbeat')).map(({ body }) => body);

  test('a share that is asked for comes with a sign of life, which tells what was used', async () => {
    app.share = SHARE;
    expect(await contact.renewBudget()).toEqual(SHARE);
    progress = null;
    expect(await contact.renewBudget()).toEqual(SHARE);
    expect(heartbeats()).toEqual([{ progress: PROGRESS }, { progress: null }]);
    expect(contact.signal.aborted).toBe(false);
  });

  test('an app that sends shares with batches only leaves the one before', async () => {
    expect(await contact.renewBudget()).toBe(null);
  });

  test('without an answer there is nothing to use for now, and the run goes on', async () => {
    app.faults.push({ path: /heartbeat/, fault: 'reset' });
    expect(await contact.renewBudget()).toEqual(NO_SHARE);
    expect(contact).toMatchObject({ reason: null, signal: { aborted: false } });
  });

  test('shares of the signs of life of every minute are handed on; where there is no answer, nothing is', async () => {
    const answers: (() => { next: 'continue'; budget?: BudgetShare })[] = [
      () => {
        throw new JobsApiUnreachable('away');
      },
      () => ({ next: 'continue' }),
      () => ({ next: 'continue', budget: SHARE }),
    ];
    const taken: BudgetShare[] = [];
    const regular = keepInTouch(
      { heartbeat: async () => answers.shift()?.() ?? { next: 'stop' } },
      () => null,
    );
    regular.listenForBudget((share) => taken.push(share));
    await vi.advanceTimersByTimeAsync(179_999);
    expect([answers.length, taken]).toEqual([1, []]);
    await vi.advanceTimersByTimeAsync(1);
    expect([answers.length, taken]).toEqual([0, [SHARE]]);
    expect(regular.signal.aborted).toBe(false);
    regular.end();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(regular.signal.aborted).toBe(false);
  });

  test('told to stop, it says why', async () => {
    app.heartbeat = 'stop';
    await contact.renewBudget();
    expect(contact).toMatchObject({
      reason: 'The app told this run to stop: the job was cancelled.',
      signal: { aborted: true },
    });
  });

  test('refused, it stops too', async () => {
    app.faults.push({
      path: /heartbeat/,
      fault: { status: 409, body: { error: { code: 'superseded', message: 'Another run has it.' } } },
    });
    expect(await contact.renewBudget()).toEqual(NO_SHARE);
    expect(contact.signal.aborted).toBe(true);
    expect(contact.reason).toContain('Another run has it.');
  });
});
