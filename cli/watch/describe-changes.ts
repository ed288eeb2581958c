import { HEALTH_WORDS } from '../../src/monitor/judge-overview.ts';
import type { ListedJob } from '../../src/monitor/list-jobs.ts';
import { neutralizeLog } from '../../src/text/neutralize.ts';
import { describeStatus, describeWork } from '../describe-job.ts';
import { describeQueue, describeRollout, type Watched } from './read-watched.ts';
import { nameJob } from './render-watched.ts';

/** What is different from the look before, a line each; of the first look, how things stand. */
export function describeChanges(before: Watched | null, after: Watched): string[] {
  const changed = (of: (watched: Watched) => string): string[] =>
    before !== null && of(before) === of(after) ? [] : [of(after)];
  const { at, underWay, wrong } = after.overview;
  const findings = new Map(after.health.findings.map((finding) => [finding.code, finding]));
  const earlier = new Map(before?.health.findings.map((finding) => [finding.code, finding]));
  const jobs = new Map(before?.overview.underWay.map((job) => [job.id, job]));
  const known = new Set([...(before?.overview.wrong ?? []), ...after.ended].map(({ id }) => id));
  return [
    ...changed(({ health }) => `health: ${HEALTH_WORDS[health.level]}`),
    ...[...findings.values()]
      .filter(({ code }) => !earlier.has(code))
      .map(({ severity, code, text, quoted }) => {
        const words = quoted ? ` "${neutralizeLog(quoted, 200)}"` : '';
        return `${severity} ${code}: ${text}${words}`;
      }),
    ...[...earlier.keys()].filter((code) => !findings.has(code)).map((code) => `over: ${code}`),
    ...changed((watched) => `rollout: ${describeRollout(watched)}`),
    ...changed((watched) => `work: ${describeQueue(watched)}`),
    ...after.ended.map((job) => describeJobLine(job, at)),
    ...underWay.filter((job) => hasMoved(jobs.get(job.id), job)).map((job) => describeJobLine(job, at)),
    // Of the first look, those that went wrong long ago are no news.
    ...(before === null
      ? []
      : wrong.filter(({ id }) => !known.has(id)).map((job) => describeJobLine(job, at))),
  ];
}

function hasMoved(before: ListedJob | undefined, after: ListedJob): boolean {
  return (
    before?.status !== after.status ||
    before.statusReason !== after.statusReason ||
    before.progress?.done !== after.progress?.done
  );
}

function describeJobLine(job: ListedJob, now: Date): string {
  const more = job.error === null ? describeWork(job, now) : neutralizeLog(job.error, 200);
  return `job ${job.id}: ${nameJob(job)}: ${describeStatus(job)}${more === null ? '' : `: ${more}`}`;
}
