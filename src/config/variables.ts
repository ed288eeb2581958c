/** What a person must know of one environment variable; `docs/configuration.md` is made from it. */
export interface Variable {
  meaning: string;
  /** What holds when the variable is unset or empty. */
  fallback: string;
  /** Legal values, with units. */
  bounds: string;
}

/** Every environment variable that the app and the CLI read, in the order of the documentation. */
export const VARIABLES = {
  NODE_ENV: {
    meaning: '`production` switches the strict checks on: no default webhook secret, no Inngest dev server.',
    fallback: 'not production',
    bounds: 'text',
  },
  LOG_LEVEL: {
    meaning: 'Least severe log lines that are written.',
    fallback: '`info`',
    bounds: '`trace`, `debug`, `info`, `warn`, `error`, `fatal`, `silent`',
  },
  PORT: {
    meaning: 'TCP port to listen on; 0 takes a free one.',
    fallback: '3000',
    bounds: 'integer, 0 to 65535',
  },
  HOST: {
    meaning: 'Address to listen on.',
    fallback: '`127.0.0.1`; `0.0.0.0` in production',
    bounds: 'IP address or host name',
  },
  PUBLIC_URL: {
    meaning:
      'Origin at which GitHub, its runners and Inngest reach this app; also the audience of OIDC tokens. Unset: no bulk work.',
    fallback: 'unset',
    bounds: 'origin, such as `https://capture.example.com`',
  },
  APP_ID: {
    meaning: 'Numeric id of the GitHub App. Unset together with the key: the app opens its set-up page.',
    fallback: 'unset',
    bounds: 'integer, at least 1',
  },
  PRIVATE_KEY: {
    meaning: "The App's RSA private key.",
    fallback: 'unset',
    bounds: 'PEM, also with `\\n` for line breaks, or base64 of the PEM file',
  },
  PRIVATE_KEY_PATH: {
    meaning: 'File that holds the private key; `PRIVATE_KEY` wins.',
    fallback: 'unset',
    bounds: 'path of a readable PEM file',
  },
  WEBHOOK_SECRET: {
    meaning: 'Secret with which GitHub signs webhooks. Required in production.',
    fallback: '`development`; none in production',
    bounds: 'text; in production not `development`',
  },
  GITHUB_CLIENT_ID: {
    meaning: "The App's OAuth client id, for signing in to the monitor.",
    fallback: 'unset',
    bounds: 'text; together with `GITHUB_CLIENT_SECRET`',
  },
  GITHUB_CLIENT_SECRET: {
    meaning: "The App's OAuth client secret.",
    fallback: 'unset',
    bounds: 'text; together with `GITHUB_CLIENT_ID`',
  },
  GHE_HOST: {
    meaning: 'Host of a GitHub Enterprise Server; its API is at `/api/v3` and `/api/graphql`.',
    fallback: '`github.com`',
    bounds: 'host name or address, with `:port` where needed, without `https://`',
  },
  GHE_PROTOCOL: {
    meaning: 'Protocol of `GHE_HOST`.',
    fallback: '`https`',
    bounds: '`https`, `http`',
  },
  ALLOWED_ACCOUNTS: {
    meaning: 'Accounts (users, organisations) whose installations are served.',
    fallback: "the App's owner",
    bounds: 'numeric ids, separated by commas',
  },
  DATABASE_URL: {
    meaning: 'The Postgres database. Unset: embedded PGlite in `.data/app`.',
    fallback: 'unset',
    bounds: '`postgres://` or `postgresql://` URL',
  },
  DATABASE_CA: {
    meaning: "Certificate authority of the database's TLS certificate.",
    fallback: 'unset',
    bounds: 'PEM, also with `\\n` for line breaks, or the path of a PEM file',
  },
  DATABASE_SCHEMA: {
    meaning: 'Schema that holds the tables.',
    fallback: 'unset: the search path of the role',
    bounds: 'small letters, digits and `_`, at most 63, no digit first',
  },
  ALLOW_EMBEDDED: {
    meaning: 'Allows the embedded database together with App credentials.',
    fallback: '`false`',
    bounds: '`1`, `0`, `true`, `false`',
  },
  DATABASE_SIZE_LIMIT_GB: {
    meaning: 'How much the database may hold; `doctor` warns at 80 % of it.',
    fallback: 'not known',
    bounds: 'GiB, 0.01 to 1000000, at most 2 decimals',
  },
  INNGEST_DEV: {
    meaning: "Use Inngest's dev server: `1`, or its URL. Refused in production.",
    fallback: '`0`',
    bounds: '`1`, `0`, `true`, `false`, or an http(s) URL',
  },
  INNGEST_EVENT_KEY: {
    meaning: 'Key for sending events to Inngest. Needs the signing key.',
    fallback: '`INNGEST_PRODUCTION_EVENT_KEY`',
    bounds: 'text',
  },
  INNGEST_SIGNING_KEY: {
    meaning: "Key that proves Inngest's calls. Needs the event key.",
    fallback: '`INNGEST_PRODUCTION_SIGNING_KEY`',
    bounds: 'text',
  },
  INNGEST_PRODUCTION_EVENT_KEY: {
    meaning: 'Understood as `INNGEST_EVENT_KEY`, which wins.',
    fallback: 'unset',
    bounds: 'text',
  },
  INNGEST_PRODUCTION_SIGNING_KEY: {
    meaning: 'Understood as `INNGEST_SIGNING_KEY`, which wins.',
    fallback: 'unset',
    bounds: 'text',
  },
  INNGEST_BASE_URL: {
    meaning: 'A self-hosted Inngest server. Needs both keys, or `INNGEST_DEV`.',
    fallback: "unset: Inngest's cloud",
    bounds: 'http(s) URL',
  },
  CAPTURE_WORKFLOW: {
    meaning: 'Workflow in which bulk work runs, and its branch. Unset: everything goes to Inngest.',
    fallback: 'unset',
    bounds: '`owner/repo/.github/workflows/file.yml@branch`',
  },
  BULK_PER_INSTALLATION: {
    meaning: "Bulk runs of one installation at the same time; they share the installation's API budget.",
    fallback: '1',
    bounds: 'integer, 1 to 100',
  },
  LIVE_RESERVE_PERCENT: {
    meaning: "Part of an installation's API budget that bulk work leaves alone, for what has just changed.",
    fallback: '10',
    bounds: 'percent, integer, 0 to 90',
  },
  OIDC_ISSUER: {
    meaning: 'Issuer of the tokens with which workflow runs prove who they are.',
    fallback:
      "`https://token.actions.githubusercontent.com`; with `GHE_HOST` that server's `/_services/token`",
    bounds: 'http(s) URL',
  },
  CONTROL_REPOSITORY: {
    meaning: 'The only repository in which `/rollout` changes are obeyed. Unset: they are refused.',
    fallback: 'unset',
    bounds: '`owner/repo`',
  },
  ROUTE_RECENT_HOURS: {
    meaning: 'Changes younger than this are recent.',
    fallback: '24',
    bounds: 'hours, integer, 1 to 720',
  },
  ROUTE_SMALL_BATCH: {
    meaning: 'Up to this many named items go to Inngest.',
    fallback: '10',
    bounds: 'integer, 1 to 1000',
  },
  ROUTE_LARGE_BATCH: {
    meaning: 'More named items than this go to GitHub Actions.',
    fallback: '50',
    bounds: 'integer, 1 to 1000, at least `ROUTE_SMALL_BATCH`',
  },
  ROUTE_LARGE_REPOSITORY: {
    meaning: 'A repository with more pull requests than this is large.',
    fallback: '1000',
    bounds: 'integer, 0 to 10000000',
  },
  CAPTURE_INCLUDE: {
    meaning: 'What repository-wide work walks.',
    fallback: '`pull-requests`',
    bounds: '`pull-requests`, `issues`, `commits`, `labels`, separated by commas',
  },
  COALESCE_SECONDS: {
    meaning: 'Events of one pull request within this time become one job.',
    fallback: '3',
    bounds: 'seconds, 0 to 600, decimals allowed',
  },
  AUTO_HISTORY_LIMIT: {
    meaning:
      'The history of a repository with more pull requests than this waits for `/capture history` in an issue of it, or `npx hybrid-capture capture owner/repo`.',
    fallback: '20000',
    bounds: 'integer, 0 to 10000000',
  },
  INNGEST_BULK_PER_DAY: {
    meaning:
      'Inngest executions a day, for bulk work that may not run in GitHub Actions: two for each run that is made on the day, and one for each of its waits for GitHub.',
    fallback: '500',
    bounds: 'integer, 0 to 10000000',
  },
  RETAIN_DELIVERIES_DAYS: {
    meaning:
      'Days for which the ids of webhook deliveries are kept. One that comes again later counts as new.',
    fallback: '30',
    bounds: 'days, integer, 8 to 36500',
  },
  RETAIN_JOBS_DAYS: {
    meaning:
      'Days for which jobs that have ended are kept, with their runs and metrics. Complete captures stay.',
    fallback: '180',
    bounds: 'days, integer, 32 to 36500',
  },
  RETAIN_REMOVED_DAYS: {
    meaning: 'Days for which rows are kept after the App was uninstalled.',
    fallback: '90',
    bounds: 'days, integer, 0 to 36500',
  },
  RECONCILE_HOURS: {
    meaning:
      'Every captured repository is compared with GitHub once in this time, spread out over it. 0: never by the app itself.',
    fallback: '24',
    bounds: 'hours, 0 to 8760, at most 2 decimals',
  },
  FRESHNESS_HOURS: {
    meaning:
      'An alarm is raised when no row was stored for this long although work waited or webhooks were to be expected. 0: never.',
    fallback: '6',
    bounds: 'hours, 0 to 720, at most 2 decimals',
  },
  MAX_ACTIONS_MINUTES_PER_MONTH: {
    meaning:
      'Billed Actions minutes of a calendar month (UTC), at which bulk work waits (`budget_exhausted`) and the rollout does not advance any more. At 80 % a notice says so. [Budgets](costs.md#budgets)',
    fallback: 'no limit',
    bounds: 'minutes, integer, 1 to 100000000',
  },
  MAX_INNGEST_EXECUTIONS_PER_MONTH: {
    meaning:
      'Inngest executions of a calendar month (UTC), at which work for Inngest waits (`budget_exhausted`). At 80 % a notice says so. [Budgets](costs.md#budgets)',
    fallback: 'no limit',
    bounds: 'integer, 1 to 100000000',
  },
  PRICE_ACTIONS_MINUTE: {
    meaning:
      'US dollars for a minute of GitHub Actions; the default is [the published one](costs.md#prices).',
    fallback: '0.006',
    bounds: 'US dollars, 0 to 1000, at most 6 decimals',
  },
  INCLUDED_ACTIONS_MINUTES: {
    meaning:
      'Minutes of GitHub Actions a month that cost nothing: what [your plan](costs.md#prices) includes and other workflows leave over.',
    fallback: '0',
    bounds: 'minutes, integer, 0 to 100000000',
  },
  PRICE_INNGEST_THOUSAND_EXECUTIONS: {
    meaning: 'US dollars for 1,000 executions of Inngest above those that are included.',
    fallback: 'not counted',
    bounds: 'US dollars, 0 to 1000, at most 6 decimals',
  },
  INCLUDED_INNGEST_EXECUTIONS: {
    meaning: 'Executions of Inngest a month that [your plan](costs.md#prices) includes.',
    fallback: '50000, of the free plan',
    bounds: 'integer, 0 to 100000000',
  },
  PRICE_DATABASE_GB_MONTH: {
    meaning: 'US dollars that `plan` counts for a gigabyte in the database, a month.',
    fallback: 'not counted',
    bounds: 'US dollars, 0 to 1000, at most 6 decimals',
  },
  HYBRID_ROLLOUT_PERCENTAGE: {
    meaning: 'Rollout percentage of a new database.',
    fallback: '10',
    bounds: 'percent, 0 to 100, at most 2 decimals',
  },
  HYBRID_ROLLOUT_STRATEGY: {
    meaning: 'Rollout strategy of a new database.',
    fallback: '`repository_size`',
    bounds: '`percentage`, `whitelist`, `repository_size`',
  },
  HYBRID_AUTO_ROLLBACK: {
    meaning: 'Whether a new database rolls back by itself.',
    fallback: '`true`',
    bounds: '`1`, `0`, `true`, `false`',
  },
  HYBRID_MAX_ERROR_RATE: {
    meaning: 'Error rate of a new database above which it rolls back.',
    fallback: '5',
    bounds: 'percent, 0 to 100, at most 2 decimals',
  },
  HYBRID_EMERGENCY_STOP: {
    meaning:
      "Stops all bulk work, now and whatever the database says. Unsetting it leaves the database's own stop.",
    fallback: '`false`',
    bounds: '`1`, `0`, `true`, `false`',
  },
  MONITOR_TOKEN: {
    meaning: 'Bearer token that reads the monitor. Unset: closed.',
    fallback: 'unset',
    bounds: 'text without spaces',
  },
  METRICS_TOKEN: {
    meaning: 'Bearer token of `/metrics`. Unset: closed.',
    fallback: 'unset',
    bounds: 'text without spaces',
  },
  LOOPS_TOKEN: {
    meaning: 'Bearer token of `POST /api/loops/{name}`. Unset: closed.',
    fallback: 'unset',
    bounds: 'text without spaces',
  },
  SESSION_SECRET: {
    meaning: 'Signs the session cookies of the monitor.',
    fallback: 'unset',
    bounds: 'text without spaces, at least 32 characters',
  },
} as const satisfies Record<string, Variable>;

export type VariableName = keyof typeof VARIABLES;
