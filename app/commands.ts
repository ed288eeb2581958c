import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { isWriteCommand } from '../src/commands/execute-command.ts';
import { type ParsedCommand, parseCommands } from '../src/commands/parse-command.ts';
import type { Database } from '../src/store/database.ts';
import { releaseLease, takeLease } from '../src/store/lease.ts';
import { type Answer, refuse } from '../src/text/answer.ts';
import { renderMarkdown, replyMarker } from '../src/text/render-answer.ts';
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
/** Longer than a comment's commands take; after it another process may carry them out. */
const LEASE_MS = 120_000;
/** How often waiting commands are looked for that nobody announced: after a restart, or when GitHub was away. */
const LOOK_EVERY_MS = 30_000;
/** A command that could not be carried out or answered for so long (GitHub away, App uninstalled) is given up. */
const GIVE_UP_MS = 24 * 3_600_000;

export interface CommandRunner {
  /** Commands were committed. */
  poke(): void;
  start(): void;
  /** Resolves when the comment in hand is done. */
  stop(): Promise<void>;
  /** Resolves when no command waits that can be carried out now. */
  idle(): Promise<void>;
}

export interface CommandRunnerOptions extends ExecuteOptions {
  app: GitHubApp;
  log: AppLog;
  now?: () => Date;
}

type WaitingCommand = Awaited<ReturnType<typeof findWaiting>>[number];

/**
 * Carries out the slash commands that deliveries have noted in `commands`, after their commit, one comment at a time;
 * a stop never stands behind another one. A row waits until it is answered, so a restart loses none, and a change and
 * the note of its answer are one transaction, so a restart repeats none; a lease for each comment keeps two processes
 * apart. The comment is fetched again first: what was changed or deleted since is not obeyed.
 */
export function createCommandRunner(options: CommandRunnerOptions): CommandRunner {
  const { db, log } = options;
  const holder = randomUUID();
  let timer: NodeJS.Timeout | undefined;
  let stops: Promise<void> = Promise.resolve();
  let running: Promise<void> = Promise.resolve();
  let isStopped = false;

  const look = async (which: 'stops' | 'all'): Promise<void> => {
    if (isStopped) return;
    try {
      if (which === 'all') await giveUp(db);
      for (const commentId of await findWaitingComments(db, which)) {
        if (isStopped) return;
        await runLeased(commentId);
      }
    } catch (err) {
      log.error({ err, stage: 'command' }, 'Waiting commands could not be read.');
    }
  };
  const runLeased = async (commentId: number): Promise<void> => {
    const lease = `command:${commentId}`;
    if (!(await takeLease(db, lease, holder, LEASE_MS))) return;
    try {
      await runComment(commentId, options);
    } catch (err) {
      // The rows wait on: GitHub or the database is away, and the next look tries again.
      log.error({ err, stage: 'command', comment: commentId }, 'A command could not be carried out yet.');
    } finally {
      await releaseLease(db, lease, holder);
    }
  };
  const poke = (): void => {
    stops = stops.then(() => look('stops'));
    const first = stops;
    running = running.then(() => first).then(() => look('all'));
  };
  return {
    poke,
    start: () => {
      poke();
      timer = setInterval(poke, LOOK_EVERY_MS);
      timer.unref();
    },
    stop: () => {
      isStopped = true;
      clearInterval(timer);
      return Promise.all([stops, running]).then(() => undefined);
    },
    idle: () => running,
  };
}

async function giveUp(db: Database): Promise<void> {
  await db
    .updateTable('commands')
    .set({
      outcome: sql`CASE WHEN outcome = 'received' THEN 'expired' ELSE outcome END`,
      reason_code: sql`CASE WHEN outcome = 'received' THEN 'not_carried_out_in_time' ELSE reason_code END`,
      answered_at: new Date(),
    })
    .where('answered_at', 'is', null)
    .where('created_at', '<', new Date(Date.now() - GIVE_UP_MS))
    .execute();
}

async function findWaitingComments(db: Database, which: 'stops' | 'all'): Promise<number[]> {
  const isStop = sql<boolean>`bool_or(verb = 'rollout stop')`;
  let query = db
    .selectFrom('commands')
    .select('comment_id')
    .where('answered_at', 'is', null)
    .groupBy('comment_id')
    .orderBy(isStop, 'desc')
    .orderBy('comment_id');
  if (which === 'stops') query = query.having(isStop);
  return (await query.execute()).map(({ comment_id }) => comment_id);
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

async function runComment(commentId: number, options: CommandRunnerOptions): Promise<void> {
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
  options: CommandRunnerOptions,
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
    const body = [answers.map(renderMarkdown).join('\n\n---\n\n'), replyMarker(commentId)].join('\n\n');
    await conversation.reply(body).catch((err: unknown) => {
      const status = err instanceof Error && 'status' in err ? Number(err.status) : 0;
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
