import type { Loop, LoopReport } from '../../src/loops/loop.ts';
import type { Database } from '../../src/store/database.ts';

/** One pass of a loop at a time, without a lease. */
export async function makePass(
  db: Database,
  loop: Loop,
  { now, lastPassedAt = null }: { now: Date; lastPassedAt?: Date | null },
): Promise<LoopReport> {
  return loop.pass({
    now,
    lastPassedAt,
    signal: new AbortController().signal,
    write: (work) => db.transaction().execute(work),
  });
}
