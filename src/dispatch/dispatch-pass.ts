import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Config } from '../config/config.ts';
import { type Alarm, setAlarm } from '../jobs/alarms.ts';
import {
  countBulkExecutionsToday,
  explainDeferral,
  isBulkOnInngest,
  nextDay,
} from '../jobs/bulk-deferral.ts';
import type { JobLog } from '../jobs/job-log.ts';
import { WAITING_FOR_GITHUB } from '../jobs/pause-run.ts';
import type { PlanContext } from '../jobs/plan-work.ts';
import { rerouteQueued } from '../jobs/reroute-queued.ts';
import { endRun, markSent, releaseUnsent, requeueLostRuns, reserveRun } from '../jobs/runs.ts';
import { takeBackBulkRuns } from '../jobs/take-back-runs.ts';
import { readRollout } from '../rollout/rollout-store.ts';
import type { Processor } from '../route/decide-route.ts';
import type { Database } from '../store/database.ts';
import { neutralizeLog } from '../text/neutralize.ts';
import { DispatchError, type Dispatcher, type DueJob } from './dispatcher.ts';
import { findDueJobs } from './find-due-jobs.ts';
import { BUDGET_EXHAUSTED, holdDueJobs, isUsedUp, readMonthBudget, releaseHeldJobs } from './hold-queue.ts';
import { holdSilentJobs } from './hold-silent.ts';
import { createOutage, INNGEST_UNAVAILABLE } from './outage.ts';

export interface DispatchPassOptions {
  db: Database;
  /**
   * - `bulk` null: nothing can run in GitHub Actions here, so bulk work is routed to Inngest.
   * - `fallback` takes recent work while `inngest` takes none, and urgent work when its month's budget is used up.
   */
  dispatchers: { inngest: Dispatcher; fallback?: Dispatcher; bulk: Dispatcher | null };
  config: Pick<Config, 'limits' | 'inngestBulkPerDay' | 'bulk' | 'rollout' | 'budgets'>;
  bulkFor: PlanContext['bulkFor'];
  log: JobLog;
  now: () => Date;
}

const PAGE = 50;
const BUDGET_MS = 10_000;
/** Wait before an unsent run is tried again: as long as it has been tried so far, within these bounds. */
const RETRY_MS = { min: 5_000, max: 300_000 };

const OUTAGE_ALARM: Alarm = {
  level: 'alarm',
  code: INNGEST_UNAVAILABLE,
  message:
    'Inngest has taken nothing for 5 minutes. Recent work is done by the worker in this process until it does; bulk work that is not in GitHub Actions waits. Check that Inngest is reachable and that INNGEST_EVENT_KEY is of its environment.',
};

