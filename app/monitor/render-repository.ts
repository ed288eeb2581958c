import {
  ENROLMENT_FILTERS,
  type EnrolmentFilter,
  type ListedRepository,
  REPOSITORIES_PER_PAGE,
} from '../../src/monitor/list-repositories.ts';
import type { RepositoryPicture } from '../../src/monitor/read-repository.ts';
import { ENROLMENT_REASONS, type Enrolment } from '../../src/rollout/evaluate-enrolment.ts';
import type { Rollout } from '../../src/rollout/rollout-store.ts';
import type { Viewer } from './access.ts';
import { type Html, html, long, type Part } from './html.ts';
import { renderTabs } from './layout.ts';
import {
  commandButton,
  empty,
  jobItem,
  pairs,
  section,
  table,
  time,
  whyNoRepository,
} from './render-parts.ts';
import type { RunLinks } from './run-links.ts';

const FILTER_NAMES: Record<EnrolmentFilter, string> = {
  in: 'In the rollout',
  out: 'Not in it',
  included: 'Include list',
  excluded: 'Exclude list',
};

/** What a list of repositories is narrowed by. */
export interface RepositoriesQuery {
  search: string;
  /** By the rollout; null: all. */
  filter: EnrolmentFilter | null;
}

/** What stands above the list: the search and, where the rollout may be seen, who is in it. */
export function renderRepositoriesHead({ search, filter }: RepositoriesQuery, viewer: Viewer): Html {
  const links = [null, ...ENROLMENT_FILTERS].map((one) => ({
    href: repositoriesAddress({ search, filter: one }),
    label: one === null ? 'All' : FILTER_NAMES[one],
    isCurrent: one === filter,
  }));
  return html`<h1>Repositories</h1>
<form class="search" role="search" action="/monitor/repositories"><label for="q">Part of the name</label>
<input id="q" name="q" type="search" value="${search}" maxlength="140">${
    filter === null ? null : html`<input type="hidden" name="in" value="${filter}">`
  } <button>Search</button></form>
${viewer.maySeeRollout ? renderTabs('Which repositories', links) : null}`;
}

/** The served repositories, with what is stored of each and whether the rollout has reached them. */
export function renderRepositories(
  repositories: readonly ListedRepository[],
  query: RepositoriesQuery,
  { viewer, rollout }: { viewer: Viewer; rollout: Rollout | null },
): Map<string, Html> {
  const last = repositories.length === REPOSITORIES_PER_PAGE ? repositories.at(-1) : undefined;
  const next = last ? repositoriesAddress({ ...query, after: last.fullName }) : null;
  const rows = repositories.map((one): Part[] => [
    html`<a href="/monitor/repositories/${String(one.id)}" data-key="${String(one.id)}">${one.fullName}</a>${one.isPrivate ? html` <span class="badge idle">private</span>` : null}`,
    one.category ?? 'not known yet',
    ...(one.enrolment ? [renderEnrolment(one.enrolment)] : []),
    renderShare(one.storedPullRequests, one.pullRequests),
    one.live === 0 ? 'none' : one.live,
    one.wrong === 0 ? 'none' : html`<span class="badge bad">${one.wrong}</span>`,
    time(one.lastEndedAt),
    ...(rollout && viewer.person ? [renderListButtons(one, rollout, viewer)] : []),
  ]);
  const isNarrowed = query.search !== '' || query.filter !== null;
  const columns = [
    'repository',
    'size',
    ...(rollout ? ['in the rollout'] : []),
    'pull requests stored',
    'live jobs',
    'wrong in 7 d',
    'last job ended',
    ...(rollout && viewer.person ? ['change'] : []),
  ];
  const list =
    repositories.length === 0
      ? empty(isNarrowed ? 'There is no such repository.' : whyNoRepository(viewer))
      : table('Repositories', columns, rows);
  const body = html`<div${rollout ? html` data-version="${String(rollout.version)}"` : null}>${list}${
    next ? html`<p><a href="${long(next, 4_000)}">Further repositories</a></p>` : null
  }</div>`;
  const title = query.filter ? FILTER_NAMES[query.filter] : 'All that the App serves';
  return new Map([['list', section('list', title, body, { wide: true })]]);
}

function repositoriesAddress({ search, filter, after }: RepositoriesQuery & { after?: string }): string {
  const query = new URLSearchParams({
    ...(search === '' ? {} : { q: search }),
    ...(filter ? { in: filter } : {}),
    ...(after ? { after } : {}),
  });
  return query.size === 0 ? '/monitor/repositories' : `/monitor/repositories?${query}`;
}

