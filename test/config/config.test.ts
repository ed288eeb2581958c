import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Config, loadConfig } from '../../src/config/config.ts';
import { VARIABLES } from '../../src/config/variables.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PEM = rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const PKCS8 = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const APP = { APP_ID: '12', PRIVATE_KEY: PEM, DATABASE_URL: 'postgres://u:hunter2@db/app' };

function load(env: Record<string, string>): Config {
  const loaded = loadConfig(env);
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.config;
}

function problems(env: Record<string, string>): string[] {
  const loaded = loadConfig(env);
  return loaded.ok ? [] : loaded.problems;
}

describe('an empty environment', () => {
  test('is set-up mode with every default', () => {
    expect(load({})).toEqual({
      production: false,
      logLevel: 'info',
      http: { host: '127.0.0.1', port: 3000, publicUrl: null },
      github: {
        appId: null,
        privateKey: null,
        webhookSecret: 'development',
        clientId: null,
        clientSecret: null,
        host: 'github.com',
        protocol: 'https',
        apiUrl: 'https://api.github.com',
        graphqlUrl: 'https://api.github.com/graphql',
        webUrl: 'https://github.com',
      },
      database: {
        url: null,
        ca: null,
        schema: null,
        dataDir: '.data/app',
        allowEmbedded: false,
        sizeLimitGb: null,
      },
      inngest: { mode: 'off', eventKey: null, signingKey: null, baseUrl: null },
      bulk: {
        workflow: null,
        perInstallation: 1,
        oidcIssuer: 'https://token.actions.githubusercontent.com',
      },
      control: null,
      allowedAccounts: null,
      limits: { recentHours: 24, smallBatch: 10, largeBatch: 50, largeRepository: 1000 },
      include: ['pull-requests'],
      coalesceMs: 3000,
      autoHistoryLimit: 20_000,
      liveReservePercent: 10,
      inngestBulkPerDay: 500,
      budgets: { actionsMinutesPerMonth: null, inngestExecutionsPerMonth: null },
      retention: { deliveriesDays: 30, jobsDays: 180, removedDays: 90 },
      freshnessMs: 21_600_000,
      prices: {
        ...{ actionsMinute: 0.006, includedActionsMinutes: 0 },
        ...{ inngestThousandExecutions: null, includedInngestExecutions: 50_000 },
        databaseGigabyteMonth: null,
      },
      reconcilePeriodMs: 86_400_000,
      rollout: {
        percentage: 10,
        strategy: 'repository_size',
        autoRollback: true,
        maxErrorRate: 5,
        environmentStop: false,
      },
      tokens: { monitor: null, metrics: null, loops: null, session: null },
    });
  });

  test('is the same as one in which every variable is empty', () => {
    expect(load(Object.fromEntries(Object.keys(VARIABLES).map((name) => [name, ' '])))).toEqual(load({}));
  });

  test('reads every documented variable and no other', () => {
    const read = new Set<string>();
    loadConfig(new Proxy({}, { get: (_, name) => void read.add(String(name)) }));
    expect([...read].sort()).toEqual(Object.keys(VARIABLES).sort());
  });
});

