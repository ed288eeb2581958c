import type { Job, JobRun } from '../../src/jobs/job.ts';
import type { Database } from '../../src/store/database.ts';
import { type CallRequest, type JobsApiContext, RUN_LEASE_MS } from './context.ts';
import { RefusedError } from './refused-error.ts';
import { matchesSessionHash, readSessionToken } from './session-token.ts';

/** The job and the run that a session token stands for. */
export interface Session {
  job: Job;
  run: JobRun;
}

/**
 * The session of a call, whether or not its run is still going. Refuses with 401 when the token is none, with 409
 * `superseded` when it was one until another attempt took over. `isLocked` holds the job's row until the transaction ends.
 */
export async function requireSession(
  context: Pick<JobsApiContext, 'sessionKey'>,
  db: Database,
  { jobId, bearer, line }: Pick<CallRequest, 'jobId' | 'bearer' | 'line'>,
  { isLocked = false }: { isLocked?: boolean } = {},
): Promise<Session> {
  const jobs = db
    .selectFrom('progressive_capture_jobs as job')
    .selectAll()
    .select((eb) =>
      eb
        .selectFrom('repositories')
        .select('full_name')
        .whereRef('repositories.id', '=', 'job.repository_id')
        .as('full_name'),
    )
    .where('id', '=', jobId);
  const job = await (isLocked ? jobs.forUpdate() : jobs).executeTakeFirst();
  if (!job) throw new RefusedError('job_not_found', `There is no job ${jobId}. End this run.`);
  const runs = await db
    .selectFrom('job_runs')
    .selectAll()
    .where('job_id', '=', jobId)
    .where('session_token_hash', 'is not', null)
    .execute();
  const run = runs.find((candidate) => matchesSessionHash(bearer, candidate.session_token_hash));
  if (run) {
    line.delivery = job.delivery_id ?? undefined;
    line.repository = job.full_name;
    line.rule = job.rule;
    line.run = run.run;
    return { job, run };
  }
  if (readSessionToken(context.sessionKey, jobId, bearer) !== null) throw superseded(jobId);
  throw new RefusedError(
    'wrong_session',
    `The bearer token is no session of job ${jobId}. Send the sessionToken that the claim answered.`,
  );
}

/** The session of a call that only the job's running run may make. Refuses with 409 once it is over. */
export async function requireRunningSession(...args: Parameters<typeof requireSession>): Promise<Session> {
  const session = await requireSession(...args);
  const { job, run } = session;
  if (job.status === 'cancelled') {
    throw new RefusedError('cancelled', `Job ${job.id} was cancelled (${job.status_reason}). End this run.`);
  }
  if (run.run !== job.run) throw superseded(job.id);
  if (job.status !== 'running' || run.state !== 'running') {
    throw new RefusedError(
      'job_not_running',
      `Run ${run.run} of job ${job.id} is over (the job is ${job.status}). End this run; what it sent is stored.`,
    );
  }
  return session;
}

/** Renews the lease of a run that the caller has just found running. */
export const leaseOf = ({ job, run }: Session, now: Date) => ({
  jobId: job.id,
  run: run.run,
  leaseMs: RUN_LEASE_MS,
  now,
});

function superseded(jobId: string): RefusedError {
  return new RefusedError(
    'superseded',
    `Another run or attempt has taken over job ${jobId}. End this run; what it sent is stored.`,
  );
}
