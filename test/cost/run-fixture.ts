import type { Database } from '../../src/store/database.ts';

export const NOW = new Date('2026-11-20T12:00:00Z');

export interface RunFixture {
  repository?: number;
  /** Default is `workflow`. */
  worker?: 'inngest' | 'in_process' | 'workflow' | null;
  /** Seconds after NOW at which it was made and began. */
  at?: number;
  /** Seconds that it took; null: it goes on. */
  seconds?: number | null;
  isBegun?: boolean;
  /** How often it waited for GitHub. */
  pauses?: number;
  workflowRun?: number;
  workflowRunAttempt?: number;
  /** Seconds after NOW. */
  askedNextAt?: number;
  billing?: 'billed' | 'free_public' | 'free_self_hosted' | null;
  points?: number;
  requests?: number;
  rows?: number;
}

const after = (seconds: number) => new Date(NOW.getTime() + seconds * 1_000);

/** Runs as they stand in the database, each of a job of its own. */
export async function insertRuns(db: Database, runs: readonly RunFixture[]): Promise<void> {
  for (const [index, run] of runs.entries()) {
    const { repository = 1, worker = 'workflow', at = 0, seconds = 60, isBegun = true } = run;
    const processor = worker === 'workflow' ? 'github_actions' : 'inngest';
    await db
      .insertInto('repositories')
      .values({ id: repository, full_name: `acme/r${repository}`, installation_id: 7 })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const { id } = await db
      .insertInto('progressive_capture_jobs')
      .values({
        ...{ repository_id: repository, installation_id: 7, job_type: 'history', target: `run ${index}` },
        ...{ include: ['pull-requests'], reason: 'scheduled', processor_type: processor, rule: 'historical' },
        ...{ enrolment_reason: 'included', arm: 'enrolled', status: 'completed', completed_at: NOW },
        ...{ rollout_epoch: 1, rollout_phase: 0, rollout_version: 1 },
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    await db
      .insertInto('job_runs')
      .values({
        ...{ job_id: id, run: 1, attempt: 1, processor_type: processor, worker, created_at: after(at) },
        state: worker === null ? 'reserved' : seconds === null ? 'running' : 'ended',
        started_at: isBegun ? after(at) : null,
        ended_at: isBegun && seconds !== null ? after(at + seconds) : null,
        pauses: run.pauses ?? 0,
        asked_next_at: run.askedNextAt === undefined ? null : after(run.askedNextAt),
        workflow_run_id: run.workflowRun ?? null,
        workflow_run_attempt: run.workflowRunAttempt ?? null,
        billing: run.billing ?? null,
        ...{ points: run.points ?? null, requests: run.requests ?? null, rows_stored: run.rows ?? null },
      })
      .execute();
  }
}
