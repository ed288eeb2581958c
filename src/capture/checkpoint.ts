import { z } from 'zod';

const PageSize = z.object({
  size: z.number(),
  max: z.number(),
  failedAt: z.number().nullable(),
  good: z.number().nullable(),
  streak: z.number(),
});

/** A connection that isn't read to its end yet. */
const Need = z.object({
  /** Database id of the pull request or issue. */
  item: z.number(),
  number: z.number(),
  /** Node id of what has the connection: the item, or one of its review threads. */
  node: z.string(),
  /** The connection's field; of a thread: `threadComments`. */
  connection: z.string(),
  /** Null: from the beginning. */
  cursor: z.string().nullable(),
  /** How many nodes are still expected; null when unknown. */
  expected: z.number().nullable(),
  /** The item's row lacks the total of this connection. */
  lacksCount: z.boolean(),
});
export type Need = z.infer<typeof Need>;

/** An item of which a connection isn't read to its end yet. */
const OpenItem = z.object({
  id: z.number(),
  number: z.number(),
  startedAt: z.string(),
  /** Something of it could not be fetched: no snapshot, lest rows that exist be taken for deleted. */
  isBroken: z.boolean(),
  /** Which of its nested rows this capture of it brings; see the store's snapshots. */
  scope: z.enum(['all', 'items']),
  /** The least row of the item, for the totals that come later than its first answer. */
  base: z.record(z.string(), z.unknown()),
  /** Those totals by column, as far as they have come. */
  counts: z.record(z.string(), z.number()),
  /** GitHub's count of all its comments, until it is known how many of them are review comments; null: nothing to find out. */
  totalComments: z.number().nullable(),
});
export type OpenItem = z.infer<typeof OpenItem>;

const Gap = z.object({
  /** Null: an item of which not even the number could be read. */
  number: z.number().nullable(),
  connection: z.string(),
  reason: z.string(),
});
/** Something that GitHub has and that could not be fetched. */
export type Gap = z.infer<typeof Gap>;

/** Where one walk (pull requests, issues, labels, commits, verification) stands. */
const Walk = z.object({
  /** After the last page that was listed (of a list of the REST API: the next page's path); null: from the beginning. */
  cursor: z.string().nullable(),
  isListed: z.boolean(),
  /** Pages that were listed, and GitHub's time of the first. */
  pages: z.number(),
  startedAt: z.string().nullable(),
  /** The list is done, and what changed meanwhile is being caught up with. */
  isCatchingUp: z.boolean(),
  /** GitHub's count of what is listed, as of the last page. */
  listedTotal: z.number().nullable(),
  /** Items that the list has shown so far. */
  listed: z.number(),
  /** Items that changed after this time, but before the pass began, are left to others; null: none. */
  until: z.string().nullable(),
  /** Where the list of review comments goes on beside it: the next page's path. */
  comments: z.object({ cursor: z.string().nullable(), isListed: z.boolean() }),
  /** The highest number that was listed. */
  highest: z.number(),
  /** Numbers still to be fetched one by one. */
  numbers: z.array(z.number()),
  needs: z.array(Need),
  open: z.array(OpenItem),
  /** What it captures was captured in this pass before: only what is newer than the pass counts as done. */
  isAgain: z.boolean(),
  /** Numbers that verification has fetched again. */
  repaired: z.array(z.number()),
});
export type Walk = z.infer<typeof Walk>;

/** A list of the REST API that is asked what has changed: since when, and the ETag of the last answer to just that. */
const Feed = z.object({ since: z.string(), etag: z.string().nullable() });
export type Feed = z.infer<typeof Feed>;

/** All that a capture must remember to go on elsewhere. */
export const CaptureState = z.object({
  version: z.literal(2),
  /** The repository's database id: under its name there may be another one by the next run. Null: not told yet. */
  repositoryId: z.number().nullable(),
  /** When this pass began, by GitHub's clock; what changed later belongs to the next pass. Null: not begun. */
  startedAt: z.string().nullable(),
  /** An incremental pass captures what changed since then; null: everything in the target's range. */
  changedSince: z.string().nullable(),
  /** Numbers that the pass before could not fetch whole: this one tries them again. */
  again: z.array(z.number()),
  /** Index of the stage that is being carried out; equal to the number of stages: finished. */
  stage: z.number(),
  walk: Walk,
  /** Sizes of requests that went well: a repository's are remembered from pass to pass. */
  sizes: z.object({
    pull_request: PageSize,
    issue: PageSize,
    continuation: PageSize,
    bulk: PageSize,
    threads: PageSize,
  }),
  /** What tells of comments that were edited, which changes nothing about their pull requests. */
  feeds: z.object({ reviewComments: Feed.nullable(), conversation: Feed.nullable() }),
  /** Numbers of items with comments that changed, as the feeds told; for the walks to come. */
  changed: z.object({ pull_request: z.array(z.number()), issue: z.array(z.number()) }),
  /** Something was left to whoever captures the time after the target's range. */
  isPartial: z.boolean(),
  done: z.number(),
  total: z.number().nullable(),
  gaps: z.array(Gap),
  isFinished: z.boolean(),
});
export type CaptureState = z.infer<typeof CaptureState>;

/**
 * Whether an item changed after the target's range. One that changed after this pass began is captured all the same: whoever
 * captures the time after the range may have passed it by then.
 */
export function isLeftToOthers({ walk, startedAt }: CaptureState, updatedAt: string): boolean {
  if (walk.until === null) return false;
  const at = Date.parse(updatedAt);
  return at > Date.parse(walk.until) && (startedAt === null || at < Date.parse(startedAt));
}

export function startWalk(
  options: { numbers?: readonly number[]; until?: string | null; isAgain?: boolean } = {},
): Walk {
  return {
    cursor: null,
    isListed: false,
    pages: 0,
    startedAt: null,
    isCatchingUp: false,
    listedTotal: null,
    listed: 0,
    until: options.until ?? null,
    comments: { cursor: null, isListed: false },
    highest: 0,
    numbers: [...(options.numbers ?? [])],
    needs: [],
    open: [],
    isAgain: options.isAgain ?? false,
    repaired: [],
  };
}
