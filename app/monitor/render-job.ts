import { isPaused } from '../../src/jobs/pause-run.ts';
import { jobTitle } from '../../src/monitor/job-title.ts';
import { JOB_GROUPS, type JobGroup, type ListedJob } from '../../src/monitor/list-jobs.ts';
import type { JobPicture } from '../../src/monitor/read-job.ts';
import { formatCount, formatDuration } from '../../src/text/format-progress.ts';
import { type Html, html, long, type Part } from './html.ts';
import { renderTabs } from './layout.ts';
import {
  badge,
  empty,
  jobItem,
  pairs,
  progressBar,
  runLink,
  section,
  table,
  time,
  workplaceOf,
} from './render-parts.ts';
import type { RunLinks } from './run-links.ts';

const GROUP_NAMES: Record<JobGroup, string> = {
  under_way: 'Under way',
  queued: 'Queued',
  wrong: 'Went wrong',
};

export const JOBS_PER_PAGE = 50;

/** What stands above a list of jobs: which of them are shown. */
export function renderJobsHead(group: JobGroup | null): Html {
  const groups = [null, ...Object.keys(JOB_GROUPS)] as (JobGroup | null)[];
  const links = groups.map((one) => ({
    href: jobsAddress({ group: one }),
    label: one === null ? 'All' : GROUP_NAMES[one],
    isCurrent: one === group,
  }));
  return html`<h1>Jobs</h1>${renderTabs('Which jobs', links)}`;
}

/** A list of jobs, by group. */
export function renderJobs(
  jobs: readonly ListedJob[],
  { group, links }: { group: JobGroup | null; links: RunLinks },
): Map<string, Html> {
  const last = jobs.length === JOBS_PER_PAGE ? jobs.at(-1) : undefined;
  const list =
    jobs.length === 0
      ? empty('There are no such jobs.')
      : html`<ul class="jobs">${jobs.map((job) => jobItem(job, links))}</ul>`;
  const next = last ? html`<p><a href="${jobsAddress({ group, after: last.id })}">Older jobs</a></p>` : null;
  const title = group === 'wrong' ? 'The last that went wrong first' : 'Newest first';
  return new Map([['list', section('list', title, html`${list}${next}`, { wide: true })]]);
}

function jobsAddress({ group, after }: { group: JobGroup | null; after?: string }): string {
  const query = new URLSearchParams({ ...(group ? { group } : {}), ...(after ? { after } : {}) });
  return query.size === 0 ? '/monitor/jobs' : `/monitor/jobs?${query}`;
}

/** One job and its runs, by section. */
export function renderJob({ job, runs }: JobPicture, links: RunLinks): Map<string, Html> {
  const head = html`<h1>${jobTitle(job)} <span class="muted">of</span> <a href="/monitor/repositories/${String(job.repositoryId)}">${job.repository}</a></h1>`;
  const facts = pairs([
    ['Status', html`${badge(job.status)} ${job.statusReason}`],
    ['Runs in', `${workplaceOf(job)}, rule ${job.rule}`],
    ['Because of', job.reason],
    ['Attempt', `${job.attempt} of ${job.maxAttempts}`],
    ['Made', time(job.createdAt)],
    ...(job.status === 'queued' ? [['Due', time(job.notBefore)] as const] : []),
    ...(isPaused(job) ? [['Goes on', time(job.notBefore)] as const] : []),
    ['Last sign of life', time(job.heartbeatAt)],
    ['Ended', job.completedAt ? time(job.completedAt) : 'not yet'],
    ['Stored', `${formatCount(job.worked.rows)} rows in ${formatDuration(job.worked.seconds)}`],
    ['Used', `${formatCount(job.worked.points)} points, ${formatCount(job.worked.requests)} requests`],
    ['Id', html`<code>${job.id}</code>`],
  ]);
  return new Map([
    ['title', html`<div data-section="title">${head}</div>`],
    [
      'facts',
      section(
        'facts',
        'The job',
        html`${progressBar(job)}${facts}${job.error ? html`<p class="error-text">${long(job.error, 4_000)}</p>` : null}`,
        { wide: true },
      ),
    ],
    ['runs', section('runs', 'Its runs', renderRuns(job, runs, links), { wide: true })],
  ]);
}

function renderRuns(job: ListedJob, runs: JobPicture['runs'], links: RunLinks): Html {
  if (runs.length === 0) return empty('It was not sent yet.');
  return table(
    'Runs of the job, newest first',
    [
      'run',
      'attempt',
      'carried out by',
      'state',
      'began',
      'ended',
      'rows',
      'points',
      'requests',
      'what went wrong',
    ],
    runs.map((run): Part[] => [
      run.run,
      run.attempt,
      runLink(job, run, links) ?? run.worker?.replaceAll('_', ' ') ?? 'nobody yet',
      run.conclusion ?? (run.pausedAt ? 'waiting' : run.state),
      time(run.startedAt),
      run.endedAt ? time(run.endedAt) : 'not yet',
      run.rows ?? 'not told',
      run.points ?? 'not told',
      run.requests ?? 'not told',
      run.error ? long(run.error, 500) : null,
    ]),
  );
}
