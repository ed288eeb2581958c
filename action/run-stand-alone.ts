import { type CaptureResult, capture } from '../src/capture/capture.ts';
import type { CaptureTarget } from '../src/capture/plan-stages.ts';
import { createGitHubClient } from '../src/github/client.ts';
import { GitHubError } from '../src/github/errors.ts';
import { countOf } from '../src/text/count-of.ts';
import { formatTime } from '../src/text/format-time.ts';
import { describeRange } from '../src/work-item/describe-range.ts';
import { checkpointKeyOf } from './checkpoint-key.ts';
import { countRows } from './count-rows.ts';
import { describeError } from './describe-error.ts';
import type { Inputs } from './inputs.ts';
import { captureLog, log } from './log.ts';
import type { Destination } from './mode.ts';
import type { OpenDestination } from './open-database-destination.ts';
import { createProgressLog } from './progress.ts';
import { type CaptureReport, emptyReport, NO_TOTALS } from './report.ts';
import type { RunContext } from './run-context.ts';
import { describeVerification } from './verdict.ts';
import { USER_AGENT } from './version.ts';

/** Captures a repository straight into a database or files; the checkpoint is kept there too. */
export async function runStandAlone(
  place: Destination,
  inputs: Inputs,
  context: RunContext,
): Promise<CaptureReport> {
  const { repository, isVerify, pullRequests } = inputs;
  const fullName = `${repository.owner}/${repository.name}`;
  const target = {
    repository,
    type: isVerify ? 'verify' : pullRequests.length > 0 ? 'pull_requests' : 'history',
    items: pullRequests,
    since: inputs.since,
    until: inputs.until,
    include: inputs.include,
  } satisfies CaptureTarget;
  const report = emptyReport({
    title: `${isVerify ? 'verification' : 'capture'} of ${fullName}`,
    range: describeRange(target),
    status: 'failed',
    message: null,
    isFailure: true,
  });
  const startedMs = Date.now();
  const progress = createProgressLog(log);
  const github = createGitHubClient({
    ...context.github,
    userAgent: USER_AGENT,
    log: captureLog,
    token: async (rejected) => refuseRejected(inputs.githubToken, rejected),
  });
  let close = async () => {};
  try {
    const opened = await openDestination(place, checkpointKeyOf(inputs));
    close = opened.close;
    const { destination, rowsByTable } = countRows(opened.destination);
    report.rowsByTable = rowsByTable;
    const result = await log.group(`${isVerify ? 'Verify' : 'Capture'} ${fullName}`, () => {
      log.info(`What: ${report.range}. Until ${formatTime(context.deadline)} at the latest.`);
      return capture({
        target,
        github,
        destination,
        log: captureLog,
        signal: context.shutdown,
        deadline: context.deadline,
        // Nobody else continues this run, so it sits out GitHub's limits as long as its own time allows.
        maxWaitMs: inputs.timeLimitMs,
        onStage: progress.stage,
        onProgress: progress.update,
      });
    });
    Object.assign(report, {
      status: result.status,
      isFailure: result.status !== 'complete',
      message: (isVerify ? describeVerification(result) : null) ?? messageOf(result, context.shutdown),
      totals: result,
      gaps: result.gaps,
      warnings: result.warnings,
      checkpoint: result.checkpoint,
    } satisfies Partial<CaptureReport>);
  } catch (error) {
    const last = progress.last();
    const { rows = 0, points = 0, requests = 0 } = last ?? {};
    report.totals = { ...NO_TOTALS, rows, points, requests, seconds: (Date.now() - startedMs) / 1_000 };
    report.message = describeFailure(error, fullName);
  }
  report.usage = github.usage();
  try {
    await close();
  } catch (error) {
    Object.assign(report, {
      status: 'failed',
      isFailure: true,
      message: report.message ?? describeError(error),
    });
  }
  return report;
}

/** Loads only what the destination needs: a run for the app starts without a database driver. */
async function openDestination(place: Destination, checkpointKey: string): Promise<OpenDestination> {
  if (place.kind === 'postgres') {
    const { openDatabaseDestination } = await import('./open-database-destination.ts');
    return openDatabaseDestination(place.url, checkpointKey);
  }
  const { createNdjsonFilesDestination } = await import('../src/destination/ndjson-files.ts');
  const destination = createNdjsonFilesDestination({ directory: place.directory, checkpointKey });
  return { destination, close: destination.close };
}

function refuseRejected(token: string, rejected: string | undefined): string {
  if (token !== rejected) return token;
  throw new GitHubError(
    'unauthorized',
    'GitHub refused `github-token`: it is wrong, or its time is over. Give a valid one.',
  );
}

function describeFailure(error: unknown, fullName: string): string {
  if (error instanceof GitHubError && error.code === 'not_found') {
    return `${error.message} (${fullName}: is \`repository\` right, and may \`github-token\` read it?)`;
  }
  // What the store calls by the app's variable is an input here.
  return describeError(error).replaceAll('DATABASE_URL', 'the input `destination`');
}

function messageOf({ status, gaps, continueAt }: CaptureResult, shutdown: AbortSignal): string | null {
  switch (status) {
    case 'complete':
      return null;
    case 'incomplete':
      return `${countOf(gaps.length, 'part')} could not be fetched; the summary of the run has the list. Run it again to try once more.`;
    case 'stopped':
      return `${shutdown.reason instanceof Error ? shutdown.reason.message : 'The run was stopped.'} The next run goes on from where it stopped.`;
    case 'continue':
      return continueAt
        ? `GitHub's budget is used up. Run it again after ${formatTime(continueAt)}: it goes on from where it stopped.`
        : 'The time limit was reached before the end. The next run goes on from where it stopped.';
  }
}
