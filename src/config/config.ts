import { readFileSync } from 'node:fs';
import { PUBLISHED_PRICES } from '../cost/published-prices.ts';
import type { RouteLimits } from '../route/decide-route.ts';
import { CAPTURE_INCLUDES, type CaptureInclude } from '../work-item/work-item.ts';
import { createEnvironmentReader, type Environment, type EnvironmentReader } from './environment-reader.ts';
import { parsePrivateKey } from './private-key.ts';

export const ROLLOUT_STRATEGIES = ['percentage', 'whitelist', 'repository_size'] as const;
export type RolloutStrategy = (typeof ROLLOUT_STRATEGIES)[number];

/** Everybody can read it here, so it is for one's own machine alone. */
export const DEFAULT_WEBHOOK_SECRET = 'development';

/** All settings, checked. `docs/configuration.md` tells the variable behind each field. */
export interface Config {
  production: boolean;
  logLevel: string;
  http: { host: string; port: number; publicUrl: URL | null };
  /** `appId` and `privateKey` are null together: set-up mode, no GitHub App is registered yet. */
  github: {
    appId: number | null;
    /** PKCS#8 PEM. */
    privateKey: string | null;
    webhookSecret: string | null;
    clientId: string | null;
    clientSecret: string | null;
    /** Host with port where it has one. */
    host: string;
    protocol: 'http' | 'https';
    apiUrl: string;
    graphqlUrl: string;
    webUrl: string;
  };
  /** No `url`: embedded PGlite in `dataDir`, relative to the working directory. `ca` is PEM. */
  database: {
    url: string | null;
    ca: string | null;
    schema: string | null;
    dataDir: string;
    allowEmbedded: boolean;
    /** GiB; null: no limit is known. */
    sizeLimitGb: number | null;
  };
  /** `off`: the in-process worker does Inngest's part. No `baseUrl`: Inngest's own default for the mode. */
  inngest: {
    mode: 'off' | 'dev' | 'cloud';
    eventKey: string | null;
    signingKey: string | null;
    baseUrl: string | null;
  };
  /** `ref` is a branch name, or `refs/tags/…`. */
  bulk: {
    workflow: { owner: string; repo: string; path: string; ref: string } | null;
    perInstallation: number;
    oidcIssuer: string;
  };
  control: { owner: string; repo: string } | null;
  /** Numeric account ids; null: the App's owner. */
  allowedAccounts: number[] | null;
  limits: RouteLimits;
  include: CaptureInclude[];
  coalesceMs: number;
  /** Percent of an installation's API budget that bulk work leaves alone for live work, 0 to 90. */
  liveReservePercent: number;
  /** Pull requests. */
  autoHistoryLimit: number;
  /** Executions a day. */
  inngestBulkPerDay: number;
  /** Null: no limit. */
  budgets: { actionsMinutesPerMonth: number | null; inngestExecutionsPerMonth: number | null };
  /** Days for which rows are kept: of webhook deliveries, of ended jobs, of repositories that were removed. */
  retention: { deliveriesDays: number; jobsDays: number; removedDays: number };
  /** Milliseconds without a new row, though some were expected, after which an alarm is raised. 0: never. */
  freshnessMs: number;
  /** US dollars, and what a month includes without them; null: not known. */
  prices: {
    actionsMinute: number;
    includedActionsMinutes: number;
    inngestThousandExecutions: number | null;
    includedInngestExecutions: number;
    databaseGigabyteMonth: number | null;
  };
  /** 0: nothing is reconciled. */
  reconcilePeriodMs: number;
  /** What a new database starts with (percentages 0 to 100), and the environment's own stop. */
  rollout: {
    percentage: number;
    strategy: RolloutStrategy;
    autoRollback: boolean;
    maxErrorRate: number;
    environmentStop: boolean;
  };
  tokens: { monitor: string | null; metrics: string | null; loops: string | null; session: string | null };
}

/** Every problem is one line: which variable, what is wrong, what to do. Never a secret's text. */
export type LoadedConfig = { ok: true; config: Config } | { ok: false; problems: string[] };

