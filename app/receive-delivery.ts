import { sql, type Transaction } from 'kysely';
import type { Config } from '../src/config/config.ts';
import { changeInstallation } from '../src/jobs/change-installation.ts';
import { endWorkflowRun } from '../src/jobs/end-workflow-run.ts';
import type { QueuedJob } from '../src/jobs/insert-jobs.ts';
import { type PlannedJob, planWork } from '../src/jobs/plan-work.ts';
import { upsertRepositories } from '../src/jobs/repository-facts.ts';
import { readRollout } from '../src/rollout/rollout-store.ts';
import type { DB } from '../src/store/database.generated.ts';
import type { Database } from '../src/store/database.ts';
import { storeCaptureBatch } from '../src/store/store-capture-batch.ts';
import { parseEvent } from '../src/work-item/parse-event.ts';
import type { EventOrigin, ParsedEvent } from '../src/work-item/parsed-event.ts';
import type { WorkItem } from '../src/work-item/work-item.ts';
import { changeRepository } from './change-repository.ts';
import { isDatabaseAway, isDatabaseGone } from './database-away.ts';
import { GitHubAwayError } from './github-app.ts';
import { createGroupCommit, TooLateError } from './group-commit.ts';
import type { BulkFor } from './jobs-repository.ts';
import type { AppLog, StageLine } from './log.ts';
import { rememberCommands } from './remember-commands.ts';

export interface Delivery {
  /** `X-GitHub-Delivery`. */
  id: string;
  /** `X-GitHub-Event`. */
  name: string;
  payload: unknown;
  now: Date;
}

type ReceivedDelivery = Pick<Delivery, 'id' | 'now'>;

/** GitHub gives up after 10 s; what takes longer is answered 503, so that it is in GitHub's log as failed. */
export const ANSWER_WITHIN_MS = 9_000;
export const TOO_SLOW = 'The database did not answer in time; GitHub keeps the delivery.';

/**
 * Milliseconds that a delivery waits for a lock, such as that of a repository which is being purged: far less than GitHub
 * waits, since others may stand behind it.
 */
const LOCK_WITHIN_MS = 2_000;

/** What is answered, and what the one log line shows; never any of the payload's text. */
export interface DeliveryResult {
  status: 200 | 202 | 400 | 405 | 413 | 500 | 503;
  /** Stable. */
  code: string;
  message: string;
  line: Partial<StageLine> & Record<string, unknown>;
}

/** What follows a committed delivery, outside its transaction and after its answer. */
export interface AfterDelivery {
  /** Jobs are queued, each due at its `not_before`. */
  jobs(jobs: QueuedJob[]): void;
  /** Rows of `commands` wait. */
  commands(): void;
  /** `.github/hybrid-capture.yml` of these may have changed. */
  settings(repositoryIds: number[]): void;
  /** The App sees other repositories than before. */
  installations(): void;
}

export interface ReceiverOptions {
  db: Database;
  config: Config;
  /** Numeric ids of the accounts that are served. May throw GitHubAwayError. */
  servedAccounts: () => Promise<number[]>;
  bulkFor: BulkFor;
  after: AfterDelivery;
  log: AppLog;
}

type Acting = Exclude<ParsedEvent, { kind: 'unknown_event' | 'invalid' | 'ignored' }>;

/** What a delivery's transaction has done. */
interface Done {
  planned: PlannedJob[];
  hasCommands: boolean;
  settingsOf: number[];
  hasInstallationChanged: boolean;
}

/**
 * Receives webhook deliveries: one transaction remembers the GUID, reads the enrolment and inserts the jobs with
 * their decision; what is to be done about them follows the commit. Expected failures are answers, not errors.
 */
export function createDeliveryReceiver(
  options: ReceiverOptions,
): (delivery: Delivery) => Promise<DeliveryResult> {
  const { log } = options;
  const receiveWork = createGroupCommit<ReceivedWork, Done | 'redelivery'>({
    limit: MAX_TOGETHER,
    together: (group) => options.db.transaction().execute((trx) => carryOutTogether(trx, group, options)),
    alone: ({ event, delivery }) => carryOut(event, delivery, options),
    isHopeless: isDatabaseGone,
    giveUpAfterMs: ANSWER_WITHIN_MS,
  });
  return async (delivery) => {
    const event = parseEvent({ ...delivery, deliveryId: delivery.id });
    if (event.kind === 'unknown_event') {
      return result(202, 'unknown_event', 'Nothing is made of this event.', {
        event: delivery.name.slice(0, 100),
      });
    }
    if (event.kind === 'invalid') {
      return result(400, 'invalid_payload', `The payload is not as GitHub documents it: ${event.problem}`, {
        event: event.event,
      });
    }
    const line = originLine(event.origin);
    try {
      const served = await options.servedAccounts();
      if (!served.includes(event.origin.account.id)) {
        return result(202, 'account_not_served', 'This account is not in ALLOWED_ACCOUNTS.', {
          ...line,
          account: event.origin.account.id,
        });
      }
      if (event.kind === 'ignored') return result(202, event.reason, 'There is nothing to do.', line);
      const done = await (isPlainWork(event)
        ? // Without the payload: what waits must not fill the memory.
          receiveWork({ event, delivery: { id: delivery.id, now: delivery.now } })
        : carryOut(event, delivery, options));
      if (done === 'redelivery') return result(200, 'redelivery', 'This delivery was received before.', line);
      followUp(done, delivery, options, log);
      return result(200, 'accepted', `Jobs: ${jobsOf(done.planned).length}.`, {
        ...line,
        jobs: done.planned.length,
      });
    } catch (error) {
      return describeFailure(error, line);
    }
  };
}

