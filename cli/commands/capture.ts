import { type Command, Option } from 'commander';
import type { Config } from '../../src/config/config.ts';
import { type PlannedJob, planWork } from '../../src/jobs/plan-work.ts';
import { ensureRollout, readRollout } from '../../src/rollout/rollout-store.ts';
import { bulkAvailability } from '../../src/route/bulk-availability.ts';
import type { Database } from '../../src/store/database.ts';
import { findServedRepository } from '../../src/store/find-repository.ts';
import { neutralizeLog } from '../../src/text/neutralize.ts';
import { describeRange } from '../../src/work-item/describe-range.ts';
import type { CaptureInclude, WorkItem, WorkRepository } from '../../src/work-item/work-item.ts';
import { findRepositoryOnGitHub } from '../find-repository-on-github.ts';
import { openGitHubApp, readJobsRepositoryVisibility } from '../open-github.ts';
import { parseFullName, parseInclude, parseNumbers, parseTime } from '../parse-arguments.ts';
import type { CommandTerminal } from '../terminal.ts';
import { readConfig, withDatabase } from '../with-database.ts';

interface CaptureOptions {
  since?: Date;
  until?: Date;
  pullRequests?: number[];
  include?: CaptureInclude[];
  critical?: boolean;
  json?: boolean;
}

export function addCaptureCommand(program: Command, terminal: CommandTerminal): void {
  const capture = program
    .command('capture')
    .description('Makes the job or jobs that capture a repository; the app carries them out.')
    .argument('<owner/repo>', 'a repository that the App is installed on', parseFullName)
    .option('--since <time>', 'only what changed at or after this date or time', parseTime)
    .option('--until <time>', 'only what changed before this date or time', parseTime)
    .addOption(
      new Option('--pull-requests <numbers>', 'these pull requests, such as 12,15; else the history')
        .argParser(parseNumbers)
        .conflicts(['since', 'until', 'include']),
    )
    .option(
      '--include <kinds>',
      'pull-requests, issues, commits, labels (default: CAPTURE_INCLUDE)',
      parseInclude,
    )
    .option('--critical', 'before all other work, and never in GitHub Actions')
    .option('--json', 'print JSON');
  capture.action(async (fullName: string, options: CaptureOptions) => {
    if (options.since && options.until && options.since >= options.until) {
      capture.error('error: --since must be before --until');
    }
    if (options.since && options.since > new Date()) capture.error('error: --since is in the future');
    const config = readConfig(terminal);
    await withDatabase(config, {}, async (db) => {
      await ensureRollout(db, config.rollout);
      const planned = await planCapture(db, config, fullName, options);
      terminal.print(
        options.json ? JSON.stringify(planned.map(toJson)) : planned.map(describePlanned).join('\n'),
      );
    });
  });
}

async function planCapture(
  db: Database,
  config: Config,
  fullName: string,
  options: CaptureOptions,
): Promise<PlannedJob[]> {
  const app = await openGitHubApp(config);
  const repository =
    (await findServedRepository(db, fullName)) ?? (app && (await findRepositoryOnGitHub(app, fullName)));
  if (!repository) {
    throw new Error(
      app
        ? `The App is not installed on ${fullName}, or there is no such repository: install it there, or check the spelling.`
        : `${fullName} is not in the database, and without APP_ID and a private key GitHub can't be asked.`,
    );
  }
  const visibility = app === null ? null : await readJobsRepositoryVisibility(config, app);
  return db.transaction().execute(async (trx) =>
    planWork(trx, [toWorkItem(repository, config, options)], {
      now: new Date(),
      config,
      rollout: await readRollout(trx, { environmentStop: config.rollout.environmentStop }),
      bulkFor: (of) => bulkAvailability(config, of, visibility),
    }),
  );
}

function toWorkItem(repository: WorkRepository, config: Config, options: CaptureOptions): WorkItem {
  const items = options.pullRequests ?? [];
  return {
    repository,
    type: items.length > 0 ? 'pull_requests' : 'history',
    items,
    range: {
      ...(options.since ? { since: options.since } : {}),
      ...(options.until ? { until: options.until } : {}),
    },
    include: items.length > 0 ? ['pull-requests'] : (options.include ?? config.include),
    reason: 'manual',
    isCritical: options.critical === true,
  };
}

function describePlanned(planned: PlannedJob): string {
  const { repository, range } = planned.item;
  const what = `${repository.fullName}, ${describeRange({ ...planned.item, ...range })}`;
  if (planned.outcome === 'skipped')
    return `skipped (${planned.reason})  ${what}: ${neutralizeLog(planned.message)}`;
  const { job, route } = planned;
  const joined = planned.outcome === 'coalesced' ? ' (joins a job that was waiting)' : '';
  return [
    `job ${job.id}${joined}`,
    `  what       ${what}`,
    `  processor  ${route.processor}`,
    `  rule       ${route.rule}: ${neutralizeLog(planned.message)}`,
    `  status     ${job.status}${job.status_reason ? ` (${job.status_reason})` : ''}, not before ${job.not_before.toISOString()}`,
  ].join('\n');
}

function toJson(planned: PlannedJob): Record<string, unknown> {
  const { item, outcome, message } = planned;
  const common = {
    outcome,
    repository: item.repository.fullName,
    items: item.items,
    range: item.range,
    message,
  };
  if (planned.outcome === 'skipped') return { ...common, reason: planned.reason };
  const { job, route } = planned;
  return {
    ...common,
    job: job.id,
    processor: route.processor,
    rule: route.rule,
    status: job.status,
    statusReason: job.status_reason,
    notBefore: job.not_before,
  };
}
