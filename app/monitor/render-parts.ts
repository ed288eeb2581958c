import { authorize } from '../../src/commands/permission.ts';
import { ROLLOUT_VERBS } from '../../src/commands/rollout/verbs.ts';
import { isPaused } from '../../src/jobs/pause-run.ts';
import { jobTitle } from '../../src/monitor/job-title.ts';
import type { ListedJob } from '../../src/monitor/list-jobs.ts';
import { formatCount, formatDuration } from '../../src/text/format-progress.ts';
import type { Viewer } from './access.ts';
import { type Html, html, long, type Part, raw } from './html.ts';
import type { RunLinks } from './run-links.ts';

/** A time, which the browser shows in its own zone and as "3 min ago". */
export function time(at: Date | null): Html {
  if (at === null) return html`<span class="muted">never</span>`;
  const iso = at.toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time>`;
}

/** A card of a page, replaced as a whole when it changes. */
export function section(id: string, title: string, body: Part, options: { wide?: boolean } = {}): Html {
  return html`<section class="${options.wide ? 'card wide' : 'card'}" id="${id}" data-section="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${body}
</section>`;
}

/**
 * A table that scrolls by itself where it is too long, also by keyboard. One of more than four columns becomes a list of
 * named values where its card is narrow; browsers take such a layout for no table any more, so the roles are written.
 */
export function table(label: string, columns: readonly string[], rows: readonly (readonly Part[])[]): Html {
  const head = columns.map((column) => html`<th scope="col" role="columnheader">${column}</th>`);
  const lines = rows.map(
    (cells) =>
      html`<tr role="row">${cells.map((cell, index) => html`<td role="cell" data-column="${columns[index] ?? ''}"><div>${cell}</div></td>`)}</tr>`,
  );
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table role="table"${columns.length > MAX_NARROW_COLUMNS ? raw(' class="wide-table"') : null}>
<thead role="rowgroup"><tr role="row">${head}</tr></thead>
<tbody role="rowgroup">${lines}</tbody>
</table></div>`;
}

/** As many as fit a card on a phone. */
const MAX_NARROW_COLUMNS = 4;

/** Pairs of a name and a value. */
export function pairs(rows: readonly (readonly [string, Part])[]): Html {
  return html`<dl class="pairs">${rows.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** A button that asks for a reason and sends a verb of `/rollout`; closed for those who may not. */
export function commandButton(
  verb: string,
  label: string,
  viewer: Viewer,
  { className = '', repository }: { className?: string; repository?: string },
): Html {
  const needs = ROLLOUT_VERBS.find((one) => one.verb === verb)?.needs ?? 'admin';
  const isAllowed = authorize(viewer.level, needs);
  return html`<button type="button" class="${className}" data-verb="${verb}"${
    repository === undefined ? null : html` data-repository="${repository}"`
  }${isAllowed ? null : html` disabled title="${`needs ${needs}`}"`}>${label}${
    repository === undefined ? null : html`<span class="visually-hidden"> ${repository}</span>`
  }</button>`;
}

const STATUS_KIND: Record<string, string> = {
  completed: 'good',
  running: 'live',
  dispatched: 'live',
  queued: 'idle',
  skipped: 'idle',
  cancelled: 'idle',
  failed: 'bad',
  timed_out: 'bad',
  lost: 'bad',
  blocked: 'warn',
};

/** A status as a word in a coloured frame: never by colour alone. */
export function badge(status: string): Html {
  return html`<span class="badge ${STATUS_KIND[status] ?? 'idle'}">${status.replaceAll('_', ' ')}</span>`;
}

export function empty(text: string): Html {
  return html`<p class="empty">${text}</p>`;
}

/** Why somebody sees no repository at all. */
export function whyNoRepository({ scope }: Viewer): string {
  return scope.kind === 'all'
    ? 'The App is installed on no repository yet.'
    : 'GitHub shows you none of the repositories on which the App is installed.';
}

/** Where work runs, in words. */
export function processorName(processor: string): string {
  return processor === 'github_actions' ? 'GitHub Actions' : 'Inngest';
}

/** Where the job's current run is carried out, in words. */
export function workplaceOf({ processor, worker }: Pick<ListedJob, 'processor' | 'worker'>): string {
  return worker === 'in_process' ? "the app's own worker" : processorName(processor);
}

/** A job in a list: what, where, how far, and why not. */
export function jobItem(job: ListedJob, links: RunLinks): Html {
  const { progress, worked } = job;
  const run = runLink(job, job, links);
  return html`<li class="job" data-key="${job.id}">
<div class="job-head">${badge(job.status)} <a href="/monitor/jobs/${job.id}">${job.repository}: ${jobTitle(job)}</a></div>
${progress ? progressBar(job) : null}
<p class="muted">${workplaceOf(job)}, rule ${job.rule}${job.statusReason ? html`, ${job.statusReason}` : null}, ${time(job.completedAt ?? job.createdAt)}${
    job.status === 'completed'
      ? html`, ${formatCount(worked.rows)} rows in ${formatDuration(worked.seconds)}`
      : null
  }${job.status === 'queued' ? html`, due ${time(job.notBefore)}` : null}${
    isPaused(job) ? html`, goes on ${time(job.notBefore)}` : null
  }${run ? html`, ${run}` : null}</p>
${job.error ? html`<p class="error-text clamped">${long(job.error, 300)}</p>` : null}
</li>`;
}

/** A run by the name that it has outside, with the way there; null: it has none. */
export function runLink(
  job: ListedJob,
  run: Pick<ListedJob, 'workflowRunId' | 'inngestRunId'>,
  links: RunLinks,
): Html | null {
  const { workflowRunId, inngestRunId } = run;
  if (workflowRunId !== null) {
    const href = links.workflowRun(workflowRunId, job);
    const label = `workflow run ${workflowRunId}`;
    return href === null ? html`${label}` : html`<a href="${href}">${label}</a>`;
  }
  const href = inngestRunId === null ? null : links.inngestRun(inngestRunId);
  return href === null ? null : html`<a href="${href}">run in Inngest</a>`;
}

export function progressBar(job: ListedJob): Html | null {
  const { progress } = job;
  if (!progress) return null;
  const { done, total, percent, perMinute, endsAt } = progress;
  const label = `${formatCount(done)}${total === null ? ' so far' : ` of ${formatCount(total)}`}`;
  return html`<div class="progress">
<progress max="100"${percent === null ? null : html` value="${String(percent)}"`} aria-label="${`Progress of ${job.repository}`}">${label}</progress>
<span>${percent === null ? null : html`${String(percent)} %, `}${label}${
    perMinute !== null && perMinute >= 1 ? html`, ${Math.round(perMinute)} a minute` : null
  }${endsAt ? html`, ends ${time(endsAt)}` : null}</span>
</div>`;
}
