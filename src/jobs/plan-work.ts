import { randomUUID } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { Config } from '../config/config.ts';
import {
  DEFAULT_REPOSITORY_SETTINGS,
  REPOSITORY_FILE,
  RepositorySettings,
  restrictToSettings,
} from '../config/repository-file.ts';
import type { RolloutState } from '../rollout/evaluate-enrolment.ts';
import type { RouteContext, RouteDecision } from '../route/decide-route.ts';
import { splitWorkItem } from '../route/split-work-item.ts';
import type { DB } from '../store/database.generated.ts';
import type { WorkItem, WorkRepository } from '../work-item/work-item.ts';
import { countBulkExecutionsToday, explainDeferral, isBulkOnInngest, nextDay } from './bulk-deferral.ts';
import {
  decideJob,
  decisionColumns,
  holdsDecision,
  type JobDecision,
  type RepositoryFacts,
} from './decide-job.ts';
import { insertJobs, type PlacedJob, type QueuedJob } from './insert-jobs.ts';
import { type Job, jobWorkItem } from './job.ts';
import { jobTarget } from './job-target.ts';
import { judgeSkip, type SkipReason } from './judge-skip.ts';
import { rememberRepositories } from './repository-facts.ts';
import { dropSeeds } from './seed-checkpoints.ts';

export interface PlanContext {
  now: Date;
  config: Pick<Config, 'limits' | 'coalesceMs' | 'inngestBulkPerDay'>;
  /** Read in the same transaction. */
  rollout: RolloutState;
  /** Whether bulk work of a repository may run in GitHub Actions; judged from configuration. */
  bulkFor: (repository: Pick<WorkRepository, 'isPrivate'>) => RouteContext['bulk'];
}

export type PlannedJob = {
  /** One side of the 24-hour line. */
  item: WorkItem;
  /** For people: the decision's reason, or why there is no job. */
  message: string;
} & (
  | { outcome: 'created' | 'coalesced'; job: QueuedJob; route: RouteDecision }
  | { outcome: 'skipped'; reason: SkipReason }
);

type Skipped = Extract<PlannedJob, { outcome: 'skipped' }>;

/** A piece of work with the job that it would be, and the decision about it. */
interface Draft {
  item: WorkItem;
  facts: RepositoryFacts;
  decided: JobDecision;
  row: QueuedJob;
}

/**
 * Turns work items into jobs, each with its decision, in the caller's transaction, with as many statements for a
 * thousand new ones as for one. Work that is still queued and was never dispatched takes the new work in: its range
 * widens, its place in the queue never gets worse.
 */
export async function planWork(
  trx: Transaction<DB>,
  items: readonly WorkItem[],
  context: PlanContext,
): Promise<PlannedJob[]> {
  const drafts = await drawUp(trx, items, context);
  const jobs = await insertJobs(
    trx,
    drafts.flatMap((draft) => ('row' in draft ? [draft.row] : [])),
  );
  const planned: PlannedJob[] = [];
  for (const draft of drafts) {
    const placed = 'row' in draft ? jobs.get(draft.row.id) : undefined;
    if ('outcome' in draft) planned.push(draft);
    else if (placed) planned.push(await settleDecision(trx, draft, placed, context));
  }
  await dropSeeds(trx, joinedHistories(planned));
  return deferBulk(trx, planned, context);
}

/** Only they are ever given a checkpoint before they begin. */
function joinedHistories(planned: readonly PlannedJob[]): string[] {
  return planned.flatMap((plan) =>
    plan.outcome === 'coalesced' && plan.job.job_type === 'history' ? [plan.job.id] : [],
  );
}

async function drawUp(
  trx: Transaction<DB>,
  items: readonly WorkItem[],
  context: PlanContext,
): Promise<(Draft | Skipped)[]> {
  const { now, config } = context;
  const repositories = await rememberRepositories(
    trx,
    items.map((item) => item.repository),
    now,
  );
  return items.flatMap((item): (Draft | Skipped)[] => {
    const repository = repositories(item.repository.id);
    const skip = judgeSkip(item, repository);
    const wanted = restrictToSettings(item, readSettings(repository.settings));
    if (skip || wanted === null) {
      return [{ outcome: 'skipped', item, ...(skip ?? switchedOff(item)) }];
    }
    const { facts } = repository;
    return splitWorkItem(wanted, { now, limits: config.limits, isNew: facts.isNew }).map((half) => {
      const decided = decideJob(half, facts, decisionContext(half, context));
      return { item: half, facts, decided, row: rowOf(half, decided, context) };
    });
  });
}

