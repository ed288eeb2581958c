import { z } from 'zod';
import { askThreads, isPartial, readThreads } from './ask-threads.ts';
import type { PullRequestOfThreads } from './queries/threads.ts';
import { seenUntil } from './read-feeds.ts';
import { RestReviewComment } from './rest/nodes.ts';
import { readList } from './rest/read-list.ts';
import { restReviewCommentRows } from './rows/rest.ts';
import type { Session } from './session.ts';
import { candidatesFor, findThread, isAskedOut, type PullRequestThreads } from './thread-index.ts';

/**
 * Comments that were read and whose threads are not known yet: the list is read so far ahead that most pull requests are known
 * to have comments when they are fetched, and that many can be asked for their threads at once.
 */
const LEAD = { comments: 6_000, characters: 8 * 1024 * 1024 };
/** With this many read ahead, pull requests are fetched. */
const ENOUGH = 1_000;
/** Pull requests whose threads are remembered: comments come by time, and those of one pull request near each other. */
const REMEMBERED = 3_000;

/** A page of comments, and where the list goes on after it. */
interface Page {
  comments: RestReviewComment[];
  capturedAt: string;
  next: string | null;
}

/** What is known of a pull request: its threads, that it is being asked for them, or that its comments come another way. */
export type KnownPullRequest = PullRequestThreads | 'asked' | 'elsewhere';

/** What must be asked so that comments can be stored. */
export interface Question {
  /** Pull requests, for their threads. */
  numbers: number[];
  /** Ids of threads by their pull request, for their first comments. */
  roots: Map<PullRequestThreads, Set<string>>;
}

/**
 * The walk over all review comments of a repository: REST lists them, 100 a request, and each waits for the thread that it belongs
 * to, which only GraphQL knows. What can't be told apart so is captured whole, with its pull request.
 */
export interface ReviewComments {
  /** Reads the list's next page; null when it is read to its end, or far enough for now. */
  nextPage(): Promise<void> | null;
  /**
   * Asks for threads; null when there is nothing to ask for now.
   * @param isToCome whether a pull request is still to be fetched, which brings its threads with it
   * @param isLast there is nothing else to do, so that fewer than fit into a request are asked
   */
  nextQuestion(isToCome: (number: number) => boolean, isLast: boolean): Promise<void> | null;
  /** The list is read well ahead, or to its end. */
  isAhead(): boolean;
  /** The pull requests of which comments wait for threads that nobody has asked for. */
  numbersWaiting(): ReadonlySet<number>;
  /** Takes threads that came with their pull request. */
  take(number: number, node: PullRequestOfThreads, receivedAt: Date): void;
  /** That pull request's comments are left to others, with itself. */
  leave(number: number): void;
  /** Stores the comments whose threads are known by now. */
  store(): Promise<void>;
}

