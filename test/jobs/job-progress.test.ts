import { expect, test } from 'vitest';
import { judgeJobProgress, type WorkedJob } from '../../src/jobs/job-progress.ts';

const AT = new Date('2026-11-20T12:00:00Z');
const told = { done: 600, total: 2_400, points: 9, requests: 20, rows: 9_000, pointsLeft: 4_000 };
/** Ten minutes' work. */
const job: WorkedJob = {
  status: 'running',
  statusReason: null,
  progress: told,
  heartbeatAt: AT,
  workedMs: 600_000,
};

test('of a running job: per cent, rate, and the end by the time of the last sign of life', () => {
  expect(judgeJobProgress(job)).toEqual({
    ...told,
    restLeft: null,
    percent: 25,
    perMinute: 60,
    endsAt: new Date('2026-11-20T12:30:00Z'),
  });
});

test.each<[string, Partial<WorkedJob>]>([
  ['waits to go on', { status: 'queued' }],
  ['waits for its next run to begin', { status: 'dispatched' }],
  ['waits for GitHub', { statusReason: 'waiting_for_github' }],
  ['has not given a sign of life', { heartbeatAt: null }],
])('of one that %s: how far it is, and no rate', (_, change) => {
  expect(judgeJobProgress({ ...job, ...change })).toMatchObject({
    done: 600,
    percent: 25,
    perMinute: null,
    endsAt: null,
  });
});

test.each<[string, Partial<WorkedJob>]>([
  ['has ended', { status: 'completed' }],
  ['has told nothing', { progress: null }],
  ['was written by something else', { progress: { done: 'many' } }],
])('of one that %s: none', (_, change) => {
  expect(judgeJobProgress({ ...job, ...change })).toBeNull();
});

test('of a total that is not known there is no end', () => {
  expect(judgeJobProgress({ ...job, progress: { ...told, total: null } })).toMatchObject({
    percent: null,
    perMinute: 60,
    endsAt: null,
  });
});
