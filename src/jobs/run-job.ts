import { randomUUID } from 'node:crypto';
import { findSilence } from '../budget/silence.ts';
import { capture } from '../capture/capture.ts';
import type { Config } from '../config/config.ts';
import { createDatabaseDestination } from '../destination/database.ts';
import { createGitHubClient } from '../github/client.ts';
import { GitHubError } from '../github/errors.ts';
import { rateLimitOf, statusOf } from '../github/status-of.ts';
import type { Progress } from '../jobs-api/protocol.ts';
import type { Database } from '../store/database.ts';
import { neutralizeLog } from '../text/neutralize.ts';
import type { CaptureInclude } from '../work-item/work-item.ts';
import { finishClassification } from './finish-classification.ts';
import { holdLease } from './hold-lease.ts';
import { holdShare } from './hold-share.ts';
import type { Job } from './job.ts';
import type { JobLog } from './job-log.ts';
import { type CaptureEnd, judgeCaptureError, judgeCaptureResult } from './judge-capture.ts';
import { findPausedUntil } from './pause-run.ts';
import type { PlanContext } from './plan-work.ts';
import type { RunResult } from './run-result.ts';
import { endRun, pauseRun, startRun } from './runs.ts';
import type { JobStatus } from './transitions.ts';

/** Gives a token of one installation for one repository. */
export type TokenFor = (
  installationId: number,
  repositoryId: number | null,
) => Promise<{ token: string; expiresAt: Date }>;

export interface RunJobOptions {
  db: Database;
  jobId: string;
  run: number;
  worker: 'inngest' | 'in_process';
  inngestRunId?: string;
  tokenFor: TokenFor;
  config: Pick<
    Config,
    | 'github'
    | 'limits'
    | 'coalesceMs'
    | 'inngestBulkPerDay'
    | 'liveReservePercent'
    | 'include'
    | 'autoHistoryLimit'
    | 'rollout'
  >;
  bulkFor: PlanContext['bulkFor'];
  log: JobLog;
  /** Aborted: the run stops at the next batch and goes on later. */
  signal?: AbortSignal;
  /** Milliseconds until the run needs a sign of life, which it gives three times as often. */
  leaseMs: number;
  /** Milliseconds after which a long capture stops at a batch and is continued by another run. */
  sliceMs: number;
  /**
   * Given where somebody starts the same run again when GitHub's limit is over: then the run waits until then, unless as
   * many of its installation wait already. Otherwise the job does, and another run of it goes on.
   */
  pause?: { perInstallation: number };
}

/** Ids, counts and cursors only: nothing of GitHub's text. */
export interface RunJobReport {
  jobId: string;
  run: number;
  /**
   * `paused`: the run waits until `notBefore`, and is to be started again then. `not_started`: the run is not the job's
   * current one, has ended, or is somebody else's.
   */
  status: JobStatus | 'paused' | 'not_started';
  pullRequests: number;
  rows: number;
  points: number;
  requests: number;
  /** When the job is due again, if it is. */
  notBefore: string | null;
}

/**
 * Carries a run of a job out in this process: starts it, captures into the database, and records how it ended.
 * What goes wrong with the capture is an outcome of the job; only what keeps the outcome itself from being recorded,
 * such as a database that is away, is thrown.
 */
export async function runJob(options: RunJobOptions): Promise<RunJobReport> {
  const { db, jobId, run, worker, log } = options;
  const begunAt = Date.now();
  const holder = `${worker}:${randomUUID()}`;
  const pausedUntil = await findPausedUntil(db, jobId, run);
  const job = await startRun(db, {
    jobId,
    run,
    worker,
    holder,
    leaseMs: options.leaseMs,
    ...(options.inngestRunId !== undefined ? { inngestRunId: options.inngestRunId } : {}),
  });
  if (!job) {
    log.info(
      { job: jobId, run, stage: 'capture' },
      'The run was not started: it is over, or somebody else has it.',
    );
    return report(options, 'not_started', null, null);
  }

  const { full_name: fullName } = await db
    .selectFrom('repositories')
    .select('full_name')
    .where('id', '=', job.repository_id)
    .executeTakeFirstOrThrow();
  const silentUntil = await findSilence(db, job.installation_id, new Date());
  const end =
    stillWaits(pausedUntil) ?? stillWaits(silentUntil) ?? (await captureJob(job, fullName, holder, options));
  const line = {
    delivery: job.delivery_id ?? undefined,
    job: jobId,
    run,
    repository: fullName,
    stage: 'capture',
    processor: job.processor_type,
    rule: job.rule,
    duration_ms: Date.now() - begunAt,
    rows: end.result?.rows ?? 0,
  };

  const until = waitOf(end);
  const { pause, leaseMs } = options;
  if (
    pause &&
    until &&
    (await pauseRun(db, { ...pause, jobId, run, holder, result: end.result, until, leaseMs }))
  ) {
    log.info({ ...line, status: 'paused', until: until.toISOString() }, 'A capture waits for GitHub.');
    return report(options, 'paused', end, until);
  }
  const settled = await db.transaction().execute(async (trx) => {
    const ended = await endRun(trx, { jobId, run, holder, ...end });
    // One that was cancelled meanwhile, such as by an uninstallation, starts no history.
    if (job.job_type === 'classify' && ended?.isChanged && ended.status === 'completed') {
      await finishClassification(trx, job, options);
    }
    return ended;
  });
  const status = settled?.isChanged ? settled.status : 'not_started';
  const told = { ...line, status, ...(end.error !== null ? { reason: neutralizeLog(end.error) } : {}) };
  if (end.outcome === 'failure' || end.outcome === 'blocked') log.warn(told, 'A capture failed.');
  else log.info(told, 'A capture ended.');
  return report(options, status, end, settled?.notBefore ?? null);
}