/** Reads and checks the whole environment, and reports all problems at once. Reads the files that it names. */
export function loadConfig(env: Environment): LoadedConfig {
  const read = createEnvironmentReader(env);
  const production = read.raw('NODE_ENV') === 'production';
  const github = readGitHub(read, production);
  const config: Config = {
    production,
    logLevel: read.oneOf('LOG_LEVEL', ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'info'),
    http: {
      host: read.raw('HOST') ?? (production ? '0.0.0.0' : '127.0.0.1'),
      port: read.integer('PORT', 0, 65_535, 3000),
      publicUrl: readPublicUrl(read),
    },
    github,
    database: readDatabase(read, github.appId !== null),
    inngest: readInngest(read, production),
    bulk: {
      workflow: readCaptureWorkflow(read),
      perInstallation: read.integer('BULK_PER_INSTALLATION', 1, 100, 1),
      oidcIssuer: readOidcIssuer(read, github),
    },
    control: readControlRepository(read),
    allowedAccounts: read.list('ALLOWED_ACCOUNTS', parseId, 'numeric account ids separated by commas'),
    limits: readLimits(read),
    include: read.list(
      'CAPTURE_INCLUDE',
      (element) => CAPTURE_INCLUDES.find((include) => include === element),
      `some of ${CAPTURE_INCLUDES.join(', ')}, separated by commas`,
    ) ?? ['pull-requests'],
    coalesceMs: Math.round(read.decimal('COALESCE_SECONDS', 0, 600, 3) * 1000),
    liveReservePercent: read.integer('LIVE_RESERVE_PERCENT', 0, 90, 10),
    autoHistoryLimit: read.integer('AUTO_HISTORY_LIMIT', 0, 10_000_000, 20_000),
    inngestBulkPerDay: read.integer('INNGEST_BULK_PER_DAY', 0, 10_000_000, 500),
    budgets: {
      actionsMinutesPerMonth: readBudget(read, 'MAX_ACTIONS_MINUTES_PER_MONTH'),
      inngestExecutionsPerMonth: readBudget(read, 'MAX_INNGEST_EXECUTIONS_PER_MONTH'),
    },
    retention: {
      deliveriesDays: read.integer('RETAIN_DELIVERIES_DAYS', 8, 36_500, 30),
      jobsDays: read.integer('RETAIN_JOBS_DAYS', 32, 36_500, 180),
      removedDays: read.integer('RETAIN_REMOVED_DAYS', 0, 36_500, 90),
    },
    freshnessMs: Math.round(read.decimal('FRESHNESS_HOURS', 0, 720, 6) * 3_600_000),
    prices: readPrices(read),
    reconcilePeriodMs: Math.round(read.decimal('RECONCILE_HOURS', 0, 8760, 24) * 3_600_000),
    rollout: {
      percentage: read.decimal('HYBRID_ROLLOUT_PERCENTAGE', 0, 100, 10),
      strategy: read.oneOf('HYBRID_ROLLOUT_STRATEGY', ROLLOUT_STRATEGIES, 'repository_size'),
      autoRollback: read.boolean('HYBRID_AUTO_ROLLBACK', true),
      maxErrorRate: read.decimal('HYBRID_MAX_ERROR_RATE', 0, 100, 5),
      environmentStop: read.boolean('HYBRID_EMERGENCY_STOP', false),
    },
    tokens: {
      monitor: read.secret('MONITOR_TOKEN'),
      metrics: read.secret('METRICS_TOKEN'),
      loops: read.secret('LOOPS_TOKEN'),
      session: read.secret('SESSION_SECRET', 32),
    },
  };
  return read.problems.length === 0 ? { ok: true, config } : { ok: false, problems: read.problems };
}

