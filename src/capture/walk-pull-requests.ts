import type { Need } from './checkpoint.ts';
import { continueConnections } from './continue-connections.ts';
import { type Bulk, fetchByNumber } from './fetch-items.ts';
import { ITEM_KINDS } from './item-kinds.ts';
import { listPullRequests } from './list-pull-requests.ts';
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
 * Captures all pull requests of a repository, without their review threads: the REST API lists them with labels and assignees,
 * GraphQL tells the rest, side by side, each by its own budget.
 */
export async function walkPullRequests(session: Session): Promise<void> {
  const { walk, sizes } = session.state;
  const bulk: Bulk = { listed: new Map(), busy: new Set() };
  const busyNeeds = new Set<Need>();
  let isListing = false;

  async function list(): Promise<void> {
    isListing = true;
    try {
      await listPullRequests(session, bulk.listed);
    } finally {
      isListing = false;
    }
    await session.save();
  }

  function nextQuestion(): Promise<void> | null {
    const numbers = walk.numbers.length - bulk.busy.size;
    const needs = walk.needs.length - busyNeeds.size;
    const isAllListed = walk.isListed && !isListing;
    if (needs >= CONTINUED_TOGETHER) return saved(continueConnections(session, KIND, busyNeeds));
    if (numbers >= sizes.bulk.size || (isAllListed && numbers > 0))
      return saved(fetchByNumber(session, KIND, bulk));
    // Those that are under way may still bring some that can go with them.
    if (isAllListed && numbers === 0 && bulk.busy.size === 0 && needs > 0)
      return saved(continueConnections(session, KIND, busyNeeds));
    return null;
  }

  async function saved(work: Promise<void>): Promise<void> {
    await work;
    await session.save();
  }

  await runLanes([
    {
      atOnce: 1,
      next: () => (walk.isListed || isListing || walk.numbers.length >= LEAD ? null : list()),
    },
    { atOnce: AT_ONCE, next: nextQuestion },
  ]);
}
