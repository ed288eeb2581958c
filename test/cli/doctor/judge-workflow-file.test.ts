import { describe, expect, it } from 'vitest';
import { judgeWorkflowFile } from '../../../cli/doctor/judge-workflow-file.ts';
import { WORKFLOW_TEXT } from './doctor-town.ts';

const judge = (text: string) => judgeWorkflowFile(text, { sendsRepository: true })?.code ?? 'ok';
const OF_THE_WORKFLOW = 'permissions:\n  contents: read\n  id-token: write\n';
const JOB = '    name: Capture\n';
const ofTheJob = (permissions: string) => `${JOB}    permissions: ${permissions}\n`;

describe('permissions', () => {
  it.each([
    ['those of the workflow', OF_THE_WORKFLOW, JOB, 'ok'],
    ['of the job alone', '', ofTheJob('{ id-token: write }'), 'ok'],
    ["the job's block replaces the workflow's", OF_THE_WORKFLOW, ofTheJob('{ contents: read }'), 'missing'],
    ['the job may do nothing', OF_THE_WORKFLOW, ofTheJob('{}'), 'missing'],
    ['the job may do everything', 'permissions: read-all\n', ofTheJob('write-all'), 'ok'],
    ['none at all', '', JOB, 'missing'],
    [
      'those of another job',
      '',
      `    runs-on: x\n    permissions: { id-token: write }\n    steps: [{ run: echo }]\n  capture-too:\n${JOB}`,
      'missing',
    ],
  ])('%s', (_name, workflow, job, expected) => {
    const text = WORKFLOW_TEXT.replace(OF_THE_WORKFLOW, workflow).replace(JOB, job);
    expect(judge(text)).toBe(expected === 'ok' ? 'ok' : 'workflow_permissions');
  });
});

describe('app-url', () => {
  const appUrl = /app-url: .+/;
  it.each([
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub Actions
    ['from an input', 'app-url: ${{ inputs.url }}'],
    ['missing', 'include: labels'],
  ])('%s', (_name, line) => {
    expect(judge(WORKFLOW_TEXT.replace(appUrl, line))).toBe('workflow_app_url');
  });

  it('no step of ours', () => {
    expect(judge(WORKFLOW_TEXT.replace(/ {4}steps:[\s\S]*/, '    steps: [{ run: echo }]\n'))).toBe(
      'workflow_app_url',
    );
  });
});
