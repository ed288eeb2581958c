import type { Config } from '../../src/config/config.ts';
import type { ListedJob } from '../../src/monitor/list-jobs.ts';

/** Where GitHub or Inngest shows a run; null: nowhere that is known. */
export interface RunLinks {
  workflowRun: (runId: number, job: Pick<ListedJob, 'isExposed' | 'repository'>) => string | null;
  inngestRun: (runId: string) => string | null;
}

/** Inngest's SDK looks for its dev server here. */
const DEV_SERVER = 'http://localhost:8288';

/**
 * Addresses of runs. Inngest's cloud shows them by environment, its own server (the dev server too) by a query.
 * Source: https://github.com/inngest/inngest, routes of ui/apps/dashboard and ui/apps/dev-server-ui
 */
export function createRunLinks({
  github,
  bulk,
  inngest,
}: Pick<Config, 'github' | 'bulk' | 'inngest'>): RunLinks {
  const { workflow } = bulk;
  const { mode, baseUrl } = inngest;
  const server = baseUrl ?? (mode === 'dev' ? DEV_SERVER : null);
  return {
    workflowRun: (runId, { isExposed, repository }) => {
      // Only what a repository's own scheduled workflow asks for runs in GitHub Actions without counting for the rollout.
      const home = isExposed ? workflow && `${workflow.owner}/${workflow.repo}` : repository;
      if (home === null) return null;
      return `${github.webUrl}/${home.split('/').map(encodeURIComponent).join('/')}/actions/runs/${runId}`;
    },
    inngestRun: (runId) => {
      const id = encodeURIComponent(runId);
      if (mode === 'off') return null;
      return server === null
        ? `https://app.inngest.com/env/production/runs/${id}`
        : `${server}/run?runID=${id}`;
    },
  };
}
