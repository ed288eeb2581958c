import type { Database } from '../src/store/database.ts';
import type { AppLog } from './log.ts';

const HOUR_MS = 3_600_000;
/** More answers than this in one issue in an hour are a loop. */
const MAX_REPLIES_PER_HOUR = 30;

/** Refusals that only tell somebody that they may not: one of them an hour is enough. */
const DENIALS = ['permission_denied', 'permission_unverified', 'not_control_repository'];

/** Whether a comment's commands are answered by a reply, or by a reaction alone: denials once an hour, loops never. */
export async function mayReply(
  codes: readonly string[],
  context: {
    db: Database;
    row: { comment_id: number; repository_id: number; issue_number: number | null; actor_id: number };
    now: Date;
    log: AppLog;
  },
): Promise<boolean> {
  const { db, row, now, log } = context;
  const lastHour = db
    .selectFrom('commands')
    .select((eb) => eb.fn.count<number>('comment_id').distinct().as('comments'))
    .where('repository_id', '=', row.repository_id)
    .where('issue_number', 'is not distinct from', row.issue_number)
    .where('comment_id', '!=', row.comment_id)
    .where('answered_at', 'is not', null)
    .where('created_at', '>', new Date(now.getTime() - HOUR_MS));
  const { comments: answered } = await lastHour.executeTakeFirstOrThrow();
  if (answered >= MAX_REPLIES_PER_HOUR) {
    log.warn(
      { stage: 'command', repository_id: row.repository_id, issue: row.issue_number },
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
