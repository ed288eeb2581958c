import { type ExpressionBuilder, sql, type Transaction } from 'kysely';
import { readRollout } from '../rollout/rollout-store.ts';
import type { DB } from '../store/database.generated.ts';
import type { Database } from '../store/database.ts';
import { decideJob, decisionColumns, holdsDecision } from './decide-job.ts';
import { type Job, jobWorkItem } from './job.ts';
import type { PlanContext } from './plan-work.ts';
import { findRepositoryFacts } from './repository-facts.ts';

export interface RerouteContext {
  now: Date;
  limits: PlanContext['config']['limits'];
  environmentStop: boolean;
  bulkFor: PlanContext['bulkFor'];
  /** Routed again whatever version of the rollout they were routed by: what only configuration decides may differ. */
  everything: boolean;
}

/** Jobs of one transaction, so that none holds its locks for long. */
const BATCH = 200;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/**
 * Routes queued bulk work again after the rollout has changed: a stop keeps what has not started out of GitHub
 * Actions, `/rollout include` starts what was deferred. What is dispatched or running finishes where it is.
 */
export async function rerouteQueued(db: Database, context: RerouteContext): Promise<Job[]> {
  const rerouted: Job[] = [];
  for (let after: string | undefined = FIRST_ID; after !== undefined; ) {
    const from: string = after;
    const page = await db.transaction().execute((trx) => reroutePage(trx, from, context));
    rerouted.push(...page.rerouted);
    after = page.lastId;
  }
  return rerouted;
}

/** `lastId`: there may be more after it. */
async function reroutePage(
  trx: Transaction<DB>,
  after: string,
  context: RerouteContext,
): Promise<{ rerouted: Job[]; lastId?: string | undefined }> {
  const rollout = await readRollout(trx, { environmentStop: context.environmentStop });
  let stale = trx
    .selectFrom('progressive_capture_jobs')
    .selectAll()
    .where('id', '>', after)
    .where('status', '=', 'queued')
    .where('is_bulk', '=', true)
    .where((eb) => eb.or([eb('lease_expires_at', 'is', null), eb('lease_expires_at', '<', context.now)]))
    .orderBy('id')
    .limit(BATCH)
    .forUpdate()
    .skipLocked();
  if (!context.everything) {
    stale = stale.where((eb) =>
      eb.or([eb('rollout_version', '!=', rollout.version), isKeptOut(eb, context.bulkFor)]),
    );
  }
  const jobs = await stale.execute();
  const ids = jobs.map((job) => job.repository_id);
  const repositories = await findRepositoryFacts(trx, ids, context.now);
  const rerouted: Job[] = [];
  for (const job of jobs) {
    const moved = await reroute(trx, job, repositories, rollout, context);
    if (moved.processor_type !== job.processor_type) rerouted.push(moved);
  }
  return { rerouted, lastId: jobs.length === BATCH ? jobs.at(-1)?.id : undefined };
}

/**
 * Bound for GitHub Actions without a way to it: what a repository's own run asked for and has left, which needed none
 * while that run was there.
 */
function isKeptOut(
  eb: ExpressionBuilder<DB, 'progressive_capture_jobs'>,
  bulkFor: RerouteContext['bulkFor'],
) {
  const keptOut = [false, true].filter((isPrivate) => !bulkFor({ isPrivate }).available);
  const repositories = eb
    .selectFrom('repositories')
    .select('repositories.id')
    .where('repositories.is_private', '=', sql<boolean>`ANY(${keptOut}::boolean[])`);
  return eb.and([eb('processor_type', '=', 'github_actions'), eb('repository_id', 'in', repositories)]);
}

async function reroute(
  trx: Transaction<DB>,
  job: Job,
  repositories: Awaited<ReturnType<typeof findRepositoryFacts>>,
  rollout: Awaited<ReturnType<typeof readRollout>>,
  { now, limits, bulkFor }: RerouteContext,
): Promise<Job> {
  const repository = repositories(job.repository_id);
  const item = jobWorkItem(job, { fullName: repository.full_name, isPrivate: repository.is_private });
  const context = { now: job.created_at, limits, rollout, bulk: bulkFor(item.repository) };
  const decided = decideJob(item, repository.facts, context);
  if (holdsDecision(job, decided)) return job;
  const isMoved = decided.route.processor !== job.processor_type;
  const wasDeferred = job.status_reason === 'bulk_deferred' || job.status_reason === 'budget_exhausted';
  return trx
    .updateTable('progressive_capture_jobs')
    .set({
      ...decisionColumns(decided),
      ...(isMoved ? { status_reason: 'rerouted', updated_at: now } : {}),
      ...(isMoved && wasDeferred ? { not_before: now } : {}),
    })
    .where('id', '=', job.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}
