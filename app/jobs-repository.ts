import type { Config } from '../src/config/config.ts';
import { statusOf } from '../src/github/status-of.ts';
import { bulkAvailability, type JobsRepositoryVisibility } from '../src/route/bulk-availability.ts';
import type { RouteContext } from '../src/route/decide-route.ts';
import { askOnce, type GitHubApp } from './github-app.ts';
import type { AppLog } from './log.ts';

/** Whether the bulk work of a repository may run in GitHub Actions. */
export type BulkFor = (repository: { isPrivate: boolean }) => RouteContext['bulk'];

export interface WorkflowRun {
  repositoryId: number;
  /** `.github/workflows/file.yml` */
  path: string;
  event: string;
  displayTitle: string;
  attempt: number;
  /** `completed` when it is over. */
  status: string | null;
  /** How it ended; null while it goes on. */
  conclusion: string | null;
}

export interface KnownJobsRepository {
  id: number;
  installationId: number;
  visibility: NonNullable<JobsRepositoryVisibility>;
}

/** What GitHub says of the repository of CAPTURE_WORKFLOW, asked in the background and never by a webhook. */
export interface JobsRepository {
  current(): KnownJobsRepository | null;
  bulkFor: BulkFor;
  /** Its numeric id; asks where it is not known yet. Null: the App is not installed there. */
  id(): Promise<number | null>;
  /** A token that starts and reads workflow runs there, and can do nothing else. */
  token(): Promise<string>;
  /** One of its workflow runs; null where there is none of this id. */
  run(runId: number): Promise<WorkflowRun | null>;
  /** Asks again; keeps what is known where GitHub can't be asked. */
  refresh(): Promise<void>;
  /** Resolves when no answer is awaited. */
  idle(): Promise<void>;
  start(): Promise<void>;
  stop(): void;
}

const REFRESH_MS = 10 * 60_000;
/** While nothing is known: the App may be installed any moment. */
const RETRY_MS = 30_000;

export function createJobsRepository(options: {
  config: Config;
  app: GitHubApp;
  log: AppLog;
}): JobsRepository {
  const { config, app, log } = options;
  const { workflow } = config.bulk;
  let known: KnownJobsRepository | null = null;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  /** One question after the other, so that an older answer never replaces a newer one. */
  let asking: Promise<void> = Promise.resolve();
  const refresh = (): Promise<void> => {
    asking = asking.then(ask);
    return asking;
  };
  const ask = async (): Promise<void> => {
    if (!workflow || isStopped) return;
    const fullName = `${workflow.owner}/${workflow.repo}`;
    try {
      const found = await findJobsRepository(app, workflow);
      if (!found && known)
        log.warn({ repository: fullName }, 'The App is no longer installed on the jobs repository.');
      known = found;
    } catch (err) {
      log.warn({ err, repository: fullName }, 'GitHub could not be asked about the jobs repository.');
    }
  };
  const loop = async (): Promise<void> => {
    await refresh();
    if (isStopped || !workflow) return;
    timer = setTimeout(() => void loop(), known ? REFRESH_MS : RETRY_MS);
    timer.unref();
  };
  const requireKnown = async (): Promise<KnownJobsRepository> => {
    if (!known && workflow) known = await findJobsRepository(app, workflow);
    if (known) return known;
    throw new Error('The App is not installed on the repository of CAPTURE_WORKFLOW.');
  };
  return {
    current: () => known,
    id: async () => {
      if (!known && workflow) known = await findJobsRepository(app, workflow);
      return known?.id ?? null;
    },
    token: async () => {
      const { id, installationId } = await requireKnown();
      return (await app.tokenFor(installationId, id, { actions: 'write', metadata: 'read' })).token;
    },
    run: async (runId) => {
      const { installationId } = await requireKnown();
      return workflow ? findRun(app, installationId, workflow, runId) : null;
    },
    bulkFor: (repository) => bulkAvailability(config, repository, known?.visibility ?? null),
    refresh,
    idle: () => asking,
    start: loop,
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

/** Null: the App is not installed there. */
async function findJobsRepository(
  app: GitHubApp,
  { owner, repo }: { owner: string; repo: string },
): Promise<KnownJobsRepository | null> {
  try {
    const octokit = await app.app();
    const { data: installation } = await octokit.request('GET /repos/{owner}/{repo}/installation', {
      owner,
      repo,
      request: askOnce(),
    });
    const installed = await app.installation(installation.id);
    const { data } = await installed.request('GET /repos/{owner}/{repo}', {
      owner,
      repo,
      request: askOnce(),
    });
    const visibility = data.visibility === 'internal' ? 'internal' : data.private ? 'private' : 'public';
    return { id: Number(data.id), installationId: installation.id, visibility };
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

async function findRun(
  app: GitHubApp,
  installationId: number,
  { owner, repo }: { owner: string; repo: string },
  runId: number,
): Promise<WorkflowRun | null> {
  try {
    const octokit = await app.installation(installationId);
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/actions/runs/{run_id}', {
      owner,
      repo,
      run_id: runId,
      request: askOnce(),
    });
    return {
      repositoryId: Number(data.repository.id),
      // GitHub adds `@ref` to the path of some runs.
      path: data.path.split('@')[0] ?? data.path,
      event: data.event,
      displayTitle: data.display_title,
      attempt: data.run_attempt ?? 1,
      status: data.status,
      conclusion: data.conclusion,
    };
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}
