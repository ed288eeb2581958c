import { z } from 'zod';
import { GitHubError } from '../github/errors.ts';
import type { CaptureState, Feed } from './checkpoint.ts';
import { RestChangedComment } from './rest/nodes.ts';
import { type ListPage, readList } from './rest/read-list.ts';
import type { Session } from './session.ts';

const LISTS = { reviewComments: '/pulls/comments', conversation: '/issues/comments' } as const;
/** A comment of the last minute may still get company of the same second. */
const FRESH_MS = 60_000;

/**
 * Asks the repository's lists of comments which items have comments that are new or were edited: an edit need not change the
 * item itself. Costs one conditional request a list, of no budget when nothing changed, and one more for each further 100 comments.
 */
export async function readFeeds(session: Session, since: string): Promise<void> {
  const { state, warnings } = session;
  for (const [name, list] of Object.entries(LISTS) as [keyof typeof LISTS, string][]) {
    try {
      const { feed, comments } = await readFeed(session, list, state.feeds[name] ?? { since, etag: null });
      state.feeds[name] = feed;
      addChanged(state, comments);
    } catch (error) {
      // A token that may not read it still gets everything else that is new.
      if (!(error instanceof GitHubError) || !['not_found', 'forbidden'].includes(error.code)) throw error;
      warnings.add(`edited comments can't be looked for: ${error.message}`);
    }
  }
}

async function readFeed(
  session: Session,
  list: string,
  { since, etag }: Feed,
): Promise<{ feed: Feed; comments: RestChangedComment[] }> {
  const { owner, name } = session.options.repository;
  const query = new URLSearchParams({ sort: 'updated', direction: 'asc', per_page: '100', since });
  let path: string | null = `/repos/${owner}/${name}${list}?${query}`;
  const comments: RestChangedComment[] = [];
  let first: { etag: string | null; receivedAt: Date } | null = null;
  while (path !== null) {
    const page: ListPage<RestChangedComment> = await readList(
      session,
      path,
      z.array(RestChangedComment),
      first === null ? etag : null,
    );
    if (page.isUnchanged) return { feed: { since, etag }, comments: [] };
    first ??= page;
    comments.push(...page.items.filter(({ updated_at }) => Date.parse(updated_at) > Date.parse(since)));
    path = page.next;
  }
  const last = comments.at(-1);
  const next = last && first ? seenUntil(last.updated_at, first.receivedAt.toISOString()) : since;
  // The ETag speaks of one address: with another `since` it means nothing.
  return { feed: { since: next, etag: next === since ? (first?.etag ?? null) : null }, comments };
}

/** The time up to which a list of comments, read at that time, has shown all. */
export function seenUntil(lastUpdatedAt: string, readAt: string): string {
  const until = Math.min(Date.parse(lastUpdatedAt), Date.parse(readAt) - FRESH_MS);
  return new Date(until).toISOString().replace('.000Z', 'Z');
}

function addChanged({ changed }: CaptureState, comments: readonly RestChangedComment[]): void {
  for (const { html_url: url } of comments) {
    const [, kind, digits] = /\/(pull|issues)\/(\d+)#/.exec(url) ?? [];
    const numbers = kind === 'pull' ? changed.pull_request : changed.issue;
    const number = Number(digits);
    if (kind !== undefined && !numbers.includes(number)) numbers.push(number);
  }
}