test('everything that is set is understood', () => {
  const config = load({
    ...APP,
    NODE_ENV: 'production',
    WEBHOOK_SECRET: 's3cret',
    LOG_LEVEL: 'warn',
    PORT: '0',
    PUBLIC_URL: 'https://capture.example.com/',
    GITHUB_CLIENT_ID: 'Iv1.1',
    GITHUB_CLIENT_SECRET: 'c',
    ALLOWED_ACCOUNTS: '1, 22,1',
    DATABASE_SCHEMA: 'capture_2',
    INNGEST_PRODUCTION_EVENT_KEY: 'event',
    INNGEST_PRODUCTION_SIGNING_KEY: 'signkey-prod-00',
    INNGEST_BASE_URL: 'https://inngest.example.com/',
    CAPTURE_WORKFLOW: 'acme/jobs/.github/workflows/bulk-capture.yml@release/v1',
    CONTROL_REPOSITORY: 'acme/control.room',
    BULK_PER_INSTALLATION: '3',
    LIVE_RESERVE_PERCENT: '25',
    CAPTURE_INCLUDE: 'issues,labels',
    COALESCE_SECONDS: '0.25',
    RECONCILE_HOURS: '1.5',
    HYBRID_ROLLOUT_PERCENTAGE: '12.5',
    HYBRID_ROLLOUT_STRATEGY: 'whitelist',
    HYBRID_AUTO_ROLLBACK: 'FALSE',
    HYBRID_MAX_ERROR_RATE: '7.25',
    HYBRID_EMERGENCY_STOP: '1',
    SESSION_SECRET: 'x'.repeat(32),
  });
  expect(config).toMatchObject({
    production: true,
    logLevel: 'warn',
    http: { host: '0.0.0.0', port: 0 },
    github: { appId: 12, privateKey: PKCS8, webhookSecret: 's3cret', clientId: 'Iv1.1', clientSecret: 'c' },
    database: { url: 'postgres://u:hunter2@db/app', schema: 'capture_2' },
    inngest: {
      mode: 'cloud',
      eventKey: 'event',
      signingKey: 'signkey-prod-00',
      baseUrl: 'https://inngest.example.com',
    },
    bulk: {
      workflow: {
        owner: 'acme',
        repo: 'jobs',
        path: '.github/workflows/bulk-capture.yml',
        ref: 'release/v1',
      },
      perInstallation: 3,
    },
    control: { owner: 'acme', repo: 'control.room' },
    allowedAccounts: [1, 22],
    include: ['issues', 'labels'],
    coalesceMs: 250,
    reconcilePeriodMs: 5_400_000,
    liveReservePercent: 25,
    rollout: {
      percentage: 12.5,
      strategy: 'whitelist',
      autoRollback: false,
      maxErrorRate: 7.25,
      environmentStop: true,
    },
  });
  expect(config.http.publicUrl?.origin).toBe('https://capture.example.com');
});

test('all problems are reported at once, each in one line', () => {
  const found = problems({
    NODE_ENV: 'production',
    APP_ID: '12x',
    PORT: '65536',
    INNGEST_DEV: '1',
    HYBRID_ROLLOUT_PERCENTAGE: '50abc',
    CONTROL_REPOSITORY: 'acme',
  });
  expect(found.map((problem) => problem.split(' ')[0])).toEqual([
    'APP_ID',
    'APP_ID',
    'WEBHOOK_SECRET',
    'PORT',
    'DATABASE_URL',
    'INNGEST_DEV',
    'CONTROL_REPOSITORY',
    'HYBRID_ROLLOUT_PERCENTAGE',
  ]);
  expect(found.filter((problem) => problem.includes('\n'))).toEqual([]);
});

describe('a GitHub Enterprise Server', () => {
  test('with a port has its API, its pages and its OIDC issuer on that port', () => {
    const config = load({ GHE_HOST: '127.0.0.1:8080', GHE_PROTOCOL: 'http' });
    expect(config.github).toMatchObject({
      host: '127.0.0.1:8080',
      protocol: 'http',
      apiUrl: 'http://127.0.0.1:8080/api/v3',
      graphqlUrl: 'http://127.0.0.1:8080/api/graphql',
      webUrl: 'http://127.0.0.1:8080',
    });
    expect(config.bulk.oidcIssuer).toBe('http://127.0.0.1:8080/_services/token');
  });

  test('speaks https unless told otherwise', () => {
    expect(load({ GHE_HOST: 'git.example.com' }).github.apiUrl).toBe('https://git.example.com/api/v3');
  });

  test('that is github.com is not one', () => {
    expect(load({ GHE_HOST: 'GitHub.com' }).github.apiUrl).toBe('https://api.github.com');
  });

  test.each(['https://git.example.com', 'git.example.com/x', 'a b', 'host:99999'])(
    '%s is refused',
    (host) => {
      expect(problems({ GHE_HOST: host })).toHaveLength(1);
    },
  );

  test('another issuer can be named', () => {
    expect(load({ OIDC_ISSUER: 'https://oidc.example.com/' }).bulk.oidcIssuer).toBe(
      'https://oidc.example.com',
    );
  });
});

