import { askGitHub, type JobsApiContext } from './context.ts';
import { requireCaptureWorkflow } from './identify-workflow.ts';
import type { RunClaims } from './oidc.ts';
import { RefusedError } from './refused-error.ts';

/** Refuses unless the run is one of CAPTURE_WORKFLOW. */
export async function requireJobsRepositoryRun(context: JobsApiContext, claims: RunClaims): Promise<void> {
  const { workflow } = context.config.bulk;
  if (workflow === null) {
    throw new RefusedError(
      'not_configured',
      'CAPTURE_WORKFLOW is not set on the app: set it to owner/repo/.github/workflows/bulk-capture.yml@branch.',
    );
  }
  const jobsRepositoryId = await askGitHub('the jobs repository', context.jobsRepositoryId);
  if (jobsRepositoryId === null) {
    throw new RefusedError(
      'not_configured',
      `The App can't see ${workflow.owner}/${workflow.repo} (CAPTURE_WORKFLOW): install it there.`,
    );
  }
  requireCaptureWorkflow(claims, workflow, jobsRepositoryId);
}