/** One pass: gives up lost runs, routes again, dispatches what is due. Resolves to the number of runs sent. */
export function createDispatchPass(options: DispatchPassOptions): () => Promise<number> {
  const { db, dispatchers, config, log, now } = options;
  const holder = `dispatch:${randomUUID()}`;
  const bulkFor: PlanContext['bulkFor'] = dispatchers.bulk
    ? options.bulkFor
    : () => ({ available: false, reason: 'no_capture_workflow' });
  let availability: string | null = null;
  const outage = createOutage();
  const budgets = new Map<Processor, { at: Date; budget: { used: number; limit: number } | null }>();

  async function pass(): Promise<number> {
    await giveUpLostRuns();
    await obeyStop();
    // What the last pass went by; another process, or this one before it knew the jobs repository, may have gone by else.
    const seen = JSON.stringify([false, true].map((isPrivate) => bulkFor({ isPrivate })));
    const rerouted = await rerouteQueued(db, {
      now: now(),
      limits: config.limits,
      environmentStop: config.rollout.environmentStop,
      bulkFor,
      everything: seen !== availability,
    });
    availability = seen;
    for (const line of await describeJobs(rerouted.map((job) => job.id))) {
      log.info({ ...line, stage: 'route' }, 'Routed again.');
    }
    return (
      (await dispatchQueue('inngest', dispatchers.inngest)) +
      (dispatchers.bulk ? await dispatchQueue('github_actions', dispatchers.bulk) : 0)
    );
  }

  /** Read anew every 10 seconds at most: it counts a month of runs, and each webhook makes a pass. */
  async function readBudget(processor: Processor): Promise<{ used: number; limit: number } | null> {
    const known = budgets.get(processor);
    const at = now();
    if (known && Math.abs(at.getTime() - known.at.getTime()) < BUDGET_MS) return known.budget;
    const budget = await readMonthBudget(db, processor, config.budgets, at);
    budgets.set(processor, { at, budget });
    return budget;
  }

  /** Once the month's budget of a processor is used up, what is due waits; when there is one again, it goes on. */
  async function holdOrRelease(processor: Processor): Promise<boolean> {
    const isExhausted = isUsedUp(await readBudget(processor));
    const changed = isExhausted
      ? await holdDueJobs(db, processor, now(), { exceptUrgent: substituteFor(processor) !== undefined })
      : await releaseHeldJobs(db, processor, now());
    for (const line of await describeJobs(changed)) {
      log[isExhausted ? 'warn' : 'info'](
        { ...line, stage: 'dispatch', reason: BUDGET_EXHAUSTED },
        isExhausted ? "A job waits: the month's budget is used up." : 'A job that was held goes on.',
      );
    }
    return isExhausted;
  }

  async function holdSilent(): Promise<void> {
    for (const line of await describeJobs(await holdSilentJobs(db, now()))) {
      log.info({ ...line, stage: 'dispatch', reason: WAITING_FOR_GITHUB }, 'A job waits for GitHub.');
    }
  }

  /** Who does the work of a processor that can't, or may not, do it. */
  function substituteFor(processor: Processor): Dispatcher | undefined {
    return processor === 'inngest' ? dispatchers.fallback : undefined;
  }

  async function giveUpLostRuns(): Promise<void> {
    const { bulk } = dispatchers;
    const lost = await requeueLostRuns(db, now(), {
      extendLease: async (job, run) =>
        run.worker === 'workflow' ? ((await bulk?.extendLease?.(job, run)) ?? null) : null,
    });
    for (const line of await describeJobs(lost.map(({ jobId }) => jobId))) {
      const { run, status, reason } = lost.find(({ jobId }) => jobId === line.job) ?? {};
      log.warn({ ...line, run, stage: 'dispatch', status, reason }, 'A run was given up.');
    }
  }

  /** While the rollout is stopped, GitHub Actions keeps no bulk job that has not begun, or, if so asked for, none at all. */
  async function obeyStop(): Promise<void> {
    const rollout = await readRollout(db, { environmentStop: config.rollout.environmentStop });
    if (!rollout.emergencyStop) return;
    const taken = await takeBackBulkRuns(db, { includeRunning: rollout.cancelRuns, now: now() });
    for (const line of await describeJobs(taken.map(({ jobId }) => jobId))) {
      log.info({ ...line, stage: 'dispatch' }, 'Taken back from GitHub Actions: the rollout is stopped.');
    }
    for (const { jobId, workflowRunId } of taken) {
      if (workflowRunId === null) continue;
      // It learns by its next call that it has nothing to do; this only saves its minutes.
      await dispatchers.bulk?.cancel?.(workflowRunId).catch((err: unknown) => {
        log.warn(
          { err, job: jobId, workflow_run: workflowRunId, stage: 'dispatch' },
          'A run could not be cancelled.',
        );
      });
    }
  }

  /** The keys that the log lines of every stage share. */
  async function describeJobs(ids: string[]) {
    if (ids.length === 0) return [];
    return db
      .selectFrom('progressive_capture_jobs as job')
      .innerJoin('repositories as repository', 'repository.id', 'job.repository_id')
      .select([
        'job.delivery_id as delivery',
        'job.id as job',
        'repository.full_name as repository',
        'job.processor_type as processor',
        'job.rule',
      ])
      .where('job.id', '=', sql<string>`ANY(${ids}::uuid[])`)
      .execute();
  }

  async function dispatchQueue(processor: Processor, dispatcher: Dispatcher): Promise<number> {
    let sent = 0;
    const substitute = substituteFor(processor);
    const isExhausted = await holdOrRelease(processor);
    if (isExhausted && !substitute) return sent;
    for (;;) {
      const taker = ((isExhausted || outage.isOn()) && substitute) || dispatcher;
      const room = taker.capacity ? await taker.capacity() : PAGE;
      if (room <= 0) return sent;
      if (processor === 'inngest') await holdSilent();
      const due = await findDueJobs(db, {
        processor,
        now: now(),
        limit: Math.min(room, PAGE),
        bulkPerInstallation: config.bulk.perInstallation,
        // The worker in its place takes none, and what it takes must not stand behind it.
        exceptBulk: processor === 'inngest' && isSubstituted(),
      });
      let progress = 0;
      for (const job of due) {
        const outcome = await (processor === 'inngest' && !isExhausted
          ? dispatchToInngest(job)
          : dispatchJob(job, taker));
        if (outcome === 'unavailable') return sent;
        if (outcome !== 'not_taken') progress += 1;
        if (outcome === 'sent') sent += 1;
        // The rest of this page may have been deferred with it.
        if (outcome === 'deferred') break;
      }
      if (progress === 0) return sent;
    }
  }

  /** Inngest takes nothing, and is not asked now whether it does again. */
  function isSubstituted(): boolean {
    return substituteFor('inngest') !== undefined && outage.isOn() && !outage.isProbeDue(now());
  }

  /** While Inngest takes nothing, recent work goes to the worker in its place, and every so often a job shows whether it does again. */
  async function dispatchToInngest(due: DueJob): Promise<Awaited<ReturnType<typeof dispatchJob>>> {
    const { inngest, fallback } = dispatchers;
    if (fallback && isSubstituted()) return dispatchJob(due, fallback);
    const outcome = await dispatchJob(due, inngest);
    if (outcome === 'sent' && outage.noteTaken())
      await setAlarm(db, INNGEST_UNAVAILABLE, null, { now: now(), log });
    if (outcome !== 'unavailable' || !fallback || outage.noteRefused(now()) === 'hiccup') return outcome;
    await setAlarm(db, INNGEST_UNAVAILABLE, OUTAGE_ALARM, { now: now(), log });
    await bringForward();
    // The page is read anew, for the worker.
    return 'deferred';
  }

  /** What waits for its next try with Inngest is due now, since somebody else takes it. */
  async function bringForward(): Promise<void> {
    await db
      .updateTable('progressive_capture_jobs')
      .set({ not_before: now(), updated_at: now() })
      .where('status', '=', 'queued')
      .where('processor_type', '=', 'inngest')
      .where('status_reason', '=', 'dispatch_failed')
      .where('is_bulk', '=', false)
      .where('not_before', '>', now())
      .execute();
  }

  async function dispatchJob(
    due: DueJob,
    dispatcher: Dispatcher,
  ): Promise<'sent' | 'deferred' | 'not_taken' | 'blocked' | 'unavailable'> {
    const begunAt = Date.now();
    if (isBulkOnInngest(due) && (await countBulkExecutionsToday(db, now())) >= config.inngestBulkPerDay) {
      await deferBulk();
      return 'deferred';
    }
    const reserved = await reserveRun(db, due.id, holder, {
      now: now(),
      bulkPerInstallation: config.bulk.perInstallation,
    });
    if (!reserved) return 'not_taken';
    const job: DueJob = { ...reserved.job, repository: due.repository };
    const { run } = reserved;
    const line = {
      delivery: job.delivery_id ?? undefined,
      job: job.id,
      run,
      repository: job.repository.fullName,
      stage: 'dispatch',
      processor: job.processor_type,
      rule: job.rule,
      worker: dispatcher.name,
    };
    try {
      const { workflowRunId, inngestEventId } = await dispatcher.dispatch(job, run);
      await markSent(db, {
        jobId: job.id,
        run,
        worker: dispatcher.name,
        workflowRunId,
        leaseMs: dispatcher.leaseMs,
        now: now(),
      });
      const ids = { workflow_run: workflowRunId, inngest_event: inngestEventId };
      log.info({ ...line, ...ids, duration_ms: Date.now() - begunAt }, 'Dispatched.');
      return 'sent';
    } catch (error) {
      if (!(error instanceof DispatchError)) throw error;
      log.warn(
        { ...line, code: error.code, reason: neutralizeLog(error.message), cure: error.cure },
        error.isBlocked ? 'A job is blocked.' : 'A job could not be dispatched; it will be tried again.',
      );
      const message = `${error.message} ${error.cure}`;
      if (error.isBlocked) {
        await endRun(db, {
          jobId: job.id,
          run,
          outcome: 'blocked',
          result: null,
          error: message,
          now: now(),
        });
        return 'blocked';
      }
      await releaseUnsent(db, {
        jobId: job.id,
        run,
        holder,
        error: message,
        notBefore: await retryTime(job, run),
        now: now(),
      });
      return 'unavailable';
    }
  }

  async function retryTime(job: DueJob, run: number): Promise<Date> {
    const { created_at: since } = await db
      .selectFrom('job_runs')
      .select('created_at')
      .where('job_id', '=', job.id)
      .where('run', '=', run)
      .executeTakeFirstOrThrow();
    const triedMs = now().getTime() - since.getTime();
    return new Date(now().getTime() + Math.min(Math.max(triedMs, RETRY_MS.min), RETRY_MS.max));
  }

  /** All of the due bulk work at once: the day's executions are used up for each of them. */
  async function deferBulk(): Promise<void> {
    const at = now();
    const deferred = await db
      .updateTable('progressive_capture_jobs')
      .set({ status_reason: 'bulk_deferred', not_before: nextDay(at), updated_at: at })
      .where('status', '=', 'queued')
      .where('is_bulk', '=', true)
      .where('processor_type', '=', 'inngest')
      .where('not_before', '<=', at)
      .where((eb) => eb.or([eb('lease_expires_at', 'is', null), eb('lease_expires_at', '<', at)]))
      .returning('id')
      .execute();
    for (const line of await describeJobs(deferred.map(({ id }) => id))) {
      log.info(
        { ...line, stage: 'dispatch' },
        explainDeferral(line.repository, `routed by ${line.rule}`, config.inngestBulkPerDay),
      );
    }
  }

  return pass;
}
