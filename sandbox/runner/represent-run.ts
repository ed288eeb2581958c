import { representRepository, representUser } from '../rest/represent.ts';
import type { SandboxCore } from '../sandbox.ts';
import { fullName, type Repository } from '../world/model.ts';
import { lastAttempt, type RunAttempt, type WorkflowRun } from './workflow-run.ts';

export function representWorkflow(
  core: SandboxCore,
  repository: Repository,
  path: string,
  name: string,
  id: number,
): object {
  const url = `${core.apiUrl}/repos/${fullName(repository)}/actions/workflows/${id}`;
  const htmlUrl = `${core.webUrl}/${fullName(repository)}`;
  return {
    id,
    node_id: `W_kw${id}`,
    name,
    path,
    state: repository.isActionsEnabled ? 'active' : 'disabled_manually',
    created_at: repository.createdAt,
    updated_at: repository.createdAt,
    url,
    html_url: `${htmlUrl}/blob/${repository.defaultBranch}/${path}`,
    badge_url: `${htmlUrl}/actions/workflows/${path.split('/').at(-1)}/badge.svg`,
  };
}

/** A run, as its last or the given attempt shows it. */
export function representWorkflowRun(
  core: SandboxCore,
  run: WorkflowRun,
  attempt: RunAttempt = lastAttempt(run),
): object {
  const { repository } = run;
  const repositoryUrl = `${core.apiUrl}/repos/${fullName(repository)}`;
  const url = `${repositoryUrl}/actions/runs/${run.id}`;
  const commit = repository.branchCommits.find(({ oid }) => oid === run.sha);
  const signature = {
    name: commit?.authorName ?? 'GitHub',
    email: commit?.authorEmail ?? 'noreply@github.com',
  };
  return {
    id: run.id,
    name: run.file.name,
    node_id: `WFR_kw${run.id}`,
    head_branch: run.ref.replace('refs/heads/', ''),
    head_sha: run.sha,
    path: `${run.path}@${run.ref.replace('refs/heads/', '')}`,
    display_title: run.displayTitle,
    run_number: run.number,
    event: run.event,
    status: attempt.status,
    conclusion: attempt.status === 'completed' ? attempt.conclusion : null,
    workflow_id: run.workflowId,
    check_suite_id: run.id + 1,
    check_suite_node_id: `CS_kw${run.id}`,
    url,
    html_url: `${core.webUrl}/${fullName(repository)}/actions/runs/${run.id}`,
    pull_requests: [],
    created_at: run.attempts[0]?.createdAt ?? attempt.createdAt,
    updated_at: attempt.updatedAt,
    actor: representUser(core, run.actor),
    run_attempt: attempt.attempt,
    referenced_workflows: [],
    run_started_at: attempt.startedAt,
    triggering_actor: representUser(core, run.actor),
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    check_suite_url: `${repositoryUrl}/check-suites/${run.id + 1}`,
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    previous_attempt_url: attempt.attempt > 1 ? `${url}/attempts/${attempt.attempt - 1}` : null,
    workflow_url: `${repositoryUrl}/actions/workflows/${run.workflowId}`,
    head_commit: {
      id: run.sha,
      tree_id: run.sha,
      message: commit?.headline ?? '',
      timestamp: commit?.committedAt ?? repository.createdAt,
      author: signature,
      committer: signature,
    },
    repository: representRepository(core, repository),
    head_repository: representRepository(core, repository),
  };
}
