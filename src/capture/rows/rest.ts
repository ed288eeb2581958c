import type { CaptureRow } from '../../destination/destination.ts';
import type { RestReviewComment, RestUser } from '../rest/nodes.ts';

const ACCOUNT_TYPES = new Set(['User', 'Bot', 'Organization', 'Mannequin', 'EnterpriseUserAccount']);
/** The account that REST shows in the place of those that are gone; GraphQL shows none. */
const GHOST_ID = 10_137;

/** An account's id; null for one that is gone. */
function userIdOf(user: RestUser | null | undefined): number | null {
  return !user || user.id === GHOST_ID ? null : user.id;
}

/** The contributors row of an account, spelled as GraphQL spells it. */
function userRows(users: readonly (RestUser | null | undefined)[], capturedAt: string): CaptureRow[] {
  return users.flatMap((user) => {
    const id = userIdOf(user);
    if (!user || id === null) return [];
    const login = user.type === 'Bot' ? user.login.replace(/\[bot\]$/, '') : user.login;
    const type = ACCOUNT_TYPES.has(user.type) ? user.type : 'User';
    const row: Record<string, unknown> = { id, login, type, captured_at: capturedAt };
    if (user.node_id) row.node_id = user.node_id;
    if (user.avatar_url) row.avatar_url = user.avatar_url;
    return [{ table: 'contributors', row }];
  });
}

export function restReviewCommentRows(
  comment: RestReviewComment,
  context: { itemId: number; threadId: string; capturedAt: string },
): CaptureRow[] {
  const row = {
    comment_type: 'review',
    id: comment.id,
    node_id: comment.node_id,
    pull_request_id: context.itemId,
    review_thread_id: context.threadId,
    review_id: comment.pull_request_review_id ?? null,
    in_reply_to_id: comment.in_reply_to_id ?? null,
    author_id: userIdOf(comment.user),
    author_association: comment.author_association ?? null,
    body: comment.body ?? '',
    created_at: comment.created_at,
    updated_at: comment.updated_at,
    captured_at: context.capturedAt,
  };
  return [...userRows([comment.user], context.capturedAt), { table: 'comments', row }];
}

/** Labels and assignees of a pull request. */
export function listedRows(
  { labels, assignees }: { labels: readonly string[]; assignees: readonly RestUser[] },
  itemId: number,
  capturedAt: string,
): CaptureRow[] {
  return [
    ...labels.map((name): CaptureRow => {
      const row = { pull_request_id: itemId, name, captured_at: capturedAt };
      return { table: 'pull_request_labels', row };
    }),
    ...assignees.flatMap((user): CaptureRow[] => {
      const id = userIdOf(user);
      if (id === null) return [];
      const row = { pull_request_id: itemId, contributor_id: id, captured_at: capturedAt };
      return [...userRows([user], capturedAt), { table: 'pull_request_assignees', row }];
    }),
  ];
}
