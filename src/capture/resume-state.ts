import type { Checkpoint } from '../jobs-api/protocol.ts';
import { CaptureState, type Gap, startWalk } from './checkpoint.ts';
import { ITEM_KINDS } from './item-kinds.ts';
import { startPageSize } from './page-size.ts';
import type { CaptureTarget } from './plan-stages.ts';

/** Nodes of a request for continuations: at a few milliseconds a node well within GitHub's 10 s. */
const CONTINUATION_NODES = { start: 1_000, max: 2_000 };
/** A later pass begins so much before the one before it began: clocks differ, and a change takes time to show in lists. */
const OVERLAP_MS = 10 * 60_000;

/**
 * Where a capture goes on: from its checkpoint; from a finished one, with an incremental pass that also tries again what
 * was missing (repository-wide work) or from the start (named items); without one, or with one of another version, from the start.
 */
export function resumeState(checkpoint: Checkpoint | null, target: CaptureTarget): CaptureState {
  const fresh: CaptureState = {
    version: 1,
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
    },
    done: 0,
    total: null,
    gaps: [],
    isFinished: false,
  };
  const parsed = CaptureState.safeParse(checkpoint);
  if (!parsed.success) return fresh;
  const stored = parsed.data;
  if (!stored.isFinished) return stored;
  const { repositoryId, sizes, startedAt, gaps } = stored;
  const isWholeRange = target.items.length === 0 && target.type !== 'verify';
  const again = findNumbers(gaps, target);
  // A pass that left gaps which can't be named is no ground to build upon.
  if (!isWholeRange || startedAt === null || again === null) return { ...fresh, repositoryId, sizes };
  const changedSince = new Date(Date.parse(startedAt) - OVERLAP_MS).toISOString();
  return { ...fresh, repositoryId, sizes, changedSince, again };
}

/** The items that have gaps; null when one of them is not known by its number, or may be a pull request or an issue. */
function findNumbers(gaps: readonly Gap[], { include }: CaptureTarget): number[] | null {
  const numbers = gaps.flatMap(({ number }) => number ?? []);
  const isClear = numbers.length === gaps.length && (gaps.length === 0 || include.length === 1);
  return isClear ? [...new Set(numbers)] : null;
}
