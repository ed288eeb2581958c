import { representWorkflow, representWorkflowRun } from '../runner/represent-run.ts';
import { workflowIdOf } from '../runner/runner.ts';
import { lastAttempt, type WorkflowRun } from '../runner/workflow-run.ts';
import type { Repository } from '../world/model.ts';
import {
  type Call,
  HttpError,
  notFound,
  numberParam,
  paginate,
  type Route,
  repositoryOf,
  route,
} from './router.ts';

/** The path of the workflow that a file name or a numeric id names. */
function workflowOf({ params }: Call, repository: Repository): string {
  const wanted = params.workflow ?? '';
  for (const path of repository.contents.keys()) {
    if (!path.startsWith('.github/workflows/')) continue;
    if (path === `.github/workflows/${wanted}` || String(workflowIdOf(repository, path)) === wanted)
      return path;
  }
  throw notFound();
}

const DISPATCH_KEYS = ['ref', 'inputs', 'return_run_details'];

function dispatch(call: Call) {
  const repository = repositoryOf(call, 'actions', 'write');
  const path = workflowOf(call, repository);
  const body = (call.request.body ?? {}) as Record<string, unknown>;
  const unknown = Object.keys(body).find((key) => !DISPATCH_KEYS.includes(key));
  if (unknown) throw new HttpError(422, `Invalid request.\n\n"${unknown}" is not a permitted key.`);
  if (typeof body.ref !== 'string') throw new HttpError(422, 'Invalid request.\n\n"ref" wasn\'t supplied.');
  const inputs = (body.inputs ?? {}) as Record<string, unknown>;
  const { runner, apiUrl, webUrl } = call.sandbox;
  const dispatched = runner.dispatch(repository, path, { ref: body.ref, inputs, actor: call.grant.actor });
  if ('refusal' in dispatched) throw new HttpError(422, dispatched.refusal);
  if (body.return_run_details !== true) return { status: 204 };
  const runPath = `${repository.owner.login}/${repository.name}/actions/runs/${dispatched.run.id}`;
  return {
    status: 200,
    body: {
      workflow_run_id: dispatched.run.id,
      run_url: `${apiUrl}/repos/${runPath}`,
      html_url: `${webUrl}/${runPath}`,
    },
  };
}

function runOf(call: Call, level: 'read' | 'write'): WorkflowRun {
  const repository = repositoryOf(call, 'actions', level);
  const run = call.sandbox.runner.runs.get(numberParam(call, 'id'));
  if (run?.repository !== repository) throw notFound();
  return run;
}

function listRuns(call: Call, runs: WorkflowRun[]) {
  const { query } = call.request;
  const wanted = runs
    .filter(
      (run) =>
        (!query.get('event') || query.get('event') === run.event) &&
        (!query.get('status') ||
          [lastAttempt(run).status, lastAttempt(run).conclusion].some(
            (value) => value === query.get('status'),
          )),
    )
    .reverse();
  const page = paginate(call, wanted, (run) => representWorkflowRun(call.sandbox, run));
  return { ...page, body: { total_count: wanted.length, workflow_runs: page.body } };
}

export const ACTIONS_ROUTES: Route[] = [
  route('POST /repos/{owner}/{repo}/actions/workflows/{workflow}/dispatches', dispatch),
  route('GET /repos/{owner}/{repo}/actions/workflows/{workflow}', (call) => {
    const repository = repositoryOf(call, 'actions');
    const path = workflowOf(call, repository);
    const name = /^name:\s*(.+)$/m.exec(repository.contents.get(path) ?? '')?.[1] ?? path;
    return {
      status: 200,
      body: representWorkflow(call.sandbox, repository, path, name, workflowIdOf(repository, path)),
    };
  }),
  route('GET /repos/{owner}/{repo}/actions/workflows/{workflow}/runs', (call) => {
    const repository = repositoryOf(call, 'actions');
    const path = workflowOf(call, repository);
    const runs = [...call.sandbox.runner.runs.values()];
    return listRuns(
      call,
      runs.filter((run) => run.repository === repository && run.path === path),
    );
  }),
  route('GET /repos/{owner}/{repo}/actions/runs', (call) => {
    const repository = repositoryOf(call, 'actions');
    return listRuns(
      call,
      [...call.sandbox.runner.runs.values()].filter((run) => run.repository === repository),
    );
  }),
  route('GET /repos/{owner}/{repo}/actions/runs/{id}', (call) => ({
    status: 200,
    body: representWorkflowRun(call.sandbox, runOf(call, 'read')),
  })),
  route('GET /repos/{owner}/{repo}/actions/runs/{id}/attempts/{attempt}', (call) => {
    const run = runOf(call, 'read');
    const attempt = run.attempts[numberParam(call, 'attempt') - 1];
    if (!attempt) throw notFound();
    return { status: 200, body: representWorkflowRun(call.sandbox, run, attempt) };
  }),
  route('POST /repos/{owner}/{repo}/actions/runs/{id}/cancel', (call) => {
    const run = runOf(call, 'write');
    if (lastAttempt(run).status === 'completed') {
      throw new HttpError(409, 'Cannot cancel a workflow run that is completed.');
    }
    call.sandbox.runner.cancel(run);
    return { status: 202, body: {} };
  }),
  route('POST /repos/{owner}/{repo}/actions/runs/{id}/rerun', (call) => {
    const run = runOf(call, 'write');
    if (lastAttempt(run).status !== 'completed') {
      throw new HttpError(403, 'The workflow run is already running');
    }
    call.sandbox.runner.rerun(run);
    return { status: 201, body: {} };
  }),
];
