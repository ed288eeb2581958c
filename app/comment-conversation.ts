import type { PermissionLevel } from '../src/commands/permission.ts';
import { statusOf } from '../src/github/status-of.ts';
import { askPermission } from './ask-permission.ts';
import { askOnce, type GitHubApp } from './github-app.ts';

/** The repository of a comment, as it is stored. */
export interface CommentRepository {
  id: number;
  fullName: string;
  owner: string;
  repo: string;
  installationId: number;
  isPrivate: boolean;
}

export interface FetchedComment {
  id: number;
  body: string;
  author: { id: number; login: string };
  /** Written by a user account itself, not by an App on its behalf. */
  isByPerson: boolean;
  createdAt: Date;
  issueNumber: number;
  isOnPullRequest: boolean;
}

/** Other commands wait for this answer; without it they would wait for ever on a connection that says nothing. */
const REPLY_WITHIN_MS = 15_000;

export type Reaction = 'eyes' | 'rocket' | '-1' | 'confused';

/** A comment as it is now, and the ways to answer it. */
export interface CommentConversation {
  repository: CommentRepository;
  comment: FetchedComment;
  /** The author's access to the repository, asked anew at each call. Null: it could not be verified. */
  permission(): Promise<PermissionLevel | null>;
  /** The comment's text as it is at this moment; null: it is gone. Throws where GitHub can't be asked. */
  readAgain(): Promise<string | null>;
  reply(body: string): Promise<void>;
  /** Whether a comment of the App that holds this text was written since the command. */
  hasReplied(marker: string): Promise<boolean>;
  /** Best effort: the reply and the row tell the result, a reaction only shows it sooner. */
  react(content: Reaction): Promise<void>;
}

/** Fetches a comment. Null: it is gone, or the App can't see it any more. Throws where GitHub can't be asked. */
export async function openConversation(
  app: GitHubApp,
  repository: CommentRepository,
  commentId: number,
): Promise<CommentConversation | null> {
  const octokit = await app.installation(repository.installationId);
  const place = { owner: repository.owner, repo: repository.repo };

  const comment = await fetchComment();
  if (!comment) return null;
  return {
    repository,
    comment,
    permission: () => askPermission(octokit, place, comment.author),
    readAgain: async () => (await fetchComment())?.body ?? null,
    hasReplied: async (marker) => {
      const { data } = await octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
        ...place,
        issue_number: comment.issueNumber,
        since: comment.createdAt.toISOString(),
        per_page: 100,
        request: askOnce(),
      });
      return data.some((one) => one.user?.type === 'Bot' && one.body?.includes(marker) === true);
    },
    reply: async (body) => {
      const issue_number = comment.issueNumber;
      await octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
        ...place,
        issue_number,
        body,
        // One whose answer was lost may have been written: who asks again looks for it first.
        request: askOnce(REPLY_WITHIN_MS),
      });
    },
    react: async (content) => {
      await octokit
        .request('POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions', {
          ...place,
          comment_id: commentId,
          content,
          request: askOnce(),
        })
        .catch(() => undefined);
    },
  };

  async function fetchComment(): Promise<FetchedComment | null> {
    try {
      const { data } = await octokit.request('GET /repos/{owner}/{repo}/issues/comments/{comment_id}', {
        ...place,
        comment_id: commentId,
        request: askOnce(),
      });
      const issueNumber = Number(/\/issues\/(\d+)$/.exec(data.issue_url)?.[1]);
      if (!data.user || !Number.isSafeInteger(issueNumber)) return null;
      return {
        id: commentId,
        body: data.body ?? '',
        author: { id: Number(data.user.id), login: data.user.login },
        isByPerson: data.user.type === 'User' && !data.performed_via_github_app,
        createdAt: new Date(data.created_at),
        issueNumber,
        isOnPullRequest: data.html_url.includes('/pull/'),
      };
    } catch (error) {
      const status = statusOf(error);
      if (status === 404 || status === 410) return null;
      throw error;
    }
  }
}
