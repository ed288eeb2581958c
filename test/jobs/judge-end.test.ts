import { describe, expect, test } from 'vitest';
import { type EndedRun, judgeEnd, type RunOutcome, retryDelayMs } from '../../src/jobs/judge-end.ts';
import { later, NOW } from './job-fixture.ts';

function judge(changes: Partial<EndedRun>) {
  return judgeEnd({
    outcome: 'success',
    attempt: 1,
    maxAttempts: 3,
    hasBegun: true,
    hasProgress: false,
    continueAt: null,
    now: NOW,
    ...changes,
  });
}

describe('what becomes of a job when a run ends', () => {
  const finals: [RunOutcome, string][] = [
    ['success', 'completed'],
    ['cancelled', 'cancelled'],
    ['skipped', 'skipped'],
    ['blocked', 'blocked'],
  ];
  test.each(finals)('%s in the first attempt: %s', (outcome, status) => {
    expect(judge({ outcome })).toEqual({ status, attempt: 1, notBefore: null, statusReason: outcome });
  });

  const retried: [RunOutcome, string, number][] = [
    ['failure', 'failed', 30_000],
    ['timed_out', 'timed_out', 30_000],
    ['lost', 'lost', 0],
  ];
  test.each(retried)('%s: queued again until the last attempt, then %s', (outcome, status, delayMs) => {
    expect(judge({ outcome, attempt: 1 })).toEqual({
      status: 'queued',
      attempt: 1,
      notBefore: later(delayMs),
      statusReason: `retry_after_${outcome}`,
    });
    expect(judge({ outcome, attempt: 2 }).status).toBe('queued');
    expect(judge({ outcome, attempt: 3 })).toEqual({
      status,
      attempt: 3,
      notBefore: null,
      statusReason: outcome,
    });
  });

  test('a failure before the run began: queued again until the last attempt, then blocked', () => {
    const failure = { outcome: 'failure', hasBegun: false } as const;
    expect(judge({ ...failure, attempt: 2 }).status).toBe('queued');
    expect(judge({ ...failure, attempt: 3 })).toEqual({
      status: 'blocked',
      attempt: 3,
      notBefore: null,
      statusReason: 'blocked',
    });
  });

  test('the waits between attempts grow to a quarter of an hour', () => {
    expect([1, 2, 3, 4, 5].map(retryDelayMs)).toEqual([30_000, 120_000, 480_000, 900_000, 900_000]);
  });

  test('a continuation costs no attempt', () => {
    expect(judge({ outcome: 'continue', attempt: 3 })).toEqual({
      status: 'queued',
      attempt: 2,
      notBefore: NOW,
      statusReason: 'continuation',
    });
  });

  test('a continuation that stored rows gives the attempts back', () => {
    expect(judge({ outcome: 'continue', attempt: 3, hasProgress: true }).attempt).toBe(0);
  });

  test('a continuation waits until its time, unless that is past', () => {
    expect(judge({ outcome: 'continue', continueAt: later(600_000) }).notBefore).toEqual(later(600_000));
    expect(judge({ outcome: 'continue', continueAt: later(-1) }).notBefore).toEqual(NOW);
  });
});
