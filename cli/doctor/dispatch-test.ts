import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { askOnce } from '../../app/github-app.ts';
import { createJobsRepository } from '../../app/jobs-repository.ts';
import { createLog } from '../../app/log.ts';
import { DispatchError } from '../../src/dispatch/dispatcher.ts';
import { createWorkflowDispatcher } from '../../src/dispatch/workflow-dispatcher.ts';
import { upsertRepositories } from '../../src/jobs/repository-facts.ts';
import { readRollout } from '../../src/rollout/rollout-store.ts';
import { formatDuration } from '../../src/text/format-progress.ts';
import { findRepositoryOnGitHub } from '../find-repository-on-github.ts';
import { ASK_WITHIN_MS, type Check, type DoctorContext } from './context.ts';
import { type Finding, failed, ok, skipped, warning } from './finding.ts';

const CHECK = 'dispatch test';

/**
 * A dry run of the bulk path: a job that has already ended is dispatched, so the run starts on a runner, proves who it is to
 * the app by OIDC, hears that there is nothing to do, and ends green. Nothing is captured.
 * @param patienceMs how long to wait for the run to end; a runner can take minutes to start
 */
export function createDispatchTest({
  patienceMs = 10 * 60_000,
  pollMs = 3_000,
}: {
  patienceMs?: number;
  pollMs?: number;
} = {}): Check {
  return {
    name: CHECK,
    asks: 'github',
    async run(context) {
      const { workflow } = context.config.bulk;
      if (workflow === null) return [skipped(CHECK, 'no_capture_workflow', 'CAPTURE_WORKFLOW is not set.')];
      if (context.app === null || context.db === null) {
        return [skipped(CHECK, 'not_possible', 'It needs the database and the credentials of the App.')];
      }
      const started = await dispatch(context);
      if ('check' in started) return [started];
      const { owner, repo } = workflow;
      const installed = await context.app.installation(started.installationId);
      const startedAt = performance.now();
      for (;;) {
        const { data } = await installed.request('GET /repos/{owner}/{repo}/actions/runs/{run_id}', {
          ...{ owner, repo, run_id: started.runId },
          request: askOnce(ASK_WITHIN_MS),
        });
        const tookMs = performance.now() - startedAt;
        if (data.status === 'completed') return [judgeEnd(data.conclusion, data.html_url, tookMs)];
        if (tookMs >= patienceMs) {
          return [
            warning(
              CHECK,
              'run_not_ended',
              `The run is still ${data.status} after ${formatDuration(tookMs / 1_000)}.`,
              `See ${data.html_url}: a runner must be free (runs-on), and the spending limit not reached.`,
            ),
          ];
        }
        await wait(pollMs);
      }
    },
  };
}

async function dispatch({
  app,
  db,
  config,
  now,
}: DoctorContext): Promise<Finding | { runId: number; installationId: number }> {
  const { workflow } = config.bulk;
  if (!workflow || !app || !db)
    throw new Error('The dispatch test needs the workflow, the App and the database.');
  const place = `${workflow.owner}/${workflow.repo}`;
  const repository = await findRepositoryOnGitHub(app, place);
  if (!repository) {
    return failed(
      CHECK,
      'not_installed_on_jobs_repository',
      `The App is not installed on ${place}.`,
      `Install it there.`,
    );
  }
  const jobsRepository = createJobsRepository({ config, app, log: createLog('fatal', process.stderr) });
  await jobsRepository.id();
  const job = await db.transaction().execute(async (trx) => {
    await upsertRepositories(trx, [repository]);
    const rollout = await readRollout(trx, { environmentStop: config.rollout.environmentStop });
    return trx
      .insertInto('progressive_capture_jobs')
      .values({
        repository_id: repository.id,
        installation_id: repository.installationId,
        job_type: 'classify',
        target: `dispatch-test:${randomUUID()}`,
        include: [],
        reason: 'manual',
        processor_type: 'github_actions',
        rule: 'dispatch_test',
        enrolment_reason: 'dispatch_test',
        arm: 'control',
        rollout_epoch: rollout.epoch,
        rollout_phase: rollout.phase,
        rollout_version: rollout.version,
        // It has ended before it begins: whoever claims it is told so, and it is nobody's outcome.
        status: 'skipped',
        status_reason: 'dispatch_test',
        completed_at: now(),
      })
      .returningAll()
      .executeTakeFirstOrThrow();
  });
  const dispatcher = createWorkflowDispatcher({
    workflow,
    apiUrl: config.github.apiUrl,
    token: jobsRepository.token,
    // Also while that is not known.
    isJobsRepositoryPublic: () => (jobsRepository.current()?.visibility ?? 'public') === 'public',
  });
  try {
    const { workflowRunId } = await dispatcher.dispatch({ ...job, repository }, 1);
    if (workflowRunId !== undefined) {
      return { runId: workflowRunId, installationId: repository.installationId };
    }
    return warning(
      CHECK,
      'run_unknown',
      'The run was started, and this GitHub does not tell its id.',
      `Look for job ${job.id} on the Actions tab of ${place}.`,
    );
  } catch (error) {
    if (!(error instanceof DispatchError)) throw error;
    return failed(CHECK, error.code, error.message, error.cure);
  }
}

function judgeEnd(conclusion: string | null, url: string, tookMs: number): Finding {
  const took = formatDuration(tookMs / 1_000);
  if (conclusion === 'success') {
    return ok(CHECK, `A run started, proved who it is to the app, and ended well in ${took}.`);
  }
  return failed(
    CHECK,
    'run_failed',
    `The run ended as ${conclusion ?? 'unknown'}.`,
    `Its log says why: ${url}. Often the variable HYBRID_CAPTURE_URL of the jobs repository is not PUBLIC_URL, or a runner can't reach it.`,
  );
}
