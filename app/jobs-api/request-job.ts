import type { Transaction } from 'kysely';
import { findCapturedUntil, rangeAfter } from '../../src/jobs/captured-until.ts';
import { planWork } from '../../src/jobs/plan-work.ts';
import { seedCheckpoints } from '../../src/jobs/seed-checkpoints.ts';
import { selfServiceLease } from '../../src/jobs/self-service-lease.ts';
import { type JobOffer, SelfServiceRequest } from '../../src/jobs-api/protocol.ts';
import { readRollout } from '../../src/rollout/rollout-store.ts';
import type { DB } from '../../src/store/database.generated.ts';
import type { WorkItem } from '../../src/work-item/work-item.ts';
import { bindJob } from './bind-job.ts';
import type { Call, JobsApiContext } from './context.ts';
import { findBudgetHold } from './find-budget-hold.ts';
import { requireSelfServiceWorkflow } from './identify-workflow.ts';
import type { RunClaims } from './oidc.ts';
import { requireServedProtocol } from './protocol-version.ts';
import { MAX_JSON_BYTES, readJsonBody, requireShape } from './read-json-body.ts';
import { RefusedError } from './refused-error.ts';
import { rememberToken, requireOwnToken } from './used-tokens.ts';

/** A repository's own runs get at most one job in this time. */
const INTERVAL_MS = 3_600_000;

/**
 * `POST /api/jobs`: a scheduled or manual run of a captured repository asks for a job for itself. Without a job in the
 * answer the run has nothing to do, and ends well: the work waits for another worker, or there is none.
 */
export const requestJob: Call = async (context, { req, bearer, line }): Promise<JobOffer> => {
  const { db, onChange } = context;
  const claims = await context.verifyIdToken(bearer);
  line.workflow_run = claims.runId;
  line.repository = claims.repository;
  const body = await readJsonBody(req, MAX_JSON_BYTES);
  requireServedProtocol(body);
  const request = requireShape(SelfServiceRequest, body);
  await requireOwnToken(db, claims, null);
  const repository = await requireInstalledRepository(context, claims);
  requireSelfServiceWorkflow(claims, repository.default_branch);

  const offer = await db.transaction().execute(async (trx): Promise<JobOffer> => {
    await rememberToken(trx, claims, null);
    const given = await takeTurn(trx, context, claims);
    if (given === 'too_soon') return tooSoon(claims.repository);
    if (given !== null) return { job: { id: given } };
    return planAndBind(trx, context, claims, await ownWork(trx, context, claims, repository, request));
  });
  if (offer.job === null) onChange();
  else line.job = offer.job.id;
  return offer;
};

async function requireInstalledRepository({ db }: JobsApiContext, claims: RunClaims) {
  const repository = await db
    .selectFrom('repositories as repository')
    // Of an installation older than this app nothing is stored; whether it still is one, its token shows.
    .leftJoin('installations as installation', 'installation.id', 'repository.installation_id')
    .select([
      'repository.id',
      'repository.full_name',
      'repository.is_private',
      'repository.default_branch',
      'repository.installation_id',
    ])
    .where('repository.id', '=', claims.repositoryId)
    .where('repository.installation_id', 'is not', null)
    .$narrowType<{ installation_id: number }>()
    .where('repository.removed_at', 'is', null)
    .where('installation.deleted_at', 'is', null)
    .where('installation.suspended_at', 'is', null)
    .executeTakeFirst();
  if (repository) return repository;
  throw new RefusedError(
    'not_installed',
    `The App is not installed on ${claims.repository} (id ${claims.repositoryId}), or is suspended. Install it there.`,
  );
}

/**
 * Takes the repository's turn of this hour. The same run may ask again: it gets the job that it was given, or null while
 * it has none.
 */
