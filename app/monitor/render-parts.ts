import { jobTitle } from '../../src/monitor/job-title.ts';
import type { ListedJob } from '../../src/monitor/list-jobs.ts';
import { formatCount, formatDuration } from '../../src/text/format-progress.ts';
import { type Html, html, long, type Part } from './html.ts';

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

/** A table that scrolls by itself where it is too wide, also by keyboard. */
export function table(label: string, columns: readonly string[], rows: readonly (readonly Part[])[]): Html {
  const head = columns.map((column) => html`<th scope="col">${column}</th>`);
  const lines = rows.map((cells) => html`<tr>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`);
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table>
<thead><tr>${head}</tr></thead>
<tbody>${lines}</tbody>
</table></div>`;
}

/** Pairs of a name and a value. */
export function pairs(rows: readonly (readonly [string, Part])[]): Html {
  return html`<dl class="pairs">${rows.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`;
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

/** Where work runs, in words. */
export function processorName(processor: string): string {
  return processor === 'github_actions' ? 'GitHub Actions' : 'Inngest';
}

/** Where GitHub or Inngest shows a run. */
export interface RunLinks {
  workflowRun: (runId: number) => string | null;
  inngestRun: (runId: string) => string | null;
}

/** A job in a list: what, where, how far, and why not. */
export function jobItem(job: ListedJob, links: RunLinks): Html {
  const { progress, worked } = job;
  const run = job.workflowRunId === null ? null : links.workflowRun(job.workflowRunId);
  return html`<li class="job">
<div class="job-head">${badge(job.status)} <a href="/monitor/jobs/${job.id}">${job.repository}: ${jobTitle(job)}</a></div>
${progress ? progressBar(job) : null}
<p class="muted">${processorName(job.processor)}, rule ${job.rule}${job.statusReason ? html`, ${job.statusReason}` : null}, ${time(job.completedAt ?? job.createdAt)}${
    job.status === 'completed'
      ? html`, ${formatCount(worked.rows)} rows in ${formatDuration(worked.seconds)}`
      : null
  }${run ? html`, <a href="${run}">workflow run ${String(job.workflowRunId)}</a>` : null}</p>
${job.error ? html`<p class="error-text clamped">${long(job.error, 300)}</p>` : null}
</li>`;
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
