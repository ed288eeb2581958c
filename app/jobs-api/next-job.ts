import type { Job } from '../../src/jobs/job.ts';
import { type JobOffer, NextRequest } from '../../src/jobs-api/protocol.ts';
import { readRollout } from '../../src/rollout/rollout-store.ts';
import type { Database } from '../../src/store/database.ts';
import { bindJob } from './bind-job.ts';
import type { Call, JobsApiContext } from './context.ts';
import { findBudgetHold } from './find-budget-hold.ts';
import type { RunClaims } from './oidc.ts';
import { requireServedProtocol } from './protocol-version.ts';
import { MAX_JSON_BYTES, readJsonBody, requireShape } from './read-json-body.ts';
import { RefusedError } from './refused-error.ts';
import { requireJobsRepositoryRun } from './require-jobs-repository-run.ts';
import { rememberToken, requireOwnToken } from './used-tokens.ts';

/** How many due jobs are tried; others are being taken by dispatchers at the same time. */
const CANDIDATES = 10;

/**
 * `POST /api/jobs/next`: a run of the jobs repository that has finished its job gets the next due one of the same
 * installation, so that one run works through many small jobs.
 */
export const nextJob: Call = async (context, { req, bearer, line }): Promise<JobOffer> => {
  const { db } = context;
  const claims = await context.verifyIdToken(bearer);
  line.workflow_run = claims.runId;
  const body = await readJsonBody(req, MAX_JSON_BYTES);
  requireServedProtocol(body);
  const { finishedJobId } = requireShape(NextRequest, body);
  await requireOwnToken(db, claims, null);
  await requireJobsRepositoryRun(context, claims);

  const finished = await requireFinishedJob(db, claims, finishedJobId);
  const found = await findNextJob(context, claims, finished);
  if (found.job) line.job = found.job.id;
  await noteAsked(db, claims, finished, context.now());
  return found;
};

async function findNextJob(context: JobsApiContext, claims: RunClaims, finished: Job): Promise<JobOffer> {
  const { db } = context;
  const given = await findGivenJob(db, claims);
  if (given) return { job: { id: given } };
  const { emergencyStop } = await readRollout(db, {
    environmentStop: context.config.rollout.environmentStop,
  });
  if (emergencyStop) return { job: null, reason: 'emergency_stop', message: 'The rollout is stopped.' };

  const hold = await findBudgetHold(db, context, claims);
  if (hold) return hold;
  for (const { id } of await findDueJobs(db, finished, context.now())) {
    if (await takeJob(context, claims, id)) return { job: { id } };
  }
  return { job: null, reason: 'nothing_due', message: 'No further job of this installation is due.' };
}

/** The run must have carried out the job that it names, and be done with it. */
async function requireFinishedJob(db: Database, claims: RunClaims, jobId: string): Promise<Job> {
  const job = await db
    .selectFrom('progressive_capture_jobs')
    .selectAll()
    .where('id', '=', jobId)
    .executeTakeFirst();
  const run = await db
    .selectFrom('job_runs')
    .select('state')
    .where('job_id', '=', jobId)
    .where('workflow_run_id', '=', claims.runId)
    .orderBy('run', 'desc')
    .executeTakeFirst();
  if (!job || !run) {
    throw new RefusedError('wrong_run', `Run ${claims.runId} did not carry out job ${jobId}. End this run.`);
  }
  if (run.state !== 'ended') {
    throw new RefusedError(
      'job_not_finished',
      `Job ${jobId} is still carried out by run ${claims.runId}. Report its end (finish) before asking for the next one.`,
    );
  }
  return job;
}

/** The job that this run was given before and has not finished: its answer was lost. */
async function findGivenJob(db: Database, claims: RunClaims): Promise<string | null> {
  const given = await db
    .selectFrom('progressive_capture_jobs as job')
    .innerJoin('job_runs as run', (join) =>
      join.onRef('run.job_id', '=', 'job.id').onRef('run.run', '=', 'job.run'),
    )
    .select('job.id')
    .where('job.status', 'in', ['dispatched', 'running'])
    .where('run.workflow_run_id', '=', claims.runId)
    .where('run.state', '!=', 'ended')
    .executeTakeFirst();
  return given?.id ?? null;
}

/** In the order of the queue: critical first, then recent, then smaller repositories before larger. */
async function findDueJobs(db: Database, finished: Job, now: Date): Promise<{ id: string }[]> {
  return db
    .selectFrom('progressive_capture_jobs as job')
    .innerJoin('repositories as repository', 'repository.id', 'job.repository_id')
    .select('job.id')
    .where('job.installation_id', '=', finished.installation_id)
    .where('job.processor_type', '=', 'github_actions')
    .where('job.status', '=', 'queued')
    .where('job.not_before', '<=', now)
    .orderBy('job.priority')
    .orderBy('repository.pull_requests_count', (order) => order.asc().nullsLast())
    .orderBy('job.created_at')
    .limit(CANDIDATES)
    .execute();
}

/** The run has its answer, so what comes due from now on needs not wait for it to ask. */
async function noteAsked(db: Database, claims: RunClaims, finished: Job, now: Date): Promise<void> {
  await db
    .updateTable('job_runs')
    .set({ asked_next_at: now })
    .where('job_id', '=', finished.id)
    .where('workflow_run_id', '=', claims.runId)
    .execute();
}

async function takeJob(context: JobsApiContext, claims: RunClaims, jobId: string): Promise<boolean> {
  return context.db.transaction().execute(async (trx) => {
    const isTaken = await bindJob(trx, jobId, claims.runId, context);
    if (isTaken) await rememberToken(trx, claims, null);
    return isTaken;
  });
}
