import type { ResponseTimes } from '../src/budget/limits.ts';
import { reportUsage } from '../src/budget/report-usage.ts';
import { capture } from '../src/capture/capture.ts';
import { createJobsApiDestination } from '../src/destination/jobs-api.ts';
import {
  type JobsApiClient,
  JobsApiRefusal,
  type JobsApiSession,
  JobsApiUnreachable,
} from '../src/destination/jobs-api-client.ts';
import { createGitHubClient } from '../src/github/client.ts';
import { type CaptureEnd, judgeCaptureError, judgeCaptureResult } from '../src/jobs/judge-capture.ts';
import type { ClaimResponse, Progress } from '../src/jobs-api/protocol.ts';
import { countOf } from '../src/text/count-of.ts';
import { formatTime } from '../src/text/format-time.ts';
import { describeRange } from '../src/work-item/describe-range.ts';
import { countRows } from './count-rows.ts';
import { describeError } from './describe-error.ts';
import { createInstallationToken } from './installation-token.ts';
import { keepInTouch } from './keep-in-touch.ts';
import { captureLog, log } from './log.ts';
import { createProgressLog } from './progress.ts';
import { type CaptureReport, emptyReport, NO_TOTALS } from './report.ts';
import type { RunContext } from './run-context.ts';
import { describeVerification } from './verdict.ts';
import { USER_AGENT } from './version.ts';

/** What a cancelled run waits for the batch that is on its way. */
const GRACE_MS = 3_000;

/** Claims a job of the app, captures, and tells the app how it ended. */
export async function carryOutJob(
  client: JobsApiClient,
  jobId: string,
  context: RunContext,
): Promise<CaptureReport> {
  let claim: ClaimResponse;
  try {
    claim = await client.claim(jobId);
  } catch (error) {
    const title = `job ${jobId}`;
    if (error instanceof JobsApiRefusal && error.code === 'already_finished') {
      return emptyReport({ title, jobId, status: 'skipped', message: error.message, isFailure: false });
    }
    return emptyReport({ title, jobId, status: 'failed', message: describeError(error), isFailure: true });
  }
  context.mask(claim.sessionToken);
  const { job } = claim;
  const what = job.type === 'verify' ? 'Verify' : 'Capture';
  return log.group(`${what} ${job.repository.fullName} (job ${jobId}, run ${claim.run})`, () =>
    captureClaimed(client.session(jobId, claim.sessionToken), claim, context),
  );
}

