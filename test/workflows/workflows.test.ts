import { readFileSync } from 'node:fs';
import '../action/json-modules.ts';
import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { evaluateText } from '../../sandbox/runner/evaluate.ts';
import { parseWorkflowFile } from '../../sandbox/runner/workflow-file.ts';

const action = parse(readFileSync('action.yml', 'utf8'));

const expression = (text: string) => `\${{ ${text} }}`;

async function read(file: string) {
  const content = readFileSync(file, 'utf8');
  const parsed = parseWorkflow({ name: file, content }, new NoOperationTraceWriter());
  const errors = parsed.context.errors.getErrors().map((error) => error.message);
  const template = parsed.value ? await convertWorkflowTemplate(parsed.context, parsed.value) : null;
  return { content, errors, template, yaml: parse(content) };
}

describe.each(['workflows/bulk-capture.yml', 'workflows/scheduled-capture.yml'])('%s', (file) => {
  test('is a workflow as GitHub reads it', async () => {
    const { errors, template } = await read(file);
    expect(errors).toEqual([]);
    expect(template?.errors ?? []).toEqual([]);
    expect(template?.jobs).toHaveLength(1);
  });

  test('may do no more than prove who it is', async () => {
    const { yaml, content } = await read(file);
    expect(yaml.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
    expect(yaml.jobs.capture.permissions).toBeUndefined();
    expect(content).not.toContain('secrets.');
  });

  test('is one step that uses the Action, with inputs that the Action declares', async () => {
    const { yaml } = await read(file);
    const { steps } = yaml.jobs.capture;
    expect(steps).toHaveLength(1);
    const [step] = steps;
    expect(Object.keys(step).sort()).toEqual(['name', 'uses', 'with']);
    expect(step.uses).toBe('hybrid-capture/hybrid-capture@v1');
    expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(step.with)));
  });

  test('refers only to inputs that it declares', async () => {
    const { content, yaml } = await read(file);
    const declared = Object.keys(yaml.on.workflow_dispatch.inputs);
    const used = [...content.matchAll(/\binputs\.([\w-]+)/g)].map(([, name]) => name);
    expect(used.length).toBeGreaterThan(0);
    expect(declared).toEqual(expect.arrayContaining(used));
  });

  test('takes the address of the app from a variable, never from an input', async () => {
    const { yaml } = await read(file);
    expect(yaml.jobs.capture.steps[0].with['app-url']).toBe(expression('vars.HYBRID_CAPTURE_URL'));
    for (const name of ['app-url', 'destination']) {
      expect(yaml.on.workflow_dispatch.inputs).not.toHaveProperty(name);
    }
  });

  test('has no concurrency group, and ends after the Action has had its time', async () => {
    const { yaml } = await read(file);
    expect(yaml.concurrency).toBeUndefined();
    expect(yaml.jobs.capture.concurrency).toBeUndefined();
    const limit = Number(action.inputs['time-limit-minutes'].default);
    expect(yaml.jobs.capture['timeout-minutes']).toBeGreaterThan(limit + 10);
    expect(yaml.jobs.capture['timeout-minutes']).toBeLessThan(360);
  });
});

describe('workflows/bulk-capture.yml', () => {
  test('is started by the app alone, with the job and, for its name, repository and range', async () => {
    const { yaml } = await read('workflows/bulk-capture.yml');
    expect(Object.keys(yaml.on)).toEqual(['workflow_dispatch']);
    const { inputs } = yaml.on.workflow_dispatch;
    expect(Object.keys(inputs)).toEqual(['job-id', 'repository', 'range']);
    expect(inputs['job-id'].required).toBe(true);
    expect(inputs.repository.required).toBe(false);
    expect(inputs.range.required).toBe(false);
    expect(yaml['run-name']).toContain(expression('inputs.job-id'));
    expect(yaml.jobs.capture.steps[0].with['job-id']).toBe(expression('inputs.job-id'));
    expect(yaml.jobs.capture.steps[0].with).not.toHaveProperty('repository');
  });
});

describe('workflows/scheduled-capture.yml', () => {
  test('runs once a night, off the hour, and by hand', async () => {
    const { yaml } = await read('workflows/scheduled-capture.yml');
    expect(Object.keys(yaml.on)).toEqual(['schedule', 'workflow_dispatch']);
    expect(yaml.on.schedule).toHaveLength(1);
    const [minute, hour, ...rest] = yaml.on.schedule[0].cron.split(' ');
    expect(Number(minute) % 5).not.toBe(0);
    expect(Number(hour)).toBeLessThan(6);
    expect(rest).toEqual(['*', '*', '*']);
    expect(yaml.on.workflow_dispatch.inputs.mode.options).toEqual(['capture', 'verify']);
  });
});

describe('the name of a run', () => {
  const nameOf = (file: string, inputs: Record<string, string>) => {
    const { runName } = parseWorkflowFile(file, readFileSync(file, 'utf8'));
    if (!runName) throw new Error(`${file} has no run-name`);
    const github = { repository: 'acme/widgets' };
    return evaluateText(runName, { github, inputs, vars: {}, secrets: {} });
  };
  const since = '2026-01-31';

  test.each<[string, Record<string, string>, string]>([
    [
      'dispatched by the app',
      { repository: 'acme/widgets', range: 'pull requests 1, 2' },
      'acme/widgets, pull requests 1, 2, job 4c2d',
    ],
    ['in a public jobs repository', {}, 'job 4c2d'],
    ['started by hand', { repository: '', range: '' }, 'job 4c2d'],
    ['started by hand with a repository', { repository: 'a/b', range: '' }, 'a/b, capture, job 4c2d'],
  ])('of a bulk capture %s', (_, inputs, name) => {
    expect(nameOf('workflows/bulk-capture.yml', { 'job-id': '4c2d', ...inputs })).toBe(name);
  });

  test.each<[string, Record<string, string>, string]>([
    ['by schedule', {}, 'acme/widgets, what is new'],
    ['by hand', { mode: 'capture', since: '', until: '' }, 'acme/widgets, what is new'],
    ['by hand from a time on', { mode: 'capture', since, until: '' }, `acme/widgets, since ${since}`],
    ['by hand up to a time', { mode: 'capture', until: since }, `acme/widgets, what is new, until ${since}`],
    ['by hand as a verification', { mode: 'verify' }, 'acme/widgets, verification'],
  ])('of a scheduled capture started %s', (_, inputs, name) => {
    expect(nameOf('workflows/scheduled-capture.yml', inputs)).toBe(name);
  });
});

describe('action.yml', () => {
  test('runs the committed bundle on Node 24 and says what everything is', () => {
    expect(action.runs).toEqual({ using: 'node24', main: 'dist/index.js' });
    expect(action).toMatchObject({
      name: expect.any(String),
      description: expect.any(String),
      author: expect.any(String),
    });
    expect(action.branding).toEqual({ icon: 'database', color: 'blue' });
    expect(Object.keys(action.outputs)).toEqual([
      'pull-requests',
      'rows',
      'points',
      'requests',
      'complete',
      'checkpoint',
    ]);
    for (const entry of [...Object.values(action.inputs), ...Object.values(action.outputs)]) {
      expect((entry as { description: string }).description.length).toBeGreaterThan(20);
    }
    expect(action.inputs['time-limit-minutes'].default).toBe('330');
    // GitHub Marketplace takes at most 125 characters.
    expect(action.description.length).toBeLessThanOrEqual(125);
  });
});
