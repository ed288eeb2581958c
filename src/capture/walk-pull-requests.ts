import type { Need } from './checkpoint.ts';
import { continueConnections } from './continue-connections.ts';
import { type Bulk, fetchByNumber } from './fetch-items.ts';
import { ITEM_KINDS } from './item-kinds.ts';
import { listPullRequests } from './list-pull-requests.ts';
import { createReviewComments } from './review-comments.ts';
import { runLanes } from './run-lanes.ts';
import type { Session } from './session.ts';

const KIND = ITEM_KINDS.pull_request;
/** Two requests of GraphQL keep GitHub at work while an answer travels and is stored; GitHub's time is what binds. */
const AT_ONCE = 2;
/** The list is read so far ahead, in pull requests: enough for both requests, little to hold in memory and checkpoint. */
const LEAD = 200;
/** So many connections that go beyond their first page are read on in one request. */
const CONTINUED_TOGETHER = 24;

/**
 * Captures all pull requests of a repository in lanes that go side by side: the REST API lists them with labels and assignees, and
 * lists all review comments; GraphQL tells the rest of each, and the threads of those that have review comments. Each API has a
 * budget of its own, and the time that GraphQL takes is what binds.
 */
export async function walkPullRequests(session: Session): Promise<void> {
  const { walk, sizes } = session.state;
  const comments = createReviewComments(session);
  const bulk: Bulk = { listed: new Map(), busy: new Set(), comments };
  const busyNeeds = new Set<Need>();
  let isListing = false;

  async function list(): Promise<void> {
    isListing = true;
    try {
      await listPullRequests(session, bulk.listed, comments.leave);
    } finally {
      isListing = false;
    }
    await session.save();
  }

  async function saved(work: Promise<void>): Promise<void> {
    await work;
    await session.save();
  }

  function nextQuestion(): Promise<void> | null {
    const numbers = walk.numbers.length - bulk.busy.size;
    const needs = walk.needs.length - busyNeeds.size;
    const isAllListed = walk.isListed && !isListing;
    if (needs >= CONTINUED_TOGETHER) return saved(continueConnections(session, KIND, busyNeeds));
    const coming = new Set(walk.numbers);
    // Its threads come with it.
    const isToCome = (number: number) => (!walk.isListed && number > walk.highest) || coming.has(number);
    const isAllFetched = isAllListed && coming.size === 0;
    const isLast = isAllFetched && walk.needs.length === 0;
    const question = comments.nextQuestion(isToCome, isLast);
    if (question !== null) return question;
    const isEnough = numbers >= sizes.bulk.size || (isAllListed && numbers > 0);
    if (isEnough && comments.isAhead()) return fetchByNumber(session, KIND, bulk).then(comments.store);
    // Those that are under way may still bring some that can go with them.
    return isAllFetched && needs > 0 ? saved(continueConnections(session, KIND, busyNeeds)) : null;
  }

  await runLanes([
    { atOnce: 1, next: () => (walk.isListed || isListing || walk.numbers.length >= LEAD ? null : list()) },
    { atOnce: 1, next: comments.nextPage },
    { atOnce: AT_ONCE, next: nextQuestion },
  ]);
  const left = walk.numbers.length + walk.needs.length;
  if (!walk.isListed || !walk.comments.isListed || left > 0) {
    throw new Error(`The walk over pull requests ended before its end: ${left} of them are left.`);
  }
}
