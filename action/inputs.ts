import { z } from 'zod';
import { CAPTURE_INCLUDES, type CaptureInclude } from '../src/work-item/work-item.ts';
import { decideMode, type Mode } from './mode.ts';

/** The inputs that action.yml declares. */
export const INPUT_NAMES = [
  'repository',
  'mode',
  'job-id',
  'app-url',
  'destination',
  'github-token',
  'since',
  'until',
  'pull-requests',
  'include',
  'time-limit-minutes',
] as const;
export type InputName = (typeof INPUT_NAMES)[number];
export type RawInputs = Readonly<Record<InputName, string>>;

/** What the run knows besides its inputs. */
export interface RunFacts {
  /** `GITHUB_EVENT_NAME`. */
  eventName: string;
  /** `GITHUB_REPOSITORY`, owner/name. */
  repository: string;
  /** What the person who started the run typed: the event's `inputs`; empty for other events. */
  dispatchInputs: Readonly<Record<string, unknown>>;
}

export interface Inputs {
  mode: Mode;
  repository: { owner: string; name: string };
  isVerify: boolean;
  githubToken: string;
  since: Date | null;
  until: Date | null;
  /** Ascending and unique. */
  pullRequests: number[];
  include: CaptureInclude[];
  timeLimitMs: number;
}

/** GitHub ends a job on its own runners after 6 hours, on others after 5 days. */
const MAX_TIME_LIMIT_MINUTES = 5 * 24 * 60;
const DEFAULT_TIME_LIMIT_MINUTES = 330;
/** So many are cheaper to capture by their range of time. */
const MAX_PULL_REQUESTS = 10_000;

const IsoDate = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);

/** Reads the inputs strictly and tells every problem at once. */
export function parseInputs(
  raw: RawInputs,
  facts: RunFacts,
): { ok: true; inputs: Inputs } | { ok: false; problems: string[] } {
  const problems: string[] = [];
  const repository = parseRepository(raw.repository || facts.repository, problems);
  const since = parseDate('since', raw.since, problems);
  const until = parseDate('until', raw.until, problems);
  if (since && until && since >= until) problems.push('`since` must be before `until`.');
  const pullRequests = parsePullRequests(raw['pull-requests'], problems);
  const include = parseInclude(raw.include, problems);
  const timeLimitMs = parseTimeLimit(raw['time-limit-minutes'], problems);
  if (!['', 'capture', 'verify'].includes(raw.mode)) {
    problems.push(`\`mode\` is ${quote(raw.mode)}, but must be capture or verify.`);
  }
  const mode = decideMode(raw, facts, problems);
  if (mode?.kind === 'stand-alone' && raw['github-token'] === '') {
    problems.push(
      '`github-token` is empty: give a token that may read the repository, such as the one of the workflow run.',
    );
  }
  if (problems.length > 0 || !mode || !repository) return { ok: false, problems };
  const isVerify = raw.mode === 'verify';
  const githubToken = raw['github-token'];
  return {
    ok: true,
    inputs: { mode, repository, isVerify, githubToken, since, until, pullRequests, include, timeLimitMs },
  };
}

function parseRepository(text: string, problems: string[]): Inputs['repository'] | null {
  const [, owner, name] = /^([A-Za-z0-9][A-Za-z0-9_-]*)\/([A-Za-z0-9._-]+)$/.exec(text) ?? [];
  if (owner && name) return { owner, name };
  problems.push(`\`repository\` is ${quote(text)}, but must be owner/name, such as octo-org/octo-repo.`);
  return null;
}

function parseDate(name: 'since' | 'until', text: string, problems: string[]): Date | null {
  if (text === '') return null;
  if (IsoDate.safeParse(text).success) return new Date(text);
  problems.push(
    `\`${name}\` is ${quote(text)}, but must be an ISO 8601 date or time with its zone, such as 2026-01-31 or 2026-01-31T09:00:00Z.`,
  );
  return null;
}

function parsePullRequests(text: string, problems: string[]): number[] {
  const numbers = new Set<number>();
  for (const part of text === '' ? [] : text.split(',')) {
    const [, first = '', last = first] = /^\s*(\d{1,9})(?:\s*-\s*(\d{1,9}))?\s*$/.exec(part) ?? [];
    const from = Number(first);
    const to = Number(last);
    if (from < 1 || to < from) {
      problems.push(
        `\`pull-requests\` holds ${quote(part)}, but must be numbers and ranges, such as 1,2,5-9.`,
      );
      return [];
    }
    if (numbers.size + to - from >= MAX_PULL_REQUESTS) {
      problems.push(
        `\`pull-requests\` names more than ${MAX_PULL_REQUESTS.toLocaleString('en')}: leave it empty to capture them all, or use \`since\` and \`until\`.`,
      );
      return [];
    }
    for (let number = from; number <= to; number += 1) numbers.add(number);
  }
  return [...numbers].sort((a, b) => a - b);
}

function parseInclude(text: string, problems: string[]): CaptureInclude[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => name !== '' && !isInclude(name));
  if (unknown.length > 0) {
    problems.push(
      `\`include\` holds ${unknown.map(quote).join(', ')}, but may only hold ${CAPTURE_INCLUDES.join(', ')}.`,
    );
  }
  const include = [...new Set(names.filter(isInclude))];
  return include.length > 0 ? include : ['pull-requests'];
}

function isInclude(name: string): name is CaptureInclude {
  return CAPTURE_INCLUDES.some((include) => include === name);
}

function parseTimeLimit(text: string, problems: string[]): number {
  const minutes =
    text === '' ? DEFAULT_TIME_LIMIT_MINUTES : /^\d{1,6}(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (minutes <= 0 || minutes > MAX_TIME_LIMIT_MINUTES) {
    problems.push(
      `\`time-limit-minutes\` is ${quote(text)}, but must be a number above 0 and up to ${MAX_TIME_LIMIT_MINUTES}.`,
    );
  }
  return minutes * 60_000;
}

function quote(text: string): string {
  return text === '' ? 'empty' : JSON.stringify(text);
}