describe('the private key', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'key-')), 'app.pem');
  writeFileSync(path, PEM);

  test.each([
    ['PKCS#1 PEM', PEM],
    ['PKCS#8 PEM', PKCS8],
    ['PEM with \\n escapes', PEM.replaceAll('\n', '\\n')],
    ['PEM with \\r\\n escapes', PEM.replaceAll('\n', '\\r\\n')],
    ['quoted PEM with \\n escapes', `"${PEM.replaceAll('\n', '\\n')}"`],
    ['base64 of PEM', Buffer.from(PEM).toString('base64')],
    [
      'base64 in lines',
      Buffer.from(PEM)
        .toString('base64')
        .replace(/(.{76})/g, '$1\n'),
    ],
  ])('as %s is taken', (_, text) => {
    expect(load({ ...APP, PRIVATE_KEY: text }).github.privateKey).toBe(PKCS8);
  });

  test('is read from PRIVATE_KEY_PATH', () => {
    const { PRIVATE_KEY: _, ...env } = APP;
    expect(load({ ...env, PRIVATE_KEY_PATH: path }).github.privateKey).toBe(PKCS8);
  });

  test('that is an unreadable path is told with the path', () => {
    const { PRIVATE_KEY: _, ...env } = APP;
    expect(problems({ ...env, PRIVATE_KEY_PATH: '/none/app.pem' })).toEqual([
      'PRIVATE_KEY_PATH: cannot read /none/app.pem (ENOENT). Give a readable PEM file.',
    ]);
  });

  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const encrypted = rsa.privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
    .toString();
  test.each([
    ['a path', path, 'PRIVATE_KEY_PATH'],
    ['a fingerprint', 'SHA256:kbbYq1uYvhQ7nGxBYdGQJq0N0nLk0zX8m2s2V1C6oTQ=', 'fingerprint'],
    ['a word', 'secret-word', '11 characters'],
    ['a public key', rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(), 'public key'],
    ['an elliptic curve key', ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'RSA'],
    [
      'an OpenSSH key',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----',
      'OpenSSH',
    ],
    ['a key with a passphrase', encrypted, 'passphrase'],
    ['a first line alone', '-----BEGIN RSA PRIVATE KEY-----', 'cut off'],
    ['a key without line breaks', PEM.replaceAll('\n', ' '), 'line breaks'],
    ['a damaged key', PEM.replace(/[A-Za-z0-9]{20}\n/, '\n'), 'damaged'],
  ])('that is %s is refused by what it looks like, without its text', (_, text, word) => {
    const [problem = '', ...others] = problems({ ...APP, PRIVATE_KEY: text });
    expect(problem).toMatch(/^PRIVATE_KEY /);
    expect(problem).toContain(word);
    expect(problem).not.toContain(text.slice(0, 60));
    expect(others).toEqual([]);
  });

  test('without APP_ID, and APP_ID without it, are problems', () => {
    expect(problems({ PRIVATE_KEY: PEM })).toEqual([expect.stringContaining('without APP_ID')]);
    expect(problems({ APP_ID: '12', DATABASE_URL: APP.DATABASE_URL })).toEqual([
      expect.stringContaining('APP_ID is set without a key'),
    ]);
  });
});

