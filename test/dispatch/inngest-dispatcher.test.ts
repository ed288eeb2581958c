import { beforeEach, expect, test } from 'vitest';
import type { DueJob } from '../../src/dispatch/dispatcher.ts';
import { createInngestDispatcher, type InngestEvent } from '../../src/dispatch/inngest-dispatcher.ts';
import {
  EVENT_OF_JOB_TYPE,
  INNGEST_EVENTS,
  JobEventData,
  jobEventId,
} from '../../src/dispatch/job-events.ts';
import { markSent, pauseRun, startRun } from '../../src/jobs/runs.ts';
import type { Database } from '../../src/store/database.ts';
import { later, NOW, planJob, resetJobs, workItem } from '../jobs/job-fixture.ts';
import { reserve } from '../jobs/reserve.ts';
import { withDatabase } from '../support/databases.ts';

const database = withDatabase();
let db: Database;
beforeEach(async () => {
  db = database().db;
  await resetJobs(db);
});

async function dueJob(): Promise<DueJob> {
  const job = await planJob(db, workItem(), { now: later(-10_000) });
  return { ...job, repository: { fullName: 'acme/widgets', isPrivate: false } };
}

test('sends ids alone, under the id of job and run', async () => {
  const sent: InngestEvent[] = [];
  const dispatcher = createInngestDispatcher({
    db,
    send: async (event) => {
      sent.push(event);
      return { ids: ['01EVENT'] };
    },
  });
  const job = await dueJob();
  expect(await dispatcher.dispatch(job, 3)).toEqual({ inngestEventId: '01EVENT' });
  expect(sent).toEqual([
    {
      id: `job:${job.id}:3`,
      name: 'hybrid-capture/items.capture',
      v: '1',
      data: { jobId: job.id, run: 3, repositoryId: 42, installationId: 7 },
    },
  ]);
});

test('an Inngest that can not be reached is tried again', async () => {
  const dispatcher = createInngestDispatcher({
    db,
    send: async () => {
      throw new Error('connect ECONNREFUSED');
    },
  });
  await expect(dispatcher.dispatch(await dueJob(), 1)).rejects.toMatchObject({
    code: 'inngest_unavailable',
    isBlocked: false,
    message: 'Inngest did not take the event: connect ECONNREFUSED',
  });
});

test('an Inngest that takes the event and does not answer is not waited for', async () => {
  const dispatcher = createInngestDispatcher({ db, send: () => new Promise(() => {}), sendWithinMs: 20 });
  await expect(dispatcher.dispatch(await dueJob(), 1)).rejects.toMatchObject({
    code: 'inngest_unavailable',
    isBlocked: false,
    message: 'Inngest did not take the event: no answer within 0.02 s',
  });
});

test('has room for 50 runs at a time', async () => {
  const dispatcher = createInngestDispatcher({ db, send: async () => ({ ids: [] }) });
  expect(await dispatcher.capacity?.()).toBe(50);
  const job = await dueJob();
  const run = await reserve(db, job.id);
  await markSent(db, { jobId: job.id, run, worker: 'inngest', leaseMs: 1_000, now: NOW });
  expect(await dispatcher.capacity?.()).toBe(49);
  // What waits for GitHub takes no room until its time has come.
  const held = { jobId: job.id, run, worker: 'inngest', holder: 'me', leaseMs: 1_000, now: NOW } as const;
  await startRun(db, held);
  expect(await dispatcher.capacity?.()).toBe(49);
  const pause = { ...held, result: null, perInstallation: 1 };
  await pauseRun(db, { ...pause, until: new Date(Date.now() + 60_000) });
  expect(await dispatcher.capacity?.()).toBe(50);
  await db.updateTable('progressive_capture_jobs').set({ not_before: new Date() }).execute();
  expect(await dispatcher.capacity?.()).toBe(49);
});

test('every type of job has an event, and each event its own name', () => {
  expect(Object.keys(EVENT_OF_JOB_TYPE)).toHaveLength(7);
  const names = Object.values(INNGEST_EVENTS).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(jobEventId('a', 2)).toBe('job:a:2');
});

test.each([
  { jobId: 'no uuid', run: 1, repositoryId: 1, installationId: 1 },
  { jobId: '4c2d9a52-8a3b-4a0e-9f57-3d3c2a3b1f10', run: 0, repositoryId: 1, installationId: 1 },
  { jobId: '4c2d9a52-8a3b-4a0e-9f57-3d3c2a3b1f10', run: 1, installationId: 1 },
])('an event that lacks an id is refused: %o', (data) => {
  expect(JobEventData.safeParse(data).success).toBe(false);
});
