import process from 'node:process';
import { Command, InvalidArgumentError } from 'commander';
import { INSTALLATION_MS_PER_MINUTE } from '../../src/budget/limits.ts';
import { loadConfig } from '../../src/config/config.ts';
import { EXECUTIONS_OF_A_RUN } from '../../src/cost/executions.ts';
import { PUBLISHED_PRICES } from '../../src/cost/published-prices.ts';
import { BYTES_PER_PULL_REQUEST, estimateHistory } from '../../src/jobs/estimate-history.ts';
import { readable } from '../render-table.ts';
import { sum } from '../statistics.ts';
import { startThrowAwayPostgres, withOpenDatabase } from '../throw-away-postgres.ts';
import { percentile } from '../webhooks/send-load.ts';
import { drawOrganisation, type Organisation } from './draw-organisation.ts';
import { type JobCost, measureJobs } from './measure-jobs.ts';
import { type Day, simulateDay } from './simulate-day.ts';

interface Options {
  repositories: number;
  pullRequests: number;
  seed: number;
}

const DAYS_OF_MONTH = 30;
const MIB = 1024 ** 2;
const GB = 1e9;

/**
 * Points, and REST requests, an hour of an installation with more than 170 repositories.
 * Source: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api (and the same for GraphQL)
 */
const PER_HOUR = 12_500;
const INNGEST_FREE_PLAN = PUBLISHED_PRICES.INCLUDED_INNGEST_EXECUTIONS.amount;
/** Minutes that GitHub Team includes. Source: https://docs.github.com/billing/concepts/product-billing/github-actions */
const ACTIONS_TEAM_PLAN = 3_000;

/** `npm run bench:scale`: a day of a large organisation through the real planning, dispatch and reconciliation. */
async function main(): Promise<void> {
  const options = readOptions();
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 1_000);
  const say = (text: string) => process.stderr.write(`${seconds()} s  ${text}\n`);
  const organisation = drawOrganisation({
    repositories: options.repositories,
    pullRequestsADay: options.pullRequests,
    seed: options.seed,
  });
  const postgres = await startThrowAwayPostgres();
  try {
    say('what one job asks of GitHub');
    const costs = await withOpenDatabase(await postgres.create(), ({ db }) => measureJobs(db, options.seed));
    const day = await withOpenDatabase(await postgres.create(), ({ db }) =>
      simulateDay(db, organisation, costs, say),
    );
    const made = `Made by \`npm run bench:scale -- --repositories ${options.repositories} --pull-requests ${options.pullRequests} --seed ${options.seed}\` in ${seconds()} s, of which planning, dispatching and recording took ${readable(day.seconds)} s.`;
    process.stdout.write(
      [
        ...renderDay(organisation, day, costs),
        '',
        ...renderLimits(organisation, day),
        '',
        ...renderFirstCapture(organisation),
        '',
        made,
        '',
      ].join('\n'),
    );
  } finally {
    await postgres.stop();
  }
}

function renderDay(
  { events, repositories, pullRequestsToday }: Organisation,
  day: Day,
  costs: Record<string, JobCost>,
): string[] {
  const busiest = Math.max(...countByHour(events)) / 3_600;
  const active = new Set(events.map(({ repository }) => repository.id)).size;
  const live = day.latencies;
  return [
    '| a day | |',
    '|---|---|',
    `| webhooks, of ${readable(pullRequestsToday)} new pull requests in ${readable(active)} of ${readable(repositories.length)} repositories | ${readable(events.length)} (${readable(busiest, 2)} a second in the busiest hour) |`,
    ...day.jobs.map(
      ({ processor, rule, jobs }) =>
        `| jobs of \`${processor}\` by the rule \`${rule}\` | ${readable(jobs)} |`,
    ),
    `| jobs that had not ended at midnight | ${readable(day.left)} |`,
    `| from a webhook to its rows, median and 99 %, by a clock that goes in steps of 5 s | ${readable(percentile(live, 0.5), 1)} s, ${readable(percentile(live, 0.99), 1)} s |`,
    `| workflow runs that carried out all bulk work | ${readable(day.workflowRuns)} (${readable(day.actionsMinutes)} minutes) |`,
    ...Object.entries({
      'a changed pull request': costs.pullRequest,
      'a push': costs.push,
      'a reconciliation that finds nothing': costs.reconciliation,
    }).map(
      ([what, cost]) =>
        `| what ${what} asks of GitHub | ${readable(cost?.points ?? 0, 1)} points, ${readable(cost?.requests ?? 0)} REST requests, ${readable(cost?.seconds ?? 0, 2)} s of its time |`,
    ),
  ];
}

