import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { INPUT_NAMES, type InputName, parseInputs, type RunFacts } from '../../action/inputs.ts';

const JOB = '6b1ca3f2-6f0e-4d5a-9a27-0d7a4b4f1c11';

function read(given: Partial<Record<InputName, string>>, facts: Partial<RunFacts> = {}) {
  const raw = Object.fromEntries(INPUT_NAMES.map((name) => [name, ''])) as Record<InputName, string>;
  return parseInputs(
    { ...raw, ...given },
    { eventName: 'workflow_dispatch', repository: 'acme/widgets', dispatchInputs: {}, ...facts },
  );
}

/** A stand-alone run with these inputs besides the two that it needs. */
const alone = (given: Partial<Record<InputName, string>>, facts: Partial<RunFacts> = {}) =>
  read({ destination: 'file:out', 'github-token': 'ghs_x', ...given }, facts);

function problemsOf(result: ReturnType<typeof read>): string[] {
  return result.ok ? [] : result.problems;
}

test('the inputs that are read are those of action.yml', () => {
  const action = parse(readFileSync('action.yml', 'utf8'));
  expect(Object.keys(action.inputs)).toEqual([...INPUT_NAMES]);
});

test('defaults hold where the runner sends nothing', () => {
  expect(alone({})).toEqual({
    ok: true,
    inputs: {
      mode: { kind: 'stand-alone', destination: { kind: 'files', directory: 'out' } },
      repository: { owner: 'acme', name: 'widgets' },
      isVerify: false,
      githubToken: 'ghs_x',
      since: null,
      until: null,
      pullRequests: [],
      include: ['pull-requests'],
      timeLimitMs: 330 * 60_000,
    },
  });
});

describe('mode', () => {
  const url = 'https://capture.example.com';
  test.each([
    [
      { 'app-url': url, 'job-id': JOB },
      { kind: 'app-job', appUrl: new URL(url), jobId: JOB },
    ],
    [{ 'app-url': url }, { kind: 'self-service', appUrl: new URL(url) }],
    [
      { 'app-url': url, repository: 'Acme/Widgets' },
      { kind: 'self-service', appUrl: new URL(url) },
    ],
    [
      { destination: 'postgres://u:p@h/d', 'github-token': 't' },
      { kind: 'stand-alone', destination: { kind: 'postgres', url: 'postgres://u:p@h/d' } },
    ],
    [
      { destination: 'postgresql://h/d', 'github-token': 't' },
      { kind: 'stand-alone', destination: { kind: 'postgres', url: 'postgresql://h/d' } },
    ],
    [
      { destination: 'file:/tmp/out', 'github-token': 't' },
      { kind: 'stand-alone', destination: { kind: 'files', directory: '/tmp/out' } },
    ],
    [
      { destination: 'file:///tmp/o%20t', 'github-token': 't' },
      { kind: 'stand-alone', destination: { kind: 'files', directory: '/tmp/o t' } },
    ],
  ])('%j', (given, mode) => {
    const result = read(given);
    expect(result.ok ? result.inputs.mode : result.problems).toEqual(mode);
  });

  test.each([
    ['nothing set', {}, {}, /Neither `app-url` nor `destination` is set.*HYBRID_CAPTURE_URL/],
    ['a job without the app', { 'job-id': JOB }, {}, /`job-id` needs `app-url`/],
    ['a job that is no UUID', { 'app-url': url, 'job-id': '12' }, {}, /UUID/],
    ['both ways', { 'app-url': url, destination: 'file:out' }, {}, /either `app-url` or `destination`/],
    ['no URL', { 'app-url': 'capture.example.com', 'job-id': JOB }, {}, /`app-url` must be the address/],
    ['another protocol', { 'app-url': 'ftp://x', 'job-id': JOB }, {}, /`app-url` must be the address/],
    [
      'self-service on push',
      { 'app-url': url },
      { eventName: 'push' },
      /started by schedule or workflow_dispatch.*by push/,
    ],
    [
      'self-service for another',
      { 'app-url': url, repository: 'acme/other' },
      {},
      /`repository` must be left out/,
    ],
    [
      'an unknown destination',
      { destination: 'mysql://u:secret@h/d' },
      {},
      /must be postgres:\/\/… or file:DIR/,
    ],
    ['file: without folder', { destination: 'file:' }, {}, /must be postgres:\/\/… or file:DIR/],
    ['a broken address', { destination: 'postgres://u:se cret@h:port/d' }, {}, /no well-formed postgres/],
    [
      'verify into files',
      { destination: 'file:out', 'github-token': 't', mode: 'verify' },
      {},
      /needs `destination: postgres/,
    ],
    ['no token', { destination: 'file:out' }, {}, /`github-token` is empty/],
  ])('refuses %s', (_name, given, facts, message) => {
    const problems = problemsOf(read(given, facts));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(message);
    expect(problems[0]).not.toContain('secret');
  });

  test.each([
    ['app-url', { 'app-url': url, 'job-id': JOB }, { 'app-url': url }],
    ['app-url', { 'app-url': url, 'job-id': JOB }, { address: url }],
    ['destination', { destination: 'file:out', 'github-token': 't' }, { destination: 'file:out' }],
    ['destination', { destination: 'file:out', 'github-token': 't' }, { where: 'file:out' }],
    ['destination', { 'app-url': url, 'job-id': JOB }, { destination: '' }],
  ])('refuses a typed %s', (name, given, dispatchInputs) => {
    const problems = problemsOf(read(given, { dispatchInputs }));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^\`${name}\` comes from an input of the run`));
  });
});

