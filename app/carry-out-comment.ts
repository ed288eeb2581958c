import { isWriteCommand } from '../src/commands/execute-command.ts';
import { type ParsedCommand, parseCommands } from '../src/commands/parse-command.ts';
import { statusOf } from '../src/github/status-of.ts';
import type { Database } from '../src/store/database.ts';
import { type Answer, refuse } from '../src/text/answer.ts';
import { renderReply, replyMarker } from '../src/text/render-answer.ts';
import {
  type CommentConversation,
  type CommentRepository,
  openConversation,
} from './comment-conversation.ts';
import { type ExecuteOptions, executeCommand } from './execute-command.ts';
import type { GitHubApp } from './github-app.ts';
import type { AppLog } from './log.ts';
import { mayReply } from './may-reply.ts';
import { hashBody } from './remember-commands.ts';

/** A command that lies longer than this is not obeyed any more, unless it stops something. */
const MAX_AGE_MS = 15 * 60_000;

export interface CarryOutOptions extends ExecuteOptions {
  app: GitHubApp;
  log: AppLog;
  now?: () => Date;
}

type WaitingCommand = Awaited<ReturnType<typeof findWaiting>>[number];

/**
 * Carries out the commands of one comment that wait, and answers them once. Throws where GitHub or the database is away:
 * the rows wait on.
 */
export async function carryOutComment(commentId: number, options: CarryOutOptions): Promise<void> {
  const { db, log } = options;
  const now = options.now?.() ?? new Date();
  const rows = await findWaiting(db, commentId);
  const first = rows[0];
  if (!first) return;
  const repository = await findRepository(db, first.repository_id);
  if (!repository) return drop(db, rows, 'repository_unknown');
  const conversation = await openConversation(options.app, repository, commentId);
  if (!conversation) return drop(db, rows, 'comment_deleted');
  const { comment } = conversation;
  if (!comment.isByPerson || comment.author.id !== first.actor_id) return drop(db, rows, 'not_by_a_person');

  const isResumed = rows.some(({ answer }) => answer !== null);
  if (!isResumed) await conversation.react('eyes');
  const commands = parseCommands(comment.body);
  const answers: Answer[] = [];
  for (const row of rows) {
    answers.push(await answerOne(row, { commands, conversation, now }, options));
  }
  // After a crash the reply may have been written already, and only the note of it is missing.
  const isReplied = isResumed && (await conversation.hasReplied(replyMarker(commentId)));
  if (!isReplied) await reply(conversation, answers, { db, row: first, now, log });
  await db
    .updateTable('commands')
    .set({ answered_at: now })
    .where('comment_id', '=', commentId)
    .where('answered_at', 'is', null)
    .execute();
}

/** Carries one command out, unless that was done before a crash, and notes its answer. */
async function answerOne(
  row: WaitingCommand,
  read: { commands: ParsedCommand[]; conversation: CommentConversation; now: Date },
  options: CarryOutOptions,
): Promise<Answer> {
  if (row.answer !== null) return row.answer as unknown as Answer;
  const { db, log } = options;
  const { commands, conversation, now } = read;
  const startedAt = performance.now();
  const command = commands[row.command_index];
  const answer =
    judgeCommand(command, commands, { comment: conversation.comment, row, now }) ??
    (command && 'verb' in command
      ? await executeCommand(
          command,
          conversation,
          { index: row.command_index, deliveryId: row.delivery_id, bodySha256: row.body_sha256 },
          options,
        )
      : refuse('not_understood', 'The command was not understood.'));
  await db
    .updateTable('commands')
    .set({
      outcome: answer.ok ? 'done' : 'refused',
      reason_code: answer.reasonCode,
      answer: JSON.stringify(answer),
    })
    .where('comment_id', '=', row.comment_id)
    .where('command_index', '=', row.command_index)
    .execute();
  log.info(
    {
      stage: 'command',
      delivery: row.delivery_id ?? undefined,
      repository: conversation.repository.fullName,
      comment: row.comment_id,
      actor: row.actor_id,
      outcome: answer.reasonCode,
      duration_ms: Math.round(performance.now() - startedAt),
    },
    'A command was answered.',
  );
  return answer;
}

