import type { Database } from '../../src/store/database.ts';
import type { CaptureInclude } from '../../src/work-item/work-item.ts';

/** A complete capture of a repository over a range; no `since` is from the beginning. */
export interface CompleteCapture {
  since: Date | null;
  /** Changes up to this time are in it. */
  until: Date;
}

/**
 * The time up to which complete captures have fetched everything from the beginning on, or null when there is a hole
 * from the beginning: then only a whole capture closes it.
 */
export function joinCaptures(captures: readonly CompleteCapture[]): Date | null {
  const inOrder = captures.toSorted((a, b) => a.until.getTime() - b.until.getTime());
  let joined: Date | null = null;
  for (const { since, until } of inOrder) {
    if (since === null || (joined !== null && since <= joined)) joined = until;
  }
  return joined;
}

/** The time up to which everything of these kinds is captured; null: not from the beginning on. */
export async function findCapturedUntil(
  db: Database,
  repositoryId: number,
  include: readonly CaptureInclude[],
): Promise<Date | null> {
  const jobs = await db
    .selectFrom('progressive_capture_jobs')
    .select(['range_since', 'range_until', 'started_at', 'include', 'result'])
    .where('repository_id', '=', repositoryId)
    .where('job_type', '=', 'history')
    .where('status', '=', 'completed')
    .where('started_at', 'is not', null)
    .execute();
  const captures = jobs.flatMap(({ range_since: since, range_until, started_at, include: kinds, result }) => {
    const until = range_until ?? started_at;
    const isWhole = isComplete(result) && include.every((kind) => kinds.includes(kind));
    return until !== null && isWhole ? [{ since, until }] : [];
  });
  return joinCaptures(captures);
}

function isComplete(result: unknown): boolean {
  return typeof result === 'object' && result !== null && 'complete' in result && result.complete === true;
}