export function createReviewComments(session: Session): ReviewComments {
  const { state, writer } = session;
  const { walk } = state;
  const known = new Map<number, KnownPullRequest>();
  const pages: Page[] = [];
  let ahead = walk.comments.isListed ? null : (walk.comments.cursor ?? firstPage(session));
  /** The comments of the last page, with which the next one begins. */
  let before = new Set<number>();
  let isListing = false;
  let asking = 0;
  const size = { comments: 0, characters: 0 };

  async function list(path: string): Promise<void> {
    isListing = true;
    try {
      const page = await readList(session, path, z.array(RestReviewComment));
      const comments = page.items.filter(({ id }) => !before.has(id));
      before = new Set(page.items.map(({ id }) => id));
      ahead = nextPage(path, page);
      pages.push({ comments, capturedAt: page.receivedAt.toISOString(), next: ahead });
      size.comments += comments.length;
      size.characters += charactersOf(comments);
    } finally {
      isListing = false;
    }
    await store();
  }

  /** Stores the pages of which every comment's thread is known, in their order. */
  async function store(): Promise<void> {
    for (let page = pages[0]; page !== undefined && isKnown(page); page = pages[0]) {
      for (const comment of page.comments) storeComment(comment, page.capturedAt);
      pages.shift();
      size.comments -= page.comments.length;
      size.characters -= charactersOf(page.comments);
      walk.comments = { cursor: page.next ?? walk.comments.cursor, isListed: page.next === null };
      const last = page.comments.at(-1);
      if (last) {
        state.feeds.reviewComments = { since: seenUntil(last.updated_at, page.capturedAt), etag: null };
      }
    }
    forgetOldest(known, REMEMBERED, pages);
    await session.save();
  }

  function isKnown(page: Page): boolean {
    return page.comments.every((comment) => {
      const pull = known.get(numberOf(comment));
      return pull === 'elsewhere' || (typeof pull === 'object' && isSettled(pull, comment));
    });
  }

  /** Whether the comment's thread is known; one that can't be found is left to its pull request's own capture. */
  function isSettled(pull: PullRequestThreads, comment: RestReviewComment): boolean {
    if (findThread(pull, comment) !== null) return true;
    if (!isAskedOut(pull)) return false;
    known.set(numberOf(comment), 'elsewhere');
    leaveToNextWalk(session, numberOf(comment));
    return true;
  }

  function storeComment(comment: RestReviewComment, capturedAt: string): void {
    const pull = known.get(numberOf(comment));
    if (typeof pull !== 'object') return;
    const threadId = findThread(pull, comment);
    if (threadId === null) return;
    writer.add(restReviewCommentRows(comment, { itemId: pull.itemId, threadId, capturedAt }));
  }

  /** Whether the first page waits for pull requests that are still to be fetched, and for nothing else. */
  function isHeadToCome(isToCome: (number: number) => boolean): boolean {
    return (pages[0]?.comments ?? []).every((comment) => {
      const pull = known.get(numberOf(comment));
      if (pull === undefined) return isToCome(numberOf(comment));
      return pull === 'elsewhere' || (typeof pull === 'object' && findThread(pull, comment) !== null);
    });
  }

  /** Whether enough comments were read of pull requests that are still to be fetched. */
  function isLeading(isToCome: (number: number) => boolean): boolean {
    let count = 0;
    for (const { comments } of pages)
      count += comments.filter((comment) => isToCome(numberOf(comment))).length;
    return count >= ENOUGH;
  }

  const isFarAhead = () => size.comments >= LEAD.comments || size.characters >= LEAD.characters;

  return {
    nextPage: () => (ahead === null || isListing || isFarAhead() ? null : list(ahead)),
    nextQuestion(isToCome, isLast) {
      // As many as fit; or what there is, when nothing else brings more, or when the list must be read on and can't before.
      const isStuck =
        ahead === null ? isLast : isFarAhead() && !isHeadToCome(isToCome) && !isLeading(isToCome);
      const isEnd = isStuck && asking === 0 && !isListing;
      const question = findQuestion(pages, known, { most: state.sizes.threads.size, isToCome, isEnd });
      if (question === null) return null;
      asking += 1;
      return askThreads(session, known, question)
        .finally(() => {
          asking -= 1;
        })
        .then(store);
    },
    isAhead: () => ahead === null || size.comments >= ENOUGH || isFarAhead(),
    numbersWaiting: () =>
      new Set(pages.flatMap(({ comments }) => comments.map(numberOf).filter((number) => !known.has(number)))),
    take(number, node, receivedAt) {
      known.set(number, readThreads(session, number, node, receivedAt, { before: null, isStored: true }));
    },
    leave(number) {
      known.set(number, 'elsewhere');
    },
    store,
  };
}

/** It is captured whole, by its number, in the walk after this one. */
export function leaveToNextWalk({ state: { changed } }: Session, number: number): void {
  if (!changed.pull_request.includes(number)) changed.pull_request.push(number);
}

function findQuestion(
  pages: readonly Page[],
  known: ReadonlyMap<number, KnownPullRequest>,
  { most, isToCome, isEnd }: { most: number; isToCome: (number: number) => boolean; isEnd: boolean },
): Question | null {
  const numbers = new Set<number>();
  const roots: Question['roots'] = new Map();
  for (const comment of pages.flatMap((page) => page.comments)) {
    const number = numberOf(comment);
    const pull = known.get(number);
    if (pull === undefined) {
      if (!isToCome(number)) numbers.add(number);
    } else if (typeof pull === 'object' && !pull.isAsked) {
      if (isPartial(pull)) numbers.add(number);
      else if (findThread(pull, comment) === null) {
        const ids = roots.get(pull) ?? new Set();
        for (const id of candidatesFor(pull, comment)) ids.add(id);
        roots.set(pull, ids);
      }
    }
  }
  const threads = [...roots.values()].reduce((sum, ids) => sum + ids.size, 0);
  if (numbers.size + threads === 0 || (numbers.size + threads < most && !isEnd)) return null;
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

function charactersOf(comments: readonly RestReviewComment[]): number {
  return comments.reduce((sum, { body }) => sum + (body?.length ?? 0), 0);
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
  const times = items.map(({ updated_at: at }) => Date.parse(at));
  const since = (times.at(-1) ?? 0) - 1_000;
  const isInOrder = times.every((time, i) => i === 0 || time >= (times[i - 1] ?? 0));
  // So many of one time (an import) that the list would begin at the same place again; or not by time at all.
  if (!isInOrder || !((times[0] ?? since) < since)) return next;
  const [base, query] = path.split('?');
  const parameters = new URLSearchParams(query);
  parameters.delete('page');
  parameters.set('since', new Date(since).toISOString().replace('.000Z', 'Z'));
  return `${base}?${parameters}`;
}