/** What speaks against a command before it is looked at closer; null: nothing. */
function judgeCommand(
  command: ParsedCommand | undefined,
  all: ParsedCommand[],
  context: { comment: { body: string; createdAt: Date }; row: WaitingCommand; now: Date },
): Answer | null {
  if (hashBody(context.comment.body) !== context.row.body_sha256 || !command) {
    return refuse('comment_changed', 'The comment was changed after it was sent; write a new one.');
  }
  if (!('verb' in command)) return refuse('not_understood', PROBLEMS[command.problem]);
  const isStop = command.name === 'rollout' && command.verb === 'stop';
  if (!isStop && context.now.getTime() - context.comment.createdAt.getTime() > MAX_AGE_MS) {
    return refuse('comment_too_old', 'The comment is older than 15 minutes; write a new one.');
  }
  const writes = all.filter((other) => 'verb' in other && isWriteCommand(other));
  if (isWriteCommand(command) && writes.length > 1) {
    return refuse('one_write_per_comment', 'Only one change can be made by a comment; write one for each.');
  }
  return null;
}

const PROBLEMS = {
  hidden_characters: 'The command holds invisible characters, so it was not carried out. Type it by hand.',
  not_plain_text: 'The command holds a link, an image or HTML, so it was not carried out. Write plain text.',
  unbalanced_quotes: 'A quotation mark is left open, so the command was not carried out.',
} as const;

/** One reply for the comment, unless it would only be noise; the reaction tells the result in any case. */
async function reply(
  conversation: CommentConversation,
  answers: Answer[],
  context: { db: Database; row: WaitingCommand; now: Date; log: AppLog },
): Promise<void> {
  const codes = answers.map((answer) => answer.reasonCode);
  const isUnclear = codes.some((code) => code === 'unknown_verb' || code === 'not_understood');
  const isDone = answers.every((answer) => answer.ok);
  const { comment_id: commentId } = context.row;
  if (await mayReply(codes, context)) {
    const body = renderReply(answers, { commentId });
    await conversation.reply(body).catch((err: unknown) => {
      const status = statusOf(err) ?? 0;
      // A locked conversation takes no reply, now or later. What was done stays done, and is in the table.
      if (status < 400 || status >= 500 || status === 429) throw err;
      context.log.warn({ err, stage: 'command', comment: commentId }, 'No reply could be written.');
    });
  }
  await conversation.react(isDone ? 'rocket' : isUnclear ? 'confused' : '-1');
}

/** Ends commands that nobody can be answered to. */
async function drop(db: Database, rows: WaitingCommand[], reasonCode: string): Promise<void> {
  for (const row of rows) {
    await db
      .updateTable('commands')
      .set({
        answered_at: new Date(),
        ...(row.outcome === 'received' ? { outcome: 'refused', reason_code: reasonCode } : {}),
      })
      .where('comment_id', '=', row.comment_id)
      .where('command_index', '=', row.command_index)
      .execute();
  }
}

async function findRepository(db: Database, id: number): Promise<CommentRepository | null> {
  const row = await db
    .selectFrom('repositories')
    .select(['id', 'full_name', 'installation_id', 'is_private'])
    .where('id', '=', id)
    .executeTakeFirst();
  const [owner, repo] = row?.full_name.split('/') ?? [];
  if (!row?.installation_id || !owner || !repo) return null;
  return {
    id: row.id,
    fullName: row.full_name,
    owner,
    repo,
    installationId: row.installation_id,
    isPrivate: row.is_private,
  };
}

function findWaiting(db: Database, commentId: number) {
  return db
    .selectFrom('commands')
    .selectAll()
    .where('comment_id', '=', commentId)
    .where('answered_at', 'is', null)
    .orderBy('command_index')
    .execute();
}
