import { representRepository, representUser } from '../rest/represent.ts';
import type { SandboxCore } from '../sandbox.ts';
import { fullName } from '../world/model.ts';
import { lastAttempt, type WorkflowRun } from './workflow-run.ts';

/** The `github` context of expressions. */
export function githubContext(core: SandboxCore, run: WorkflowRun, token: string): Record<string, unknown> {
  const { repository, actor } = run;
  const name = fullName(repository);
  return {
    token,
    job: run.file.jobId,
    ref: run.ref,
    ref_name: run.ref.replace('refs/heads/', ''),
    ref_type: 'branch',
    ref_protected: false,
    sha: run.sha,
    repository: name,
    repository_id: String(repository.id),
    repository_owner: repository.owner.login,
    repository_owner_id: String(repository.owner.id),
    repository_visibility: repository.isPrivate ? 'private' : 'public',
    repositoryUrl: `git://${new URL(core.webUrl).host}/${name}.git`,
    run_id: String(run.id),
    run_number: String(run.number),
    run_attempt: String(run.attempts.length === 0 ? 1 : lastAttempt(run).attempt),
    retention_days: '90',
    actor: actor.login,
    actor_id: String(actor.id),
    triggering_actor: actor.login,
    workflow: run.file.name,
    workflow_ref: `${name}/${run.path}@${run.ref}`,
    workflow_sha: run.sha,
    head_ref: '',
    base_ref: '',
    event_name: run.event,
    event: eventOf(core, run),
    server_url: core.webUrl,
    api_url: core.apiUrl,
    graphql_url: core.graphqlUrl,
    secret_source: 'Actions',
  };
}

/** What the file of GITHUB_EVENT_PATH holds. */
function eventOf(core: SandboxCore, run: WorkflowRun): object {
  const common = {
    repository: representRepository(core, run.repository),
    sender: representUser(core, run.actor),
  };
  return run.event === 'schedule'
    ? { schedule: '0 0 * * *', ...common }
    : { inputs: run.inputs, ref: run.ref, workflow: run.path, ...common };
}

/**
 * Environment variables that GitHub's runner sets; those of OIDC only for a job with `id-token: write`.
 * Source: https://docs.github.com/actions/reference/variables-reference
 */
export function runnerVariables(
  core: SandboxCore,
  run: WorkflowRun,
  oidcToken: string | null,
): Record<string, string> {
  const github = githubContext(core, run, '');
  const names = [
    ...['job', 'ref', 'ref_name', 'ref_type', 'ref_protected', 'sha', 'repository', 'repository_id'],
    ...['repository_owner', 'repository_owner_id', 'run_id', 'run_number', 'run_attempt', 'retention_days'],
    ...['actor', 'actor_id', 'triggering_actor', 'workflow', 'workflow_ref', 'workflow_sha', 'head_ref'],
    ...['base_ref', 'event_name', 'server_url', 'api_url', 'graphql_url'],
  ];
  return {
    ...Object.fromEntries(names.map((name) => [`GITHUB_${name.toUpperCase()}`, String(github[name])])),
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTION: '__self',
    GITHUB_ACTION_REPOSITORY: run.file.uses.split('@')[0] ?? '',
    GITHUB_ACTION_REF: run.file.uses.split('@')[1] ?? '',
    RUNNER_OS: 'Linux',
    RUNNER_ARCH: 'X64',
    RUNNER_NAME: 'GitHub Actions 1',
    RUNNER_ENVIRONMENT: 'github-hosted',
    RUNNER_DEBUG: run.repository.variables.get('ACTIONS_STEP_DEBUG') === 'true' ? '1' : '',
    ...(oidcToken === null
      ? {}
      : {
          ACTIONS_ID_TOKEN_REQUEST_URL: `${core.webUrl}/_services/run-token/${run.id}?api-version=2.0`,
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: oidcToken,
        }),
  };
}
