import { type ListedRepository, REPOSITORIES_PER_PAGE } from '../../src/monitor/list-repositories.ts';
import type { RepositoryPicture } from '../../src/monitor/read-repository.ts';
import { ENROLMENT_REASONS } from '../../src/rollout/evaluate-enrolment.ts';
import type { Viewer } from './access.ts';
import { type Html, html, long, type Part } from './html.ts';
import { empty, jobItem, pairs, type RunLinks, section, table, time } from './render-parts.ts';

/** The served repositories, with what is stored of each. */
export function renderRepositories(
  repositories: readonly ListedRepository[],
  { search }: { search: string },
): Html {
  const last = repositories.length === REPOSITORIES_PER_PAGE ? repositories.at(-1) : undefined;
  const next = last ? new URLSearchParams({ q: search, after: last.fullName }).toString() : null;
  const rows = repositories.map((one): Part[] => [
    html`<a href="/monitor/repositories/${String(one.id)}">${one.fullName}</a>${one.isPrivate ? html` <span class="badge idle">private</span>` : null}`,
    one.category ?? 'not known yet',
    renderShare(one.storedPullRequests, one.pullRequests),
    one.live === 0 ? '' : one.live,
    one.wrong === 0 ? '' : html`<span class="badge bad">${one.wrong}</span>`,
    time(one.lastEndedAt),
  ]);
  return html`<h1>Repositories</h1>
<form class="search" role="search" action="/monitor/repositories"><label for="q">Part of the name</label>
<input id="q" name="q" type="search" value="${search}" maxlength="140"> <button>Search</button></form>
${section(
  'list',
  search === '' ? 'All that the App serves' : 'Found',
  html`${
    repositories.length === 0
      ? empty(search === '' ? 'The App is installed on no repository yet.' : 'No repository is named so.')
      : table(
          'Repositories',
          ['repository', 'size', 'pull requests stored', 'live jobs', 'went wrong (7 d)', 'last job ended'],
          rows,
        )
  }${next ? html`<p><a href="/monitor/repositories?${next}">Further repositories</a></p>` : null}`,
  { wide: true },
)}`;
}

function renderShare(stored: number, total: number | null): Html {
  if (total === null) return html`${stored}, GitHub has not counted yet`;
  if (total === 0) return html`none there`;
  return html`<span class="share-cell"><progress max="${String(total)}" value="${String(Math.min(stored, total))}" aria-hidden="true"></progress> ${stored} of ${total}</span>`;
}

/** One repository, by section. */
export function renderRepository(
  repository: RepositoryPicture,
  { viewer, links }: { viewer: Viewer; links: RunLinks },
): Map<string, Html> {
  const { enrolment, pullRequestsCount, issuesCount, settingsProblem } = repository;
  const facts = pairs([
    ...(viewer.maySeeRollout
      ? [
          [
            'In the rollout',
            `${enrolment.eligible ? 'yes' : 'no'}: ${ENROLMENT_REASONS[enrolment.reason]}`,
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
