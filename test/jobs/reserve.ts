import { reserveRun } from '../../src/jobs/runs.ts';
import type { Database } from '../../src/store/database.ts';
import { NOW } from './job-fixture.ts';

/** Reserves a run of a due job, and answers its number. */
export async function reserve(db: Database, jobId: string, now: Date = NOW): Promise<number> {
  const reserved = await reserveRun(db, jobId, 'dispatcher-1', { now, bulkPerInstallation: 1 });
  if (!reserved) throw new Error(`job ${jobId} was not reserved`);
  return reserved.run;
}
