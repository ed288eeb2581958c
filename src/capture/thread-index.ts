import type { ThreadNode } from './queries/nodes.ts';
import type { RestReviewComment } from './rest/nodes.ts';

/** A review thread by its place in the diff. */
interface PlacedThread {
  id: string;
  place: string;
}

/** The review threads of one pull request, and what is known of which comment belongs to which. */
export interface PullRequestThreads {
  itemId: number;
  threads: PlacedThread[];
  /** Where GitHub's list of them goes on; null: all are known. */
  cursor: string | null;
  /** Thread by the id of its first comment, which replies name. */
  byRoot: Map<number, string>;
  /** Threads that were asked for their first comments, whatever they answered. */
  asked: Set<string>;
  /** They are being asked. */
  isAsked: boolean;
}

export function rememberThreads(itemId: number): PullRequestThreads {
  return { itemId, threads: [], cursor: null, byRoot: new Map(), asked: new Set(), isAsked: false };
}

export function addThreads(pull: PullRequestThreads, threads: readonly ThreadNode[]): void {
  pull.threads.push(...threads.map((thread) => ({ id: thread.id, place: placeOfThread(thread) })));
}

/** Whether nothing more can be found out about which comment belongs to which thread. */
export function isAskedOut(pull: PullRequestThreads): boolean {
  const known = new Set(pull.byRoot.values());
  return pull.cursor === null && pull.threads.every(({ id }) => known.has(id) || pull.asked.has(id));
}

/**
 * The threads that must be asked for their first comments to find that of this one: those of its place, but for the last, which is
 * then the only one left; or, where none is there, all.
 */
export function candidatesFor(pull: PullRequestThreads, comment: RestReviewComment): string[] {
  const known = new Set(pull.byRoot.values());
  const open = pull.threads.filter(({ id }) => !known.has(id) && !pull.asked.has(id));
  const place = placeOfComment(comment);
  const there = open.filter((thread) => thread.place === place);
  return (there.length > 1 ? there.slice(0, -1) : open).map(({ id }) => id);
}

/**
 * The thread that a comment belongs to. GitHub's schema has no way from the one to the other: it is the thread whose first
 * comment it is or answers, and that one is known by its place in the diff where no other thread began at the same.
 * @returns null where that is not enough: the threads must be asked for their first comments
 */
export function findThread(pull: PullRequestThreads, comment: RestReviewComment): string | null {
  const root = comment.in_reply_to_id ?? comment.id;
  const known = pull.byRoot.get(root);
  if (known !== undefined || pull.cursor !== null) return known ?? null;
  const place = placeOfComment(comment);
  const taken = new Set(pull.byRoot.values());
  const [only, ...others] = pull.threads.filter(({ id, place: at }) => at === place && !taken.has(id));
  if (only === undefined || others.length > 0) return null;
  pull.byRoot.set(root, only.id);
  return only.id;
}

function placeOfThread({ path, originalLine, originalStartLine, diffSide, subjectType }: ThreadNode): string {
  return JSON.stringify([path, originalLine, originalStartLine, diffSide, subjectType]);
}

function placeOfComment(comment: RestReviewComment): string {
  const { path, original_line: line = null, original_start_line: start = null } = comment;
  const subject = (comment.subject_type ?? 'line').toUpperCase();
  return JSON.stringify([path, line, start, comment.side ?? null, subject]);
}
