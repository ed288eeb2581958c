import { z } from 'zod';
import { askThreads, isPartial, leaveToNumber } from './ask-threads.ts';
import { ITEM_KINDS } from './item-kinds.ts';
import { seenUntil } from './read-feeds.ts';
import { RestReviewComment } from './rest/nodes.ts';
import { readList } from './rest/read-list.ts';
import { restReviewCommentRows } from './rows/rest.ts';
import { runLanes } from './run-lanes.ts';
import type { Session } from './session.ts';
import { candidatesFor, findThread, type PullRequestThreads } from './thread-index.ts';
import { walkItems } from './walk-items.ts';

/** Comments that were read and whose threads are not known yet: enough of them to ask for many threads at once. */
const LEAD = { comments: 1_500, characters: 8 * 1024 * 1024 };
/** Pull requests whose threads are remembered: comments come by time, and those of one pull request near each other. */
const REMEMBERED = 3_000;
const AT_ONCE = 2;

/** A page of comments, and where the list goes on after it. */
interface Page {
  comments: RestReviewComment[];
  capturedAt: string;
  next: string | null;
}

/** What this walk knows of a pull request: its threads, or that its comments come (or came) by another way. */
export type KnownPullRequest = PullRequestThreads | 'asked' | 'elsewhere';

/**
 * Captures all review comments of a repository from REST's list, 100 a request, with the threads that they belong to, which only
 * GraphQL knows: those pull requests are asked for their threads that have review comments. What can't be told apart so is
 * captured whole, by number.
 */
export async function walkReviewComments(session: Session): Promise<void> {
  const { state, writer } = session;
  const { walk } = state;
  const known = new Map<number, KnownPullRequest>();
  const pages: Page[] = [];
  let ahead = walk.isListed ? null : (walk.cursor ?? firstPage(session));
  /** The comments of the last page, with which the next one begins. */
  let before = new Set<number>();
  let isListing = false;

  async function list(path: string): Promise<void> {
    isListing = true;
    try {
      const page = await readList(session, path, z.array(RestReviewComment));
      const seen = before;
      before = new Set(page.items.map(({ id }) => id));
      ahead = nextPage(path, page);
      pages.push({
        comments: page.items.filter(({ id }) => !seen.has(id)),
        capturedAt: page.receivedAt.toISOString(),
        next: ahead,
      });
    } finally {
      isListing = false;
    }
    await store();
  }

  /** Stores the pages of which every comment's thread is known, in their order. */
  async function store(): Promise<void> {
    for (let page = pages[0]; page !== undefined && isKnown(page); page = pages[0]) {
      for (const comment of page.comments) take(comment, page.capturedAt);
      pages.shift();
      walk.cursor = page.next ?? walk.cursor;
      walk.isListed = page.next === null;
      walk.pages += 1;
      const last = page.comments.at(-1);
      if (last)
        state.feeds.reviewComments = { since: seenUntil(last.updated_at, page.capturedAt), etag: null };
    }
    forgetOldest(known, REMEMBERED, pages);
    await session.save();
  }

  function isKnown(page: Page): boolean {
    return page.comments.every((comment) => {
      const pull = known.get(numberOf(comment));
      return pull === 'elsewhere' || (typeof pull === 'object' && settle(pull, comment));
    });
  }

  /** Whether the comment's thread is known; one that can't be found is left to its pull request's own capture. */
  function settle(pull: PullRequestThreads, comment: RestReviewComment): boolean {
    if (findThread(pull, comment) !== null) return true;
    if (!pull.isRootsKnown) return false;
    const number = numberOf(comment);
    known.set(number, 'elsewhere');
    leaveToNumber(session, number);
    return true;
  }

  function take(comment: RestReviewComment, capturedAt: string): void {
    const pull = known.get(numberOf(comment));
    if (typeof pull !== 'object') return;
    const threadId = findThread(pull, comment);
    if (threadId === null) return;
    writer.add(restReviewCommentRows(comment, { itemId: pull.itemId, threadId, capturedAt }));
  }

  function nextQuestion(): Promise<void> | null {
    const isFull = !isListing && (ahead === null || isFarAhead(pages));
    const question = findQuestion(pages, known, state.sizes.threads.size, isFull);
    if (question === null) return null;
    return askThreads(session, known, question).then(store);
  }

  await runLanes([
    { atOnce: 1, next: () => (ahead === null || isListing || isFarAhead(pages) ? null : list(ahead)) },
    { atOnce: AT_ONCE, next: nextQuestion },
  ]);
  walk.isListed = true;
  await walkItems(session, ITEM_KINDS.pull_request, null);
  if (!state.isPartial && state.startedAt !== null && session.totals.pull_request > 0) {
    const at = { started_at: state.startedAt, captured_at: state.startedAt };
    writer.add([
      { table: 'snapshots', row: { repository_id: session.repositoryId, scope: 'threads', ...at } },
    ]);
  }
}