describe('in production', () => {
  test.each([{}, { WEBHOOK_SECRET: 'development' }])('a webhook secret %j is refused', (secret) => {
    expect(problems({ ...APP, ...secret, NODE_ENV: 'production' })).toEqual([
      expect.stringContaining('WEBHOOK_SECRET'),
    ]);
  });

  test.each(['1', 'true', 'http://localhost:8288'])('INNGEST_DEV=%s is refused', (dev) => {
    expect(problems({ ...APP, WEBHOOK_SECRET: 's', NODE_ENV: 'production', INNGEST_DEV: dev })).toEqual([
      expect.stringContaining('INNGEST_DEV is set in production'),
    ]);
  });

  test('INNGEST_DEV=0 is nothing', () => {
    expect(problems({ ...APP, WEBHOOK_SECRET: 's', NODE_ENV: 'production', INNGEST_DEV: '0' })).toEqual([]);
  });
});

describe('the database', () => {
  test('must be named or waived once there are credentials', () => {
    const { DATABASE_URL: _, ...env } = APP;
    const [problem = ''] = problems(env);
    expect(problem).toContain('DATABASE_URL');
    expect(problem).toContain('ALLOW_EMBEDDED=1');
    expect(load({ ...env, ALLOW_EMBEDDED: '1' }).database).toMatchObject({ url: null, allowEmbedded: true });
  });

  test.each(['mysql://u:hunter2@db/app', 'postgres:/x', 'db.example.com'])(
    '%s is no URL of it, and is not shown',
    (url) => {
      const [problem = ''] = problems({ DATABASE_URL: url });
      expect(problem).toMatch(/^DATABASE_URL must be/);
      expect(problem).not.toContain('hunter2');
    },
  );

  test.each(['postgres://db/app', 'postgresql://u@[::1]:5433/app?sslmode=require'])('%s is one', (url) => {
    expect(load({ DATABASE_URL: url }).database.url).toBe(url);
  });

  test('has its certificate authority as PEM or in a file', () => {
    const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    const path = join(mkdtempSync(join(tmpdir(), 'ca-')), 'ca.pem');
    writeFileSync(path, pem);
    expect(load({ DATABASE_CA: pem.replaceAll('\n', '\\n') }).database.ca?.trim()).toBe(pem.trim());
    expect(load({ DATABASE_CA: path }).database.ca).toBe(pem);
    expect(problems({ DATABASE_CA: '/none/ca.pem' })).toEqual([expect.stringContaining('ENOENT')]);
  });

  test.each(['1a', 'A', 'a-b', 'a'.repeat(64)])('has no schema %s', (schema) => {
    expect(problems({ DATABASE_SCHEMA: schema })).toHaveLength(1);
  });
});

describe('Inngest', () => {
  test.each([
    [{ INNGEST_DEV: '1' }, { mode: 'dev', baseUrl: null }],
    [{ INNGEST_DEV: 'http://localhost:9999' }, { mode: 'dev', baseUrl: 'http://localhost:9999' }],
    [
      { INNGEST_EVENT_KEY: 'e', INNGEST_SIGNING_KEY: 's' },
      { mode: 'cloud', eventKey: 'e', signingKey: 's' },
    ],
    [
      { INNGEST_EVENT_KEY: 'e', INNGEST_PRODUCTION_EVENT_KEY: 'p', INNGEST_SIGNING_KEY: 's' },
      { mode: 'cloud', eventKey: 'e' },
    ],
  ])('with %j is %j', (env, expected) => {
    expect(load(env).inngest).toMatchObject(expected);
  });

  test.each([
    { INNGEST_EVENT_KEY: 'e' },
    { INNGEST_SIGNING_KEY: 's' },
    { INNGEST_BASE_URL: 'http://i' },
    { INNGEST_DEV: 'yes' },
  ])('with %j alone is a problem', (env) => {
    expect(problems(env)).toHaveLength(1);
  });
});

