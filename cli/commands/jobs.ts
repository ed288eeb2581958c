import { type Command, Option } from 'commander';
import { countJobs, JOB_TRAITS, type JobCount, type JobTrait } from '../../src/monitor/count-jobs.ts';
import { listJobs } from '../../src/monitor/list-jobs.ts';
import type { Database } from '../../src/store/database.ts';
import { formatCount } from '../../src/text/format-progress.ts';
import { neutralizeLog } from '../../src/text/neutralize.ts';
import { describeJob } from '../describe-job.ts';
import { findStoredRepositories } from '../find-stored-repositories.ts';
import { parseFullName, parseUuid, parseWholeNumber } from '../parse-arguments.ts';
import { renderTable } from '../render-table.ts';
import type { CommandTerminal } from '../terminal.ts';
import { readConfig, withDatabase } from '../with-database.ts';

interface JobsOptions {
  repository?: string;
  limit: number;
  before?: string;
  group?: JobTrait;
  json?: boolean;
}

export function addJobsCommand(program: Command, terminal: CommandTerminal): void {
  program
    .command('jobs')
    .description('Lists the jobs that were made last, and how far they are; or counts them.')
    .option('--repository <owner/repo>', 'only of this repository', parseFullName)
    .option('--limit <n>', 'how many, 1 to 1000', (text: string) => parseWholeNumber(text, 1, 1000), 20)
    .option('--before <job>', 'only jobs that are older than this one, by its id', parseUuid)
    .addOption(
      new Option('--group <by>', 'count all jobs instead, by what they have in common')
        .choices(JOB_TRAITS)
        .conflicts('before'),
    )
    .option('--json', 'print JSON')
    .action(async (options: JobsOptions) => {
      await withDatabase(readConfig(terminal), {}, async (db) => {
        const { group, repository } = options;
        if (repository !== undefined) await findStoredRepositories(db, repository);
        const { text, more } = await (group ? showCounts(db, group, options) : showList(db, options));
        terminal.print(text);
        // Beside the list, so that it can go through a pipe.
        if (more !== null) terminal.fail(`There are more: ${more}`);
      });
    });
}

interface Shown {
  text: string;
  /** The command that shows what is left out; null: nothing is. */
  more: string | null;
}

async function showList(db: Database, options: JobsOptions): Promise<Shown> {
  const { limit, repository, json } = options;
  const { before } = options;
  if (before) await requireJob(db, before);
  // One more than is shown, to know whether there are more.
  const found = await listJobs(db, { limit: limit + 1, repository, after: before ?? null });
  const jobs = found.slice(0, limit);
  if (json) return { text: JSON.stringify(jobs), more: null };
  const [last] = jobs.slice(-1);
  if (!last) return { text: before ? 'There are no older jobs.' : 'There are no jobs.', more: null };
  return {
    text: jobs.map((job) => describeJob(job, new Date())).join('\n'),
    more: found.length > limit ? commandFor({ ...options, before: last.id }) : null,
  };
}

async function requireJob(db: Database, id: string): Promise<void> {
  const [job] = await listJobs(db, { limit: 1, id });
  if (!job) throw new Error(`There is no job ${id}: give an id that "hybrid-capture jobs" shows.`);
}

async function showCounts(db: Database, by: JobTrait, options: JobsOptions): Promise<Shown> {
  const { limit, repository = null, json } = options;
  const found = await countJobs(db, { by, repository, limit: limit + 1 });
  const counts = found.slice(0, limit);
  if (json) return { text: JSON.stringify(counts), more: null };
  if (counts.length === 0) return { text: 'There are no jobs.', more: null };
  // How jobs with a status stand, it says itself.
  const columns = by === 'status' ? 2 : 1 + COUNTED.length;
  const rows = [[by, ...COUNTED], ...counts.map(rowOf)].map((row) => row.slice(0, columns));
  return {
    text: renderTable(rows).join('\n'),
    more: found.length > limit ? commandFor({ ...options, limit: limit * 10 }) : null,
  };
}

const COUNTED = ['jobs', 'queued', 'under way', 'went wrong', 'completed'];

function rowOf({ value, jobs, queued, underWay, wrong, completed }: JobCount): string[] {
  return [neutralizeLog(value), ...[jobs, queued, underWay, wrong, completed].map(formatCount)];
}

/** How to see what is left out. */
function commandFor({ repository, limit, before, group }: JobsOptions): string {
  return [
    'hybrid-capture jobs',
    ...(group ? [`--group ${group}`] : []),
    ...(repository ? [`--repository ${repository}`] : []),
    `--limit ${Math.min(limit, 1_000)}`,
    ...(before ? [`--before ${before}`] : []),
  ].join(' ');
}
