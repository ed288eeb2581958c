import type { Config } from '../src/config/config.ts';
import { type CommandOutcome, refuse } from '../src/rollout/command-outcome.ts';
import { executeRolloutCommand } from '../src/rollout/commands.ts';
import type { ParsedCommand } from '../src/rollout/parse-command.ts';
import type { Database } from '../src/store/database.ts';
import { findServedRepository } from '../src/store/find-repository.ts';
import type { CommentConversation } from './comment-conversation.ts';
import { hashBody } from './remember-commands.ts';

export interface ExecuteOptions {
  db: Database;
  config: Pick<Config, 'control' | 'rollout'>;
  /** A repository has joined the rollout: its waiting bulk work is routed again. */
  onIncluded: (repositoryId: number) => Promise<void>;
}

/**
 * Carries out one command of a comment. `/rollout` is obeyed in CONTROL_REPOSITORY alone, by the permissions there:
 * whoever installs the App is admin of a repository of their own, and must not steer everybody's rollout from it.
 */
export async function executeCommand(
  command: Extract<ParsedCommand, { verb: string | null }>,
  conversation: CommentConversation,
  { db, config, onIncluded }: ExecuteOptions,
): Promise<CommandOutcome> {
  if (command.name === 'capture') {
    return refuse(
      'not_available',
      '`/capture` is not served by this version; the CLI `hybrid-capture capture` is.',
    );
  }
  const { comment, repository } = conversation;
  let included: number | null = null;
  const outcome = await executeRolloutCommand(command, {
    db,
    environmentStop: config.rollout.environmentStop,
    place: placeOf(repository.fullName, config.control),
    actor: { type: 'user', ...comment.author },
    source: {
      type: 'comment',
      repository: repository.fullName,
      issue: comment.issueNumber,
      commentId: comment.id,
      commentSha256: hashBody(comment.body),
    },
    permission: () => conversation.permission(),
    findRepository: async (fullName) => {
      const found = await findServedRepository(db, fullName);
      included = found?.id ?? null;
      return found;
    },
  });
  if (outcome.ok && command.verb === 'include' && included !== null) await onIncluded(included);
  return outcome;
}

function placeOf(fullName: string, control: Config['control']) {
  if (!control) return { kind: 'unconfigured' } as const;
  const name = `${control.owner}/${control.repo}`;
  const isControl = fullName.toLowerCase() === name.toLowerCase();
  return isControl ? ({ kind: 'control' } as const) : ({ kind: 'elsewhere', control: name } as const);
}
