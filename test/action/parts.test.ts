import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkpointKeyOf } from '../../action/checkpoint-key.ts';
import { createInstallationToken } from '../../action/installation-token.ts';
import { createProgressLog } from '../../action/progress.ts';
import { type CaptureReport, emptyReport, outputsOf, renderSummary } from '../../action/report.ts';
import { ACTION_VERSION } from '../../action/version.ts';

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

  test('at most one line in 10 s', () => {
    let now = 0;
    const lines: string[] = [];
    const log = createProgressLog(
      (line) => lines.push(line),
      () => now,
    );
    for (const at of [0, 1_000, 9_999, 10_000, 12_000, 20_000]) {
      now = at;
      log.update({ ...progress, done: at / 1_000 });
    }
    expect(lines).toHaveLength(3);
    expect(log.last()?.done).toBe(20);
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

  test('as summary: what was captured, and what was not, neutralised and cut', () => {
    const summary = renderSummary([report], new URL('https://capture.example.com/x'));
    expect(summary).toContain('### capture of acme/widgets: ⚠️ incomplete');
    expect(summary).toContain('| 7 | 1,234 | 1 min | 5 | 6 |');
    expect(summary).toContain('| comments | 1,000 |');
    expect(summary).toContain('Not captured (60):');
    expect(summary).toContain('- an item, reviews: &lt;img src=x&gt; \\| @\u200boctocat');
    expect(summary).toContain('- and 10 more');
    expect(summary).not.toContain('<img');
    const table = summary.indexOf('| table | rows sent |');
    const chart = summary.indexOf('```mermaid\nxychart-beta');
    expect(table).toBeGreaterThan(0);
    expect(chart).toBeGreaterThan(table);
    expect(summary).toContain('  bar [1000, 400]');
    expect(summary).toContain('[Watch it on the monitor](https://capture.example.com/monitor)');
  });
});
