import type { Command } from 'commander';
import { type HistoryPrice, priceHistory } from '../../src/cost/price-history.ts';
import { estimateHistory, type HistoryCost } from '../../src/jobs/estimate-history.ts';
import { formatCount, formatDuration } from '../../src/text/format-progress.ts';
import { neutralizeLog } from '../../src/text/neutralize.ts';
import { type InstalledRepository, listInstalledRepositories } from '../list-installed-repositories.ts';
import { openGitHubApp, readJobsRepositoryVisibility } from '../open-github.ts';
import { parseFullName } from '../parse-arguments.ts';
import { renderTable } from '../render-table.ts';
import type { CommandTerminal } from '../terminal.ts';
import { readConfig } from '../with-database.ts';

interface PlanOptions {
  repository?: string;
  json?: boolean;
}

interface PlannedHistory {
  repository: string;
  pullRequests: number;
  issues: number;
  isPrivate: boolean;
  /** Why it is not captured by itself; then it costs nothing. */
  skipped: 'archived' | 'fork' | 'empty' | null;
  cost: HistoryCost;
  price: HistoryPrice;
}

type Total = Pick<PlannedHistory, 'cost' | 'price'> & { repositories: number; pullRequests: number };

export function addPlanCommand(program: Command, terminal: CommandTerminal): void {
  program
    .command('plan')
    .description(
      'Tells what the history of every installed repository will cost, by one query of one point each. Changes nothing.',
    )
    .option('--repository <owner/repo>', 'only this repository', parseFullName)
    .option('--json', 'print JSON')
    .action(async (options: PlanOptions) => {
      const config = readConfig(terminal);
      const app = await openGitHubApp(config);
      if (!app) throw new Error('A plan needs APP_ID and the private key of the App.');
      const served = config.allowedAccounts ?? [await app.ownerId()];
      const visibility =
        config.bulk.workflow === null ? null : await readJobsRepositoryVisibility(config, app);
      const isJobsRepositoryPublic = visibility === 'public';
      const planned: PlannedHistory[] = [];
      for await (const found of listInstalledRepositories(app, served, options.repository ?? null)) {
        const skipped = whySkipped(found);
        const cost = skipped ? NOTHING : estimateHistory(found.pullRequests);
        const price = priceHistory(cost, config.prices, { isJobsRepositoryPublic });
        const { fullName: repository, pullRequests, issues, isPrivate } = found;
        planned.push({ repository, pullRequests, issues, isPrivate, skipped, cost, price });
      }
      if (planned.length === 0) {
        throw new Error(
          options.repository
            ? `The App is not installed on ${options.repository}, for an account that is served.`
            : 'The App is installed on no repository of an account that is served.',
        );
      }
      planned.sort((a, b) => b.pullRequests - a.pullRequests || (a.repository < b.repository ? -1 : 1));
      const total = addUp(planned);
      const { prices } = config;
      terminal.print(
        options.json
          ? JSON.stringify({ repositories: planned, total, prices, isJobsRepositoryPublic })
          : render(planned, total, isJobsRepositoryPublic),
      );
    });
}

const NOTHING: HistoryCost = {
  ...{ points: 0, requests: 0, hours: 0, minutes: 0, executions: 0, databaseBytes: 0 },
};

/** Those are captured only when somebody asks for it. */
function whySkipped(repository: InstalledRepository): PlannedHistory['skipped'] {
  if (repository.isArchived) return 'archived';
  if (repository.isFork) return 'fork';
  return repository.isEmpty && repository.pullRequests === 0 ? 'empty' : null;
}

function addUp(planned: readonly PlannedHistory[]): Total {
  const sum = (of: (each: PlannedHistory) => number) => planned.reduce((total, each) => total + of(each), 0);
  const price = (of: (each: PlannedHistory) => number | null) =>
    planned.some((each) => of(each) === null) ? null : sum((each) => of(each) ?? 0);
  return {
    repositories: planned.length,
    pullRequests: sum(({ pullRequests }) => pullRequests),
    cost: {
      points: sum(({ cost }) => cost.points),
      requests: sum(({ cost }) => cost.requests),
      hours: sum(({ cost }) => cost.hours),
      minutes: sum(({ cost }) => cost.minutes),
      executions: sum(({ cost }) => cost.executions),
      databaseBytes: sum(({ cost }) => cost.databaseBytes),
    },
    price: {
      actions: price((each) => each.price.actions),
      inngest: price((each) => each.price.inngest),
      databasePerMonth: price((each) => each.price.databasePerMonth),
    },
  };
}

const COLUMNS = [
  ...['repository', 'pull requests', 'time', 'Actions min', 'Actions $', 'points', 'requests'],
  ...['or executions', 'database'],
];

function render(planned: readonly PlannedHistory[], total: Total, isJobsRepositoryPublic: boolean): string {
  const rows = [
    COLUMNS,
    ...planned.map((each) =>
      rowOf(`${neutralizeLog(each.repository)}${each.skipped ? ` (${each.skipped})` : ''}`, each),
    ),
    rowOf(`all ${formatCount(total.repositories)}`, total),
  ];
  const { inngest, databasePerMonth } = total.price;
  return [
    ...renderTable(rows),
    'Estimates, for pull requests with all that hangs on them. Time is that of one capture after the other, as in one installation.',
    'Executions are what Inngest would need for all of it in place of GitHub Actions.',
    ...(isJobsRepositoryPublic ? ['The jobs repository is public: standard runners are free there.'] : []),
    ...(inngest === null ? [] : [`Inngest instead of Actions: $${inngest.toFixed(2)}.`]),
    ...(databasePerMonth === null ? [] : [`Database: $${databasePerMonth.toFixed(2)} a month.`]),
  ].join('\n');
}

function rowOf(name: string, { pullRequests, cost, price }: Pick<Total, 'pullRequests' | 'cost' | 'price'>) {
  return [
    name,
    formatCount(pullRequests),
    formatDuration(cost.hours * 3_600),
    formatCount(cost.minutes),
    price.actions === null ? '' : price.actions.toFixed(2),
    formatCount(cost.points),
    formatCount(cost.requests),
    formatCount(cost.executions),
    `${formatCount(Math.ceil(cost.databaseBytes / 1e6))} MB`,
  ];
}
