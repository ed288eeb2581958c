import { ROLLOUT_VERBS } from '../../src/commands/rollout/verbs.ts';
import type { Config } from '../../src/config/config.ts';
import {
  DELIVERY_OUTCOMES,
  listDeliveries,
  listFailedDeliveries,
} from '../../src/monitor/list-deliveries.ts';
import { JOB_GROUPS, type JobGroup, listJobs } from '../../src/monitor/list-jobs.ts';
import { ENROLMENT_FILTERS, listRepositories } from '../../src/monitor/list-repositories.ts';
import { readJobPicture } from '../../src/monitor/read-job.ts';
import { readRepositoryPicture } from '../../src/monitor/read-repository.ts';
import { isInScope } from '../../src/monitor/scope.ts';
import { readRollout } from '../../src/rollout/rollout-store.ts';
import type { Database } from '../../src/store/database.ts';
import type { Viewer } from './access.ts';
import type { ReadSections } from './events.ts';
import { type Html, html } from './html.ts';
import { type PageOptions, renderLayout } from './layout.ts';
import { DELIVERIES_PER_PAGE, renderDeliveries, renderDeliveriesHead } from './render-deliveries.ts';
import { JOBS_PER_PAGE, renderJob, renderJobs, renderJobsHead } from './render-job.ts';
import { OVERVIEW_COLUMNS, renderOverview } from './render-overview.ts';
import { renderRepositories, renderRepositoriesHead, renderRepository } from './render-repository.ts';
import { createRunLinks } from './run-links.ts';
import type { Snapshots } from './snapshots.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export interface PageContext {
  db: Database;
  config: Pick<Config, 'control' | 'github' | 'rollout' | 'bulk' | 'inngest'>;
  snapshots: Snapshots;
}

/** A page for one person, which goes on by itself: its sections are read anew at each look. */
interface Page {
  title: string;
  current?: PageOptions['current'];
  hasConsole?: boolean;
  /** Stands above the sections and stays as it is. */
  head?: Html;
  read: ReadSections;
  /** Sections that stand below each other; the others are as wide as the page, or flow. */
  columns?: readonly (readonly string[])[];
}

/**
 * The page of an address, for one person. Null: there is none, or it is not shown to that person; both look the same.
 * @param address path and query
 */
export async function renderAddress(
  address: string,
  viewer: Viewer,
  context: PageContext,
): Promise<string | null> {
  const page = findPage(address, viewer, context);
  const sections = await page?.read();
  if (!page || !sections) return null;
  const { hasConsole = false, title, current, head = null } = page;
  return renderLayout({
    title,
    viewer,
    ...(current ? { current } : {}),
    events: `/monitor/events?page=${encodeURIComponent(address)}`,
    console: hasConsole ? consoleData(context) : null,
    body: html`${head}${arrange(sections, page.columns ?? [])}`,
  });
}

/** Null: the address has no page. */
export function findPage(address: string, viewer: Viewer, context: PageContext): Page | null {
  const url = URL.parse(address, 'http://localhost');
  if (!url) return null;
  switch (url.pathname) {
    case '/monitor':
      return overviewPage(viewer, context);
    case '/monitor/jobs':
      return jobsPage(url, viewer, context);
    case '/monitor/repositories':
      return repositoriesPage(url, viewer, context);
    case '/monitor/deliveries':
      return deliveriesPage(url, viewer, context);
  }
  const repositoryId = Number(/^\/monitor\/repositories\/(\d{1,15})$/.exec(url.pathname)?.[1] ?? 0);
  if (repositoryId > 0) return repositoryPage(repositoryId, viewer, context);
  const jobId = /^\/monitor\/jobs\/([0-9a-f-]{36})$/.exec(url.pathname)?.[1] ?? '';
  return UUID.test(jobId) ? jobPage(jobId, viewer, context) : null;
}

function overviewPage(viewer: Viewer, { config, snapshots }: PageContext): Page {
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
      return renderOverview({ overview, rollout, cost }, viewer, createRunLinks(config));
    },
  };
}

function jobsPage({ searchParams }: URL, viewer: Viewer, { db, config, snapshots }: PageContext): Page {
  const group = oneOf(Object.keys(JOB_GROUPS) as JobGroup[], searchParams.get('group'));
  const id = searchParams.get('after') ?? '';
  const after = UUID.test(id) ? id : null;
  const { scope } = viewer;
  return {
    title: 'Jobs',
    current: 'jobs',
    head: renderJobsHead(group),
    read: async () => {
      const jobs = await snapshots.other(`jobs ${group} ${after}`, viewer, () =>
        listJobs(db, { limit: JOBS_PER_PAGE, scope, group, after }),
      );
      return renderJobs(jobs, { group, links: createRunLinks(config) });
    },
  };
}

