import { type Command, Option } from 'commander';
import { describeCost, formatDollars, summarizeCost } from '../../src/cost/describe-cost.ts';
import type { Month } from '../../src/cost/month.ts';
import { priceShare } from '../../src/cost/price-usage.ts';
import { type Cost, readCost } from '../../src/cost/read-cost.ts';
import { readUsageByRepository, type Usage } from '../../src/cost/read-usage.ts';
import { EVERYTHING } from '../../src/monitor/scope.ts';
import type { Answer } from '../../src/text/answer.ts';
import { formatCount } from '../../src/text/format-progress.ts';
import { renderTerminal } from '../../src/text/render-answer.ts';
import { parseMonth, parseWholeNumber } from '../parse-arguments.ts';
import type { CommandTerminal } from '../terminal.ts';
import { readConfig, withDatabase } from '../with-database.ts';

interface CostOptions {
  month?: Month;
  by?: 'processor' | 'repository';
  limit: number;
  json?: boolean;
}

type Line = Usage & { name: string };

export function addCostCommand(program: Command, terminal: CommandTerminal): void {
  program
    .command('cost')
    .description('Tells what a month has cost, what it will, and what Inngest alone would have needed.')
    .option('--month <yyyy-mm>', 'a calendar month, UTC; default is this one', parseMonth)
    .addOption(
      new Option('--by <what>', 'a line for each processor or repository').choices([
        'processor',
        'repository',
      ]),
    )
    .option(
      '--limit <n>',
      'how many repositories, 1 to 10000',
      (text: string) => parseWholeNumber(text, 1, 10_000),
      50,
    )
    .option('--json', 'print JSON')
    .action(async ({ month, by, limit, json }: CostOptions) => {
      const config = readConfig(terminal);
      await withDatabase(config, {}, async (db) => {
        const now = new Date();
        const cost = await readCost(db, config, { now, ...(month ? { month } : {}) });
        const repositories =
          by === 'repository'
            ? await readUsageByRepository(db, { month: cost.month, now, scope: EVERYTHING, limit })
            : null;
        if (json) return terminal.print(JSON.stringify(repositories ? { ...cost, repositories } : cost));
        const lines: Line[] =
          repositories?.map((usage) => ({ ...usage, name: usage.repository })) ??
          (by === 'processor' ? cost.processors.map((usage) => ({ ...usage, name: usage.processor })) : []);
        terminal.print(renderTerminal(answer(cost, lines, by)));
      });
    });
}

function answer(cost: Cost, lines: readonly Line[], by: CostOptions['by']): Answer {
  return {
    ok: true,
    reasonCode: 'cost',
    headline: `Cost of ${cost.month.name} (UTC): ${summarizeCost(cost)}`,
    table: describeCost(cost),
    body: [],
    ...(by === undefined || lines.length === 0
      ? {}
      : {
          details: {
            summary: `By ${by}`,
            columns: [by, ...COLUMNS],
            rows: lines.map((line) => cells(line, cost)),
          },
        }),
  };
}

const COLUMNS = [
  'runs',
  'minutes',
  'billed',
  'free',
  'executions',
  'all on Inngest',
  'points',
  'requests',
  'rows',
  '$',
];

function cells(line: Line, cost: Cost): string[] {
  return [
    line.name,
    formatCount(line.runs),
    ...[line.minutes, line.billedMinutes, line.freeMinutes].map((minutes) => minutes.toFixed(1)),
    ...[line.executions, line.executionsOnInngest, line.points, line.requests, line.rows].map(formatCount),
    formatDollars(priceShare(line, cost)),
  ];
}