describe('numbers, booleans and choices are strict', () => {
  test.each([
    [
      'HYBRID_ROLLOUT_PERCENTAGE',
      ['0', '100', '99.99', '0.01'],
      ['-1', '100.01', '50abc', '1e1', '0x10', '5.005', '٥', '50%'],
    ],
    ['HYBRID_MAX_ERROR_RATE', ['0', '100'], ['100.5', 'five']],
    ['PORT', ['0', '65535'], ['65536', '-1', '80.5', '3000x']],
    ['BULK_PER_INSTALLATION', ['1', '100'], ['0', '101']],
    ['LIVE_RESERVE_PERCENT', ['0', '90'], ['-1', '91', '2.5', '10%']],
    ['ROUTE_RECENT_HOURS', ['1', '720'], ['0', '721', '1.5']],
    ['ROUTE_LARGE_BATCH', ['10', '1000'], ['0', '9', '1001']],
    ['COALESCE_SECONDS', ['0', '600', '0.5'], ['601', '-1', '1.005']],
    ['RECONCILE_HOURS', ['0', '0.25', '8760'], ['8760.01', '-1', '0.001', 'daily']],
    ['HYBRID_EMERGENCY_STOP', ['1', '0', 'true', 'False'], ['yes', 'on', '2', 'tru']],
    ['ALLOW_EMBEDDED', ['1', '0'], ['y']],
    ['HYBRID_ROLLOUT_STRATEGY', ['percentage', 'whitelist', 'repository_size'], ['size', 'Percentage']],
    ['LOG_LEVEL', ['trace', 'silent'], ['verbose']],
    ['CAPTURE_INCLUDE', ['pull-requests,issues,commits,labels'], ['pulls', 'issues,', ',']],
    ['ALLOWED_ACCOUNTS', ['1', '1,2'], ['acme', '0', '1;2', '1.5', '-3']],
    ['CONTROL_REPOSITORY', ['a/b', 'a-b/c.d_e'], ['a', 'a/b/c', '/b', 'a/..', 'https://github.com/a/b']],
    [
      'CAPTURE_WORKFLOW',
      ['a/b/.github/workflows/c.yaml@main', 'a/b/.github/workflows/c.yml@refs/tags/v1'],
      [
        'a/b',
        'a/b/.github/workflows/c.yml',
        'a/b/c.yml@main',
        'a/b/.github/workflows/c.yml@',
        'a/b/.github/workflows/c.yml@a b',
        `a/b/.github/workflows/c.yml@${'a'.repeat(40)}`,
      ],
    ],
    [
      'PUBLIC_URL',
      ['http://x', 'https://x:8443/'],
      ['x', 'ftp://x', 'https://x/path', 'https://x/?q', 'https://u:p@x'],
    ],
    ['SESSION_SECRET', ['s'.repeat(32)], ['s'.repeat(31), `${'s'.repeat(32)} s`]],
  ] as const)('%s takes %j and refuses %j', (name, legal, illegal) => {
    for (const value of legal) expect([value, problems({ [name]: value })]).toEqual([value, []]);
    for (const value of illegal) {
      expect([value, problems({ [name]: value })]).toEqual([value, [expect.stringContaining(name)]]);
    }
  });

  test('a branch is understood with and without refs/heads/', () => {
    const ref = (text: string) =>
      load({ CAPTURE_WORKFLOW: `a/b/.github/workflows/c.yml@${text}` }).bulk.workflow?.ref;
    expect(ref('refs/heads/main')).toBe('main');
    expect(ref('main')).toBe('main');
  });
});

test('no problem shows a secret', () => {
  const secret = 'tell nobody';
  const names = [
    'MONITOR_TOKEN',
    'METRICS_TOKEN',
    'LOOPS_TOKEN',
    'SESSION_SECRET',
    'PRIVATE_KEY',
    'DATABASE_URL',
  ];
  const found = problems({
    ...Object.fromEntries(names.map((name) => [name, secret])),
    PUBLIC_URL: `https://u:${secret}@x`,
    INNGEST_SIGNING_KEY: secret,
    GITHUB_CLIENT_SECRET: secret,
  });
  expect(found).toHaveLength(10);
  expect(found.filter((problem) => problem.includes('tell'))).toEqual([]);
});