/** Milliseconds by which the clocks of GitHub, Inngest and this machine may differ. */
const CLOCK_SLACK_MS = 5_000;

/**
 * The end of a run that must not ask GitHub before that time: because it was paused and is begun again too early, as
 * Inngest does where the answer with the time was lost, or because another run of the installation was refused.
 */
function stillWaits(until: Date | null): CaptureEnd | null {
  return until && until.getTime() > Date.now() + CLOCK_SLACK_MS
    ? { outcome: 'continue', result: null, error: null, continueAt: until }
    : null;
}

/** Until when a capture that goes on later has to wait for GitHub; null: it need not. */
function waitOf({ outcome, continueAt }: CaptureEnd): Date | null {
  return outcome === 'continue' && continueAt && continueAt.getTime() > Date.now() ? continueAt : null;
}

async function captureJob(
  job: Job,
  fullName: string,
  holder: string,
  options: RunJobOptions,
): Promise<CaptureEnd> {
  const { db, config, log, leaseMs } = options;
  const [owner = '', name = ''] = fullName.split('/');
  const begunAt = Date.now();
  let progress: Progress | null = null;
  const lease = holdLease({
    db,
    jobId: job.id,
    run: options.run,
    holder,
    leaseMs,
    log,
    progress: () => progress,
  });
  const signal = options.signal ? AbortSignal.any([options.signal, lease.signal]) : lease.signal;
  const destination = createDatabaseDestination({
    db,
    repositoryId: job.repository_id,
    checkpointKey: job.id,
  });
  const github = createGitHubClient({
    apiUrl: config.github.apiUrl,
    graphqlUrl: config.github.graphqlUrl,
    token: () => unlessAborted(signal, findToken(job, fullName, options.tokenFor)),
    userAgent: 'hybrid-capture',
    log: (level, message, fields) =>
      log[level]({ job: job.id, repository: fullName, stage: 'capture', ...fields }, message),
  });
  const share = holdShare({
    db,
    job,
    holder,
    reservePercent: config.liveReservePercent,
    usage: github.usage,
    log,
  });
  try {
    const result = await capture({
      target: {
        repository: { owner, name, id: job.repository_id },
        type: job.job_type,
        items: job.items,
        since: job.range_since,
        until: job.range_until,
        include: job.include as CaptureInclude[],
      },
      github,
      destination: share.renewWithWrites(destination),
      budget: await share.renew(),
      renewBudget: share.renew,
      log: (level, message, fields) =>
        log[level]({ job: job.id, repository: fullName, stage: 'capture', ...fields }, message),
      signal,
      deadline: new Date(Date.now() + options.sliceMs),
      maxWaitMs: Math.floor(options.sliceMs / 2),
      onProgress: (now) => {
        progress = now;
      },
    });
    return judgeCaptureResult(result);
  } catch (error) {
    const result = progress && resultSoFar(progress, Date.now() - begunAt);
    if (options.signal?.aborted) return { outcome: 'continue', result, error: null };
    return { ...judgeCaptureError(error), result };
  } finally {
    await share.release();
    await lease.release();
    await destination.close();
  }
}

/** What a capture did until it failed: GitHub was asked, and what was stored stays. */
function resultSoFar({ rows, points, requests }: Progress, ms: number): RunResult {
  // How many pull requests of it are whole, progress does not tell.
  return { pullRequests: 0, rows, points, requests, seconds: ms / 1_000, complete: false, gaps: 0 };
}

/** Octokit asks on for half a minute while GitHub is away, and can't be told to stop: a run that must end does not wait. */
async function unlessAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** @throws GitHubError when GitHub refuses the token: the App was uninstalled, suspended or lost its permission. */
async function findToken(job: Job, fullName: string, tokenFor: TokenFor): Promise<string> {
  try {
    return (await tokenFor(job.installation_id, job.repository_id)).token;
  } catch (cause) {
    const retryAt = rateLimitOf(cause);
    if (retryAt) {
      throw new GitHubError(
        'rate_limited',
        `GitHub gives no token until ${retryAt.toISOString()}: its rate limit is reached.`,
        { retryAt, cause },
      );
    }
    const status = statusOf(cause);
    if (status === 401) {
      throw new GitHubError('unauthorized', "GitHub refused the App's key; check APP_ID and PRIVATE_KEY.", {
        cause,
      });
    }
    if (status === 403 || status === 404 || status === 422) {
      throw new GitHubError(
        'forbidden',
        `GitHub gives no token for ${fullName} (HTTP ${status}): install the App on it, or lift its suspension, and accept its permissions.`,
        { cause },
      );
    }
    throw new GitHubError('unreachable', `GitHub gave no token for ${fullName}; it will be asked again.`, {
      cause,
    });
  }
}

function report(
  { jobId, run }: RunJobOptions,
  status: RunJobReport['status'],
  end: CaptureEnd | null,
  notBefore: Date | null,
): RunJobReport {
  const { pullRequests = 0, rows = 0, points = 0, requests = 0 } = end?.result ?? {};
  return {
    jobId,
    run,
    status,
    pullRequests,
    rows,
    points,
    requests,
    notBefore: notBefore?.toISOString() ?? null,
  };
}
