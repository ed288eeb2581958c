import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { annotationsOf } from '../../action/annotations.ts';
import { checkpointKeyOf } from '../../action/checkpoint-key.ts';
import { createInstallationToken } from '../../action/installation-token.ts';
import { createProgressLog, type ProgressLog } from '../../action/progress.ts';
import { type CaptureReport, emptyReport, outputsOf } from '../../action/report.ts';
import { renderSummary } from '../../action/summary.ts';
import { ACTION_VERSION } from '../../action/version.ts';
import type { Usage } from '../../src/github/client.ts';

test('the version is that of the package', () => {
  expect(ACTION_VERSION).toBe(JSON.parse(readFileSync('package.json', 'utf8')).version);
});

test('the bundle is without the embedded database, and small enough to start at once', () => {
  const files = readdirSync('dist').filter((name) => name.endsWith('.js'));
  const texts = files.map((name) => readFileSync(`dist/${name}`, 'utf8'));
  expect(texts.some((text) => text.includes('@electric-sql'))).toBe(false);
  expect(Buffer.byteLength(texts[files.indexOf('index.js')] ?? '')).toBeLessThan(1_000_000);
  expect(texts.reduce((sum, text) => sum + text.length, 0)).toBeLessThan(2_000_000);
});

test('the bundle comes with the licenses of all that is in it', () => {
  const licenses = readFileSync('dist/licenses.txt', 'utf8').split('\n');
  const bundled = ['@actions/core', '@octokit/graphql', 'kysely', 'pg', 'undici', 'zod'];
  expect(bundled.filter((name) => !licenses.includes(name))).toEqual([]);
});

describe('progress', () => {
  const progress = {
    done: 100,
    total: 400,
    points: 3,
    requests: 5,
    rows: 900,
    pointsLeft: 4_812,
    restLeft: null,
  };

  function narrate(times: number[], work: (log: ProgressLog, at: number) => void) {
    let now = 0;
    const lines: string[] = [];
    const log = createProgressLog(
      { info: (line) => lines.push(line), fold: (title) => lines.push(`> ${title}`) },
      () => now,
    );
    for (const at of times) {
      now = at;
      work(log, at);
    }
    return { lines, log };
  }

  test('at most one line in 10 s', () => {
    const { lines, log } = narrate([0, 1_000, 9_999, 10_000, 12_000, 20_000], ({ update }, at) =>
      update({ ...progress, done: at / 1_000 }),
    );
    expect(lines).toHaveLength(3);
    expect(log.last()?.done).toBe(20);
  });

  test('a run of hours folds by its parts and every 10 minutes, under titles that tell the progress', () => {
    const minutes = Array.from({ length: 331 }, (_, minute) => minute * 60_000);
    const { lines } = narrate(minutes, (log, at) => {
      if (at === 0) log.stage('pull requests');
      if (at === 200 * 60_000) log.stage('issues');
      log.update({ ...progress, done: at / 60_000 });
    });
    const titles = lines.filter((line) => line.startsWith('> '));
    expect(titles.slice(0, 2)).toEqual([
      '> Pull requests',
      expect.stringMatching(/^> Pull requests: 10 of 400 \(2 %\)/),
    ]);
    expect(titles).toContain('> Issues');
    expect(titles.at(-1)).toMatch(/^> Issues: 330 of 400 \(82 %\), 1 a minute, about 1 h 10 min left/);
    expect(titles.length).toBeLessThan(40);
    expect(lines.length - titles.length).toBeGreaterThan(250);
  });
});

describe('the installation token', () => {
  function issuer(lifeMs: number) {
    let now = 0;
    let issued = 1;
    const masked: string[] = [];
    const issue = () => ({
      installationToken: `t${issued}`,
      installationTokenExpiresAt: new Date(now + lifeMs).toISOString(),
    });
    const renew = async () => {
      issued += 1;
      return issue();
    };
    const token = createInstallationToken(
      issue(),
      renew,
      (secret) => masked.push(secret),
      () => now,
    );
    return {
      token,
      masked,
      at: (ms: number) => {
        now = ms;
      },
    };
  }
  const HOUR = 3_600_000;

  test('is kept until 5 minutes before its end', async () => {
    const { token, masked, at } = issuer(HOUR);
    at(HOUR - 300_000);
    expect(await token()).toBe('t1');
    at(HOUR - 299_999);
    expect(await token()).toBe('t2');
    expect(await token()).toBe('t2');
    expect(masked).toEqual(['t1', 't2']);
  });

  test('is renewed once when GitHub refuses it, however many requests found out', async () => {
    const { token } = issuer(HOUR);
    expect(await Promise.all([token('t1'), token('t1'), token()])).toEqual(['t2', 't2', 't2']);
    expect(await token('t1')).toBe('t2');
  });

  test('short lives do not make a renewal of every request', async () => {
    const { token, at } = issuer(100_000);
    expect(await token()).toBe('t1');
    at(60_000);
    expect(await token()).toBe('t2');
    at(119_999);
    expect(await token()).toBe('t2');
    at(120_000);
    expect(await token()).toBe('t3');
  });
});

