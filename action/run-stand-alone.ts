import { capture } from '../src/capture/capture.ts';
import { createGitHubClient } from '../src/github/client.ts';
import { GitHubError } from '../src/github/errors.ts';
import { checkpointKeyOf } from './checkpoint-key.ts';
import { countRows } from './count-rows.ts';
import { describeError } from './describe-error.ts';
import type { Inputs } from './inputs.ts';
import { captureLog, log } from './log.ts';
import type { Destination } from './mode.ts';
import type { OpenDestination } from './open-database-destination.ts';
import { createProgressLog } from './progress.ts';
import { type CaptureReport, NO_TOTALS } from './report.ts';
import type { RunContext } from './run-context.ts';
import { describeVerification } from './verdict.ts';
import { USER_AGENT } from './version.ts';

/** Captures a repository straight into a database or files; the checkpoint is kept there too. */
export async function runStandAlone(
  target: Destination,
  inputs: Inputs,
  context: RunContext,
): Promise<CaptureReport> {
  const { repository, isVerify, pullRequests } = inputs;
  const fullName = `${repository.owner}/${repository.name}`;
  const report: CaptureReport = {
    title: `${isVerify ? 'verification' : 'capture'} of ${fullName}`,
    status: 'failed',
    message: null,
    isFailure: true,
    totals: NO_TOTALS,
    rowsByTable: new Map(),
    gaps: [],
    warnings: [],
    checkpoint: null,
  };
  const startedMs = Date.now();
  const progress = createProgressLog(log.info);
  let close = async () => {};
  try {
    const opened = await openDestination(target, checkpointKeyOf(inputs));
    close = opened.close;
    const { destination, rowsByTable } = countRows(opened.destination);
    report.rowsByTable = rowsByTable;
    const result = await log.group(`${isVerify ? 'Verify' : 'Capture'} ${fullName}`, () =>
      capture({
        target: {
          repository,
          type: isVerify ? 'verify' : pullRequests.length > 0 ? 'pull_requests' : 'history',
          items: pullRequests,
          since: inputs.since,
          until: inputs.until,
          include: inputs.include,
        },
        github: createGitHubClient({
          ...context.github,
          userAgent: USER_AGENT,
          log: captureLog,
          token: async (rejected) => refuseRejected(inputs.githubToken, rejected),
        }),
        destination,
        log: captureLog,
        signal: context.shutdown,
        deadline: context.deadline,
        // Nobody else continues this run, so it sits out GitHub's limits as long as its own time allows.
        maxWaitMs: inputs.timeLimitMs,
        onProgress: progress.update,
      }),
    );
    Object.assign(report, {
      status: result.status,
      isFailure: result.status !== 'complete',
      message:
        (isVerify ? describeVerification(result) : null) ??
        messageOf(result.status, result.gaps.length, context.shutdown),
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
async function openDestination(target: Destination, checkpointKey: string): Promise<OpenDestination> {
  if (target.kind === 'postgres') {
    const { openDatabaseDestination } = await import('./open-database-destination.ts');
    return openDatabaseDestination(target.url, checkpointKey);
  }
  const { createNdjsonFilesDestination } = await import('../src/destination/ndjson-files.ts');
  const destination = createNdjsonFilesDestination({ directory: target.directory, checkpointKey });
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

function messageOf(status: CaptureReport['status'], gaps: number, shutdown: AbortSignal): string | null {
  switch (status) {
    case 'complete':
      return null;
    case 'incomplete':
      return `${gaps} parts could not be fetched. Run it again to try them once more.`;
    case 'stopped':
      return `${shutdown.reason instanceof Error ? shutdown.reason.message : 'The run was stopped.'} The next run goes on from where it stopped.`;
    default:
      return 'The time limit was reached before the end. The next run goes on from where it stopped.';
  }
}
