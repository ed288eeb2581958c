import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from '../src/jobs/job.ts';
import { Progress } from '../src/jobs-api/protocol.ts';
import type { Database } from '../src/store/database.ts';
import type { Terminal } from './terminal.ts';

const POLL_MS = 150;

/** Whether nothing more happens to a job by itself: it ended, or it waits for somebody. */
function isSettled({ status, status_reason: reason }: Job): boolean {
  return status === 'queued' ? reason === 'bulk_deferred' : status !== 'dispatched' && status !== 'running';
}

/** Waits until no job of a repository is under way, showing how far the running ones are; returns all of its jobs. */
export async function watchJobs(
  db: Database,
  repositoryId: number,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Job[]> {
  for (;;) {
    signal.throwIfAborted();
    const jobs = await db
      .selectFrom('progressive_capture_jobs')
      .selectAll()
      .where('repository_id', '=', repositoryId)
      .orderBy('created_at')
      .execute();
    const pending = jobs.filter((job) => !isSettled(job));
    if (jobs.length > 0 && pending.length === 0) return jobs;
    for (const job of pending.filter(({ status }) => status === 'running')) {
      const text = describeProgress(job);
      if (text) terminal.progress(text);
    }
    await sleep(POLL_MS);
  }
}

function describeProgress({ job_type: type, processor_type: processor, progress }: Job): string | null {
  const parsed = Progress.safeParse(progress);
  if (!parsed.success) return null;
  const { done, total, rows, points } = parsed.data;
  const of = total === null ? '' : ` of ${total.toLocaleString('en-US')}`;
  return `${type} by ${processor}: ${done.toLocaleString('en-US')}${of}, ${rows.toLocaleString('en-US')} rows, ${points} points`;
}
