import { createHash } from 'node:crypto';
import { parseCommands } from '../src/commands/parse-command.ts';
import type { Database } from '../src/store/database.ts';
import type { NewComment } from '../src/work-item/parsed-event.ts';

/** More commands than this in one comment are not looked at. */
const MAX_COMMANDS = 10;

/**
 * Notes the slash commands of a comment that was just written, in the delivery's transaction, so that none is lost
 * and none is carried out twice; says whether there are any. Only what a person wrote with their own account counts:
 * a comment that an App wrote, or that was sent on by somebody else, holds no commands.
 */
export async function rememberCommands(
  trx: Database,
  comment: NewComment,
  { repositoryId, deliveryId, now }: { repositoryId: number; deliveryId: string; now: Date },
): Promise<boolean> {
  const { author, sender } = comment;
  if (author?.type !== 'User' || author.id !== sender?.id || comment.viaApp) return false;
  const commands = parseCommands(comment.body).slice(0, MAX_COMMANDS);
  if (commands.length === 0) return false;
  await trx
    .insertInto('commands')
    .values(
      commands.map((command) => ({
        comment_id: comment.id,
        command_index: command.index,
        repository_id: repositoryId,
        actor_id: author.id,
        verb: `${command.name} ${'verb' in command ? (command.verb ?? '') : ''}`.trim().slice(0, 60),
        body_sha256: hashBody(comment.body),
        issue_number: comment.issueNumber,
        delivery_id: deliveryId,
        created_at: now,
      })),
    )
    .onConflict((conflict) => conflict.columns(['comment_id', 'command_index']).doNothing())
    .execute();
  return true;
}

/** By which a comment is known again when it is fetched before a write. */
export function hashBody(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}
