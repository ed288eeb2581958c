import { sql } from 'kysely';
import type { Processor } from '../route/decide-route.ts';
import type { Database } from '../store/database.ts';
import type { DueJob } from './dispatcher.ts';

/**
 * Milliseconds that a workflow run which has completed its job has to ask for the next one, before another run is
 * started for it: a run costs at least a minute of Actions and half a minute until it begins.
 */
const ASK_NEXT_MS = 10_000;

/**
 * The jobs of a queue that may be dispatched now: critical first, then recent, then smaller repositories before
 * larger. Left out: installations that have all the bulk runs that they may have, or of which a run is just done with
 * its job and has not asked for the next one yet.
 */
export async function findDueJobs(
  db: Database,
  options: {
    processor: Processor;
    now: Date;
    limit: number;
    bulkPerInstallation: number;
    /** Leaves bulk work out. */
    exceptBulk?: boolean;
  },
): Promise<DueJob[]> {
  const { processor, now } = options;
  let query = db
    .selectFrom('progressive_capture_jobs as job')
    .innerJoin('repositories as repository', 'repository.id', 'job.repository_id')
    .selectAll('job')
    .select(['repository.full_name', 'repository.is_private'])
    .where('job.status', '=', 'queued')
    .where('job.processor_type', '=', processor)
    .where('job.not_before', '<=', now)
    .where((eb) => eb.or([eb('job.lease_expires_at', 'is', null), eb('job.lease_expires_at', '<', now)]))
    .orderBy('job.priority')
    .orderBy(sql`repository.pull_requests_count NULLS LAST`)
    .orderBy('job.not_before')
    .orderBy('job.id')
    .limit(options.limit);
  if (options.exceptBulk) query = query.where('job.is_bulk', '=', false);
  if (processor === 'github_actions') {
    query = query.where('job.installation_id', 'not in', (eb) =>
      eb
        .selectFrom('progressive_capture_jobs as busy')
        .select('busy.installation_id')
        .where('busy.processor_type', '=', 'github_actions')
        .where((active) =>
          active.or([
            active('busy.status', 'in', ['dispatched', 'running']),
            active.and([active('busy.status', '=', 'queued'), active('busy.lease_expires_at', '>=', now)]),
          ]),
        )
        .groupBy('busy.installation_id')
        .having((group) => group.fn.countAll(), '>=', options.bulkPerInstallation),
    );
    query = query.where('job.installation_id', 'not in', (eb) =>
      eb
        .selectFrom('rollout_metrics as done')
        .innerJoin('progressive_capture_jobs as finished', 'finished.id', 'done.job_id')
        .innerJoin('job_runs as run', (join) =>
          join.onRef('run.job_id', '=', 'finished.id').onRef('run.run', '=', 'finished.run'),
        )
        .select('finished.installation_id')
        .where('run.asked_next_at', 'is', null)
        .where('done.processor_type', '=', 'github_actions')
        .where('done.outcome', '=', 'success')
        .where('done.created_at', '>', new Date(now.getTime() - ASK_NEXT_MS)),
    );
  }
  const rows = await query.execute();
  return rows.map(({ full_name: fullName, is_private: isPrivate, ...job }) => ({
    ...job,
    repository: { fullName, isPrivate },
  }));
}

/**
 * When the next queued job becomes due; null: none is to. What is due and still queued waits for room, not for a time:
 * the end of a run or the next poll looks for it again.
 */
export async function findNextDue(db: Database, now: Date): Promise<Date | null> {
  const { next } = await db
    .selectFrom('progressive_capture_jobs')
    .select((eb) => eb.fn.min('not_before').as('next'))
    .where('status', '=', 'queued')
    .where('not_before', '>', now)
    .executeTakeFirstOrThrow();
  return next;
}
