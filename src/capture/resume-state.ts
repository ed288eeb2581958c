import type { Checkpoint } from '../jobs-api/protocol.ts';
import { CaptureState, type Gap, startWalk } from './checkpoint.ts';
import { BULK_CONNECTIONS, CONNECTIONS_OF_ONE_POINT, onePointOf } from './connections.ts';
import { ITEM_KINDS } from './item-kinds.ts';
import { startPageSize } from './page-size.ts';
import type { CaptureTarget } from './plan-stages.ts';

/** Nodes of a request for continuations: at a few milliseconds a node well within GitHub's 10 s. */
const CONTINUATION_NODES = { start: 1_000, max: 2_000 };
/** Pull requests of a bulk request: as many as one point buys, once it has shown that GitHub can carry that out. */
const BULK_PULL_REQUESTS = { start: 37, max: onePointOf(BULK_CONNECTIONS.length) };
/** Pull requests that are asked for their review threads at once, in the beginning. */
const THREADS_START = 50;
/** A later pass begins so much before the one before it began: clocks differ, and a change takes time to show in lists. */
const OVERLAP_MS = 10 * 60_000;

/**
 * Where a capture goes on: from its checkpoint; from a finished one, with an incremental pass that also tries again what
 * was missing (repository-wide work) or from the start (named items); without one, or with one of another version, from the start.
 */
export function resumeState(checkpoint: Checkpoint | null, target: CaptureTarget): CaptureState {
  const fresh: CaptureState = {
    version: 2,
    repositoryId: null,
    startedAt: null,
    changedSince: null,
    again: [],
    stage: 0,
    walk: startWalk(),
    sizes: {
      pull_request: startPageSize(ITEM_KINDS.pull_request.pageSize),
      issue: startPageSize(ITEM_KINDS.issue.pageSize),
      continuation: startPageSize(CONTINUATION_NODES.max, CONTINUATION_NODES.start),
      bulk: startPageSize(BULK_PULL_REQUESTS.max, BULK_PULL_REQUESTS.start),
      threads: startPageSize(CONNECTIONS_OF_ONE_POINT, THREADS_START),
    },
    feeds: { reviewComments: null, conversation: null },
    changed: { pull_request: [], issue: [] },
    isPartial: false,
    done: 0,
    total: null,
    gaps: [],
    isFinished: false,
  };
  const parsed = CaptureState.safeParse(checkpoint);
  if (!parsed.success) return fresh;
  const stored = parsed.data;
  if (!stored.isFinished) return stored;
  const { repositoryId, sizes, feeds, startedAt, gaps } = stored;
  const isWholeRange = target.items.length === 0 && target.type !== 'verify';
  const again = findNumbers(gaps, target);
  // A pass that left gaps which can't be named is no ground to build upon.
  if (!isWholeRange || startedAt === null || again === null) return { ...fresh, repositoryId, sizes };
  const changedSince = new Date(Date.parse(startedAt) - OVERLAP_MS).toISOString();
  return { ...fresh, repositoryId, sizes, feeds, changedSince, again };
}

/** The items that have gaps; null when one of them is not known by its number, or may be a pull request or an issue. */
function findNumbers(gaps: readonly Gap[], { include }: CaptureTarget): number[] | null {
  const numbers = gaps.flatMap(({ number }) => number ?? []);
  const isClear = numbers.length === gaps.length && (gaps.length === 0 || include.length === 1);
  return isClear ? [...new Set(numbers)] : null;
}
