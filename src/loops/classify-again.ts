import { sql, type Transaction } from 'kysely';
import type { Config } from '../config/config.ts';
import type { QueuedJob } from '../jobs/insert-jobs.ts';
import type { JobLog } from '../jobs/job-log.ts';
import { type PlanContext, planWork } from '../jobs/plan-work.ts';
import { readRollout } from '../rollout/rollout-store.ts';
import type { DB } from '../store/database.generated.ts';
import type { WorkItem } from '../work-item/work-item.ts';
import { logPlanned } from './log-planned.ts';
import type { Loop } from './loop.ts';

export interface ClassifyAgainOptions {
  config: PlanContext['config'] & Pick<Config, 'rollout'>;
  servedAccounts: () => Promise<number[]>;
  bulkFor: PlanContext['bulkFor'];
  log: JobLog;
  onJobs: (jobs: QueuedJob[]) => void;
}

const INTERVAL_MS = 10 * 60_000;
const DAY_MS = 86_400_000;
/** Counts older than this are asked for again; a term in the sum of `docs/inngest.md`. */
export const CLASSIFIED_AGAIN_DAYS = 30;
/** What failed is not tried again before. */
const REST_MS = DAY_MS;
/** Repositories of one pass: 10,000 of them take 17 hours. */
const AT_A_TIME = 100;

/**
 * Has repositories classified whose classification is missing (it failed, or its job was lost with the event), of an
 * earlier epoch of the rollout, or whose counts are older than 30 days. One that never got as far as a history starts it
 * as if it were installed now.
 */
export function createClassifyAgainLoop(options: ClassifyAgainOptions): Loop {
  const { config, log } = options;
  return {
    name: 'classify-again',
    intervalMs: INTERVAL_MS,
    async pass({ now, write }) {
      const served = await options.servedAccounts();
      const begunMs = performance.now();
      const planned = await write(async (trx) => {
        const rollout = await readRollout(trx, { environmentStop: config.rollout.environmentStop });
        const items = await findUnclassified(trx, { now, served, epoch: rollout.epoch });
        if (items.length === 0) return [];
        return planWork(trx, items, { now, config, rollout, bulkFor: options.bulkFor });
      });
      logPlanned(log, planned, Math.round(performance.now() - begunMs));
      const jobs = planned.flatMap((plan) => (plan.outcome === 'skipped' ? [] : [plan.job]));
      if (jobs.length > 0) options.onJobs(jobs);
      return { created: jobs.length };
    },
  };
}

async function findUnclassified(
  trx: Transaction<DB>,
  { now, served, epoch }: { now: Date; served: readonly number[]; epoch: number },
): Promise<WorkItem[]> {
  const { rows } = await sql<{
    id: number;
    full_name: string;
    installation_id: number;
    is_private: boolean;
    is_unstarted: boolean;
  }>`
    SELECT repository.id, repository.full_name, repository.installation_id, repository.is_private,
      repository.counted_at IS NULL AND NOT EXISTS (
        SELECT FROM progressive_capture_jobs AS history
        WHERE history.repository_id = repository.id AND history.job_type = 'history') AS is_unstarted
    FROM repositories AS repository
      LEFT JOIN repository_categories AS category ON category.repository_id = repository.id
      LEFT JOIN installations AS installation ON installation.id = repository.installation_id
    WHERE repository.installation_id IS NOT NULL AND repository.removed_at IS NULL
      AND installation.deleted_at IS NULL AND installation.suspended_at IS NULL
      AND (installation.id IS NULL OR installation.account_id = ANY (${[...served]}::bigint[]))
      AND (category.repository_id IS NULL OR category.epoch < ${epoch}
        OR repository.counted_at IS NULL OR repository.counted_at < ${new Date(now.getTime() - CLASSIFIED_AGAIN_DAYS * DAY_MS)})
      AND NOT EXISTS (
        SELECT FROM progressive_capture_jobs AS job
        WHERE job.repository_id = repository.id AND job.job_type = 'classify'
          AND (job.created_at > ${new Date(now.getTime() - REST_MS)} OR job.status IN ('queued', 'dispatched', 'running')))
    -- Those that are missing altogether first.
    ORDER BY repository.counted_at NULLS FIRST, repository.id
    LIMIT ${AT_A_TIME}`.execute(trx);
  return rows.map((row) => ({
    repository: {
      id: row.id,
      fullName: row.full_name,
      installationId: row.installation_id,
      isPrivate: row.is_private,
    },
    type: 'classify',
    items: [],
    range: {},
    include: [],
    // Not `scheduled`, which is bulk work: a classification is one question.
    reason: row.is_unstarted ? 'installation' : 'continuation',
    isCritical: false,
  }));
}
