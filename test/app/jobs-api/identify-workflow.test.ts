import { describe, expect, it } from 'vitest';
import {
  requireCaptureWorkflow,
  requireSelfServiceWorkflow,
} from '../../../app/jobs-api/identify-workflow.ts';
import type { RunClaims } from '../../../app/jobs-api/oidc.ts';

const WORKFLOW = { owner: 'acme', repo: 'jobs', path: '.github/workflows/bulk-capture.yml', ref: 'main' };
const JOBS_REPOSITORY_ID = 900;

function claims(overrides: Partial<RunClaims> = {}): RunClaims {
  return {
    jti: 'jti-1',
    expiresAt: new Date('2026-11-23T12:05:00Z'),
    repository: 'acme/jobs',
    repositoryId: JOBS_REPOSITORY_ID,
    workflowRef: 'acme/jobs/.github/workflows/bulk-capture.yml@refs/heads/main',
    ref: 'refs/heads/main',
    eventName: 'workflow_dispatch',
    runId: 77001,
    runAttempt: 1,
    billing: 'billed',
    actor: null,
    ...overrides,
  };
}
function codeOf(check: () => void): string {
  try {
    check();
    return 'accepted';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('a run that may carry out dispatched jobs', () => {
  it.each<[string, Partial<RunClaims>, string]>([
    ['the pinned workflow', {}, 'accepted'],
    [
      'the jobs repository under a new name',
      {
        repository: 'acme/Work',
        workflowRef: 'acme/work/.github/workflows/bulk-capture.yml@refs/heads/main',
      },
      'accepted',
    ],
    ['another repository of the same name', { repositoryId: 901 }, 'wrong_repository'],
    [
      'another workflow of the jobs repository',
      { workflowRef: 'acme/jobs/.github/workflows/other.yml@refs/heads/main' },
      'wrong_workflow',
    ],
    [
      'a workflow file of another repository, required by the organisation',
      { workflowRef: 'acme/rules/.github/workflows/bulk-capture.yml@refs/heads/main' },
      'wrong_workflow',
    ],
    [
      'a workflow without a ref',
      { workflowRef: 'acme/jobs/.github/workflows/bulk-capture.yml' },
      'wrong_workflow',
    ],
    [
      'another branch',
      {
        workflowRef: 'acme/jobs/.github/workflows/bulk-capture.yml@refs/heads/evil',
        ref: 'refs/heads/evil',
      },
      'wrong_branch',
    ],
    [
      "a tag of the branch's name",
      { workflowRef: 'acme/jobs/.github/workflows/bulk-capture.yml@refs/tags/main', ref: 'refs/tags/main' },
      'wrong_branch',
    ],
    ['another ref than its workflow', { ref: 'refs/heads/evil' }, 'wrong_branch'],
    [
      'a branch whose name ends alike',
      {
        workflowRef: 'acme/jobs/.github/workflows/bulk-capture.yml@refs/heads/x@refs/heads/main',
        ref: 'refs/heads/x@refs/heads/main',
      },
      'wrong_branch',
    ],
    ['a push', { eventName: 'push' }, 'wrong_event'],
    ['a schedule', { eventName: 'schedule' }, 'wrong_event'],
    ['a pull request', { eventName: 'pull_request_target' }, 'wrong_event'],
  ])('%s', (_, overrides, expected) => {
    expect(codeOf(() => requireCaptureWorkflow(claims(overrides), WORKFLOW, JOBS_REPOSITORY_ID))).toBe(
      expected,
    );
  });

  it('is of the tag, where one is pinned', () => {
    const pinned = { ...WORKFLOW, ref: 'refs/tags/v1' };
    const tag = {
      workflowRef: 'acme/jobs/.github/workflows/bulk-capture.yml@refs/tags/v1',
      ref: 'refs/tags/v1',
    };
    expect(codeOf(() => requireCaptureWorkflow(claims(tag), pinned, JOBS_REPOSITORY_ID))).toBe('accepted');
    expect(codeOf(() => requireCaptureWorkflow(claims(), pinned, JOBS_REPOSITORY_ID))).toBe('wrong_branch');
  });
});

describe('a run that may ask for a job for its repository', () => {
  const own = {
    repository: 'acme/shop',
    repositoryId: 1,
    workflowRef: 'acme/shop/.github/workflows/scheduled-capture.yml@refs/heads/trunk',
    ref: 'refs/heads/trunk',
    eventName: 'schedule',
  };
  it.each<[string, Partial<RunClaims>, string | null, string]>([
    ['on schedule', {}, 'trunk', 'accepted'],
    ['started by a person', { eventName: 'workflow_dispatch' }, 'trunk', 'accepted'],
    ['on schedule, before the default branch is known', {}, null, 'accepted'],
    [
      'started by a person, before the default branch is known',
      { eventName: 'workflow_dispatch' },
      null,
      'default_branch_unknown',
    ],
    ['on a push', { eventName: 'push' }, 'trunk', 'wrong_event'],
    [
      'of another workflow',
      { workflowRef: 'acme/shop/.github/workflows/ci.yml@refs/heads/trunk' },
      'trunk',
      'wrong_workflow',
    ],
    ['of another branch', {}, 'main', 'wrong_branch'],
    ['of another ref than its workflow', { ref: 'refs/heads/x' }, 'trunk', 'wrong_branch'],
  ])('%s', (_, overrides, defaultBranch, expected) => {
    expect(codeOf(() => requireSelfServiceWorkflow(claims({ ...own, ...overrides }), defaultBranch))).toBe(
      expected,
    );
  });
});
