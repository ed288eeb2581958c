import type { IncomingMessage } from 'node:http';
import { ROLLOUT_VERBS } from '../../src/commands/rollout/verbs.ts';
import type { Config } from '../../src/config/config.ts';
import { JOB_GROUPS, type JobGroup, listJobs } from '../../src/monitor/list-jobs.ts';
import { listRepositories } from '../../src/monitor/list-repositories.ts';
import { readJobPicture } from '../../src/monitor/read-job.ts';
import { readRepositoryPicture } from '../../src/monitor/read-repository.ts';
import { isInScope } from '../../src/monitor/scope.ts';
import { readRollout } from '../../src/rollout/rollout-store.ts';
import type { Database } from '../../src/store/database.ts';
import type { Viewer } from './access.ts';
import type { ReadSections } from './events.ts';
import { type Html, html } from './html.ts';
import { type PageOptions, renderLayout } from './layout.ts';
import { JOBS_PER_PAGE, renderJob, renderJobs } from './render-job.ts';
import { OVERVIEW_COLUMNS, renderOverview } from './render-overview.ts';
import type { RunLinks } from './render-parts.ts';
import { renderRepositories, renderRepository } from './render-repository.ts';
import type { Snapshots } from './snapshots.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export interface PageContext {
  db: Database;
  config: Pick<Config, 'control' | 'github' | 'rollout' | 'bulk'>;
  snapshots: Snapshots;
}

/** A page that goes on by itself: its sections, read anew at each look. */
interface LivePage {
  title: string;
  current?: PageOptions['current'];
  hasConsole?: boolean;
  read: ReadSections;
  /** Sections that stand below each other; the others are as wide as the page, or flow. */
  columns?: readonly (readonly string[])[];
}

/** The page of a path, for one person. Null: there is none, or it is not shown to that person; both look the same. */
export async function renderPath(
  path: string,
  request: IncomingMessage,
  viewer: Viewer,
  context: PageContext,
): Promise<string | null> {
  const live = findLivePage(path, viewer, context);
  if (live) {
    const sections = await live.read();
    if (sections === null) return null;
    const { hasConsole = false, title, current } = live;
    return renderLayout({
      title,
      viewer,
      ...(current ? { current } : {}),
      events: `/monitor/events?page=${encodeURIComponent(path)}`,
      console: hasConsole ? consoleData(context) : null,
      body: arrange(sections, live.columns ?? []),
    });
  }
  const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
  const list = (title: string, current: 'jobs' | 'repositories', body: Html) =>
    renderLayout({ title, viewer, current, body });
  switch (path) {
    case '/monitor/jobs': {
      const group = Object.hasOwn(JOB_GROUPS, query.get('group') ?? '')
        ? (query.get('group') as JobGroup)
        : null;
      const jobs = await listJobs(context.db, {
        limit: JOBS_PER_PAGE,
        scope: viewer.scope,
        group,
        before: readCursor(query),
      });
      return list('Jobs', 'jobs', renderJobs(jobs, { group, links: linksOf(context.config) }));
    }
    case '/monitor/repositories': {
      const search = (query.get('q') ?? '').slice(0, 140).replaceAll('\u0000', '');
      const after = query.get('after')?.slice(0, 200).replaceAll('\u0000', '') ?? null;
      const found = await listRepositories(context.db, viewer.scope, { search, after, now: new Date() });
      return list('Repositories', 'repositories', renderRepositories(found, { search }));
    }
    default:
      return null;
  }
}

/** Null: the path has no page with live updates. */
export function findLivePage(path: string, viewer: Viewer, context: PageContext): LivePage | null {
  const { db, config, snapshots } = context;
  const links = linksOf(config);
  if (path === '/monitor') {
    return {
      title: 'Monitor',
      current: 'overview',
      hasConsole: viewer.maySeeRollout,
      columns: OVERVIEW_COLUMNS,
      read: async () => {
        const [overview, rollout, cost] = await Promise.all([
          snapshots.overview(viewer.scope),
          viewer.maySeeRollout ? snapshots.rollout() : null,
          snapshots.cost(viewer),
        ]);
        return renderOverview({ overview, rollout, cost }, viewer, links);
      },
    };
  }
  const repositoryId = Number(/^\/monitor\/repositories\/(\d{1,15})$/.exec(path)?.[1] ?? 0);
  if (repositoryId > 0) {
    return {
      title: 'Repository',
      current: 'repositories',
      read: async () => {
        if (!isInScope(repositoryId, viewer.scope)) return null;
        const { environmentStop } = config.rollout;
        const picture = await readRepositoryPicture(
          db,
          repositoryId,
          await readRollout(db, { environmentStop }),
        );
        return picture && renderRepository(picture, { viewer, links });
      },
    };
  }
  const jobId = /^\/monitor\/jobs\/([0-9a-f-]{36})$/.exec(path)?.[1] ?? '';
  if (UUID.test(jobId)) {
    return {
      title: 'Job',
      current: 'jobs',
      read: async () => {
        const picture = await readJobPicture(db, jobId);
        if (!picture || !isInScope(picture.job.repositoryId, viewer.scope)) return null;
        return renderJob(picture, links);
      },
    };
  }
  return null;
}

/** The columns stand where the first of their sections would. */
function arrange(sections: ReadonlyMap<string, Html>, columns: readonly (readonly string[])[]): Html {
  const inColumns = new Set(columns.flat());
  const all = [...sections];
  const first = all.findIndex(([id]) => inColumns.has(id));
  const flowing = ([id]: [string, Html]) => !inColumns.has(id);
  const bodies = (entries: [string, Html][]) => entries.filter(flowing).map(([, body]) => body);
  if (first < 0) return html`<div class="sections">${bodies(all)}</div>`;
  const stacks = columns.map(
    (ids) => html`<div class="column">${ids.map((id) => sections.get(id) ?? null)}</div>`,
  );
  return html`<div class="sections">${bodies(all.slice(0, first))}${stacks}${bodies(all.slice(first))}</div>`;
}

function consoleData({ config }: PageContext) {
  const { control } = config;
  return {
    control: control ? `${control.owner}/${control.repo}` : null,
    verbs: ROLLOUT_VERBS.map(({ verb, usage, summary, needs, isWrite, flags }) => ({
      verb,
      usage,
      summary,
      needs,
      isWrite,
      flags,
    })),
  };
}

function readCursor(query: URLSearchParams): { createdAt: Date; id: string } | null {
  const createdAt = new Date(query.get('before') ?? '');
  const id = query.get('id') ?? '';
  return Number.isNaN(createdAt.getTime()) || !UUID.test(id) ? null : { createdAt, id };
}

function linksOf({ github, bulk }: PageContext['config']): RunLinks {
  const { workflow } = bulk;
  return {
    workflowRun: (runId) =>
      workflow ? `${github.webUrl}/${workflow.owner}/${workflow.repo}/actions/runs/${runId}` : null,
    inngestRun: () => null,
  };
}