async function takeTurn(
  trx: Transaction<DB>,
  { now }: JobsApiContext,
  claims: RunClaims,
): Promise<string | 'too_soon' | null> {
  const holder = `workflow:${claims.runId}`;
  const at = now();
  const turn = await trx
    .insertInto('leases')
    .values({
      name: selfServiceLease(claims.repositoryId),
      holder,
      expires_at: new Date(at.getTime() + INTERVAL_MS),
    })
    .onConflict((conflict) =>
      conflict
        .column('name')
        .doUpdateSet((eb) => ({
          holder,
          fence: eb('leases.fence', '+', 1),
          expires_at: eb.ref('excluded.expires_at'),
        }))
        .where((eb) => eb.or([eb('leases.expires_at', '<=', at), eb('leases.holder', '=', holder)])),
    )
    .returning('name')
    .executeTakeFirst();
  if (!turn) return 'too_soon';
  const given = await trx
    .selectFrom('job_runs')
    .select('job_id')
    .where('workflow_run_id', '=', claims.runId)
    .orderBy('created_at', 'desc')
    .executeTakeFirst();
  return given?.job_id ?? null;
}

function tooSoon(repository: string): JobOffer {
  return {
    job: null,
    reason: 'too_soon',
    message: `${repository} has had its job of this hour. Schedule the workflow less often than once an hour.`,
  };
}

interface OwnWork {
  item: WorkItem;
  /** It takes up where complete captures ended. */
  capturedUntil: Date | null;
}

/** Without a beginning, a capture takes up where complete ones before it ended, and begins a little earlier. */
async function ownWork(
  trx: Transaction<DB>,
  { config }: JobsApiContext,
  claims: RunClaims,
  repository: Awaited<ReturnType<typeof requireInstalledRepository>>,
  request: SelfServiceRequest,
): Promise<OwnWork> {
  const { mode, items, until } = request;
  const include = request.include.length > 0 ? request.include : config.include;
  const type = mode === 'verify' ? 'verify' : items.length > 0 ? 'pull_requests' : 'history';
  const capturedUntil =
    type === 'history' && request.since === null
      ? ((await findCapturedUntil(trx, [repository.id], include)).get(repository.id) ?? null)
      : null;
  const item: WorkItem = {
    repository: {
      id: repository.id,
      fullName: repository.full_name,
      installationId: repository.installation_id,
      isPrivate: repository.is_private,
    },
    type,
    items: [...new Set(items)].sort((a, b) => a - b),
    range: {
      ...(request.since === null ? {} : { since: new Date(request.since) }),
      ...(capturedUntil === null ? {} : rangeAfter(capturedUntil)),
      ...(until === null ? {} : { until: new Date(until) }),
    },
    include,
    // Also when a person started the run: it is work in the background, and the run that does it is already there.
    reason: 'scheduled',
    ...(claims.actor === null ? {} : { actor: claims.actor }),
    isCritical: false,
  };
  return { item, capturedUntil };
}

async function planAndBind(
  trx: Transaction<DB>,
  context: JobsApiContext,
  claims: RunClaims,
  { item, capturedUntil }: OwnWork,
): Promise<JobOffer> {
  const { config, now } = context;
  const rollout = await readRollout(trx, { environmentStop: config.rollout.environmentStop });
  const [planned] = await planWork(trx, [item], {
    now: now(),
    config,
    rollout,
    // The run that will do the work is asking: no other workflow, and no way to it, is needed.
    bulkFor: () => ({ available: true }),
  });
  if (!planned) throw new Error(`No job was planned for ${item.repository.fullName}.`);
  if (planned.outcome === 'skipped') return { job: null, reason: planned.reason, message: planned.message };
  const { job, message, outcome } = planned;
  if (outcome === 'created' && capturedUntil !== null) await seedCheckpoints(trx, [{ job, capturedUntil }]);
  if (job.processor_type !== 'github_actions') return { job: null, reason: job.rule, message };
  const hold = await findBudgetHold(trx, context, claims);
  if (hold) return hold;
  if (await bindJob(trx, job.id, claims.runId, context)) {
    // How a run ends that users scheduled in their own repository says nothing about the rollout.
    await trx
      .updateTable('progressive_capture_jobs')
      .set({ is_exposed: false })
      .where('id', '=', job.id)
      .execute();
    return { job: { id: job.id } };
  }
  return {
    job: null,
    reason: 'queued',
    message: `Job ${job.id} waits: another bulk run of this installation is going on.`,
  };
}
