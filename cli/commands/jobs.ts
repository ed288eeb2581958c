import type { Command } from 'commander';
import { sql } from 'kysely';
import type { Database } from '../../src/store/database.ts';
import { neutralizeLog } from '../../src/text/neutralize.ts';
import { parseFullName, parseWholeNumber } from '../parse-arguments.ts';
import type { CommandTerminal } from '../terminal.ts';
import { readConfig, withDatabase } from '../with-database.ts';

interface JobsOptions {
  repository?: string;
  limit: number;
  json?: boolean;
}

export function addJobsCommand(program: Command, terminal: CommandTerminal): void {
  program
    .command('jobs')
    .description('Lists the jobs that were made last.')
    .option('--repository <owner/repo>', 'only of this repository', parseFullName)
    .option('--limit <n>', 'how many, 1 to 1000', (text: string) => parseWholeNumber(text, 1, 1000), 20)
    .option('--json', 'print JSON')
    .action(async (options: JobsOptions) => {
      await withDatabase(readConfig(terminal), {}, async (db) => {
        const jobs = await listJobs(db, options);
        if (options.json) return terminal.print(JSON.stringify(jobs));
        terminal.print(jobs.length === 0 ? 'There are no jobs.' : jobs.map(describeJob).join('\n'));
      });
    });
}

type ListedJob = Awaited<ReturnType<typeof listJobs>>[number];

async function listJobs(db: Database, { repository, limit }: JobsOptions) {
  let query = db
    .selectFrom('progressive_capture_jobs as job')
    .innerJoin('repositories', 'repositories.id', 'job.repository_id')
    .select([
      'job.id',
      'repositories.full_name as repository',
      'job.job_type as type',
      'job.processor_type as processor',
      'job.rule',
      'job.status',
      'job.status_reason as statusReason',
      'job.attempt',
      'job.created_at as createdAt',
      'job.completed_at as completedAt',
      'job.error',
    ])
    .orderBy('job.created_at', 'desc')
    .orderBy('job.id')
    .limit(limit);
  if (repository) query = query.where(sql`lower(repositories.full_name)`, '=', repository.toLowerCase());
  return query.execute();
}

function describeJob(job: ListedJob): string {
  const status = `${job.status}${job.statusReason ? ` (${job.statusReason})` : ''}`;
  const error = job.error === null ? '' : `\n  ${neutralizeLog(job.error)}`;
  return `${job.createdAt.toISOString()}  ${job.id}  ${job.repository}  ${job.type}  ${job.processor} (${job.rule})  ${status}${error}`;
}