describe('values', () => {
  const inputOf = (
    name: 'since' | 'until' | 'pullRequests' | 'include' | 'timeLimitMs' | 'repository',
    given: object,
  ) => {
    const result = alone(given);
    return result.ok ? result.inputs[name] : result.problems;
  };

  test.each([
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['2026-01-31T09:00:00Z', '2026-01-31T09:00:00.000Z'],
    ['2026-01-31T09:00:00.5+02:00', '2026-01-31T07:00:00.500Z'],
  ])('since %s', (text, expected) => {
    expect(inputOf('since', { since: text })).toEqual(new Date(expected));
  });

  test.each([
    'yesterday',
    '2026',
    '2026-02-30',
    '2025-02-29',
    '31.01.2026',
    '2026-01-31T09:00:00',
    '1738314000',
  ])('refuses since %s', (text) => {
    expect(problemsOf(alone({ since: text }))).toEqual([
      `\`since\` is "${text}", but must be an ISO 8601 date or time with its zone, such as 2026-01-31 or 2026-01-31T09:00:00Z.`,
    ]);
  });

  test('since must be before until', () => {
    expect(problemsOf(alone({ since: '2026-01-01', until: '2026-01-02' }))).toEqual([]);
    expect(problemsOf(alone({ since: '2026-01-02', until: '2026-01-02' }))).toEqual([
      '`since` must be before `until`.',
    ]);
  });

  test.each([
    ['', []],
    ['7', [7]],
    ['1,2,5-9', [1, 2, 5, 6, 7, 8, 9]],
    [' 9 , 3 - 4, 3', [3, 4, 9]],
    ['1-10000', Array.from({ length: 10_000 }, (_, index) => index + 1)],
  ])('pull-requests %j', (text, expected) => {
    expect(inputOf('pullRequests', { 'pull-requests': text })).toEqual(expected);
  });

  test.each([
    ['0', /numbers and ranges/],
    ['50abc', /numbers and ranges/],
    ['1,,2', /numbers and ranges/],
    ['9-5', /numbers and ranges/],
    ['-3', /numbers and ranges/],
    ['1e3', /numbers and ranges/],
    ['1-10001', /more than 10,000/],
    ['1-999999999', /more than 10,000/],
  ])('refuses pull-requests %j', (text, message) => {
    expect(problemsOf(alone({ 'pull-requests': text }))).toEqual([expect.stringMatching(message)]);
  });

  test('include', () => {
    expect(inputOf('include', { include: '' })).toEqual(['pull-requests']);
    expect(inputOf('include', { include: 'issues, commits,issues' })).toEqual(['issues', 'commits']);
    expect(problemsOf(alone({ include: 'issues,wiki' }))).toEqual([
      '`include` holds "wiki", but may only hold pull-requests, issues, commits, labels.',
    ]);
  });

  test('time-limit-minutes', () => {
    expect(inputOf('timeLimitMs', { 'time-limit-minutes': '12' })).toBe(720_000);
    expect(inputOf('timeLimitMs', { 'time-limit-minutes': '0.5' })).toBe(30_000);
    expect(inputOf('timeLimitMs', { 'time-limit-minutes': '7200' })).toBe(432_000_000);
    for (const text of ['0', '-1', '50abc', '7201', '1e2', 'Infinity']) {
      expect(problemsOf(alone({ 'time-limit-minutes': text }))).toEqual([
        `\`time-limit-minutes\` is "${text}", but must be a number above 0 and up to 7200.`,
      ]);
    }
  });

  test('repository', () => {
    expect(inputOf('repository', { repository: 'octo-org/a.b_c' })).toEqual({
      owner: 'octo-org',
      name: 'a.b_c',
    });
    for (const text of ['widgets', 'a/b/c', '/b', 'a/', 'a b/c', 'https://github.com/a/b']) {
      expect(problemsOf(alone({ repository: text }))).toEqual([
        expect.stringContaining('must be owner/name'),
      ]);
    }
  });

  test('tells all problems at once', () => {
    const given = { repository: 'x', since: 'x', until: 'y', mode: 'z', 'pull-requests': 'x', include: 'x' };
    expect(
      problemsOf(alone({ ...given, 'time-limit-minutes': 'x', destination: 'x', 'github-token': '' })),
    ).toHaveLength(8);
  });
});
