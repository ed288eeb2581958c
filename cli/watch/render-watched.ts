import { jobTitle } from '../../src/monitor/job-title.ts';
import { HEALTH_WORDS, type Health, sumEnded } from '../../src/monitor/judge-overview.ts';
import type { ListedJob } from '../../src/monitor/list-jobs.ts';
import type { BudgetState } from '../../src/monitor/read-overview.ts';
import { formatCount } from '../../src/text/format-progress.ts';
import { neutralizeLog } from '../../src/text/neutralize.ts';
import { describeStatus, describeWork } from '../describe-job.ts';
import { describeQueue, describeRollout, type Watched } from './read-watched.ts';

/** A line of the window; what it means is never told by its style alone. */
export interface Line {
  text: string;
  style: 'plain' | 'heading' | 'muted' | 'good' | 'warning' | 'bad';
}

const SHOWN_WRONG = 5;
const SHOWN_BUDGETS = 5;
/** A bar is as wide as a narrow window leaves room for, and no wider. */
const MOST_BAR = 30;

const HEALTH_STYLES = {
  healthy: 'good',
  unproven: 'good',
  quiet: 'muted',
  attention: 'warning',
  failing: 'bad',
  stopped: 'bad',
} as const satisfies Record<Health['level'], Line['style']>;
const SEVERITY_STYLES = { critical: 'bad', warning: 'warning', note: 'plain' } as const;

/** One moment as the lines of a window. What tells how it stands is broken to its width; names and errors are left to be cut. */
export function renderWatched(watched: Watched, { columns }: { columns: number }): Line[] {
  const { overview, health } = watched;
  const { at, underWay, wrong, wrongCount, budgets, hours } = overview;
  const line = (text: string, style: Line['style'] = 'plain'): Line => ({ text, style });
  const lines = (text: string, style: Line['style'] = 'plain') =>
    breakLine(text, columns).map((part) => line(part, style));
  const successes = hours.reduce((sum, hour) => sum + sumEnded(hour).successes, 0);
  return [
    line(`${HEALTH_WORDS[health.level]}  (${clock(at)} UTC)`, HEALTH_STYLES[health.level]),
    ...health.findings.flatMap(({ severity, text, quoted }) =>
      lines(
        `${severity}: ${text}${quoted ? ` "${neutralizeLog(quoted, 200)}"` : ''}`,
        SEVERITY_STYLES[severity],
      ),
    ),
    line('Rollout', 'heading'),
    ...lines(`  ${describeRollout(watched)}`),
    line('Work', 'heading'),
    ...lines(`  ${describeQueue(watched)}`),
    ...lines(`  24 h: ${formatCount(successes)} ended well, ${formatCount(wrongCount)} went wrong`),
    line('Under way', 'heading'),
    ...(underWay.length === 0 ? [line('  nothing', 'muted')] : []),
    ...underWay.flatMap((job) => renderUnderWay(job, at, columns)),
    line('Went wrong', 'heading'),
    ...(wrong.length === 0 ? [line('  nothing', 'muted')] : []),
    ...wrong
      .slice(0, SHOWN_WRONG)
      .flatMap((job) => [
        line(`  ${dayAndClock(job.completedAt)}  ${nameJob(job)}: ${describeStatus(job)}`, 'bad'),
        ...(job.error === null ? [] : [line(`    ${neutralizeLog(job.error, 200)}`, 'muted')]),
      ]),
    line("GitHub's budget", 'heading'),
    ...(budgets.length === 0 ? [line('  not told yet', 'muted')] : []),
    ...budgets.slice(0, SHOWN_BUDGETS).flatMap((budget) => lines(`  ${describeBudget(budget)}`)),
  ];
}

/** What a job is called in a line. */
export function nameJob(job: ListedJob): string {
  return `${neutralizeLog(job.repository, 100)}, ${jobTitle(job)}`;
}

function renderUnderWay(job: ListedJob, now: Date, columns: number): Line[] {
  const percent = job.progress?.percent ?? null;
  const work = describeWork(job, now);
  return [
    { text: `  ${nameJob(job)}: ${describeStatus(job)}`, style: 'plain' },
    ...(percent === null
      ? []
      : [{ text: `    ${renderBar(percent, columns - 12)}`, style: 'good' } as const]),
    ...breakLine(work === null ? '' : `    ${work}`, columns).map(
      (text) => ({ text, style: 'muted' }) as const,
    ),
  ];
}

/** Breaks between words; what follows is indented as the first line is, and by two more. Nothing of an empty text. */
function breakLine(text: string, columns: number): string[] {
  const [indent = ''] = /^ */.exec(text) ?? [];
  const lines: string[] = [];
  for (const word of text.split(' ').filter((part) => part !== '')) {
    const last = lines.at(-1);
    if (last === undefined) lines.push(`${indent}${word}`);
    else if (last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${indent}  ${word}`);
  }
  return lines;
}

function renderBar(percent: number, room: number): string {
  const width = Math.max(5, Math.min(MOST_BAR, room));
  const full = Math.round((width * percent) / 100);
  return `${'█'.repeat(full)}${'░'.repeat(width - full)} ${percent} %`;
}

function describeBudget(budget: BudgetState): string {
  const { account, installationId, pointsLeft, pointsResetAt, restLeft, restResetAt } = budget;
  const part = (left: number | null, what: string, resetAt: Date | null) =>
    left === null
      ? `${what} not told`
      : `${formatCount(left)} ${what}${resetAt ? ` until ${clock(resetAt)}` : ''}`;
  return `${neutralizeLog(account ?? String(installationId), 100)}: ${part(pointsLeft, 'points', pointsResetAt)}, ${part(restLeft, 'requests', restResetAt)}`;
}

/** `14:05:09`, UTC. */
function clock(time: Date): string {
  return time.toISOString().slice(11, 19);
}

function dayAndClock(time: Date | null): string {
  return time === null ? 'not ended' : time.toISOString().slice(5, 16).replace('T', ' ');
}
