import { Progress } from '../jobs-api/protocol.ts';
import { judgePace, percentOf } from '../text/format-progress.ts';
import { isPaused } from './pause-run.ts';

/** What is read of a job for its progress. */
export interface WorkedJob {
  status: string;
  statusReason: string | null;
  /** As its run told it last. */
  progress: unknown;
  /** When that was. */
  heartbeatAt: Date | null;
  /** Milliseconds that its runs took together, without the waits in and between them; the current one up to `heartbeatAt`. */
  workedMs: number;
}

export interface JobProgress extends Progress {
  /** 0 to 100; null while it is not known how much there is. */
  percent: number | null;
  /** Items a minute, over all runs of the job; null while none is under way. */
  perMinute: number | null;
  /** When all of it should be done; null while that can't be said. */
  endsAt: Date | null;
}

/** How far a job is; null: no run of it has told anything yet, or it has ended. */
export function judgeJobProgress(job: WorkedJob): JobProgress | null {
  const { status, progress, heartbeatAt, workedMs } = job;
  if (status !== 'running' && status !== 'dispatched' && status !== 'queued') return null;
  const parsed = Progress.safeParse(progress);
  if (!parsed.success) return null;
  const isUnderWay = status === 'running' && !isPaused(job) && heartbeatAt !== null;
  const { perMinute, secondsLeft } = judgePace(parsed.data, 0, workedMs);
  return {
    ...parsed.data,
    percent: percentOf(parsed.data),
    perMinute: isUnderWay ? perMinute : null,
    endsAt: isUnderWay && secondsLeft !== null ? new Date(heartbeatAt.getTime() + secondsLeft * 1_000) : null,
  };
}
