import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { CommandOutcome } from '../src/rollout/command-outcome.ts';
import { refuse } from '../src/rollout/command-outcome.ts';
import { findVerb } from '../src/rollout/commands.ts';
import { type ParsedCommand, parseCommands } from '../src/rollout/parse-command.ts';
import { renderReply } from '../src/rollout/render-reply.ts';
import type { Database } from '../src/store/database.ts';
import { releaseLease, takeLease } from '../src/store/lease.ts';
import {
  type CommentConversation,
  type CommentRepository,
  openConversation,
} from './comment-conversation.ts';
import { type ExecuteOptions, executeCommand } from './execute-command.ts';
import type { GitHubApp } from './github-app.ts';

import type { AppLog } from './log.ts';
import { hashBody } from './remember-commands.ts';

/** A command that lies longer than this is not obeyed any more, unless it stops something. */
const MAX_AGE_MS = 15 * 60_000;
/** Longer than a comment's commands take; after it another process may carry them out. */
const LEASE_MS = 120_000;
/** How often waiting commands are looked for that nobody announced: after a restart, or when GitHub was away. */
const LOOK_EVERY_MS = 30_000;
/** A command that could not be carried out for so long (GitHub away, App uninstalled) is given up. */
const GIVE_UP_MS = 24 * 3_600_000;
const HOUR_MS = 3_600_000;
/** More answers than this to one repository in an hour are a loop. */
const MAX_REPLIES_PER_HOUR = 30;

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

interface WaitingCommand {
  comment_id: number;
  command_index: number;
  repository_id: number;
  actor_id: number;
  body_sha256: string;
}

/**
 * Carries out the slash commands that deliveries have noted in `commands`, after their commit, one comment at a time.
 * A row stays `received` until its command is done, so a restart loses none; a lease for each comment keeps two
 * processes apart. The comment is fetched again first: what was changed or deleted since is not obeyed.
 */
export function createCommandRunner(options: CommandRunnerOptions): CommandRunner {
  const { db, log } = options;
  const holder = randomUUID();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let isStopped = false;

  const lookAround = async (): Promise<void> => {
    await db
      .updateTable('commands')
      .set({ outcome: 'expired', reason_code: 'not_carried_out_in_time' })
      .where('outcome', '=', 'received')
      .where('created_at', '<', new Date(Date.now() - GIVE_UP_MS))
      .execute();
    const waiting = await db
      .selectFrom('commands')
      .select('comment_id')
      .where('outcome', '=', 'received')
      .groupBy('comment_id')
      // A stop overtakes what waits.
      .orderBy(sql`bool_or(verb = 'rollout stop')`, 'desc')
      .orderBy('comment_id')
      .execute();
    for (const { comment_id } of waiting) {
      if (isStopped) return;
      await runLeased(comment_id);
    }
  };
  const runLeased = async (commentId: number): Promise<void> => {
    const lease = `command:${commentId}`;
    if (!(await takeLease(db, lease, holder, LEASE_MS))) return;
    try {
      await runComment(commentId, options);
    } catch (err) {
      // The rows stay `received`: GitHub or the database is away, and the next look tries again.
      log.error({ err, stage: 'command', comment: commentId }, 'A command could not be carried out yet.');
    } finally {
      await releaseLease(db, lease, holder);
    }
  };
  const poke = (): void => {
    running = running
      .then(() => (isStopped ? undefined : lookAround()))
      .catch((err: unknown) => log.error({ err, stage: 'command' }, 'Waiting commands could not be read.'));
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
      return running;
    },
    idle: () => running,
  };
}

async function runComment(commentId: number, options: CommandRunnerOptions): Promise<void> {
  const { db, log } = options;
  const now = options.now?.() ?? new Date();
  const startedAt = performance.now();
  const rows = await db
    .selectFrom('commands')
    .select(['comment_id', 'command_index', 'repository_id', 'actor_id', 'body_sha256'])
    .where('comment_id', '=', commentId)
    .where('outcome', '=', 'received')
    .orderBy('command_index')
    .execute();
  const first = rows[0];
  const repository = first && (await findRepository(db, first.repository_id));
  if (!first || !repository)
    return finish(db, rows, () => refuse('repository_unknown', 'Not served any more.'));

  const conversation = await openConversation(options.app, repository, commentId);
  const comment = conversation?.comment;
  if (!conversation || !comment)
    return finish(db, rows, () => refuse('comment_deleted', 'The comment is gone.'));
  if (!comment.isByPerson || comment.author.id !== first.actor_id) {
    return finish(db, rows, () => refuse('not_by_a_person', 'Only people give commands.'));
  }
  await conversation.react('eyes');
  const commands = parseCommands(comment.body);
  const outcomes = new Map<number, CommandOutcome>();
  for (const row of rows) {
    const command = commands[row.command_index];
    const refusal = judgeCommand(command, commands, { comment, row, now });
    const outcome =
      refusal ??
      (command && 'verb' in command ? await executeCommand(command, conversation, options) : unclear());
    outcomes.set(row.command_index, outcome);
    log.info(
      {
        stage: 'command',
        repository: repository.fullName,
        comment: commentId,
        actor: first.actor_id,
        outcome: outcome.reasonCode,
        duration_ms: Math.round(performance.now() - startedAt),
      },
      'A command was answered.',
    );
  }
  const all = [...outcomes.values()];
  await finish(db, rows, (row) => outcomes.get(row.command_index) ?? unclear());
  await answer(conversation, all, { db, row: first, now, log });
}

