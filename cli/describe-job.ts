import { isPaused } from '../src/jobs/pause-run.ts';
import type { ListedJob } from '../src/monitor/list-jobs.ts';
import { SILENT_MS } from '../src/monitor/read-overview.ts';
import { formatCount, formatDuration, formatProgress } from '../src/text/format-progress.ts';
import { neutralizeLog } from '../src/text/neutralize.ts';

/** A job in a list: one line, and up to two below it. */
export function describeJob(job: ListedJob, now: Date): string {
  const lines = [
    `${job.createdAt.toISOString()}  ${job.id}  ${neutralizeLog(job.repository)}  ${job.type}  ${job.processor} (${job.rule})  ${describeStatus(job)}`,
  ];
  const work = describeWork(job, now);
  if (work !== null) lines.push(`  ${work}`);
  if (job.error !== null) lines.push(`  ${neutralizeLog(job.error)}`);
  return lines.join('\n');
}

export function describeStatus({ status, statusReason }: ListedJob): string {
  return `${status}${statusReason ? ` (${statusReason})` : ''}`;
}

/** How far it is, or what it has done; null where there is nothing to tell. */
export function describeWork(job: ListedJob, now: Date): string | null {
  const { progress, worked, heartbeatAt } = job;
  const { rows, points, requests, seconds } = worked;
  if (job.status === 'completed') {
    return `${formatCount(rows)} rows, ${formatDuration(seconds)}, ${formatCount(points)} points, ${formatCount(requests)} requests`;
  }
  const parts: string[] = [];
  if (progress !== null) {
    const isUnderWay = progress.perMinute !== null;
    parts.push(formatProgress(progress, isUnderWay ? 0 : progress.done, seconds * 1_000));
    if (progress.endsAt) parts.push(`ends about ${minuteOf(progress.endsAt)}`);
  }
  const isWaiting = job.status === 'queued' || isPaused(job);
  if (isWaiting && job.notBefore > now) {
    parts.push(`${heartbeatAt ? 'goes on' : 'due'} after ${minuteOf(job.notBefore)}`);
  }
  const silentMs =
    heartbeatAt && job.status === 'running' && !isWaiting ? now.getTime() - heartbeatAt.getTime() : 0;
  if (silentMs > SILENT_MS) parts.push(`no sign of life for ${formatDuration(silentMs / 1_000)}`);
  return parts.length > 0 ? parts.join(', ') : null;
}

/** UTC, such as `2026-11-20 14:05Z`. */
function minuteOf(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')}Z`;
}