function isFarAhead(pages: readonly Page[]): boolean {
  const comments = pages.flatMap((page) => page.comments);
  const characters = comments.reduce((sum, { body }) => sum + (body?.length ?? 0), 0);
  return comments.length >= LEAD.comments || characters >= LEAD.characters;
}

/** What must be asked so that pages can be stored: pull requests for their threads, threads for their first comments. */
export interface Question {
  numbers: number[];
  /** Ids of threads by their pull request. */
  roots: Map<PullRequestThreads, Set<string>>;
}

/** @param most pull requests of a request; fewer are only asked when nothing else `isLeft` to do */
function findQuestion(
  pages: readonly Page[],
  known: ReadonlyMap<number, KnownPullRequest>,
  most: number,
  isLeft: boolean,
): Question | null {
  const numbers = new Set<number>();
  const roots = new Map<PullRequestThreads, Set<string>>();
  for (const comment of pages.flatMap((page) => page.comments)) {
    const pull = known.get(numberOf(comment));
    if (pull === undefined || (isPartial(pull) && !pull.isAsked)) numbers.add(numberOf(comment));
    else if (typeof pull === 'object' && !pull.isRootsKnown && !pull.isAsked) {
      if (findThread(pull, comment) !== null) continue;
      const ids = roots.get(pull) ?? new Set();
      for (const id of candidatesFor(pull, comment)) ids.add(id);
      roots.set(pull, ids);
    }
  }
  if (numbers.size + roots.size === 0 || (numbers.size < most && !isLeft)) return null;
  return { numbers: [...numbers].slice(0, most), roots };
}

/** The pull requests whose comments came longest ago are asked again, should one more comment of theirs come. */
function forgetOldest(known: Map<number, KnownPullRequest>, most: number, pages: readonly Page[]): void {
  if (known.size <= most) return;
  const needed = new Set(pages.flatMap((page) => page.comments.map(numberOf)));
  for (const [number, pull] of known) {
    if (known.size <= most) return;
    if (typeof pull === 'object' && !needed.has(number)) known.delete(number);
  }
}

function numberOf({ pull_request_url: url }: RestReviewComment): number {
  return Number(url.slice(url.lastIndexOf('/') + 1));
}

function firstPage({ options }: Session): string {
  const { owner, name } = options.repository;
  return `/repos/${owner}/${name}/pulls/comments?sort=updated&direction=asc&per_page=100`;
}

/**
 * The list goes on by time: whatever is edited or deleted meanwhile, nothing is passed over, and no page number gets so
 * large that GitHub refuses it. A second earlier, since its documentation leaves open whether `since` includes its own second.
 */
function nextPage(
  path: string,
  { items, next }: { items: readonly RestReviewComment[]; next: string | null },
): string | null {
  if (next === null) return null;
  const [first, last] = [items[0], items.at(-1)];
  const since = Date.parse(last?.updated_at ?? '') - 1_000;
  // So many of one time (an import) that the list would begin at the same place again.
  if (!first || !(Date.parse(first.updated_at) < since)) return next;
  const [base, query] = path.split('?');
  const parameters = new URLSearchParams(query);
  parameters.delete('page');
  parameters.set('since', new Date(since).toISOString().replace('.000Z', 'Z'));
  return `${base}?${parameters}`;
}
