import * as core from '@actions/core';
import { createJobsApiClient } from '../src/destination/jobs-api-client.ts';
import { carryOutJob } from './carry-out-job.ts';
import { describeError } from './describe-error.ts';
import type { Inputs } from './inputs.ts';
import { log } from './log.ts';
import type { Mode } from './mode.ts';
import { type CaptureReport, emptyReport } from './report.ts';
import type { RunContext } from './run-context.ts';
import { ACTION_VERSION } from './version.ts';

/** Another job is worth beginning when so much time is left. */
const WORTHWHILE_MS = 5 * 60_000;

/** Carries out jobs of the app: the one that the run was started for and others that are due, or one asked for. */
export async function runWithApp(
  mode: Extract<Mode, { appUrl: URL }>,
  inputs: Inputs,
  context: RunContext,
): Promise<CaptureReport[]> {
  const client = createJobsApiClient({
    appUrl: mode.appUrl,
    getIdToken,
    actionVersion: ACTION_VERSION,
    signal: context.shutdown,
    onRetry: log.info,
  });
  if (mode.kind === 'self-service') {
    const { owner, name } = inputs.repository;
    const title = `${inputs.isVerify ? 'verification' : 'capture'} of ${owner}/${name}`;
    try {
      const offer = await client.requestJob({
        mode: inputs.isVerify ? 'verify' : 'capture',
        since: inputs.since?.toISOString() ?? null,
        until: inputs.until?.toISOString() ?? null,
        items: inputs.pullRequests,
        include: inputs.include,
      });
      if (offer.job) return [await carryOutJob(client, offer.job.id, context)];
      const message = `${offer.message} (${offer.reason})`;
      return [emptyReport({ title, status: 'skipped', message, isFailure: false })];
    } catch (error) {
      return [emptyReport({ title, status: 'failed', message: describeError(error), isFailure: true })];
    }
  }

  const reports: CaptureReport[] = [];
  for (let jobId: string | null = mode.jobId; jobId !== null; ) {
    const report = await carryOutJob(client, jobId, context);
    reports.push(report);
    const isDone = report.status === 'complete' || report.status === 'incomplete';
    const leftMs = context.deadline.getTime() - Date.now();
    const goesOn =
      isDone &&
      context.eventName === 'workflow_dispatch' &&
      !context.shutdown.aborted &&
      leftMs > WORTHWHILE_MS;
    jobId = goesOn ? await findNextJob(client, jobId) : null;
  }
  return reports;
}

/** That there is none to be had is no failure of what was done before. */
async function findNextJob(client: ReturnType<typeof createJobsApiClient>, finishedJobId: string) {
  try {
    const offer = await client.requestNextJob(finishedJobId);
    if (!offer.job) log.info(`No further job: ${offer.message} (${offer.reason})`);
    return offer.job?.id ?? null;
  } catch (error) {
    log.info(`No further job: ${describeError(error)}`);
    return null;
  }
}

async function getIdToken(audience: string): Promise<string> {
  if (!process.env.ACTIONS_ID_TOKEN_REQUEST_URL) {
    throw new Error(
      'This job may not prove who it is: add `permissions: id-token: write` to it, and start it from this repository, not a fork.',
    );
  }
  return core.getIDToken(audience);
}
