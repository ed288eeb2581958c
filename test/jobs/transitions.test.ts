import { describe, expect, test } from 'vitest';
import { canTransition, isEnded, JOB_STATUSES, type JobStatus } from '../../src/jobs/transitions.ts';

const LIVE: JobStatus[] = ['queued', 'dispatched', 'running'];
const ENDS: JobStatus[] = ['completed', 'failed', 'cancelled', 'timed_out', 'lost', 'skipped', 'blocked'];

// Written out by hand, not taken from the table under test.
const LEGAL = new Set([
  'queued>dispatched',
  'queued>cancelled',
  'queued>skipped',
  'queued>blocked',
  'dispatched>running',
  'dispatched>queued',
  'dispatched>failed',
  'dispatched>cancelled',
  'dispatched>timed_out',
  'dispatched>lost',
  'dispatched>skipped',
  'dispatched>blocked',
  'running>queued',
  'running>completed',
  'running>failed',
  'running>cancelled',
  'running>timed_out',
  'running>lost',
  'running>skipped',
  'running>blocked',
]);

describe('transitions of a job', () => {
  const pairs = JOB_STATUSES.flatMap((from) => JOB_STATUSES.map((to) => ({ from, to })));

  test.each(pairs)('$from to $to', ({ from, to }) => {
    expect(canTransition(from, to)).toBe(LEGAL.has(`${from}>${to}`));
  });

  test('every status is either live or an end', () => {
    expect([...LIVE, ...ENDS].sort()).toEqual([...JOB_STATUSES].sort());
    expect(JOB_STATUSES.filter((status) => isEnded(status))).toEqual(ENDS);
  });
});
