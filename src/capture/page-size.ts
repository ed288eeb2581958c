/** How much to ask for in one request: pull requests of a page, or nodes of a request for continuations. */
export interface PageSize {
  size: number;
  /** Never more than this: what one point buys, or what is decent to ask. */
  max: number;
  /** The smallest size that failed of late; growth stops below it until many requests went well. */
  failedAt: number | null;
  /** The last size that went well. */
  good: number | null;
  /** Requests in a row that left room to grow. */
  streak: number;
}

/** Growth only while a request, made longer by as much, would stay below this, unless the caller has less room. */
const ROOM_MS = 5_000;
/** GitHub ends a request after 10 s (docs.github.com, "Timeouts"): above 8 s, for 5 s of room, the next may well fail. */
const TOO_SLOW = 1.6;
/** While nothing has failed and twice as much would fit, the size grows by half with every request. */
const FAR = 2;
const STREAK_TO_GROW = 3;
/** A size that failed is tried again only after this many requests went well. */
const STREAK_TO_FORGET = 30;

export function startPageSize(max: number, size = max): PageSize {
  return { size: Math.min(size, max), max, failedAt: null, good: null, streak: 0 };
}

/** After a request for `asked` items that was answered whole in `durationMs`. */
export function growPageSize(state: PageSize, asked: number, durationMs: number, roomMs = ROOM_MS): PageSize {
  if (durationMs > TOO_SLOW * roomMs) {
    return { ...state, size: half(asked), failedAt: lower(state.failedAt, asked), streak: 0 };
  }
  const good = asked;
  // A short last page tells nothing about a full one.
  if (asked < state.size) return { ...state, good };
  const isFar = state.failedAt === null && durationMs * FAR < roomMs;
  const step = isFar ? Math.ceil(state.size / 2) : Math.max(1, Math.floor(state.size / 8));
  const next = Math.min(state.max, state.size + step);
  if ((durationMs * next) / state.size > roomMs) return { ...state, good, streak: 0 };
  const streak = state.streak + 1;
  const isForgotten = state.failedAt !== null && streak >= STREAK_TO_FORGET;
  const failedAt = isForgotten ? null : state.failedAt;
  const size = failedAt === null ? next : Math.min(next, failedAt - 1);
  const canGrow = (isFar || isForgotten || streak % STREAK_TO_GROW === 0) && size > state.size;
  return { ...state, good, failedAt, streak: isForgotten ? 0 : streak, size: canGrow ? size : state.size };
}

/** After a request for `asked` items that GitHub could not carry out. */
export function shrinkPageSize(state: PageSize, asked: number): PageSize {
  return { ...state, size: half(asked), failedAt: lower(state.failedAt, asked), streak: 0 };
}

/** After one item that fails even alone was got in another way: it says nothing about the others. */
export function restorePageSize(state: PageSize): PageSize {
  const size = Math.max(state.size, half(state.good ?? state.max));
  return { ...state, size, failedAt: null, streak: 0 };
}

function half(size: number): number {
  return Math.max(1, Math.floor(size / 2));
}

function lower(failedAt: number | null, asked: number): number | null {
  // One item failing by itself sets no bound for pages of two.
  if (asked <= 1) return failedAt;
  return failedAt === null ? asked : Math.min(failedAt, asked);
}
