import type { Transaction } from 'kysely';
import type { DB } from '../../store/database.generated.ts';
import type { Database } from '../../store/database.ts';
import type { Answer } from '../../text/answer.ts';
import { FEATURE_NAME } from '../evaluate-enrolment.ts';
import type { RollbackVerification } from './verify-rollback.ts';

/** Of an automatic change of the rollout. */
export type ChangeKind = 'rollback' | 'hold' | 'advance' | 'complete' | 'rollback_unverified';
export type NoticeKind = ChangeKind | 'alarm' | 'alarm_over';

/** What people are told of one automatic change, or of an alarm. */
export interface Notice {
  id: number;
  kind: NoticeKind;
  /** Of the rollout, after the change; null for an alarm. */
  version: number | null;
  content: Answer;
  verified: RollbackVerification | null;
  attempts: number;
}

/** Notes what people are to be told, in the transaction of the change, so that neither is without the other. */
export async function insertNotice(
  trx: Transaction<DB> | Database,
  notice: { kind: ChangeKind; version: number; content: Answer },
): Promise<void> {
  await trx
    .insertInto('rollout_notices')
    .values({
      feature_name: FEATURE_NAME,
      kind: notice.kind,
      version: notice.version,
      content: JSON.stringify(notice.content),
    })
    .execute();
}

/** Oldest first. A rollback is told once it has been verified. */
export async function findWaitingNotices(db: Database): Promise<Notice[]> {
  const rows = await db
    .selectFrom('rollout_notices')
    .select(['id', 'kind', 'version', 'content', 'verified', 'attempts'])
    .where('feature_name', '=', FEATURE_NAME)
    .where('sent_at', 'is', null)
    .orderBy('id')
    .limit(20)
    .execute();
  return rows
    .map((row) => ({
      ...row,
      content: row.content as unknown as Answer,
      verified: row.verified as unknown as RollbackVerification | null,
    }))
    .filter(({ kind, verified }) => kind !== 'rollback' || verified !== null);
}

export async function markNoticeSent(
  db: Database,
  id: number,
  sent: { at: Date; url: string | null },
): Promise<void> {
  await db
    .updateTable('rollout_notices')
    .set((eb) => ({ sent_at: sent.at, url: sent.url, error: null, attempts: eb('attempts', '+', 1) }))
    .where('id', '=', id)
    .execute();
}

export async function markNoticeFailed(db: Database, id: number, error: string): Promise<void> {
  await db
    .updateTable('rollout_notices')
    .set((eb) => ({ error, attempts: eb('attempts', '+', 1) }))
    .where('id', '=', id)
    .execute();
}
