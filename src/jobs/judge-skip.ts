import type { WorkItem } from '../work-item/work-item.ts';

export type SkipReason = 'archived' | 'fork' | 'empty' | 'switched_off';

export interface SkipFacts {
  is_archived: boolean;
  is_fork: boolean;
  /** Has no commits; it may have issues all the same. */
  is_empty: boolean;
  pull_requests_count: number | null;
  issues_count: number | null;
}

/**
 * Whether there is no job to be made of an item, and why. Archived, forked and empty repositories are left alone
 * unless a person asks; their classification is not, since it is what finds out. A webhook about content shows that a
 * repository is not empty any more.
 */
export function judgeSkip(
  item: WorkItem,
  repository: SkipFacts,
): { reason: SkipReason; message: string } | null {
  if (item.reason === 'manual' || item.type === 'classify') return null;
  const name = item.repository.fullName;
  if (repository.is_archived) {
    return {
      reason: 'archived',
      message: `${name} is archived; \`npx hybrid-capture capture ${name}\` captures it all the same.`,
    };
  }
  if (repository.is_fork) {
    return {
      reason: 'fork',
      message: `${name} is a fork; \`npx hybrid-capture capture ${name}\` captures it all the same.`,
    };
  }
  const items = (repository.pull_requests_count ?? 0) + (repository.issues_count ?? 0);
  if (repository.is_empty && items === 0 && item.reason !== 'webhook') {
    return { reason: 'empty', message: `${name} is empty; there is nothing to capture yet.` };
  }
  return null;
}