describe('the checkpoint key', () => {
  const inputs = {
    repository: { owner: 'Acme', name: 'Widgets' },
    isVerify: false,
    since: null,
    until: null,
    pullRequests: [],
    include: ['pull-requests' as const],
  };

  test('tells apart repository, mode, range, numbers and choice, and nothing else', () => {
    const keys = [
      inputs,
      { ...inputs, repository: { owner: 'acme', name: 'other' } },
      { ...inputs, isVerify: true },
      { ...inputs, since: new Date(0) },
      { ...inputs, until: new Date(0) },
      { ...inputs, pullRequests: [1] },
      { ...inputs, include: ['issues' as const] },
    ].map(checkpointKeyOf);
    expect(new Set(keys).size).toBe(keys.length);
    expect(checkpointKeyOf({ ...inputs, repository: { owner: 'acme', name: 'WIDGETS' } })).toBe(keys[0]);
    expect(checkpointKeyOf({ ...inputs, include: ['labels', 'issues'] })).toBe(
      checkpointKeyOf({ ...inputs, include: ['issues', 'labels'] }),
    );
  });

  test('stays short', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => index + 1);
    expect(checkpointKeyOf({ ...inputs, pullRequests: many }).length).toBeLessThan(200);
    expect(checkpointKeyOf({ ...inputs, pullRequests: many })).not.toBe(
      checkpointKeyOf({ ...inputs, pullRequests: many.slice(1) }),
    );
  });
});

