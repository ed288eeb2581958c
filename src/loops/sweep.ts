import type { Config } from '../config/config.ts';
import { type EndedWorkflowRun, endUnreportedRun } from '../jobs/end-workflow-run.ts';
import type { JobLog } from '../jobs/job-log.ts';
import type { Database } from '../store/database.ts';
import type { Loop } from './loop.ts';

export interface SweepOptions {
  /** One pass of the dispatch loop: lost leases, work that is due. Resolves to the number of runs sent. */
  dispatchDue: () => Promise<number>;
  workflow: Config['bulk']['workflow'];
  /** A workflow run of the jobs repository, as GitHub tells it now; null: it knows none of this id. */
  workflowRun: (runId: number) => Promise<FoundWorkflowRun | null>;
  log: JobLog;
}

interface FoundWorkflowRun {
  attempt: number;
  displayTitle: string;
  event: string;
  status: string | null;
  conclusion: string | null;
}

const INTERVAL_MS = 60_000;
/** Three heartbeats: a run that goes on has been heard of within them, or is queued. */
const SILENT_MS = 180_000;
/** Runs asked after in one pass, each by one request. */
const AT_A_TIME = 100;

/**
 * Finds what fell through: workflow runs that GitHub calls finished and of which neither a report nor a webhook came, long
 * before their leases are over; and, for hosts on which no dispatch loop lives, what that does every 5 seconds.
 */
export function createSweepLoop({ dispatchDue, workflow, workflowRun, log }: SweepOptions): Loop {
  return {
    name: 'sweep',
    intervalMs: INTERVAL_MS,
    async pass({ now, signal, write }) {
      let ended = 0;
      let unknown = 0;
      if (workflow) {
        const repository = `${workflow.owner}/${workflow.repo}`;
        for (const id of await write((trx) => findSilentRuns(trx, now))) {
          signal.throwIfAborted();
          const run = await workflowRun(id).catch((err: unknown) => {
            log.warn(
              { err, stage: 'loop', loop: 'sweep', workflow_run: id },
              'GitHub could not be asked after a run.',
            );
            return null;
          });
          if (run === null) unknown += 1;
          else if (run.status === 'completed') {
            const over: EndedWorkflowRun = {
              id,
              attempt: run.attempt,
              title: run.displayTitle,
              event: run.event,
              conclusion: run.conclusion,
            };
            if (await write((trx) => endUnreportedRun(trx, over, { repository, now, log }))) ended += 1;
          }
        }
      }
      return { ended, unknown, dispatched: await dispatchDue() };
    },
  };
}

/** Workflow runs that hold a job and have not been heard of for a while, the most silent first. */
async function findSilentRuns(trx: Database, now: Date): Promise<number[]> {
  const silentSince = new Date(now.getTime() - SILENT_MS);
  const rows = await trx
    .selectFrom('progressive_capture_jobs as job')
    .innerJoin('job_runs as run', (join) =>
      join.onRef('run.job_id', '=', 'job.id').onRef('run.run', '=', 'job.run'),
    )
    .select('run.workflow_run_id')
    .where('job.status', 'in', ['dispatched', 'running'])
    .where('run.worker', '=', 'workflow')
    .where('run.workflow_run_id', 'is not', null)
    .where('run.created_at', '<', silentSince)
    .where((eb) => eb.or([eb('job.heartbeat_at', 'is', null), eb('job.heartbeat_at', '<', silentSince)]))
    .orderBy('job.heartbeat_at', (by) => by.nullsLast())
    .orderBy('job.id')
    .limit(AT_A_TIME)
    .execute();
  return [...new Set(rows.flatMap(({ workflow_run_id: id }) => id ?? []))];
}
