import type { Database } from '../store/database.ts';
import { settleRun } from './end-run.ts';
import { findRun } from './lock-run.ts';

export interface TakenBack {
  jobId: string;
  run: number;
  /** Still known to GitHub, which may be told to cancel it. */
  workflowRunId: number | null;
}

/** Jobs of one transaction, so that none holds its locks for long. */
const BATCH = 100;

/**
 * Takes bulk jobs back from GitHub Actions while the rollout is stopped: their runs end, at no attempt's cost, and the
 * jobs are queued again where they stand, to be routed anew. Those whose run has not begun; with `includeRunning` the
 * others too, whose workers learn of it by their next call. What a run is just sending batches for is left to the next
 * pass.
 */
export async function takeBackBulkRuns(
  db: Database,
  { includeRunning, now }: { includeRunning: boolean; now: Date },
): Promise<TakenBack[]> {
  const taken: TakenBack[] = [];
  for (;;) {
    const page = await db.transaction().execute(async (trx) => {
      const jobs = await trx
        .selectFrom('progressive_capture_jobs')
        .selectAll()
        .where('processor_type', '=', 'github_actions')
        .where('status', 'in', includeRunning ? ['dispatched', 'running'] : ['dispatched'])
        .orderBy('id')
        .limit(BATCH)
        .forUpdate()
        .skipLocked()
        .execute();
      const ended: TakenBack[] = [];
      for (const job of jobs) {
        const run = await findRun(trx, job.id, job.run);
        if (!run) throw new Error(`Job ${job.id} has no run ${job.run}.`);
        await settleRun(trx, job, run, { outcome: 'continue', result: null, error: null, now });
        ended.push({ jobId: job.id, run: job.run, workflowRunId: run.workflow_run_id });
      }
      return ended;
    });
    taken.push(...page);
    if (page.length < BATCH) return taken;
  }
}

/** Bulk jobs that GitHub Actions has at the moment. */
export async function countBulkUnderWay(db: Database): Promise<{ dispatched: number; running: number }> {
  const rows = await db
    .selectFrom('progressive_capture_jobs')
    .select((eb) => ['status', eb.fn.countAll<number>().as('count')])
    .where('processor_type', '=', 'github_actions')
    .where('status', 'in', ['dispatched', 'running'])
    .groupBy('status')
    .execute();
  const of = (status: string) => Number(rows.find((row) => row.status === status)?.count ?? 0);
  return { dispatched: of('dispatched'), running: of('running') };
}