function readGitHub(read: EnvironmentReader, production: boolean): Config['github'] {
  const appId = read.raw('APP_ID') === null ? null : read.integer('APP_ID', 1, Number.MAX_SAFE_INTEGER, 1);
  const privateKey = readPrivateKey(read);
  const hasKey = read.raw('PRIVATE_KEY') !== null || read.raw('PRIVATE_KEY_PATH') !== null;
  if (appId !== null && !hasKey) {
    read.problems.push(
      "APP_ID is set without a key: set PRIVATE_KEY or PRIVATE_KEY_PATH to the App's private key.",
    );
  }
  if (appId === null && hasKey) {
    read.problems.push(
      "A private key is set without APP_ID: set APP_ID to the number on the App's settings page.",
    );
  }

  const webhookSecret = read.raw('WEBHOOK_SECRET') ?? (production ? null : DEFAULT_WEBHOOK_SECRET);
  if (production && (webhookSecret === null || webhookSecret === DEFAULT_WEBHOOK_SECRET)) {
    read.problems.push(
      `WEBHOOK_SECRET is ${webhookSecret === null ? 'missing' : 'the default, which everybody knows'}: in production set it to the secret on the App's settings page (a new one: openssl rand -hex 32).`,
    );
  }

  const clientId = read.raw('GITHUB_CLIENT_ID');
  const clientSecret = read.raw('GITHUB_CLIENT_SECRET');
  if ((clientId === null) !== (clientSecret === null)) {
    read.problems.push('GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET belong together: set both or neither.');
  }
  return { appId, privateKey, webhookSecret, clientId, clientSecret, ...readGitHubHost(read) };
}

function readPrivateKey(read: EnvironmentReader): string | null {
  const path = read.raw('PRIVATE_KEY_PATH');
  const name = read.raw('PRIVATE_KEY') === null && path !== null ? 'PRIVATE_KEY_PATH' : 'PRIVATE_KEY';
  let text = read.raw('PRIVATE_KEY');
  if (name === 'PRIVATE_KEY_PATH' && path !== null) {
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      read.problems.push(
        `PRIVATE_KEY_PATH: cannot read ${path} (${errorCode(error)}). Give a readable PEM file.`,
      );
      return null;
    }
  }
  if (text === null) return null;
  const parsed = parsePrivateKey(text);
  if ('key' in parsed) return parsed.key;
  read.problems.push(`${name} ${parsed.problem}`);
  return null;
}

type GitHubHost = Pick<Config['github'], 'host' | 'protocol' | 'apiUrl' | 'graphqlUrl' | 'webUrl'>;

const GITHUB_COM: GitHubHost = {
  host: 'github.com',
  protocol: 'https',
  apiUrl: 'https://api.github.com',
  graphqlUrl: 'https://api.github.com/graphql',
  webUrl: 'https://github.com',
};

function readGitHubHost(read: EnvironmentReader): GitHubHost {
  const protocol = read.oneOf('GHE_PROTOCOL', ['https', 'http'], 'https');
  const host = read.raw('GHE_HOST')?.toLowerCase() ?? null;
  if (host === null || host === 'github.com') return GITHUB_COM;
  const webUrl = `${protocol}://${host}`;
  if (!/^[a-z0-9.:[\]_-]+$/.test(host) || !URL.canParse(webUrl)) {
    read.refuse(
      'GHE_HOST',
      'a host such as github.example.com or 127.0.0.1:8080, without https:// and without a path',
    );
    return GITHUB_COM;
  }
  return { host, protocol, apiUrl: `${webUrl}/api/v3`, graphqlUrl: `${webUrl}/api/graphql`, webUrl };
}

function readPublicUrl(read: EnvironmentReader): URL | null {
  const expected = 'an origin such as https://capture.example.com, without a path';
  const url = read.httpUrl('PUBLIC_URL', expected);
  if (url === null || (url.pathname === '/' && url.search === '' && url.hash === '')) return url;
  read.problems.push(`PUBLIC_URL must be ${expected}.`);
  return null;
}

