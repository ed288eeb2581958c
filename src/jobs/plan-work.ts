import { randomUUID } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
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
import { countBulkRunsToday, explainDeferral, isBulkOnInngest, nextDay } from './bulk-deferral.ts';
import { decideJob, decisionColumns } from './decide-job.ts';
import { type Job, jobWorkItem } from './job.ts';
import { jobTarget } from './job-target.ts';
import { judgeSkip, type SkipReason } from './judge-skip.ts';
import { findRepositoryFacts, upsertRepository } from './repository-facts.ts';

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
  | { outcome: 'created' | 'coalesced'; job: Job; route: RouteDecision }
  | { outcome: 'skipped'; reason: SkipReason }
);

/**
 * Turns work items into jobs, each with its decision, in the caller's transaction. Work that is still queued and was
 * never dispatched takes the new work in: its range widens, its place in the queue never gets worse.
 */
export async function planWork(
  trx: Transaction<DB>,
  items: readonly WorkItem[],
  context: PlanContext,
): Promise<PlannedJob[]> {
  const { now, config } = context;
  const planned: PlannedJob[] = [];
  for (const item of items) {
    await upsertRepository(trx, item.repository);
    const repository = await findRepositoryFacts(trx, item.repository.id, now);
    const skip = judgeSkip(item, repository);
    const wanted = restrictToSettings(item, readSettings(repository.settings));
    if (skip || wanted === null) {
      planned.push({ outcome: 'skipped', item, ...(skip ?? switchedOff(item)) });
      continue;
    }
    const halves = splitWorkItem(wanted, { now, limits: config.limits, isNew: repository.facts.isNew });
    for (const half of halves) planned.push(await planJob(trx, half, repository, context));
  }
  return planned;
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

type StoredRepository = Awaited<ReturnType<typeof findRepositoryFacts>>;

async function planJob(
  trx: Transaction<DB>,
  item: WorkItem,
  repository: StoredRepository,
  context: PlanContext,
): Promise<PlannedJob> {
  const { now, config, rollout, bulkFor } = context;
  const decisionContext = { now, limits: config.limits, rollout, bulk: bulkFor(item.repository) };
  const id = randomUUID();
  const decided = decideJob(item, repository.facts, decisionContext);
  const waitMs = item.reason === 'webhook' ? config.coalesceMs : 0;
  const row = await trx
    .insertInto('progressive_capture_jobs')
    .values({
      id,
      repository_id: item.repository.id,
      installation_id: item.repository.installationId,
      job_type: item.type,
      target: jobTarget(item, decisionContext),
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
      not_before: new Date(now.getTime() + waitMs),
      created_at: now,
      updated_at: now,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['repository_id', 'job_type', 'target'])
        .where(sql<boolean>`status = 'queued' AND dispatched_at IS NULL`)
        .doUpdateSet(COALESCE),
    )
    .returningAll()
    .executeTakeFirstOrThrow();

  const isNewJob = row.id === id;
  const merged = isNewJob
    ? decided
    : decideJob(jobWorkItem(row, item.repository), repository.facts, {
        ...decisionContext,
        now: row.created_at,
      });
  // While a dispatcher is sending it, it goes where it was decided to go; the worker reads the wider range.
  const isBeingSent = row.lease_expires_at !== null && row.lease_expires_at > now;
  let job =
    isNewJob || isBeingSent
      ? row
      : await trx
          .updateTable('progressive_capture_jobs')
          .set(decisionColumns(merged))
          .where('id', '=', row.id)
          .returningAll()
          .executeTakeFirstOrThrow();

  let message = merged.route.explanation;
  if (isBulkOnInngest(job) && (await countBulkRunsToday(trx, now)) >= config.inngestBulkPerDay) {
    message = explainDeferral(item.repository.fullName, message, config.inngestBulkPerDay);
    job = await trx
      .updateTable('progressive_capture_jobs')
      .set({ not_before: nextDay(now), status_reason: 'bulk_deferred' })
      .where('id', '=', job.id)
      .returningAll()
      .executeTakeFirstOrThrow();
  }
  return { outcome: isNewJob ? 'created' : 'coalesced', item, job, route: merged.route, message };
}

const queued = (column: string) => sql.ref(`progressive_capture_jobs.${column}`);
const incoming = (column: string) => sql.ref(`excluded.${column}`);
/** A person who asks for what is queued anyway makes it theirs. */
const ofManual = (column: string) =>
  sql<never>`CASE WHEN excluded.reason = 'manual' THEN ${incoming(column)} ELSE ${queued(column)} END`;

/** How new work joins queued work. A range without a beginning or an end is the widest. */
const COALESCE = {
  range_since: sql<Date>`CASE WHEN ${queued('range_since')} IS NULL OR excluded.range_since IS NULL THEN NULL
    ELSE least(${queued('range_since')}, excluded.range_since) END`,
  range_until: sql<Date>`CASE WHEN ${queued('range_until')} IS NULL OR excluded.range_until IS NULL THEN NULL
    ELSE greatest(${queued('range_until')}, excluded.range_until) END`,
  include: sql<
    string[]
  >`ARRAY(SELECT DISTINCT kind FROM unnest(${queued('include')} || excluded.include) AS kind ORDER BY kind)`,
  is_critical: sql<boolean>`${queued('is_critical')} OR excluded.is_critical`,
  reason: ofManual('reason'),
  actor_id: ofManual('actor_id'),
  actor_login: ofManual('actor_login'),
  // The earliest, so that a stream of events can't put a capture off for ever.
  not_before: sql<Date>`least(${queued('not_before')}, excluded.not_before)`,
  installation_id: sql<number>`excluded.installation_id`,
  updated_at: sql<Date>`excluded.updated_at`,
};
