import type { ListedJob } from './list-jobs.ts';

/** What a job captures, in a few words: `pull requests #1 #2 #3 #4 and 3 more`. */
export function jobTitle(job: Pick<ListedJob, 'type' | 'items'>): string {
  const items = job.items.slice(0, 4).map((number) => `#${number}`);
  const more = job.items.length > items.length ? ` and ${job.items.length - items.length} more` : '';
  return `${job.type.replaceAll('_', ' ')} ${items.join(' ')}${more}`.trim();
}
