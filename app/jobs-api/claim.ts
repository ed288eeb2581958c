import type { Job, JobRun } from '../../src/jobs/job.ts';
import { startRun } from '../../src/jobs/runs.ts';
import type { JobStatus } from '../../src/jobs/transitions.ts';
import { ClaimRequest, type ClaimResponse, PROTOCOL_VERSION } from '../../src/jobs-api/protocol.ts';
import type { Database } from '../../src/store/database.ts';
import { askGitHub, type Call, type JobsApiContext, RUN_LEASE_MS } from './context.ts';
import { isSelfServiceWorkflow, requireSelfServiceWorkflow } from './identify-workflow.ts';
import { giveInstallationToken } from './installation-token.ts';
import { judgeClaim } from './judge-claim.ts';
import type { RunClaims } from './oidc.ts';
import { requireServedProtocol } from './protocol-version.ts';
import { MAX_JSON_BYTES, readJsonBody, requireShape } from './read-json-body.ts';
import { RefusedError } from './refused-error.ts';
import { requireJobsRepositoryRun } from './require-jobs-repository-run.ts';
import { grantRunShare } from './run-share.ts';
import { deriveSessionToken, hashSessionToken } from './session-token.ts';
import { rememberToken, requireOwnToken } from './used-tokens.ts';

/** `POST /api/jobs/{id}/claim`: binds a workflow run to its job and gives it all that it needs to begin. */
export const claim: Call = async (context, { req, bearer, jobId, line }): Promise<ClaimResponse> => {
  const { db, now } = context;
  const claims = await context.verifyIdToken(bearer);
  line.workflow_run = claims.runId;
  const body = await readJsonBody(req, MAX_JSON_BYTES);
  requireServedProtocol(body);
  requireShape(ClaimRequest, body);
  await requireOwnToken(db, claims, jobId);

  const seen = await findClaimed(db, jobId);
  await requireRightWorkflow(context, claims, seen);
  if (!seen) throw new RefusedError('job_not_found', `There is no job ${jobId}. End this run.`);
  line.delivery = seen.job.delivery_id ?? undefined;
  line.repository = seen.fullName;
  line.rule = seen.job.rule;
  const isProven = await proveRun(context, claims, seen);
  const installationToken = await giveInstallationToken(context, seen.job);

  return db.transaction().execute(async (trx) => {
    await rememberToken(trx, claims, jobId);
    const claimed = await findClaimed(trx, jobId, { isLocked: true });
    if (!claimed?.run || !judge(claimed, claims, isProven)) throw movedMeanwhile(jobId);
    const { run } = claimed.run;
    const binding = { jobId, run, workflowRunId: claims.runId, workflowRunAttempt: claims.runAttempt };
    const sessionToken = deriveSessionToken(context.sessionKey, binding, claims.jti);
    const job = await startRun(trx, {
      jobId,
      run,
      worker: 'workflow',
      workflowRunId: claims.runId,
      workflowRunAttempt: claims.runAttempt,
      sessionTokenHash: hashSessionToken(sessionToken),
      billing: claims.billing,
      leaseMs: RUN_LEASE_MS,
      now: now(),
    });
    if (!job) throw movedMeanwhile(jobId);
    const stored = await trx
      .selectFrom('capture_checkpoints')
      .select(['checkpoint', 'sequence'])
      .where('key', '=', jobId)
      .executeTakeFirst();
    return {
      protocol: PROTOCOL_VERSION,
      job: specificationOf(job, claimed.fullName),
      run,
      sessionToken,
      ...installationToken,
      checkpoint: (stored?.checkpoint ?? null) as ClaimResponse['checkpoint'],
      sequence: stored?.sequence ?? 0,
      budget: await grantRunShare(
        trx,
        context,
        { job, run: { run, workflow_run_attempt: claims.runAttempt } },
        null,
      ),
    };
  });
};

interface Claimed {
  job: Job;
  run: JobRun | null;
  fullName: string;
  defaultBranch: string | null;
}

async function findClaimed(
  db: Database,
  jobId: string,
  { isLocked = false }: { isLocked?: boolean } = {},
): Promise<Claimed | null> {
  const jobs = db.selectFrom('progressive_capture_jobs').selectAll().where('id', '=', jobId);
  const job = await (isLocked ? jobs.forUpdate() : jobs).executeTakeFirst();
  if (!job) return null;
  const repository = await db
    .selectFrom('repositories')
    .select(['full_name', 'default_branch'])
    .where('id', '=', job.repository_id)
    .executeTakeFirstOrThrow();
  const run = await db
    .selectFrom('job_runs')
    .selectAll()
    .where('job_id', '=', jobId)
    .where('run', '=', job.run)
    .executeTakeFirst();
  return {
    job,
    run: run ?? null,
    fullName: repository.full_name,
    defaultBranch: repository.default_branch,
  };
}

/** A run of CAPTURE_WORKFLOW, or the repository's own run that asked for just this job. */
async function requireRightWorkflow(
  context: JobsApiContext,
  claims: RunClaims,
  seen: Claimed | null,
): Promise<void> {
  const isOwnRun =
    seen?.job.repository_id === claims.repositoryId &&
    seen.run?.workflow_run_id === claims.runId &&
    isSelfServiceWorkflow(claims);
  if (isOwnRun) requireSelfServiceWorkflow(claims, seen.defaultBranch);
  else await requireJobsRepositoryRun(context, claims);
}

/** Whether the run may claim the job; asks GitHub what the run was started for where the job does not know its run yet. */
async function proveRun(context: JobsApiContext, claims: RunClaims, seen: Claimed): Promise<boolean> {
  if (judge(seen, claims, false)) return false;
  const run = await askGitHub(`run ${claims.runId}`, () => context.workflowRun(claims.runId));
  const isStartedForJob =
    run !== null &&
    run.repositoryId === claims.repositoryId &&
    run.path.split('@', 1)[0] === context.config.bulk.workflow?.path &&
    run.event === 'workflow_dispatch' &&
    run.displayTitle.includes(seen.job.id);
  if (!isStartedForJob) {
    throw new RefusedError(
      'wrong_run',
      `GitHub does not show run ${claims.runId} as started for job ${seen.job.id}. The workflow's run-name must hold the job id; see workflows/bulk-capture.yml.`,
    );
  }
  judge(seen, claims, true);
  return true;
}

/** True: the run may have the job. False: GitHub must be asked first. */
function judge({ job, run }: Claimed, claims: RunClaims, isProven: boolean): boolean {
  const judgement = judgeClaim(
    {
      id: job.id,
      status: job.status as JobStatus,
      processorType: job.processor_type,
      run: run && {
        state: run.state,
        workflowRunId: run.workflow_run_id,
        workflowRunAttempt: run.workflow_run_attempt,
      },
    },
    claims,
    isProven,
  );
  if (judgement.kind === 'refuse') throw new RefusedError(judgement.code, judgement.message);
  return judgement.kind === 'accept';
}

function movedMeanwhile(jobId: string): RefusedError {
  return new RefusedError('not_dispatched', `Job ${jobId} was given to another run meanwhile. End this run.`);
}

function specificationOf(job: Job, fullName: string): ClaimResponse['job'] {
  return {
    jobId: job.id,
    type: job.job_type as ClaimResponse['job']['type'],
    repository: { id: job.repository_id, fullName },
    items: job.items,
    since: job.range_since?.toISOString() ?? null,
    until: job.range_until?.toISOString() ?? null,
    include: job.include as ClaimResponse['job']['include'],
  };
}