describe('the report', () => {
  const report: CaptureReport = {
    ...emptyReport({
      title: 'capture of acme/widgets',
      status: 'incomplete',
      message: '60 parts.',
      isFailure: true,
    }),
    totals: { pullRequests: 7, rows: 1_234, points: 5, requests: 6, seconds: 65 },
    rowsByTable: new Map([
      ['comments', 1_000],
      ['review_threads', 400],
    ]),
    gaps: Array.from({ length: 60 }, (_, index) => ({
      number: index === 0 ? null : index,
      connection: 'reviews',
      reason: '<img src=x> | @octocat',
    })),
    checkpoint: { stage: 1 },
  };

  test('as outputs: sums, and complete only if all is', () => {
    const done = emptyReport({ title: 'x', status: 'complete', message: null, isFailure: false });
    expect(outputsOf([done, report])).toEqual({
      'pull-requests': 7,
      rows: 1_234,
      points: 5,
      requests: 6,
      complete: false,
      checkpoint: '{"stage":1}',
    });
    expect(outputsOf([done]).complete).toBe(true);
    expect(outputsOf([]).complete).toBe(false);
  });

  const links = {
    appUrl: new URL('https://capture.example.com/x'),
    workflowRuns: 'https://github.com/acme/jobs/actions/workflows/bulk-capture.yml',
  };
  const resetAt = new Date('2026-01-31T14:05:00Z');
  const usage: Usage = {
    ...{ points: 5, pointsLeft: 4_812, pointsLimit: 5_000, resetAt },
    ...{ requests: 6, restRequests: 1, restLeft: null, restLimit: null, restResetAt: null },
    ...{ seconds: 1, restSeconds: 1, refused: 0, silentUntil: null },
  };

  test('as summary: what was captured, and what was not, neutralised and cut', () => {
    const summary = renderSummary([{ ...report, jobId: 'j-1', range: 'pull request 7', usage }], links);
    const lines = summary.split('\n');
    expect(lines[0]).toBe('### Capture of acme/widgets: ⚠️ incomplete');
    expect(lines[4]).toBe(
      '| [capture of acme/widgets](https://capture.example.com/monitor/jobs/j-1) | pull request 7 | ⚠️ incomplete | 7 | 1,234 | 1 min | 5 | 6 |',
    );
    expect(lines).toContain('- 60 parts.');
    expect(summary).toContain(
      '#### Not captured (60)\n\nThe next capture of the repository tries them again.',
    );
    expect(summary).toContain('- an item, reviews: &lt;img src=x&gt; \\| @\u200boctocat');
    expect(summary).toContain('- and 10 more');
    expect(summary).not.toContain('<img');
    expect(lines).toContain('| points (GraphQL) | 5 | 4,812 | 5,000 | 2026-01-31 14:05 UTC |');
    expect(lines).toContain('| requests (REST) | 1 | not told | not told | not told |');
    expect(lines).toContain('- [Watch it on the monitor](https://capture.example.com/monitor)');
    expect(summary).not.toContain('the runs of this workflow');
  });

  test('as summary: the chart has the numbers of the table above it, largest first', () => {
    const tables = ['a_b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name, index) => [name, index] as const);
    const summary = renderSummary([{ ...report, rowsByTable: new Map(tables) }], links);
    const rows = [...summary.matchAll(/^\| (\w+) \| ([\d,]+) \|$/gm)].map(([, name, count]) => [name, count]);
    expect(rows).toEqual(tables.toReversed().map(([name, count]) => [name, String(count)]));
    expect(summary.indexOf('```mermaid\nxychart-beta')).toBeGreaterThan(summary.indexOf('| a_b | 0 |'));
    expect(summary).toContain('x-axis ["h", "g", "f", "e", "d", "c"]');
    expect(summary).toContain('bar [6, 5, 4, 3, 2, 1]');
  });

  test('as summary: several captures are lines of one table, with their sums below', () => {
    const later: CaptureReport = {
      ...report,
      ...{ title: 'capture of acme/b', status: 'continue', message: null, gaps: [], usage },
    };
    const summary = renderSummary([{ ...report, usage }, later], { ...links, appUrl: null });
    expect(summary).toMatch(/^### 2 captures: 1 ⚠️ incomplete, 1 ⏸️ to be continued\n/);
    expect(summary.match(/^\| capture of acme/gm)).toHaveLength(2);
    expect(summary).toContain('- **capture of acme/widgets**: 60 parts.');
    expect(summary).toContain('| comments | 2,000 |');
    expect(summary).toContain('| points (GraphQL) | 10 | 4,812 |');
    expect(summary).toContain(`- [Where it is continued: the runs of this workflow](${links.workflowRuns})`);
  });

  test('as summary: never more than GitHub takes, whatever strangers write and however many captures there are', () => {
    const long = '<@&>|\u{1F600}'.repeat(1_000);
    const gaps = Array.from({ length: 200 }, (_, number) => ({ number, connection: long, reason: long }));
    const worst = {
      ...report,
      ...{ title: long, range: long, message: long, warnings: Array(200).fill(long), gaps, usage },
    };
    expect(Buffer.byteLength(renderSummary(Array(1_000).fill(worst), links))).toBeLessThan(1_024 * 1_024);
  });

  test('as annotations: an error where somebody has to act, a notice where it goes on by itself', () => {
    const of = (status: CaptureReport['status'], message: string | null, isFailure: boolean) =>
      annotationsOf([{ ...report, status, message, isFailure }]);
    expect(of('complete', null, false)).toEqual([]);
    expect(of('failed', 'GitHub says no.', true)).toEqual([
      { level: 'error', title: 'Capture of acme/widgets: failed', text: 'GitHub says no.' },
    ]);
    expect(of('continue', 'After lunch.', false)).toEqual([
      { level: 'notice', title: 'Capture of acme/widgets: to be continued', text: 'After lunch.' },
    ]);
  });

  test('as annotations: ten of a level at most, the last of which tells how many more there are', () => {
    const failed = { ...report, status: 'failed', message: 'No.', isFailure: true } as const;
    expect(annotationsOf(Array(10).fill(failed))).toHaveLength(10);
    const annotations = annotationsOf([...Array(13).fill(failed), { ...failed, isFailure: false }]);
    expect(annotations.filter(({ level }) => level === 'error')).toHaveLength(10);
    expect(annotations[9]).toMatchObject({ level: 'error', title: '4 more like these' });
    expect(annotations[10]).toMatchObject({ level: 'notice' });
  });
});
