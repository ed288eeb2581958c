/**
 * Bulk captures read review threads and their comments apart from everything else of a pull request, so when either was
 * last seen whole is remembered apart; and GitHub's count of a pull request's review comments is kept, since the lists that
 * they come from have no totals.
 */
export const sql = `
ALTER TABLE pull_requests ADD COLUMN review_comments_count integer;
ALTER TABLE pull_requests ADD COLUMN threads_captured_at timestamptz;
ALTER TABLE repositories ADD COLUMN threads_captured_at timestamptz;

-- What an earlier version captured whole was captured with its threads.
UPDATE pull_requests SET threads_captured_at = nested_captured_at WHERE nested_captured_at IS NOT NULL;

-- Replaced, not dropped: what others were granted on it stays.
CREATE OR REPLACE VIEW capture_gaps WITH (security_invoker = true) AS
SELECT p.repository_id, p.id AS pull_request_id, p.number, c.connection, c.expected, c.stored
FROM pull_requests p CROSS JOIN LATERAL (VALUES
  ('comments', p.comments_count, (SELECT count(*) FROM comments x
     WHERE x.pull_request_id = p.id AND x.comment_type = 'issue' AND x.deleted_at IS NULL)),
  ('reviews', p.reviews_count, (SELECT count(*) FROM reviews x WHERE x.pull_request_id = p.id AND x.deleted_at IS NULL)),
  ('review_threads', p.review_threads_count, (SELECT count(*) FROM review_threads x
     WHERE x.pull_request_id = p.id AND x.deleted_at IS NULL)),
  ('review_comments', coalesce(p.review_comments_count,
     (SELECT coalesce(sum(t.comments_count), 0)::integer FROM review_threads t
       WHERE t.pull_request_id = p.id AND t.deleted_at IS NULL)), (SELECT count(*) FROM comments x
     WHERE x.pull_request_id = p.id AND x.comment_type = 'review' AND x.deleted_at IS NULL)),
  ('commits', p.commits_count, (SELECT count(*) FROM commits x WHERE x.pull_request_id = p.id)),
  ('files', p.files_count, (SELECT count(*) FROM files x WHERE x.pull_request_id = p.id)),
  ('labels', p.labels_count, (SELECT count(*) FROM pull_request_labels x WHERE x.pull_request_id = p.id)),
  ('assignees', p.assignees_count, (SELECT count(*) FROM pull_request_assignees x WHERE x.pull_request_id = p.id))
) AS c (connection, expected, stored)
WHERE p.deleted_at IS NULL AND c.expected IS DISTINCT FROM c.stored;
`;
