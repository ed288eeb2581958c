import type { Config } from '../../src/config/config.ts';
import type { RunClaims } from './oidc.ts';
import { RefusedError } from './refused-error.ts';

/** The workflow that a captured repository runs for itself, copied from `workflows/` of this product. */
const SELF_SERVICE_WORKFLOW_PATH = '.github/workflows/scheduled-capture.yml';

type CaptureWorkflow = NonNullable<Config['bulk']['workflow']>;

/**
 * Requires that a run is one of CAPTURE_WORKFLOW, started by a dispatch. The repository is known by its numeric id:
 * a name can be given up and taken by somebody else.
 */
export function requireCaptureWorkflow(
  claims: RunClaims,
  workflow: CaptureWorkflow,
  jobsRepositoryId: number,
): void {
  const pinned = `CAPTURE_WORKFLOW is ${workflow.owner}/${workflow.repo}/${workflow.path}@${workflow.ref}`;
  if (claims.repositoryId !== jobsRepositoryId) {
    throw new RefusedError(
      'wrong_repository',
      `This run belongs to the repository ${claims.repositoryId}, not to the jobs repository ${jobsRepositoryId} (${pinned}).`,
    );
  }
  const ref = fullRef(workflow.ref);
  const found = splitWorkflowRef(claims);
  if (found?.path !== workflow.path) {
    throw new RefusedError(
      'wrong_workflow',
      `This run is of another workflow (${pinned}). Let the app dispatch it.`,
    );
  }
  if (found.ref !== ref || claims.ref !== ref) {
    throw new RefusedError(
      'wrong_branch',
      `This run's workflow is not that of ${ref} (${pinned}). Let the app dispatch it.`,
    );
  }
  if (claims.eventName !== 'workflow_dispatch') {
    throw new RefusedError(
      'wrong_event',
      `This run was started by ${claims.eventName}; jobs are carried out by workflow_dispatch runs, which the app starts.`,
    );
  }
}

/** Whether the run is one of a repository's own workflow for asking for jobs, whatever else holds of it. */
export function isSelfServiceWorkflow(claims: RunClaims): boolean {
  return splitWorkflowRef(claims)?.path === SELF_SERVICE_WORKFLOW_PATH;
}

/** Requires that a run is a captured repository's own scheduled or manual run, of its default branch. */
export function requireSelfServiceWorkflow(claims: RunClaims, defaultBranch: string | null): void {
  if (claims.eventName !== 'schedule' && claims.eventName !== 'workflow_dispatch') {
    throw new RefusedError(
      'wrong_event',
      `This run was started by ${claims.eventName}; only schedule and workflow_dispatch may ask for a job.`,
    );
  }
  const found = splitWorkflowRef(claims);
  if (found?.path !== SELF_SERVICE_WORKFLOW_PATH) {
    throw new RefusedError(
      'wrong_workflow',
      `Only ${SELF_SERVICE_WORKFLOW_PATH} may ask for a job. Copy it from the workflows folder of Hybrid Capture under this name.`,
    );
  }
  if (defaultBranch === null && claims.eventName !== 'schedule') {
    throw new RefusedError(
      'default_branch_unknown',
      'The default branch of this repository is not known yet. Try again when the App has classified the repository, some minutes after its installation.',
    );
  }
  // GitHub runs schedules on the default branch alone. Source: docs.github.com/actions, events that trigger workflows
  const ref = defaultBranch === null ? claims.ref : `refs/heads/${defaultBranch}`;
  if (found.ref !== ref || claims.ref !== ref) {
    throw new RefusedError(
      'wrong_branch',
      `Only runs of the default branch (${ref}) may ask for a job. Run the workflow there.`,
    );
  }
}

/**
 * Path and ref of the workflow file that runs. Null when it lies in another repository than the run: an organisation's
 * required workflow may do so.
 */
function splitWorkflowRef(claims: RunClaims): { path: string; ref: string } | null {
  const at = claims.workflowRef.indexOf('@');
  const file = claims.workflowRef.slice(0, at);
  const prefix = `${claims.repository}/`;
  if (at < 0 || file.slice(0, prefix.length).toLowerCase() !== prefix.toLowerCase()) return null;
  return { path: file.slice(prefix.length), ref: claims.workflowRef.slice(at + 1) };
}

/** A plain name is a branch. */
function fullRef(ref: string): string {
  return ref.startsWith('refs/') ? ref : `refs/heads/${ref}`;
}