/** Deliveries of one transaction; what it locks, others wait for. */
const MAX_TOGETHER = 100;

type Work = Extract<ParsedEvent, { kind: 'work' }>;
interface ReceivedWork {
  event: Work;
  delivery: ReceivedDelivery;
}

/** It makes jobs and nothing else, so it can be received together with others of its kind. */
function isPlainWork(event: Acting): event is Work {
  return event.kind === 'work' && event.tombstones.length === 0 && event.comment === null;
}

/** The same as `carryOut` for each, with as many statements for a hundred as for one. */
async function carryOutTogether(
  trx: Transaction<DB>,
  group: readonly ReceivedWork[],
  options: ReceiverOptions,
): Promise<(Done | 'redelivery')[]> {
  await limitLocks(trx);
  const first = new Map(group.toReversed().map((received) => [received.delivery.id, received]));
  // In one order, so that two transactions wait for each other and not both.
  const work = [...first.values()].toSorted(
    (a, b) => a.event.origin.repository.id - b.event.origin.repository.id,
  );
  const items = work
    .flatMap(({ event }) => event.items)
    .toSorted((a, b) => a.repository.id - b.repository.id || (a.items[0] ?? 0) - (b.items[0] ?? 0));
  const now = new Date(Math.max(...group.map(({ delivery }) => delivery.now.getTime())));
  const planned = Map.groupBy(await planItems(trx, items, now, options), ({ item }) => item.deliveryId ?? '');
  const done = new Map(
    work.map((received): [ReceivedWork, Done] => {
      const { event, delivery } = received;
      const settingsOf = event.touchesSettings ? [event.origin.repository.id] : [];
      return [received, { ...NOTHING, planned: planned.get(delivery.id) ?? [], settingsOf }];
    }),
  );
  await storeDeliveries(
    trx,
    [...done].map(([received, { planned: plans }]) => ({ ...received, planned: plans })),
  );
  return group.map((received) => done.get(received) ?? 'redelivery');
}

const NOTHING: Done = { planned: [], hasCommands: false, settingsOf: [], hasInstallationChanged: false };

async function limitLocks(trx: Transaction<DB>): Promise<void> {
  await sql`SET LOCAL lock_timeout = ${sql.lit(LOCK_WITHIN_MS)}`.execute(trx);
}

async function carryOut(
  event: Acting,
  delivery: ReceivedDelivery,
  options: ReceiverOptions,
): Promise<Done | 'redelivery'> {
  try {
    return await options.db.transaction().execute(async (trx) => {
      await limitLocks(trx);
      if ((await findDeliveries(trx, [delivery.id])).size > 0) return 'redelivery';
      const done = await act(trx, event, delivery, options);
      await storeDeliveries(trx, [{ event, delivery, planned: done.planned }]);
      return done;
    });
  } catch (error) {
    if (error instanceof ReceivedMeanwhileError) return 'redelivery';
    throw error;
  }
}

async function act(
  trx: Transaction<DB>,
  event: Acting,
  delivery: ReceivedDelivery,
  options: ReceiverOptions,
): Promise<Done> {
  const { now } = delivery;
  const plan = (items: WorkItem[]) => planItems(trx, items, now, options);
  switch (event.kind) {
    case 'work': {
      const { repository } = event.origin;
      const planned = await plan(event.items);
      if (event.tombstones.length > 0) {
        await upsertRepositories(trx, [workRepository(event.origin)]);
        await storeCaptureBatch(trx, { repositoryId: repository.id, rows: event.tombstones });
      }
      const hasCommands =
        event.comment !== null &&
        (await rememberCommands(trx, event.comment, {
          repositoryId: repository.id,
          deliveryId: delivery.id,
          now,
        }));
      return { ...NOTHING, planned, hasCommands, settingsOf: event.touchesSettings ? [repository.id] : [] };
    }
    case 'repository_change':
      await changeRepository(trx, event, now);
      return NOTHING;
    case 'installation_change': {
      const { items } = await changeInstallation(trx, event, {
        now,
        deliveryId: delivery.id,
        include: options.config.include,
      });
      return {
        ...NOTHING,
        planned: await plan(items),
        settingsOf: [...new Set(items.map((item) => item.repository.id))],
        hasInstallationChanged: true,
      };
    }
    case 'workflow_run':
      await endWorkflowRun(trx, event, { workflow: options.config.bulk.workflow, now, log: options.log });
      return NOTHING;
  }
}

