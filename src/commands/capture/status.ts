import type { Job } from '../../jobs/job.ts';
import { isPaused } from '../../jobs/pause-run.ts';
import type { Database } from '../../store/database.ts';
import type { Answer } from '../../text/answer.ts';
import { countOf } from '../../text/count-of.ts';
import { formatTime } from '../../text/format-time.ts';
import type { CaptureVerb } from '../command.ts';

const SHOWN_JOBS = 8;

export const captureStatusVerb: CaptureVerb = {
  verb: 'status',
  usage: 'status',
  summary: 'Shows what is stored of this repository, whether anything is missing, and its last jobs.',
  needs: 'write',
  isWrite: false,
  flags: [],
  examples: ['status'],
  run: async ({ db, repository }): Promise<Answer> => {
    const stored = await countStored(db, repository.id);
    const jobs = await findLastJobs(db, repository.id);
    const live = jobs.filter(({ status }) => ['queued', 'dispatched', 'running'].includes(status));
    const complete =
      stored.known === null
        ? 'unknown: GitHub was not asked how many there are'
        : stored.gaps > 0
          ? `no: of pull requests ${countOf(stored.gaps, 'part')} missing`
          : stored.pullRequests < stored.known
            ? `no: ${countOf(stored.known - stored.pullRequests, 'pull request')} missing`
            : "yes, by GitHub's own totals";
    return {
      ok: true,
      reasonCode: 'capture_status',
      headline: `${countOf(stored.pullRequests, 'pull request')} stored, ${live.length === 0 ? 'nothing' : countOf(live.length, 'job')} under way`,
      table: [
        ['Pull requests', `${stored.pullRequests}${stored.known === null ? '' : ` of ${stored.known}`}`],
        ['Issues', String(stored.issues)],
        ['Complete', complete],
        ['Last captured', stored.last === null ? 'never' : formatTime(stored.last)],
      ],
      body: [
        ...(jobs[0]?.progress ? [`Under way: ${jobs[0].progress}`] : []),
        ...(stored.gaps > 0 ? ['`/capture verify` fetches what is missing.'] : []),
      ],
      details: {
        summary: `Last ${countOf(jobs.length, 'job')}`,
        columns: ['when', 'job', 'what', 'runs in', 'status', 'why'],
        rows: jobs.map((job) => [
          formatTime(job.created_at),
          job.id,
          job.job_type,
          `${job.processor_type} (${job.rule})`,
          job.status,
          [job.status_reason, job.error].filter((part) => part !== null).join(': '),
        ]),
      },
    };
  },
};

async function countStored(db: Database, repositoryId: number) {
  const count = (table: 'pull_requests' | 'issues') =>
    db
      .selectFrom(table)
      .select((eb) => [eb.fn.countAll<number>().as('count'), eb.fn.max('captured_at').as('last')])
      .where('repository_id', '=', repositoryId)
      .where('deleted_at', 'is', null)
      .executeTakeFirstOrThrow();
  const pulls = await count('pull_requests');
  const issues = await count('issues');
  const { gaps } = await db
    .selectFrom('capture_gaps')
    .select((eb) => eb.fn.countAll<number>().as('gaps'))
    .where('repository_id', '=', repositoryId)
    .executeTakeFirstOrThrow();
  const repository = await db
    .selectFrom('repositories')
    .select('pull_requests_count')
    .where('id', '=', repositoryId)
    .executeTakeFirst();
  return {
    pullRequests: Number(pulls.count),
    issues: Number(issues.count),
    gaps: Number(gaps),
    last: pulls.last,
    known: repository?.pull_requests_count ?? null,
  };
}

async function findLastJobs(db: Database, repositoryId: number) {
  const jobs = await db
    .selectFrom('progressive_capture_jobs')
    .selectAll()
    .where('repository_id', '=', repositoryId)
    .orderBy('created_at', 'desc')
    .limit(SHOWN_JOBS)
    .execute();
  return jobs.map((job) => ({ ...job, progress: describeProgress(job) }));
}

function describeProgress({
  status,
  status_reason: statusReason,
  not_before: until,
  progress,
}: Job): string | null {
  if (isPaused({ status, statusReason })) return `waits for GitHub until ${formatTime(until)}`;
  if (status !== 'running' || typeof progress !== 'object' || progress === null) return null;
  const { done, total } = progress as { done?: unknown; total?: unknown };
  if (typeof done !== 'number') return null;
  return typeof total === 'number' ? `${done} of ${total}` : String(done);
}