/** Each limit with what is used of it, the one that binds first above. */
function renderLimits({ pullRequestsToday }: Organisation, day: Day): string[] {
  const { retention } = defaults();
  const most = (key: keyof JobCost) => Math.max(...day.hours.map((hour) => hour[key]));
  const secondsPerHour = sum(Object.values(INSTALLATION_MS_PER_MINUTE)) * (60 / 1_000);
  const monthly = (amount: number) => amount * DAYS_OF_MONTH;
  const limits: [what: string, used: number, limit: number, of: string][] = [
    [
      'executions of Inngest a month',
      monthly(day.inngestRuns * EXECUTIONS_OF_A_RUN),
      INNGEST_FREE_PLAN,
      'the free plan',
    ],
    [
      'minutes of GitHub Actions a month',
      monthly(day.actionsMinutes),
      ACTIONS_TEAM_PLAN,
      'included in GitHub Team; none are billed in a public repository',
    ],
    ['GraphQL points in the busiest hour', most('points'), PER_HOUR, 'an installation'],
    ['REST requests in the busiest hour', most('requests'), PER_HOUR, 'an installation'],
    [
      "seconds of GitHub's time in the busiest hour",
      most('seconds'),
      secondsPerHour,
      'an installation, as the app shares it out',
    ],
  ];
  const shown = limits
    .sort((a, b) => b[1] / b[2] - a[1] / a[2])
    .map(
      ([what, used, limit, of]) =>
        `| ${what} | ${readable(used)} | ${readable(limit)} (${of}) | ${readable((used / limit) * 100)} % |`,
    );
  const kept = (day.bytesOfJobs * retention.jobsDays) / GB;
  const grows = (pullRequestsToday * BYTES_PER_PULL_REQUEST) / MIB;
  return [
    '| limit | used | of | share |',
    '|---|---|---|---|',
    ...shown,
    '',
    `The database grows by ${readable(grows, 1)} MiB of captured rows a day, and by ${readable(day.bytesOfJobs / MIB, 1)} MiB of jobs and their runs, which are kept for ${retention.jobsDays} days (\`RETAIN_JOBS_DAYS\`): ${readable(kept, 1)} GB.`,
  ];
}

function renderFirstCapture({ repositories }: Organisation): string[] {
  const { autoHistoryLimit } = defaults();
  const cost = estimateHistory(sum(repositories.map(({ pullRequests }) => pullRequests)));
  const waiting = repositories.filter(({ pullRequests }) => pullRequests > autoHistoryLimit).length;
  return [
    '| the first capture of all | |',
    '|---|---|',
    `| pull requests | ${readable(sum(repositories.map(({ pullRequests }) => pullRequests)))} (${readable(Math.max(...repositories.map(({ pullRequests }) => pullRequests)))} in the largest repository) |`,
    `| repositories that wait for \`/capture history\`, above \`AUTO_HISTORY_LIMIT\` | ${readable(waiting)} |`,
    `| hours of GitHub's time, in one installation | ${readable(cost.hours, 1)} |`,
    `| GraphQL points, REST requests | ${readable(cost.points)}, ${readable(cost.requests)} |`,
    `| minutes of GitHub Actions | ${readable(cost.minutes)} |`,
    `| the database | ${readable(cost.databaseBytes / GB, 1)} GB |`,
  ];
}

function countByHour(events: Organisation['events']): number[] {
  const hours = Array.from({ length: 24 }, () => 0);
  for (const { atMs } of events) {
    const hour = Math.floor(atMs / 3_600_000);
    hours[hour] = (hours[hour] ?? 0) + 1;
  }
  return hours;
}

function defaults() {
  const loaded = loadConfig({});
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.config;
}

function readOptions(): Options {
  const whole = (min: number, max: number) => (text: string) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`a whole number from ${min} to ${max}`);
  };
  return new Command('npm run bench:scale --')
    .description(
      'Simulates a day of a large organisation: its webhooks through the real planning, routing, dispatch and reconciliation, by a clock that jumps. Needs a PostgreSQL server on this machine.',
    )
    .option('--repositories <number>', 'of the organisation', whole(1, 100_000), 10_000)
    .option('--pull-requests <number>', 'opened in a day, in all of them', whole(1, 100_000), 1_000)
    .option('--seed <number>', 'of what happens, and when', whole(0, 999_999_999), 1)
    .parse()
    .opts();
}

await main();
