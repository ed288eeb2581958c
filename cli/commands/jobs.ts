import type { Command } from 'commander';
import { type ListedJob, listJobs } from '../../src/monitor/list-jobs.ts';
import { formatCount, formatDuration, formatProgress } from '../../src/text/format-progress.ts';
import { neutralizeLog } from '../../src/text/neutralize.ts';
import { parseFullName, parseWholeNumber } from '../parse-arguments.ts';
import type { CommandTerminal } from '../terminal.ts';
import { readConfig, withDatabase } from '../with-database.ts';

interface JobsOptions {
  repository?: string;
  limit: number;
  json?: boolean;
}

/** Heartbeats come every 60 s: a run that has missed two may be gone. */
const SILENT_MS = 150_000;

export function addJobsCommand(program: Command, terminal: CommandTerminal): void {
  program
    .command('jobs')
    .description('Lists the jobs that were made last, and how far they are.')
    .option('--repository <owner/repo>', 'only of this repository', parseFullName)
    .option('--limit <n>', 'how many, 1 to 1000', (text: string) => parseWholeNumber(text, 1, 1000), 20)
    .option('--json', 'print JSON')
    .action(async (options: JobsOptions) => {
      await withDatabase(readConfig(terminal), {}, async (db) => {
        const jobs = await listJobs(db, options);
        if (options.json) return terminal.print(JSON.stringify(jobs));
        const lines = jobs.map((job) => describeJob(job, new Date()));
        terminal.print(jobs.length === 0 ? 'There are no jobs.' : lines.join('\n'));
      });
    });
}

export function describeJob(job: ListedJob, now: Date): string {
  const status = `${job.status}${job.statusReason ? ` (${job.statusReason})` : ''}`;
  const lines = [
    `${job.createdAt.toISOString()}  ${job.id}  ${job.repository}  ${job.type}  ${job.processor} (${job.rule})  ${status}`,
  ];
  const work = describeWork(job, now);
  if (work !== null) lines.push(`  ${work}`);
  if (job.error !== null) lines.push(`  ${neutralizeLog(job.error)}`);
  return lines.join('\n');
}

/** How far it is, or what it has done; null where there is nothing to tell. */
function describeWork(job: ListedJob, now: Date): string | null {
  const { progress, worked, heartbeatAt } = job;
  if (progress === null) {
    if (job.status !== 'completed') return null;
    const { rows, points, requests, seconds } = worked;
    return `${formatCount(rows)} rows, ${formatDuration(seconds)}, ${formatCount(points)} points, ${formatCount(requests)} requests`;
  }
  const isUnderWay = progress.perMinute !== null;
  const parts = [formatProgress(progress, isUnderWay ? 0 : progress.done, worked.seconds * 1_000)];
  if (progress.endsAt) parts.push(`ends about ${minuteOf(progress.endsAt)}`);
  if (job.status === 'queued' && job.notBefore > now) parts.push(`goes on after ${minuteOf(job.notBefore)}`);
  const silentMs = heartbeatAt && job.status === 'running' ? now.getTime() - heartbeatAt.getTime() : 0;
  if (silentMs > SILENT_MS) parts.push(`no sign of life for ${formatDuration(silentMs / 1_000)}`);
  return parts.join(', ');
}

/** UTC, such as `2026-11-20 14:05Z`. */
function minuteOf(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')}Z`;
}