/** What speaks against a command before it is looked at closer; null: nothing. */
function judgeCommand(
  command: ParsedCommand | undefined,
  all: ParsedCommand[],
  context: { comment: { body: string; createdAt: Date }; row: WaitingCommand; now: Date },
): CommandOutcome | null {
  if (hashBody(context.comment.body) !== context.row.body_sha256 || !command) {
    return refuse('comment_changed', 'The comment was changed after it was sent; write a new one.');
  }
  if (!('verb' in command)) return refuse('not_understood', PROBLEMS[command.problem]);
  const isStop = command.name === 'rollout' && command.verb === 'stop';
  if (!isStop && context.now.getTime() - context.comment.createdAt.getTime() > MAX_AGE_MS) {
    return refuse('comment_too_old', 'The comment is older than 15 minutes; write a new one.');
  }
  const writes = all.filter((other) => 'verb' in other && isWrite(other));
  if (isWrite(command) && writes.length > 1) {
    return refuse('one_write_per_comment', 'Only one change can be made by a comment; write one for each.');
  }
  return null;
}

const PROBLEMS = {
  hidden_characters: 'The command holds invisible characters, so it was not carried out. Type it by hand.',
  not_plain_text: 'The command holds a link, an image or HTML, so it was not carried out. Write plain text.',
  unbalanced_quotes: 'A quotation mark is left open, so the command was not carried out.',
} as const;

function isWrite(command: Extract<ParsedCommand, { verb: string | null }>): boolean {
  return command.name === 'capture' || (findVerb(command.verb)?.isWrite ?? false);
}

function unclear(): CommandOutcome {
  return refuse('not_understood', 'The command was not understood.');
}

/** One reply for the comment, unless it would only be noise; the reaction tells the result in any case. */
async function answer(
  conversation: CommentConversation,
  outcomes: CommandOutcome[],
  context: { db: Database; row: WaitingCommand; now: Date; log: AppLog },
): Promise<void> {
  const codes = outcomes.map((outcome) => outcome.reasonCode);
  const isUnclear = codes.some((code) => code === 'unknown_verb' || code === 'not_understood');
  const isDone = outcomes.every((outcome) => outcome.ok);
  if (await mayReply(codes, context)) {
    const { comment_id: commentId } = context.row;
    const body = outcomes.map((outcome) => renderReply(outcome, { commentId })).join('\n\n---\n\n');
    // What was done stays done, and is in the table, when a locked conversation takes no reply.
    await conversation
      .reply(body)
      .catch((err: unknown) =>
        context.log.warn({ err, stage: 'command', comment: commentId }, 'No reply could be written.'),
      );
  }
  await conversation.react(isDone ? 'rocket' : isUnclear ? 'confused' : '-1');
}

const DENIALS = ['permission_denied', 'permission_unverified', 'not_control_repository'];

async function mayReply(
  codes: string[],
  { db, row, now, log }: { db: Database; row: WaitingCommand; now: Date; log: AppLog },
): Promise<boolean> {
  const lastHour = db
    .selectFrom('commands')
    .select((eb) => eb.fn.count<number>('comment_id').distinct().as('comments'))
    .where('repository_id', '=', row.repository_id)
    .where('comment_id', '!=', row.comment_id)
    .where('outcome', '!=', 'received')
    .where('created_at', '>', new Date(now.getTime() - HOUR_MS));
  const { comments: answered } = await lastHour.executeTakeFirstOrThrow();
  if (answered >= MAX_REPLIES_PER_HOUR) {
    log.warn(
      { stage: 'command', repository_id: row.repository_id },
      'Too many commands in an hour; no reply.',
    );
    return false;
  }
  if (!codes.every((code) => DENIALS.includes(code))) return true;
  const { comments: denied } = await lastHour
    .where('actor_id', '=', row.actor_id)
    .where('reason_code', 'in', DENIALS)
    .executeTakeFirstOrThrow();
  return denied === 0;
}

async function finish(
  db: Database,
  rows: WaitingCommand[],
  outcomeOf: (row: WaitingCommand) => CommandOutcome,
): Promise<void> {
  for (const row of rows) {
    const { ok, reasonCode } = outcomeOf(row);
    await db
      .updateTable('commands')
      .set({ outcome: ok ? 'done' : 'refused', reason_code: reasonCode })
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
