import { sql } from 'kysely';
import type { Database } from '../../src/store/database.ts';
import type { CaptureInclude } from '../../src/work-item/work-item.ts';

export interface GivenCapture {
  repositoryId: number;
  startedAt: Date;
  since?: Date | null;
  until?: Date | null;
  include?: CaptureInclude[];
  status?: 'queued' | 'dispatched' | 'running' | 'completed' | 'failed' | 'lost';
  complete?: boolean;
  /** As the engine stored it last. */
  checkpoint?: Record<string, unknown>;
  installationId?: number;
}

/** A repository that the App is installed on. */
export async function insertRepository(
  db: Database,
  id: number,
  more: { installation_id?: number; full_name?: string } = {},
): Promise<void> {
  await db
    .insertInto('repositories')
    .values({ id, full_name: `acme/r${id}`, installation_id: 7, ...more })
    .execute();
}

/** A history job as it stands when a capture is over, and its checkpoint. Answers its id. */
export async function insertCapture(db: Database, given: GivenCapture): Promise<string> {
  const { status = 'completed', startedAt, complete = true } = given;
  const isLive = status === 'queued' || status === 'dispatched' || status === 'running';
  const { id } = await db
    .insertInto('progressive_capture_jobs')
    .values({
      repository_id: given.repositoryId,
      installation_id: given.installationId ?? 7,
      job_type: 'history',
      target: 'history',
      range_since: given.since ?? null,
      range_until: given.until ?? null,
      include: given.include ?? ['pull-requests'],
      reason: 'installation',
      processor_type: 'github_actions',
      rule: 'historical',
      enrolment_reason: 'included',
      arm: 'enrolled',
      rollout_epoch: 1,
      rollout_phase: 0,
      rollout_version: 1,
      status,
      created_at: startedAt,
      started_at: status === 'queued' || status === 'dispatched' ? null : startedAt,
      completed_at: isLive ? null : startedAt,
      result: isLive ? null : JSON.stringify({ complete, gaps: complete ? 0 : 1 }),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  if (given.checkpoint) {
    await db
      .insertInto('capture_checkpoints')
      .values({
        key: id,
        repository_id: given.repositoryId,
        sequence: 9,
        checkpoint: JSON.stringify(given.checkpoint),
      })
      .execute();
  }
  return id;
}

export async function findCheckpoint(db: Database, jobId: string) {
  return db
    .selectFrom('capture_checkpoints')
    .select(['sequence', 'checkpoint', 'repository_id', 'finished_at'])
    .where('key', '=', jobId)
    .executeTakeFirst();
}

/** Without repositories nothing else is left but what hangs on none of them. */
export async function emptyCaptures(db: Database): Promise<void> {
  await sql`DELETE FROM repositories`.execute(db);
  await sql`DELETE FROM capture_checkpoints`.execute(db);
  await sql`DELETE FROM installations`.execute(db);
  await sql`DELETE FROM leases`.execute(db);
}
