import type { Job } from '../src/jobs/job.ts';
import { isExact, type TableComparison } from './compare.ts';
import type { Terminal } from './terminal.ts';
import type { Town } from './town.ts';

/** What was done, what is stored, what it cost. */
export function showClosingTables(
  terminal: Terminal,
  {
    jobs,
    comparisons,
    town,
    seconds,
  }: { jobs: Job[]; comparisons: TableComparison[]; town: Town; seconds: number },
): void {
  const groups = new Map<string, { row: [string, string, string, string]; count: number; seconds: number }>();
  for (const job of jobs) {
    const row: [string, string, string, string] = [job.processor_type, job.rule, job.job_type, job.status];
    const group = groups.get(row.join()) ?? { row, count: 0, seconds: 0 };
    group.count += 1;
    if (job.started_at && job.completed_at) {
      group.seconds += (job.completed_at.getTime() - job.started_at.getTime()) / 1000;
    }
    groups.set(row.join(), group);
  }
  terminal.table(
    'Jobs',
    ['processor', 'rule', 'work', 'status', 'jobs', 'seconds'],
    [...groups.values()].map(({ row, count, seconds }) => [...row, count, seconds.toFixed(1)]),
  );
  terminal.table(
    'Rows, against what the local GitHub holds',
    ['table', 'GitHub', 'stored', 'missing', 'surplus', 'verdict'],
    comparisons.map((comparison) => [
      comparison.table,
      comparison.expected,
      comparison.stored,
      comparison.missing.length,
      comparison.surplus.length,
      isExact(comparison) ? 'exact' : 'DIFFERENT',
    ]),
  );
  const { total } = town.sandbox.stats();
  terminal.table(
    'Cost',
    ['what', 'amount'],
    [
      ['GraphQL requests', total.graphqlRequests],
      ['GraphQL points', total.points],
      ['REST requests', total.restRequests],
      ['requests refused by a limit', total.refused],
      ['workflow runs', town.sandbox.runner.runs.size],
      ['seconds, all in all', Number(seconds.toFixed(1))],
    ],
  );
}
