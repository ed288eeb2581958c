import { z } from 'zod';

/** An account as REST tells it: a bot's login ends in `[bot]`, and who is gone is `ghost` or null. */
export const RestUser = z.object({
  id: z.number(),
  login: z.string(),
  node_id: z.string().optional(),
  type: z.string(),
  avatar_url: z.string().optional(),
});
export type RestUser = z.infer<typeof RestUser>;

/** A pull request of `GET /repos/{owner}/{repo}/pulls`, as far as it is read. */
export const RestPullRequest = z.object({
  number: z.number(),
  updated_at: z.string(),
  labels: z.array(z.object({ name: z.string() })).nullish(),
  assignees: z.array(RestUser).nullish(),
  base: z.object({ repo: z.object({ id: z.number() }).nullish() }).nullish(),
});
export type RestPullRequest = z.infer<typeof RestPullRequest>;

/** A review comment of `GET /repos/{owner}/{repo}/pulls/comments`. */
export const RestReviewComment = z.object({
  id: z.number(),
  node_id: z.string(),
  pull_request_url: z.string(),
  pull_request_review_id: z.number().nullish(),
  in_reply_to_id: z.number().nullish(),
  user: RestUser.nullish(),
  author_association: z.string().nullish(),
  body: z.string().nullish(),
  created_at: z.string(),
  updated_at: z.string(),
  path: z.string(),
  original_line: z.number().nullish(),
  original_start_line: z.number().nullish(),
  side: z.string().nullish(),
  subject_type: z.string().nullish(),
});
export type RestReviewComment = z.infer<typeof RestReviewComment>;

/** What a list of changed comments tells: of which item each is, and when it changed. */
export const RestChangedComment = z.object({ html_url: z.string(), updated_at: z.string() });
export type RestChangedComment = z.infer<typeof RestChangedComment>;