async function planItems(
  trx: Transaction<DB>,
  items: WorkItem[],
  now: Date,
  { config, bulkFor }: ReceiverOptions,
): Promise<PlannedJob[]> {
  if (items.length === 0) return [];
  const rollout = await readRollout(trx, { environmentStop: config.rollout.environmentStop });
  return planWork(trx, items, { now, config, rollout, bulkFor });
}

function workRepository({ repository, installationId }: Extract<Acting, { kind: 'work' }>['origin']) {
  return { id: repository.id, fullName: repository.full_name, isPrivate: repository.private, installationId };
}

/** Another transaction has received the delivery since this one looked; this one must be rolled back. */
class ReceivedMeanwhileError extends Error {
  override name = 'ReceivedMeanwhileError';
}

/** Which of these were received before. A redelivery has the GUID of the first delivery. */
async function findDeliveries(trx: Transaction<DB>, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await trx
    .selectFrom('deliveries')
    .select('id')
    .where('id', '=', sql<string>`ANY(${ids}::text[])`)
    .execute();
  return new Set(rows.map(({ id }) => id));
}

/**
 * Writes what became of deliveries, and which jobs they made: once, at the end of their transaction.
 * @throws ReceivedMeanwhileError
 */
async function storeDeliveries(
  trx: Transaction<DB>,
  received: readonly { event: { origin: EventOrigin }; delivery: ReceivedDelivery; planned: PlannedJob[] }[],
): Promise<void> {
  const rows = received
    .map(({ event: { origin }, delivery, planned }) => ({
      id: delivery.id,
      event: origin.event,
      action: origin.action,
      installation_id: origin.installationId,
      repository_id: origin.repository?.id ?? null,
      outcome: planned.length > 0 ? 'planned' : 'done',
      job_ids: [...new Set(jobsOf(planned).map((job) => job.id))],
      received_at: delivery.now,
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const { numAffectedRows } = await sql`
    INSERT INTO deliveries (id, event, action, installation_id, repository_id, outcome, job_ids, received_at)
    SELECT id, event, action, installation_id, repository_id, outcome, job_ids, received_at
    FROM jsonb_populate_recordset(NULL::deliveries, ${JSON.stringify(rows)}::jsonb)
    ON CONFLICT (id) DO NOTHING`.execute(trx);
  if (Number(numAffectedRows) < rows.length) throw new ReceivedMeanwhileError();
}

function followUp(done: Done, delivery: Delivery, { after }: ReceiverOptions, log: AppLog): void {
  for (const plan of done.planned) {
    const line: StageLine = {
      delivery: delivery.id,
      repository: plan.item.repository.fullName,
      stage: 'route',
      duration_ms: Date.now() - delivery.now.getTime(),
    };
    if (plan.outcome === 'skipped') log.info({ ...line, reason: plan.reason }, plan.message);
    else {
      const { job, route } = plan;
      const decision = { job: job.id, processor: route.processor, rule: route.rule };
      log.info({ ...line, ...decision, coalesced: plan.outcome === 'coalesced' }, plan.message);
    }
  }
  if (jobsOf(done.planned).length > 0) after.jobs(jobsOf(done.planned));
  if (done.hasCommands) after.commands();
  if (done.settingsOf.length > 0) after.settings(done.settingsOf);
  if (done.hasInstallationChanged) after.installations();
}

function jobsOf(planned: PlannedJob[]): QueuedJob[] {
  return planned.flatMap((plan) => (plan.outcome === 'skipped' ? [] : [plan.job]));
}

function describeFailure(error: unknown, line: DeliveryResult['line']): DeliveryResult {
  if (error instanceof TooLateError) {
    return result(503, 'too_slow', TOO_SLOW, line);
  }
  if (isDatabaseAway(error)) {
    const code = error instanceof Error && 'code' in error ? { database_error: String(error.code) } : {};
    return result(503, 'database_away', 'The database is away; GitHub keeps the delivery.', {
      ...line,
      ...code,
    });
  }
  if (error instanceof GitHubAwayError) {
    return result(
      503,
      'github_away',
      'GitHub could not be asked who owns the App: set ALLOWED_ACCOUNTS.',
      line,
    );
  }
  throw error;
}

function originLine(origin: EventOrigin): DeliveryResult['line'] {
  return {
    event: origin.event,
    action: origin.action,
    repository: origin.repository?.full_name,
    installation: origin.installationId,
  };
}

function result(
  status: DeliveryResult['status'],
  code: string,
  message: string,
  line: DeliveryResult['line'],
): DeliveryResult {
  return { status, code, message, line };
}
