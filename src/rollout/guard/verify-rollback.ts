import type { Database } from '../../store/database.ts';
import { evaluateEnrolment } from '../evaluate-enrolment.ts';
import { findServed } from '../find-served.ts';
import { readRollout } from '../rollout-store.ts';

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
export async function verifyRollback(
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
