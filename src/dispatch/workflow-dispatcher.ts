import { z } from 'zod';
import type { Config } from '../config/config.ts';
import { judgeRateLimit, statusOf } from '../github/status-of.ts';
import type { Job, JobRun } from '../jobs/job.ts';
import { describeRange } from '../work-item/describe-range.ts';
import type { CaptureInclude, JobType } from '../work-item/work-item.ts';
import { DispatchError, type Dispatcher, type DueJob } from './dispatcher.ts';

export interface WorkflowDispatcherOptions {
  workflow: NonNullable<Config['bulk']['workflow']>;
  /** Such as `https://api.github.com`. */
  apiUrl: string;
  /** A token for the jobs repository with `actions: write`. */
  token: () => Promise<string>;
  /** Whether the world can read the names of its runs. */
  isJobsRepositoryPublic: () => boolean;
  fetch?: typeof fetch;
}

/** A run that was dispatched is asked after when it has not claimed its job by then. */
const LEASE_MS = 15 * 60_000;
const TIMEOUT_MS = 15_000;

const RunDetails = z.object({ workflow_run_id: z.number().int().positive() });
const WorkflowRun = z.object({ id: z.number().int().positive(), status: z.string().nullable() });
const WorkflowRuns = z.object({
  workflow_runs: z.array(WorkflowRun.extend({ display_title: z.string() })),
});
const ErrorBody = z.object({ message: z.string() });

/**
 * Starts bulk runs by `workflow_dispatch` in the jobs repository. The run is tied to its job by the id that GitHub
 * answers; a GitHub Enterprise Server that refuses `return_run_details` answers none, and the job's id in the run's name
 * is what is left.
 * Source: https://docs.github.com/rest/actions/workflows#create-a-workflow-dispatch-event
 */
