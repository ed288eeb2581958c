import type { Transaction } from 'kysely';
import type { DB } from '../../store/database.generated.ts';
import type { Database } from '../../store/database.ts';
import { refuse } from '../../text/answer.ts';
import { evaluateEnrolment, FEATURE_NAME } from '../evaluate-enrolment.ts';
import { findServed } from '../find-served.ts';
import { readRollout } from '../rollout-store.ts';
import { insertNotice } from './notices.ts';

/** How the guard writes: in transactions that hold the lease that it runs under, or in its own. */
export type GuardWrite = <Result>(work: (trx: Transaction<DB>) => Promise<Result>) => Promise<Result>;

/** Repositories that are looked at after a rollback. */
const SAMPLE = 1_000;

export interface RollbackVerification {
  checkedAt: string;
  /** Repositories that were looked at, and those of them that are still in: none, if all is well. */
  checked: number;
  stillIn: number[];
  /** The rollout has been changed since, so that nothing can be said of the rollback any more. */
  isSuperseded: boolean;
}

/** Reads the rollout anew and asks the function that enrols for every repository, or for evenly spread 1,000 of them. */
async function verifyRollback(
  db: Database,
  { version, environmentStop, now }: { version: number; environmentStop: boolean; now: Date },
): Promise<RollbackVerification> {
  const rollout = await readRollout(db, { environmentStop });
  const served = await findServed(db);
  const step = Math.max(1, served.length / SAMPLE);
  const sample = Array.from({ length: Math.min(served.length, SAMPLE) }, (_, index) =>
    served.at(Math.floor(index * step)),
  ).filter((one) => one !== undefined);
  return {
    checkedAt: now.toISOString(),
    checked: sample.length,
    stillIn: sample.filter((one) => evaluateEnrolment(one, rollout).eligible).map(({ id }) => id),
    isSuperseded: rollout.version !== version,
  };
}

/**
 * Verifies the rollbacks that were not verified yet: the one that was just made, or one whose guard died in between.
 * What is read is read after the commit, outside of its transaction.
 */
export async function verifyRollbacks(
  db: Database,
  write: GuardWrite,
  { environmentStop, now }: { environmentStop: boolean; now: Date },
): Promise<void> {
  const waiting = await db
    .selectFrom('rollout_notices')
    .select(['id', 'version'])
    .where('feature_name', '=', FEATURE_NAME)
    .where('kind', '=', 'rollback')
    .where('version', 'is not', null)
    .$narrowType<{ version: number }>()
    .where('verified', 'is', null)
    .execute();
  for (const { id, version } of waiting) {
    const verified = await verifyRollback(db, { version, environmentStop, now });
    await write((trx) => noteVerification(trx, { id, version }, verified));
  }
}

async function noteVerification(
  trx: Transaction<DB>,
  { id, version }: { id: number; version: number },
  verified: RollbackVerification,
): Promise<void> {
  const noted = await trx
    .updateTable('rollout_notices')
    .set({ verified: JSON.stringify(verified) })
    .where('id', '=', id)
    .where('verified', 'is', null)
    .returning('id')
    .executeTakeFirst();
  if (!noted || verified.stillIn.length === 0 || verified.isSuperseded) return;
  await insertNotice(trx, {
    kind: 'rollback_unverified',
    version,
    content: refuse(
      'rollback_unverified',
      `The rollback is not complete: ${verified.stillIn.length} of ${verified.checked} repositories are still in`,
      'Stop everything: `/rollout stop <reason>`. Then report this as a fault of the program.',
    ),
  });
}
