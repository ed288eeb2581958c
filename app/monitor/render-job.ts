import { jobTitle } from '../../src/monitor/job-title.ts';
import { JOB_GROUPS, type JobGroup, type ListedJob } from '../../src/monitor/list-jobs.ts';
import type { JobPicture } from '../../src/monitor/read-job.ts';
import { formatCount, formatDuration } from '../../src/text/format-progress.ts';
import { type Html, html, long, type Part, raw } from './html.ts';
import {
  badge,
  empty,
  jobItem,
  pairs,
  processorName,
  progressBar,
  type RunLinks,
  section,
  table,
  time,
} from './render-parts.ts';

const GROUP_NAMES: Record<JobGroup, string> = {
  under_way: 'Under way',
  queued: 'Queued',
  wrong: 'Went wrong',
};

export const JOBS_PER_PAGE = 50;

/** A list of jobs, by group. */
export function renderJobs(
  jobs: readonly ListedJob[],
  { group, links }: { group: JobGroup | null; links: RunLinks },
): Html {
  const tabs = ([null, ...Object.keys(JOB_GROUPS)] as (JobGroup | null)[]).map((one) => {
    const href = one === null ? '/monitor/jobs' : `/monitor/jobs?group=${one}`;
    return html`<li><a href="${href}"${one === group ? raw(' aria-current="page"') : null}>${one === null ? 'All' : GROUP_NAMES[one]}</a></li>`;
  });
  const last = jobs.at(-1);
  const query =
    last && jobs.length === JOBS_PER_PAGE && group !== 'wrong'
      ? new URLSearchParams({
          ...(group ? { group } : {}),
          before: last.createdAt.toISOString(),
          id: last.id,
        }).toString()
      : null;
  return html`<h1>Jobs</h1>
<nav aria-label="Which jobs"><ul class="tabs">${tabs}</ul></nav>
${section(
  'list',
  group === null ? 'Newest first' : GROUP_NAMES[group],
  html`${jobs.length === 0 ? empty('There are no such jobs.') : html`<ul class="jobs">${jobs.map((job) => jobItem(job, links))}</ul>`}
${query ? html`<p><a href="/monitor/jobs?${query}">Older jobs</a></p>` : null}`,
  { wide: true },
)}`;
}

/** One job and its runs, by section. */
export function renderJob({ job, runs }: JobPicture, links: RunLinks): Map<string, Html> {
  const head = html`<h1>${jobTitle(job)} <span class="muted">of</span> <a href="/monitor/repositories/${String(job.repositoryId)}">${job.repository}</a></h1>`;
  const facts = pairs([
    ['Status', html`${badge(job.status)} ${job.statusReason}`],
    ['Runs in', `${processorName(job.processor)}, rule ${job.rule}`],
    ['Because of', job.reason],
    ['Attempt', `${job.attempt} of ${job.maxAttempts}`],
    ['Made', time(job.createdAt)],
    ...(job.status === 'queued' ? [['Due', time(job.notBefore)] as const] : []),
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
      ),
    ],
    ['runs', section('runs', 'Its runs', renderRuns(runs, links), { wide: true })],
  ]);
}

function renderRuns(runs: JobPicture['runs'], links: RunLinks): Html {
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
    runs.map((run): Part[] => {
      const href =
        run.workflowRunId !== null
          ? links.workflowRun(run.workflowRunId)
          : run.inngestRunId !== null
            ? links.inngestRun(run.inngestRunId)
            : null;
      const label =
        run.workflowRunId !== null
          ? `workflow run ${run.workflowRunId}`
          : (run.worker?.replaceAll('_', ' ') ?? 'nobody yet');
      return [
        run.run,
        run.attempt,
        href ? html`<a href="${href}">${label}</a>` : label,
        run.conclusion ?? run.state,
        time(run.startedAt),
        run.endedAt ? time(run.endedAt) : 'not yet',
        run.rows ?? 'not told',
        run.points ?? 'not told',
        run.requests ?? 'not told',
        run.error ? long(run.error, 500) : null,
      ];
    }),
  );
}