async function captureClaimed(
  session: JobsApiSession,
  claim: ClaimResponse,
  context: RunContext,
): Promise<CaptureReport> {
  const { job } = claim;
  const [owner = '', name = ''] = job.repository.fullName.split('/');
  const startedMs = Date.now();
  const progress = createProgressLog(log);
  const github = createGitHubClient({
    ...context.github,
    userAgent: USER_AGENT,
    log: captureLog,
    token: createInstallationToken(claim, () => session.renewToken(), context.mask),
  });
  const withUsage = (last: Progress): Progress => ({ ...last, ...reportUsage(github.usage()) });
  const app = keepInTouch(session, () => {
    const last = progress.last();
    return last && withUsage(last);
  });
  const jobsApi = createJobsApiDestination({ session, ...claim });
  const { destination, rowsByTable } = countRows({
    ...jobsApi,
    write: (batch) => jobsApi.write({ ...batch, progress: withUsage(batch.progress) }),
  });

  const target = {
    repository: { owner, name, id: job.repository.id },
    type: job.type,
    items: job.items,
    since: job.since === null ? null : new Date(job.since),
    until: job.until === null ? null : new Date(job.until),
    include: job.include,
  };
  const range = describeRange(target);
  log.info(`What: ${range}. Until ${formatTime(context.deadline)} at the latest.`);
  const work = capture({
    target,
    github,
    destination,
    log: captureLog,
    signal: AbortSignal.any([context.shutdown, app.signal]),
    deadline: context.deadline,
    budget: claim.budget,
    renewBudget: app.renewBudget,
    listenForBudget: app.listenForBudget,
    onStage: progress.stage,
    onProgress: progress.update,
  });
  const report: CaptureReport = {
    ...emptyReport({
      title: `${job.type === 'verify' ? 'verification' : 'capture'} of ${job.repository.fullName}`,
      range,
      jobId: job.jobId,
      status: 'failed',
      message: null,
      isFailure: true,
    }),
    rowsByTable,
  };
  let end: Omit<CaptureEnd, 'result'>;
  let isAppAway = false;
  try {
    const result = await Promise.race([work, rejectAfterShutdown(context.shutdown)]);
    end = judgeCaptureResult(result);
    Object.assign(report, {
      status: result.status,
      isFailure: result.status === 'incomplete' || result.status === 'stopped',
      message:
        (job.type === 'verify' ? describeVerification(result) : null) ??
        messageOf(result.status, end, result.gaps.length),
      totals: result,
      gaps: result.gaps,
      warnings: result.warnings,
      checkpoint: result.checkpoint,
    } satisfies Partial<CaptureReport>);
  } catch (error) {
    end = judgeCaptureError(error);
    isAppAway = error instanceof JobsApiUnreachable;
    const last = progress.last();
    report.totals = {
      ...NO_TOTALS,
      rows: last?.rows ?? 0,
      points: last?.points ?? 0,
      requests: last?.requests ?? 0,
      seconds: (Date.now() - startedMs) / 1_000,
    };
    report.message = describeError(error);
    if (end.outcome === 'continue') Object.assign(report, { status: 'continue', isFailure: false });
    if (app.signal.aborted) report.status = 'stopped';
  } finally {
    app.end();
  }
  if (context.shutdown.aborted) {
    end = { ...end, outcome: 'cancelled', error: 'The workflow run was cancelled.' };
    Object.assign(report, {
      status: 'stopped',
      isFailure: true,
      message: end.error,
    } satisfies Partial<CaptureReport>);
  } else if (app.reason) {
    report.message = app.reason;
  }
  report.usage = github.usage();
  const { graphqlMs, restMs } = reportUsage(report.usage);
  await finish(session, end, report, { graphqlMs, restMs }, context.shutdown.aborted || isAppAway);
  return report;
}

function messageOf(
  status: CaptureReport['status'],
  end: Pick<CaptureEnd, 'continueAt'>,
  gaps: number,
): string | null {
  switch (status) {
    case 'incomplete':
      return `${countOf(gaps, 'part')} could not be fetched; the summary of the run has the list. The next capture tries again.`;
    case 'continue':
      return end.continueAt
        ? `GitHub's budget for it is used up. The app continues it in another run, after ${formatTime(end.continueAt)}.`
        : 'The time limit was reached before the end. The app continues it in another run.';
    case 'stopped':
      return 'The app told this run to stop.';
    default:
      return null;
  }
}

/** Tells the app how the run ended. That it could not be told is the report's failure, unless the app knows already. */
async function finish(
  session: JobsApiSession,
  end: Omit<CaptureEnd, 'result'>,
  report: CaptureReport,
  used: ResponseTimes,
  isUrgent: boolean,
): Promise<void> {
  const { pullRequests, rows, points, requests, seconds } = report.totals;
  try {
    const { status } = await session.finish(
      {
        outcome: end.outcome === 'lost' ? 'failure' : end.outcome,
        continueAt: end.continueAt?.toISOString() ?? null,
        complete: report.status === 'complete',
        pullRequests,
        rows,
        points,
        requests,
        seconds,
        gaps: report.gaps.length,
        ...used,
        error: end.error?.slice(0, 2_000) ?? null,
      },
      isUrgent,
    );
    log.info(`The app's job is now ${status}.`);
  } catch (error) {
    if (error instanceof JobsApiRefusal && report.isFailure) {
      log.info(`The app did not take the outcome: ${describeError(error)}`);
      return;
    }
    report.isFailure = true;
    report.message = `${report.message ?? 'Captured'}; but the app could not be told: ${describeError(error)}`;
  }
}

/** A capture ends by itself soon after the signal; one that hangs in a call must not eat the run's last seconds. */
async function rejectAfterShutdown(shutdown: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const start = () => setTimeout(() => reject(shutdown.reason), GRACE_MS).unref();
    if (shutdown.aborted) start();
    else shutdown.addEventListener('abort', start, { once: true });
  });
}