function renderEnrolment({ eligible, reason }: Enrolment): Html {
  return html`<span class="badge ${eligible ? 'live' : 'idle'}">${eligible ? 'in' : 'out'}</span> ${ENROLMENT_REASONS[reason]}`;
}

/** Puts it on a list on which it is not yet, or takes it off the one on which it is. */
function renderListButtons(
  { id, fullName }: Pick<ListedRepository, 'id' | 'fullName'>,
  { include, exclude }: Rollout,
  viewer: Viewer,
): Html {
  const button = (verb: string, label: string) =>
    commandButton(verb, label, viewer, { repository: fullName });
  return html`<span class="small-buttons">${include.includes(id) ? null : button('include', 'Include')}${
    exclude.includes(id) ? null : button('exclude', 'Exclude')
  }${include.includes(id) || exclude.includes(id) ? button('unlist', 'Unlist') : null}</span>`;
}

function renderShare(stored: number, total: number | null): Html {
  if (total === null) return html`${stored}, GitHub has not counted yet`;
  if (total === 0) return html`none there`;
  return html`<span class="share-cell"><progress max="${String(total)}" value="${String(Math.min(stored, total))}" aria-hidden="true"></progress> ${stored} of ${total}</span>`;
}

/** One repository, by section. */
export function renderRepository(
  repository: RepositoryPicture,
  { rollout, viewer, links }: { rollout: Rollout; viewer: Viewer; links: RunLinks },
): Map<string, Html> {
  const { enrolment, pullRequestsCount, issuesCount, settingsProblem } = repository;
  const facts = pairs([
    ...(viewer.maySeeRollout
      ? [
          [
            'In the rollout',
            html`<span data-version="${String(rollout.version)}">${renderEnrolment(enrolment)}</span>${viewer.person && !repository.isRemoved ? renderListButtons(repository, rollout, viewer) : null}`,
          ] as const,
        ]
      : []),
    ['Size', repository.category ?? 'not known yet'],
    ['Pull requests on GitHub', pullRequestsCount ?? 'not counted yet'],
    ['Issues on GitHub', issuesCount ?? 'not counted yet'],
    ['Counted', time(repository.countedAt)],
    ['Visible to', repository.isPrivate ? 'those with access' : 'everybody'],
  ]);
  return new Map([
    [
      'title',
      html`<div data-section="title"><h1>${repository.fullName}</h1>${
        repository.isRemoved ? html`<p class="error-text">The App is not installed on it any more.</p>` : null
      }${settingsProblem ? html`<p class="error-text">${long(settingsProblem)}</p>` : null}</div>`,
    ],
    ['facts', section('facts', 'What it is', facts)],
    [
      'stored',
      section(
        'stored',
        'Rows stored',
        table(
          'Number of rows, by table',
          ['table', 'rows'],
          repository.rows.map(({ table: name, stored }) => [name, stored]),
        ),
      ),
    ],
    [
      'gaps',
      section(
        'gaps',
        'Complete?',
        renderMissing(repository) ??
          (repository.gaps.length === 0
            ? empty('Nothing is missing: what is stored is what GitHub counts (capture_gaps is empty).')
            : html`<p>Parts of which GitHub counts another number than is stored; <code>/capture verify</code> repairs them.</p>${table(
                'Gaps',
                ['part', 'pull requests', 'GitHub counts', 'stored'],
                repository.gaps.map(({ connection, pullRequests, expected, stored }) => [
                  connection.replaceAll('_', ' '),
                  pullRequests,
                  expected,
                  stored,
                ]),
              )}`),
      ),
    ],
    [
      'jobs',
      section(
        'jobs',
        'Its jobs',
        repository.jobs.length === 0
          ? empty('There are none.')
          : html`<ul class="jobs">${repository.jobs.map((job) => jobItem(job, links))}</ul>`,
        { wide: true },
      ),
    ],
  ]);
}

/** Whole pull requests that are not stored; of those no part can be counted. Null: there are none. */
function renderMissing({ rows, pullRequestsCount }: RepositoryPicture): Html | null {
  const stored = rows.find(({ table: name }) => name === 'pull_requests')?.stored ?? 0;
  if (pullRequestsCount === null) return empty('GitHub has not counted its pull requests yet.');
  if (stored >= pullRequestsCount) return null;
  return html`<p><strong>${stored} of ${pullRequestsCount}</strong> pull requests are stored.</p>
<progress max="${String(pullRequestsCount)}" value="${String(stored)}" aria-label="Pull requests stored"></progress>
<p>The rest comes with its history, or by <code>/capture history</code> in an issue of it.</p>`;
}