function readDatabase(read: EnvironmentReader, hasCredentials: boolean): Config['database'] {
  const url = read.raw('DATABASE_URL');
  // Never quoted: it holds a password.
  if (url !== null && !(/^postgres(ql)?:\/\//.test(url) && URL.canParse(url))) {
    read.problems.push('DATABASE_URL must be a URL such as postgres://user:password@host:5432/name.');
  }
  const allowEmbedded = read.boolean('ALLOW_EMBEDDED', false);
  if (url === null && hasCredentials && !allowEmbedded) {
    read.problems.push(
      'DATABASE_URL is not set: set it to a Postgres database, or set ALLOW_EMBEDDED=1 to keep everything in the embedded database in .data/.',
    );
  }
  const schema = read.raw('DATABASE_SCHEMA');
  if (schema !== null && !/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    read.refuse('DATABASE_SCHEMA', 'small letters, digits and _, at most 63, not beginning with a digit');
  }
  const sizeLimitGb =
    read.raw('DATABASE_SIZE_LIMIT_GB') === null
      ? null
      : read.decimal('DATABASE_SIZE_LIMIT_GB', 0.01, 1_000_000, 1);
  return { url, ca: readCertificate(read), schema, dataDir: '.data/app', allowEmbedded, sizeLimitGb };
}

function readCertificate(read: EnvironmentReader): string | null {
  const value = read.raw('DATABASE_CA');
  if (value === null) return null;
  let pem = value.replaceAll('\\n', '\n');
  if (!pem.includes('-----BEGIN')) {
    try {
      pem = readFileSync(value, 'utf8');
    } catch (error) {
      read.problems.push(
        `DATABASE_CA: cannot read ${value} (${errorCode(error)}). Give PEM text or a readable PEM file.`,
      );
      return null;
    }
  }
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  read.problems.push(
    'DATABASE_CA holds no "-----BEGIN CERTIFICATE-----": give the certificate authority as PEM.',
  );
  return null;
}

function readInngest(read: EnvironmentReader, production: boolean): Config['inngest'] {
  const eventKey = read.raw('INNGEST_EVENT_KEY') ?? read.raw('INNGEST_PRODUCTION_EVENT_KEY');
  const signingKey = read.raw('INNGEST_SIGNING_KEY') ?? read.raw('INNGEST_PRODUCTION_SIGNING_KEY');
  const isDevUrl = /^https?:\/\//.test(read.raw('INNGEST_DEV') ?? '');
  const devUrl = isDevUrl ? read.httpUrl('INNGEST_DEV', '1, 0, true, false or an http(s) URL') : null;
  const isDev = isDevUrl || read.boolean('INNGEST_DEV', false);
  const baseUrl =
    read.httpUrl('INNGEST_BASE_URL', 'an http(s) URL such as https://inngest.example.com') ?? devUrl;

  if (isDev && production) {
    read.problems.push(
      'INNGEST_DEV is set in production: unset it and set INNGEST_EVENT_KEY and INNGEST_SIGNING_KEY.',
    );
  }
  if (!isDev && eventKey !== null && signingKey === null) {
    read.problems.push(
      'INNGEST_EVENT_KEY is set without INNGEST_SIGNING_KEY: set both, from the same environment of Inngest.',
    );
  }
  if (!isDev && signingKey !== null && eventKey === null) {
    read.problems.push(
      'INNGEST_SIGNING_KEY is set without INNGEST_EVENT_KEY: set both, from the same environment of Inngest.',
    );
  }
  const mode = isDev ? 'dev' : eventKey !== null && signingKey !== null ? 'cloud' : 'off';
  if (mode === 'off' && eventKey === null && signingKey === null && baseUrl !== null) {
    read.problems.push(
      'INNGEST_BASE_URL is set without keys: set INNGEST_EVENT_KEY and INNGEST_SIGNING_KEY too, or INNGEST_DEV=1 for a dev server.',
    );
  }
  return { mode, eventKey, signingKey, baseUrl: baseUrl?.href.replace(/\/$/, '') ?? null };
}

const OWNER = '[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62})';
const REPOSITORY = '(?!\\.{1,2}(?:/|$))[A-Za-z0-9._-]{1,100}';

function readCaptureWorkflow(read: EnvironmentReader): Config['bulk']['workflow'] {
  const text = read.raw('CAPTURE_WORKFLOW');
  if (text === null) return null;
  const pattern = new RegExp(
    `^(?<owner>${OWNER})/(?<repo>${REPOSITORY})/(?<path>\\.github/workflows/[A-Za-z0-9._-]+\\.ya?ml)@(?<ref>[^\\s~^:?*\\\\[]+)$`,
  );
  const { owner, repo, path, ref } = pattern.exec(text)?.groups ?? {};
  if (owner === undefined || repo === undefined || path === undefined || ref === undefined) {
    read.refuse('CAPTURE_WORKFLOW', 'like owner/repo/.github/workflows/bulk-capture.yml@main');
    return null;
  }
  if (/^[0-9a-f]{40}$/.test(ref)) {
    read.refuse('CAPTURE_WORKFLOW', 'on a branch or tag: GitHub dispatches no workflow at a commit');
    return null;
  }
  return { owner, repo, path, ref: ref.replace(/^refs\/heads\//, '') };
}

function readControlRepository(read: EnvironmentReader): Config['control'] {
  const text = read.raw('CONTROL_REPOSITORY');
  if (text === null) return null;
  const { owner, repo } = new RegExp(`^(?<owner>${OWNER})/(?<repo>${REPOSITORY})$`).exec(text)?.groups ?? {};
  if (owner !== undefined && repo !== undefined) return { owner, repo };
  read.refuse('CONTROL_REPOSITORY', 'like owner/repo');
  return null;
}

/** Source: https://docs.github.com/actions/reference/openid-connect-reference (issuer of github.com and of GHES). */
function readOidcIssuer(read: EnvironmentReader, github: Config['github']): string {
  const url = read.httpUrl(
    'OIDC_ISSUER',
    'an http(s) URL such as https://token.actions.githubusercontent.com',
  );
  if (url !== null) return url.href.replace(/\/$/, '');
  if (github.host === 'github.com') return 'https://token.actions.githubusercontent.com';
  return `${github.webUrl}/_services/token`;
}

/** Without a variable, what is published holds. */
function readPrices(read: EnvironmentReader): Config['prices'] {
  const optional = (name: 'PRICE_INNGEST_THOUSAND_EXECUTIONS' | 'PRICE_DATABASE_GB_MONTH') =>
    read.raw(name) === null ? PUBLISHED_PRICES[name].amount : read.decimal(name, 0, 1_000, 0, 6);
  const included = (name: 'INCLUDED_ACTIONS_MINUTES' | 'INCLUDED_INNGEST_EXECUTIONS') =>
    read.integer(name, 0, 100_000_000, PUBLISHED_PRICES[name].amount);
  return {
    actionsMinute: read.decimal(
      'PRICE_ACTIONS_MINUTE',
      0,
      1_000,
      PUBLISHED_PRICES.PRICE_ACTIONS_MINUTE.amount,
      6,
    ),
    includedActionsMinutes: included('INCLUDED_ACTIONS_MINUTES'),
    inngestThousandExecutions: optional('PRICE_INNGEST_THOUSAND_EXECUTIONS'),
    includedInngestExecutions: included('INCLUDED_INNGEST_EXECUTIONS'),
    databaseGigabyteMonth: optional('PRICE_DATABASE_GB_MONTH'),
  };
}

function readLimits(read: EnvironmentReader): RouteLimits {
  const limits = {
    recentHours: read.integer('ROUTE_RECENT_HOURS', 1, 720, 24),
    smallBatch: read.integer('ROUTE_SMALL_BATCH', 1, 1000, 10),
    largeBatch: read.integer('ROUTE_LARGE_BATCH', 1, 1000, 50),
    largeRepository: read.integer('ROUTE_LARGE_REPOSITORY', 0, 10_000_000, 1000),
  };
  if (limits.smallBatch > limits.largeBatch) {
    read.problems.push(
      `ROUTE_SMALL_BATCH (${limits.smallBatch}) is above ROUTE_LARGE_BATCH (${limits.largeBatch}): lower the one or raise the other.`,
    );
  }
  return limits;
}

function readBudget(
  read: EnvironmentReader,
  name: 'MAX_ACTIONS_MINUTES_PER_MONTH' | 'MAX_INNGEST_EXECUTIONS_PER_MONTH',
): number | null {
  return read.raw(name) === null ? null : read.integer(name, 1, 100_000_000, 1);
}

function parseId(text: string): number | undefined {
  const id = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  return id > 0 ? id : undefined;
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
}
