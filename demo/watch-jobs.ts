import { setTimeout as sleep } from 'node:timers/promises';
import { lastAttempt, type WorkflowRun } from '../sandbox/runner/workflow-run.ts';
import type { Job } from '../src/jobs/job.ts';
import { Progress } from '../src/jobs-api/protocol.ts';
import type { Database } from '../src/store/database.ts';
import type { Terminal } from './terminal.ts';
import type { Town } from './town.ts';
import type { Watchdog } from './watchdog.ts';

const POLL_MS = 150;

/** Whether nothing more happens to a job by itself: it ended, or it waits for somebody. */
function isSettled({ status, status_reason: reason }: Job): boolean {
  return status === 'queued' ? reason === 'bulk_deferred' : status !== 'dispatched' && status !== 'running';
}

export interface Watched {
  db: Database;
  town: Pick<Town, 'captured' | 'sandbox'>;
  terminal: Terminal;
  watchdog: Watchdog;
}

/**
 * Waits until no job of the captured repository is under way, showing how far the running ones are; returns all of its jobs.
 * @throws when one of them, or a workflow run, did not succeed: nothing here fails on purpose, and a new attempt may
 * be minutes away
 */
export async function watchJobs({ db, town, terminal, watchdog }: Watched): Promise<Job[]> {
  for (;;) {
    watchdog.signal.throwIfAborted();
    for (const run of town.sandbox.runner.runs.values()) refuseFailedRun(run);
    const jobs = await db
      .selectFrom('progressive_capture_jobs')
      .selectAll()
      .where('repository_id', '=', town.captured.id)
      .orderBy('created_at')
      .execute();
    for (const job of jobs) refuseFailure(job);
    const pending = jobs.filter((job) => !isSettled(job));
    if (jobs.length > 0 && pending.length === 0) return jobs;
    watchdog.see(
      jobs.length === 0
        ? 'waiting for a first job'
        : pending.map((job) => describeProgress(job) ?? describeJob(job)).join('; '),
    );
    for (const job of pending.filter(({ status }) => status === 'running')) {
      const text = describeProgress(job);
      if (text) terminal.progress(text);
    }
    await sleep(POLL_MS);
  }
}

function refuseFailure(job: Job): void {
  if (['queued', 'dispatched', 'running', 'completed', 'skipped'].includes(job.status)) return;
  throw new Error(`${describeJob(job)}.`);
}

function refuseFailedRun(run: WorkflowRun): void {
  const { conclusion, problem, exitCode, log } = lastAttempt(run);
  if (conclusion === null || conclusion === 'success') return;
  const said = log?.annotations.findLast(({ level }) => level === 'error')?.message;
  const crash = log?.lines.find((line) => /Error\b/.test(line)) ?? log?.lines.at(-1);
  const why = (problem ?? said ?? crash ?? `exit code ${exitCode}`).split('\n')[0];
  throw new Error(`workflow run ${run.id} "${run.displayTitle}" ended with ${conclusion}: ${why}`);
}

/** What a job does, and what has gone wrong with it so far, on one line. */
function describeJob(job: Job): string {
  const why = [job.status_reason, job.error?.split('\n')[0]].filter(Boolean).join(': ');
  const attempt = job.attempt > 1 ? `, attempt ${job.attempt}` : '';
  return `job ${job.job_type} by ${job.processor_type} is ${job.status}${attempt}${why ? ` (${why})` : ''}`;
}

function describeProgress({ job_type: type, processor_type: processor, progress }: Job): string | null {
  const parsed = Progress.safeParse(progress);
  if (!parsed.success) return null;
  const { done, total, rows, points } = parsed.data;
  const of = total === null ? '' : ` of ${total.toLocaleString('en-US')}`;
  return `${type} by ${processor}: ${done.toLocaleString('en-US')}${of}, ${rows.toLocaleString('en-US')} rows, ${points} points`;
}
