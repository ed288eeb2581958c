import type { Transaction } from 'kysely';
import type { Config } from '../config/config.ts';
import { rangeAfter } from '../jobs/captured-until.ts';
import type { QueuedJob } from '../jobs/insert-jobs.ts';
import type { JobLog } from '../jobs/job-log.ts';
import { type PlanContext, planWork } from '../jobs/plan-work.ts';
import { seedCheckpoints } from '../jobs/seed-checkpoints.ts';
import { readRollout } from '../rollout/rollout-store.ts';
import type { DB } from '../store/database.generated.ts';
import type { WorkItem } from '../work-item/work-item.ts';
import { type DueOptions, type DueRepository, findDueRepositories, SLOTS } from './find-due-repositories.ts';
import { logPlanned } from './log-planned.ts';
import type { Loop } from './loop.ts';

export interface ReconcileOptions {
  config: PlanContext['config'] & Pick<Config, 'rollout'>;
  periodMs: number;
  /** Numeric ids of the accounts that are served. */
  servedAccounts: () => Promise<number[]>;
  bulkFor: PlanContext['bulkFor'];
  log: JobLog;
  /** Jobs were committed. */
  onJobs: (jobs: QueuedJob[]) => void;
}

/** Repositories of one transaction, so that none is long. */
const PAGE = 500;
const LONGEST_INTERVAL_MS = 10 * 60_000;

/**
 * Once in a period makes scheduled work for every repository whose history is captured: what has changed since then, or
 * was missed. Where and when it runs is decided as for all other work.
 */
export function createReconcileLoop(options: ReconcileOptions): Loop {
  const { config, periodMs, bulkFor, log } = options;

  async function planPage(trx: Transaction<DB>, due: readonly DueRepository[], now: Date) {
    const rollout = await readRollout(trx, { environmentStop: config.rollout.environmentStop });
    const planned = await planWork(trx, due.map(workItemOf), { now, config, rollout, bulkFor });
    const reached = new Map(due.map(({ repository, capturedUntil }) => [repository.id, capturedUntil]));
    const following = planned.flatMap((plan) => {
      const capturedUntil = reached.get(plan.item.repository.id);
      return plan.outcome === 'created' && capturedUntil ? [{ job: plan.job, capturedUntil }] : [];
    });
    await seedCheckpoints(trx, following);
    return planned;
  }

  return {
    name: 'reconcile',
    intervalMs: Math.max(1_000, Math.min(periodMs / SLOTS, LONGEST_INTERVAL_MS)),
    async pass({ now, lastPassedAt, write }) {
      const servedAccounts = await options.servedAccounts();
      const counts = { due: 0, created: 0, coalesced: 0, skipped: 0 };
      for (let afterId: number | null = 0; afterId !== null; ) {
        const begunMs = performance.now();
        const page: DueOptions = { now, lastPassedAt, periodMs, servedAccounts, afterId, limit: PAGE };
        const { due, planned, lastId } = await write(async (trx) => {
          const found = await findDueRepositories(trx, page);
          return { ...found, planned: found.due.length > 0 ? await planPage(trx, found.due, now) : [] };
        });
        afterId = lastId;
        counts.due += due.length;
        for (const plan of planned) counts[plan.outcome] += 1;
        logPlanned(log, planned, Math.round(performance.now() - begunMs));
        const jobs = planned.flatMap((plan) => (plan.outcome === 'skipped' ? [] : [plan.job]));
        if (jobs.length > 0) options.onJobs(jobs);
      }
      return counts;
    },
  };
}

function workItemOf({ repository, include, capturedUntil }: DueRepository): WorkItem {
  return {
    repository,
    type: 'history',
    items: [],
    range: rangeAfter(capturedUntil),
    include,
    reason: 'scheduled',
    isCritical: false,
  };
}