export function createWorkflowDispatcher(options: WorkflowDispatcherOptions): Dispatcher {
  const { workflow } = options;
  const repository = `/repos/${encodeURIComponent(workflow.owner)}/${encodeURIComponent(workflow.repo)}`;
  const file = encodeURIComponent(workflow.path.split('/').at(-1) ?? workflow.path);
  let hasRunDetails = true;
  let awayUntil = 0;

  async function dispatch(job: DueJob): Promise<{ workflowRunId?: number }> {
    const path = `${repository}/actions/workflows/${file}/dispatches`;
    const inputs = inputsOf(job, options.isJobsRepositoryPublic());
    const start = () =>
      call('POST', path, {
        ref: workflow.ref,
        inputs,
        ...(hasRunDetails ? { return_run_details: true } : {}),
      });
    let response = await start();
    if (hasRunDetails && (await refusesRunDetails(response))) {
      hasRunDetails = false;
      response = await start();
    }
    // A copy of the workflow that is older than this input: the run's name does without it.
    if (response.status === 422 && (await readMessage(response)).includes('"range"')) {
      delete inputs.range;
      response = await start();
    }
    if (!response.ok) throw await explainRefusal(response, options, Object.keys(inputs));
    if (response.status === 204) return {};
    const details = RunDetails.safeParse(await response.json().catch(() => null));
    return details.success ? { workflowRunId: details.data.workflow_run_id } : {};
  }

  async function extendLease(job: Job, run: JobRun): Promise<number | null> {
    if (Date.now() < awayUntil) return LEASE_MS;
    try {
      const status =
        run.workflow_run_id === null ? await findStatusByName(job.id) : await findStatus(run.workflow_run_id);
      return status === null || status === 'completed' ? null : LEASE_MS;
    } catch {
      // GitHub can't be asked now, so the run is not known to be lost; nor is the next one, which need not wait as long.
      awayUntil = Date.now() + TIMEOUT_MS;
      return LEASE_MS;
    }
  }

  async function findStatus(runId: number): Promise<string | null> {
    const response = await call('GET', `${repository}/actions/runs/${runId}`);
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return WorkflowRun.parse(await response.json()).status;
  }

  async function findStatusByName(jobId: string): Promise<string | null> {
    const query = 'event=workflow_dispatch&per_page=100';
    const response = await call('GET', `${repository}/actions/workflows/${file}/runs?${query}`);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const { workflow_runs: runs } = WorkflowRuns.parse(await response.json());
    return runs.find((run) => run.display_title.includes(jobId))?.status ?? null;
  }

  /** Source: https://docs.github.com/rest/actions/workflow-runs#cancel-a-workflow-run (409: it has ended) */
  async function cancel(runId: number): Promise<void> {
    const response = await call('POST', `${repository}/actions/runs/${runId}/cancel`);
    if (response.ok || response.status === 404 || response.status === 409) return;
    throw new Error(`GitHub answered ${response.status} to the cancellation of workflow run ${runId}.`);
  }

  async function call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Response> {
    const send = options.fetch ?? fetch;
    const token = await options.token().catch((cause: unknown) => {
      throw explainNoToken(cause, workflow);
    });
    try {
      return await send(`${options.apiUrl}${path}`, {
        method,
        headers: {
          accept: 'application/vnd.github+json',
          'x-github-api-version': '2022-11-28',
          'user-agent': 'hybrid-capture',
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (cause) {
      throw new DispatchError(
        'github_unreachable',
        `GitHub could not be asked to start a workflow run: ${describe(cause)}`,
        {
          isBlocked: false,
          cure: 'It is tried again.',
          cause,
        },
      );
    }
  }

  return { name: 'workflow', leaseMs: LEASE_MS, dispatch, extendLease, cancel };
}

/** What the run is told: its job and, for its name, what it captures, unless the world can read that. */
function inputsOf(job: DueJob, isPublic: boolean): Record<string, string> {
  if (isPublic) return { 'job-id': job.id };
  const range = describeRange({
    type: job.job_type as JobType,
    items: job.items,
    since: job.range_since,
    until: job.range_until,
    include: job.include as CaptureInclude[],
  });
  return { 'job-id': job.id, repository: job.repository.fullName, range };
}

/**
 * GitHub refuses a token for good where the App is not installed, is suspended, or lacks a permission that is asked for.
 * Source: https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app (403, 404, 422)
 */
function explainNoToken(
  cause: unknown,
  { owner, repo }: WorkflowDispatcherOptions['workflow'],
): DispatchError {
  const status = statusOf(cause);
  const isRefused = status === 403 || status === 404 || status === 422;
  return new DispatchError(
    isRefused ? 'no_token' : 'github_unreachable',
    `GitHub gave no token for ${owner}/${repo}: ${describe(cause)}`,
    isRefused
      ? {
          isBlocked: true,
          cure: `Install the App on ${owner}/${repo}, or lift its suspension, and accept its permissions ("Actions: write").`,
          cause,
        }
      : { isBlocked: false, cure: 'It is tried again.', cause },
  );
}

/** GitHub Enterprise Server up to 3.20 answers 400 to a field that it does not know. */
async function refusesRunDetails(response: Response): Promise<boolean> {
  if (response.status === 400) return true;
  return response.status === 422 && (await readMessage(response)).includes('return_run_details');
}

async function explainRefusal(
  response: Response,
  { workflow }: WorkflowDispatcherOptions,
  inputs: string[],
): Promise<DispatchError> {
  const message = await readMessage(response);
  const place = `${workflow.owner}/${workflow.repo}`;
  const said = `GitHub answered ${response.status} to the dispatch of ${workflow.path} in ${place}: ${message}`;
  const { status, headers } = response;
  if (judgeRateLimit({ status, headers, text: message })) {
    return new DispatchError('rate_limited', said, { isBlocked: false, cure: 'It is tried again.' });
  }
  const blocked = (code: string, cure: string) => new DispatchError(code, said, { isBlocked: true, cure });
  switch (response.status) {
    case 401:
      return new DispatchError('unauthorized', said, {
        isBlocked: false,
        cure: 'It is tried again with a new token.',
      });
    case 403:
      return blocked(
        'forbidden',
        `Switch Actions on in ${place}, check the spending limit of its owner, and give the App "Actions: write" there.`,
      );
    case 404:
      return blocked(
        'workflow_not_found',
        `Put ${workflow.path} on the default branch of ${place}, install the App there, and check CAPTURE_WORKFLOW.`,
      );
    case 422:
      if (/input/i.test(message)) {
        return blocked(
          'inputs_refused',
          `The workflow must declare the inputs ${inputs.map((input) => `"${input}"`).join(', ')}: copy workflows/bulk-capture.yml of this version again.`,
        );
      }
      return blocked(
        'dispatch_refused',
        `Check that ${workflow.path} has the trigger workflow_dispatch and that it is enabled (Actions tab of ${place}), and that the branch or tag "${workflow.ref}" exists there.`,
      );
    default:
      return new DispatchError('github_unavailable', said, { isBlocked: false, cure: 'It is tried again.' });
  }
}

/** GitHub's message; the body may be read several times. */
async function readMessage(response: Response): Promise<string> {
  const text = await response
    .clone()
    .text()
    .catch(() => '');
  try {
    return ErrorBody.parse(JSON.parse(text)).message.slice(0, 500);
  } catch {
    return text.slice(0, 200);
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
