import type { Database } from '../store/database.ts';
import { FEATURE_NAME } from './evaluate-enrolment.ts';
import { decideTick, type Tick } from './guard/decide-tick.ts';
import type { GuardEvidence } from './guard/evidence.ts';
import { readEvidence } from './guard/read-evidence.ts';
import { type Rollout, readRollout } from './rollout-store.ts';

/** The rollout with everything that people are shown of it, judged as it is now. */
export interface RolloutPicture {
  rollout: Rollout;
  evidence: GuardEvidence;
  /** As a person who advances would be judged. */
  tick: Tick;
  /** When the guard itself looked last; null: never. */
  guardSeenAt: Date | null;
}

export interface PictureOptions {
  environmentStop: boolean;
  maxActionsMinutes: number | null;
  now: Date;
  /** Read already, such as under the lock of its row. */
  rollout?: Rollout;
}

/** Reads and judges; inside a transaction, as that transaction sees it. Throws where the store can't be read. */
export async function readPicture(db: Database, options: PictureOptions): Promise<RolloutPicture> {
  const { now, maxActionsMinutes } = options;
  const rollout = options.rollout ?? (await readRollout(db, options));
  const evidence = await readEvidence(db, rollout, now);
  const seen = await db
    .selectFrom('rollout_guard')
    .select('checked_at')
    .where('feature_name', '=', FEATURE_NAME)
    .executeTakeFirst();
  return {
    rollout,
    evidence,
    tick: decideTick(rollout, evidence, { now, maxActionsMinutes, isAutomatic: false }),
    guardSeenAt: seen?.checked_at ?? null,
  };
}
