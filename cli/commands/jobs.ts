import type { Command } from 'commander';
import { sql } from 'kysely';
import { judgeJobProgress } from '../../src/jobs/job-progress.ts';
import type { Database } from '../../src/store/database.ts';
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

type ListedJob = Awaited<ReturnType<typeof listJobs>>[number];

async function listJobs(db: Database, { repository, limit }: JobsOptions) {
  let query = db
    .selectFrom('progressive_capture_jobs as job')
    .innerJoin('repositories', 'repositories.id', 'job.repository_id')
    .innerJoinLateral(
      (eb) =>
        eb
          .selectFrom('job_runs as run')
          .whereRef('run.job_id', '=', 'job.id')
          .select([
            // Of the current run up to its last sign of life, which is when the progress was told.
            sql<number>`coalesce(sum(extract(epoch FROM greatest(run.started_at,
              coalesce(run.ended_at, job.heartbeat_at)) - run.started_at)), 0)::double precision * 1000`.as(
              'worked_ms',
            ),
            sql<number>`coalesce(sum(run.rows_stored), 0)::integer`.as('rows'),
            sql<number>`coalesce(sum(run.points), 0)::integer`.as('points'),
            sql<number>`coalesce(sum(run.requests), 0)::integer`.as('requests'),
          ])
          .as('runs'),
      (join) => join.onTrue(),
    )
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
      'job.not_before as notBefore',
      'job.heartbeat_at as heartbeatAt',
      'job.completed_at as completedAt',
      'job.error',
      'job.progress',
      'runs.worked_ms as workedMs',
      'runs.rows',
      'runs.points',
      'runs.requests',
    ])
    .orderBy('job.created_at', 'desc')
    .orderBy('job.id')
    .limit(limit);
  if (repository) query = query.where(sql`lower(repositories.full_name)`, '=', repository.toLowerCase());
  const rows = await query.execute();
  return rows.map(({ workedMs, rows, points, requests, ...job }) => {
    const worked = { seconds: workedMs / 1_000, rows, points, requests };
    return { ...job, worked, progress: judgeJobProgress({ ...job, workedMs }) };
  });
}

function describeJob(job: ListedJob, now: Date): string {
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