function readSettings(stored: unknown): RepositorySettings {
  const settings = RepositorySettings.safeParse(stored ?? {});
  return settings.success ? settings.data : DEFAULT_REPOSITORY_SETTINGS;
}

function switchedOff(item: WorkItem): { reason: SkipReason; message: string } {
  return {
    reason: 'switched_off',
    message: `${REPOSITORY_FILE} of ${item.repository.fullName} switches this kind of capture off.`,
  };
}

function decisionContext(item: WorkItem, { now, config, rollout, bulkFor }: PlanContext) {
  return { now, limits: config.limits, rollout, bulk: bulkFor(item.repository) };
}

function rowOf(item: WorkItem, decided: JobDecision, { now, config }: PlanContext): QueuedJob {
  const waitMs = item.reason === 'webhook' ? config.coalesceMs : 0;
  return {
    id: randomUUID(),
    repository_id: item.repository.id,
    installation_id: item.repository.installationId,
    job_type: item.type,
    target: jobTarget(item, { now, limits: config.limits }),
    items: [...item.items],
    range_since: item.range.since ?? null,
    range_until: item.range.until ?? null,
    include: [...item.include],
    reason: item.reason,
    actor_id: item.actor?.id ?? null,
    actor_login: item.actor?.login ?? null,
    delivery_id: item.deliveryId ?? null,
    is_critical: item.isCritical,
    ...decisionColumns(decided),
    status: 'queued',
    status_reason: null,
    not_before: new Date(now.getTime() + waitMs),
    created_at: now,
    updated_at: now,
  };
}

/** Decides again about a job that took other work in: by all that it holds now, and by the time when it was made. */
async function settleDecision(
  trx: Transaction<DB>,
  { item, facts, decided }: Draft,
  placed: PlacedJob,
  context: PlanContext,
): Promise<PlannedJob> {
  if (placed.isNew) {
    const { route } = decided;
    return { outcome: 'created', item, job: placed.job, route, message: route.explanation };
  }
  const merged = decideJob(jobWorkItem(placed.job, item.repository), facts, {
    ...decisionContext(item, context),
    now: placed.job.created_at,
  });
  const job = await applyDecision(trx, placed.job, merged, context);
  return { outcome: 'coalesced', item, job, route: merged.route, message: merged.route.explanation };
}

async function applyDecision(
  trx: Transaction<DB>,
  job: Job,
  decision: JobDecision,
  { now }: PlanContext,
): Promise<Job> {
  // While a dispatcher is sending it, it goes where it was decided to go; the worker reads the wider range.
  const isBeingSent = job.lease_expires_at !== null && job.lease_expires_at > now;
  if (isBeingSent || holdsDecision(job, decision)) return job;
  return trx
    .updateTable('progressive_capture_jobs')
    .set(decisionColumns(decision))
    .where('id', '=', job.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Bulk work that Inngest would have to do waits for the next day once this day's executions are used up. */
async function deferBulk(
  trx: Transaction<DB>,
  planned: PlannedJob[],
  { now, config }: PlanContext,
): Promise<PlannedJob[]> {
  const bulk = planned.flatMap((plan) =>
    plan.outcome !== 'skipped' && isBulkOnInngest(plan.job) ? [plan.job.id] : [],
  );
  if (bulk.length === 0 || (await countBulkExecutionsToday(trx, now)) < config.inngestBulkPerDay)
    return planned;
  const rows = await trx
    .updateTable('progressive_capture_jobs')
    .set({ not_before: nextDay(now), status_reason: 'bulk_deferred' })
    .where('id', 'in', bulk)
    .returningAll()
    .execute();
  const deferred = new Map(rows.map((job) => [job.id, job]));
  return planned.map((plan) => {
    const job = plan.outcome === 'skipped' ? undefined : deferred.get(plan.job.id);
    if (plan.outcome === 'skipped' || !job) return plan;
    const { fullName } = plan.item.repository;
    return { ...plan, job, message: explainDeferral(fullName, plan.message, config.inngestBulkPerDay) };
  });
}
