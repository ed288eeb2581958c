import type { CommandPlace } from '../src/commands/command.ts';
import { executeCaptureCommand, executeRolloutCommand } from '../src/commands/execute-command.ts';
import type { ParsedCommand } from '../src/commands/parse-command.ts';
import type { Config } from '../src/config/config.ts';
import type { Database } from '../src/store/database.ts';
import { findServedRepository } from '../src/store/find-repository.ts';
import { type Answer, refuse } from '../src/text/answer.ts';
import type { CommentConversation } from './comment-conversation.ts';
import type { BulkFor } from './jobs-repository.ts';
import { hashBody } from './remember-commands.ts';

export interface ExecuteOptions {
  db: Database;
  config: Pick<
    Config,
    'control' | 'rollout' | 'limits' | 'coalesceMs' | 'inngestBulkPerDay' | 'include' | 'budgets' | 'prices'
  >;
  bulkFor: BulkFor;
  /** Jobs were made, or the rollout has changed: what waits is routed again, and sent. */
  onChanged: () => void;
}

/** One command of a comment, as it was noted when its delivery came. */
export interface NotedCommand {
  index: number;
  deliveryId: string | null;
  bodySha256: string;
}

/**
 * Carries out one command of a comment. `/rollout` is obeyed in CONTROL_REPOSITORY alone, by the permissions there:
 * whoever installs the App is admin of a repository of their own, and must not steer everybody's rollout from it.
 * `/capture` is obeyed where it was written, by the permissions there.
 */
export async function executeCommand(
  command: Extract<ParsedCommand, { verb: string | null }>,
  conversation: CommentConversation,
  noted: NotedCommand,
  { db, config, bulkFor, onChanged }: ExecuteOptions,
): Promise<Answer> {
  const { comment, repository } = conversation;
  const { limits, coalesceMs, inngestBulkPerDay } = config;
  const place: CommandPlace = {
    db,
    now: () => new Date(),
    environmentStop: config.rollout.environmentStop,
    actor: { type: 'user', ...comment.author },
    source: {
      type: 'comment',
      repository: repository.fullName,
      issue: comment.issueNumber,
      commentId: comment.id,
      commentSha256: noted.bodySha256,
      ...(noted.deliveryId === null ? {} : { deliveryId: noted.deliveryId }),
    },
    permission: () => conversation.permission(),
    confirm: () => confirmComment(conversation, noted.bodySha256),
    note: async (trx, answer) => {
      await trx
        .updateTable('commands')
        .set({ outcome: 'done', reason_code: answer.reasonCode, answer: JSON.stringify(answer) })
        .where('comment_id', '=', comment.id)
        .where('command_index', '=', noted.index)
        .execute();
    },
    onChanged,
    planning: { config: { limits, coalesceMs, inngestBulkPerDay }, bulkFor },
  };
  if (command.name === 'capture') {
    return executeCaptureCommand(command, {
      ...place,
      repository,
      issue: { number: comment.issueNumber, isPullRequest: comment.isOnPullRequest },
      include: config.include,
    });
  }
  return executeRolloutCommand(command, {
    ...place,
    costing: config,
    place: placeOf(repository.fullName, config.control),
    isPublic: !repository.isPrivate,
    findRepository: (fullName) => findServedRepository(db, fullName),
  });
}

/** Null: the comment stands as it was when it was sent. */
async function confirmComment(conversation: CommentConversation, bodySha256: string): Promise<Answer | null> {
  try {
    const body = await conversation.readAgain();
    if (body === null) return refuse('comment_deleted', 'The comment is gone; nothing was changed.');
    if (hashBody(body) === bodySha256) return null;
    return refuse('comment_changed', 'The comment was changed after it was sent; write a new one.');
  } catch {
    return refuse('comment_unverified', 'Whether the comment still stands could not be verified. Try again.');
  }
}

function placeOf(fullName: string, control: Config['control']) {
  if (!control) return { kind: 'unconfigured' } as const;
  const name = `${control.owner}/${control.repo}`;
  const isControl = fullName.toLowerCase() === name.toLowerCase();
  return isControl ? ({ kind: 'control' } as const) : ({ kind: 'elsewhere', control: name } as const);
}