function repositoriesPage({ searchParams }: URL, viewer: Viewer, { db, snapshots }: PageContext): Page {
  const { maySeeRollout, scope } = viewer;
  const search = textOf(searchParams.get('q'), 140) ?? '';
  const after = textOf(searchParams.get('after'), 200);
  const filter = maySeeRollout ? oneOf(ENROLMENT_FILTERS, searchParams.get('in')) : null;
  return {
    title: 'Repositories',
    current: 'repositories',
    hasConsole: maySeeRollout,
    head: renderRepositoriesHead({ search, filter }, viewer),
    read: async () => {
      const picture = maySeeRollout ? (await snapshots.rollout()).picture : null;
      const rollout = picture && {
        is: picture.rollout,
        served: picture.evidence.repositories.served,
        filter,
      };
      const found = await snapshots.other(
        `repositories ${JSON.stringify([search, after, filter])}`,
        viewer,
        () => listRepositories(db, scope, { search, after, now: new Date(), rollout }),
      );
      return renderRepositories(found, { search, filter }, { viewer, rollout: picture?.rollout ?? null });
    },
  };
}

function deliveriesPage({ searchParams }: URL, viewer: Viewer, { db, snapshots }: PageContext): Page {
  const outcome = oneOf(DELIVERY_OUTCOMES, searchParams.get('outcome'));
  const after = textOf(searchParams.get('after'), 200);
  return {
    title: 'Deliveries',
    current: 'deliveries',
    head: renderDeliveriesHead(outcome),
    read: async () => {
      const [deliveries, failed] = await snapshots.other(`deliveries ${outcome} ${after}`, viewer, () =>
        Promise.all([
          listDeliveries(db, viewer.scope, { limit: DELIVERIES_PER_PAGE, outcome, after }),
          viewer.maySeeRollout ? listFailedDeliveries(db) : null,
        ]),
      );
      return renderDeliveries(deliveries, { outcome, failed });
    },
  };
}

function repositoryPage(id: number, viewer: Viewer, { db, config, snapshots }: PageContext): Page {
  return {
    title: 'Repository',
    current: 'repositories',
    hasConsole: viewer.maySeeRollout,
    read: async () => {
      if (!isInScope(id, viewer.scope)) return null;
      const { environmentStop } = config.rollout;
      const [rollout, picture] = await snapshots.other(`repository ${id}`, viewer, async () => {
        const current = await readRollout(db, { environmentStop });
        return [current, await readRepositoryPicture(db, id, current)] as const;
      });
      return picture && renderRepository(picture, { rollout, viewer, links: createRunLinks(config) });
    },
  };
}

function jobPage(id: string, viewer: Viewer, { db, config, snapshots }: PageContext): Page {
  return {
    title: 'Job',
    current: 'jobs',
    read: async () => {
      const picture = await snapshots.other(`job ${id}`, viewer, () => readJobPicture(db, id));
      if (!picture || !isInScope(picture.job.repositoryId, viewer.scope)) return null;
      return renderJob(picture, createRunLinks(config));
    },
  };
}

/** The columns stand where the first of their sections would. */
function arrange(sections: ReadonlyMap<string, Html>, columns: readonly (readonly string[])[]): Html {
  const inColumns = new Set(columns.flat());
  const all = [...sections];
  const first = all.findIndex(([id]) => inColumns.has(id));
  const flowing = ([id]: [string, Html]) => !inColumns.has(id);
  const bodies = (entries: [string, Html][]) => entries.filter(flowing).map(([, body]) => body);
  if (first < 0) return html`<div class="sections">${bodies(all)}</div>`;
  const stacks = columns
    .map((ids) => ids.flatMap((id) => sections.get(id) ?? []))
    .filter((stack) => stack.length > 0)
    .map((stack) => html`<div class="column">${stack}</div>`);
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

/** Null: it is none of them. */
function oneOf<Value extends string>(values: readonly Value[], given: string | null): Value | null {
  return values.find((value) => value === given) ?? null;
}

/** Text as Postgres can hold it; null: none was given. */
function textOf(given: string | null, maxLength: number): string | null {
  return given?.replaceAll('\u0000', '').slice(0, maxLength).toWellFormed() ?? null;
}
