import type { Config } from '../config/config.ts';
import type { Database } from '../store/database.ts';
import type { ParsedEvent } from '../work-item/parsed-event.ts';
import type { JobLog } from './job-log.ts';
import type { RunOutcome } from './judge-end.ts';
import { endRun } from './runs.ts';

/**
 * Ends the run of a job whose workflow run is over without having reported: cancelled on GitHub, killed, or never
 * begun. A run that has reported is ended already, and nothing happens. Runs of any other repository than that of
 * CAPTURE_WORKFLOW are nobody's business here.
 */
export async function endWorkflowRun(
  trx: Database,
  event: Extract<ParsedEvent, { kind: 'workflow_run' }>,
  context: { workflow: Config['bulk']['workflow']; now: Date; log: JobLog },
): Promise<void> {
  const { workflow, now, log } = context;
  const fullName = event.origin.repository.full_name;
  if (!workflow || fullName.toLowerCase() !== `${workflow.owner}/${workflow.repo}`.toLowerCase()) return;
  await endUnreportedRun(trx, event.run, { repository: fullName, now, log });
}

/** A workflow run that is over, as GitHub tells it. */
export interface EndedWorkflowRun {
  id: number;
  attempt: number;
  title: string;
  /** What started it, such as `workflow_dispatch`. */
  event: string;
  conclusion: string | null;
}

/** Ends the job's run that a finished workflow run of the jobs repository was; false: it has reported, or is none. */
export async function endUnreportedRun(
  trx: Database,
  ended: EndedWorkflowRun,
  { repository, now, log }: { repository: string; now: Date; log: JobLog },
): Promise<boolean> {
  const run = (await findByRunId(trx, ended)) ?? (await findByTitle(trx, ended));
  if (!run) return false;
  const { outcome, error } = judgeConclusion(ended.conclusion, { hasBegun: run.started_at !== null });
  const settled = await endRun(trx, {
    jobId: run.job_id,
    run: run.run,
    outcome,
    result: null,
    error: `Workflow run ${ended.id}: ${error}`,
    now,
  });
  log.info(
    {
      stage: 'workflow_run',
      job: run.job_id,
      repository,
      conclusion: ended.conclusion,
      outcome,
      status: settled?.status,
    },
    'A workflow run ended without a report.',
  );
  return settled?.isChanged ?? false;
}

/**
 * What the conclusion of a workflow run that sent no report means for its job.
 * Source of the values: https://docs.github.com/rest/checks/runs (conclusion), startup_failure and stale included.
 */
function judgeConclusion(
  conclusion: string | null,
  { hasBegun }: { hasBegun: boolean },
): { outcome: RunOutcome; error: string } {
  switch (conclusion) {
    case 'cancelled':
      return { outcome: 'cancelled', error: 'it was cancelled on GitHub.' };
    case 'timed_out':
      return {
        outcome: 'timed_out',
        error: 'it ran into its time limit; raise timeout-minutes in the workflow.',
      };
    case 'startup_failure':
      return {
        outcome: 'blocked',
        error: 'GitHub could not start it; check the workflow file and the spending limit.',
      };
    case 'action_required':
      return {
        outcome: 'blocked',
        error: 'it waits for an approval; approve it, or lift the rule in the jobs repository.',
      };
    case 'skipped':
      return { outcome: 'blocked', error: 'its job was skipped; remove the condition from the workflow.' };
    case 'failure':
    case 'neutral':
      return {
        outcome: 'failure',
        error: hasBegun
          ? `it ended as ${conclusion} without a report; its log says why.`
          : `it ended as ${conclusion} before it took its job up; its page on GitHub says why. Check the spending limit, the variable HYBRID_CAPTURE_URL and the permission "id-token: write".`,
      };
    default:
      // success without a report, stale, and what GitHub adds later: the work has no known end.
      return { outcome: 'lost', error: `it ended as ${conclusion ?? 'unknown'} without a report.` };
  }
}

interface FoundRun {
  job_id: string;
  run: number;
  /** Null: it never took its job up. */
  started_at: Date | null;
}

async function findByRunId(
  trx: Database,
  run: { id: number; attempt: number },
): Promise<FoundRun | undefined> {
  return (
    trx
      .selectFrom('job_runs')
      .select(['job_id', 'run', 'started_at'])
      .where('workflow_run_id', '=', run.id)
      .where('state', '!=', 'ended')
      // The end of an earlier attempt says nothing about one that has taken over since.
      .where((where) =>
        where.or([
          where('workflow_run_attempt', 'is', null),
          where('workflow_run_attempt', '<=', run.attempt),
        ]),
      )
      .orderBy('run', 'desc')
      .executeTakeFirst()
  );
}

/** The job's id is in the run's name: the fallback for a dispatch whose answer, with the run's id, was lost. */
async function findByTitle(
  trx: Database,
  run: { title: string; event: string },
): Promise<FoundRun | undefined> {
  const jobId = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/.exec(run.title)?.[0];
  if (!jobId || run.event !== 'workflow_dispatch') return undefined;
  return trx
    .selectFrom('job_runs')
    .select(['job_id', 'run', 'started_at'])
    .where('job_id', '=', jobId)
    .where('processor_type', '=', 'github_actions')
    .where('workflow_run_id', 'is', null)
    .where('state', 'in', ['sent', 'running'])
    .orderBy('run', 'desc')
    .executeTakeFirst();
}
