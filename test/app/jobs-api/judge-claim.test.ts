import { describe, expect, it } from 'vitest';
import { type ClaimedJob, judgeClaim } from '../../../app/jobs-api/judge-claim.ts';

const RUN = { state: 'sent', workflowRunId: 77001, workflowRunAttempt: null };
const JOB: ClaimedJob = { id: 'job-1', status: 'dispatched', processorType: 'github_actions', run: RUN };
const claiming = { runId: 77001, runAttempt: 2 };

function judged(job: Partial<ClaimedJob>, isProven = false): string {
  const judgement = judgeClaim({ ...JOB, ...job }, claiming, isProven);
  return judgement.kind === 'refuse' ? judgement.code : judgement.kind;
}

describe('a claim of attempt 2 of run 77001', () => {
  it.each<[string, Partial<ClaimedJob>, string]>([
    ['its job, sent', {}, 'accept'],
    [
      'its job, whose dispatcher has not noted it yet',
      { status: 'queued', run: { ...RUN, state: 'reserved' } },
      'accept',
    ],
    [
      'its job, running in attempt 1',
      { status: 'running', run: { ...RUN, state: 'running', workflowRunAttempt: 1 } },
      'accept',
    ],
    [
      'its job, running in this attempt',
      { status: 'running', run: { ...RUN, state: 'running', workflowRunAttempt: 2 } },
      'accept',
    ],
    [
      'its job, running in attempt 3',
      { status: 'running', run: { ...RUN, state: 'running', workflowRunAttempt: 3 } },
      'stale_attempt',
    ],
    ['a job of another run', { run: { ...RUN, workflowRunId: 77002 } }, 'wrong_run'],
    ['a job that never was dispatched', { status: 'queued', run: null }, 'not_dispatched'],
    ['a job that waits again', { status: 'queued', run: { ...RUN, state: 'ended' } }, 'not_dispatched'],
    ['a job that went to Inngest', { processorType: 'inngest' }, 'not_dispatched'],
    ['a job that is done', { status: 'completed', run: { ...RUN, state: 'ended' } }, 'already_finished'],
    ['a job that was cancelled', { status: 'cancelled', run: null }, 'already_finished'],
    ['a job whose run is not known', { run: { ...RUN, workflowRunId: null } }, 'ask_github'],
  ])('%s', (_, job, expected) => {
    expect(judged(job)).toBe(expected);
  });

  it('is accepted for a job whose run is not known once GitHub has shown that they belong together', () => {
    expect(judged({ run: { ...RUN, workflowRunId: null } }, true)).toBe('accept');
  });

  it('is refused for the job of another run, whatever was proven', () => {
    expect(judged({ run: { ...RUN, workflowRunId: 77002 } }, true)).toBe('wrong_run');
  });
});
