import { sql } from 'kysely';
import { countMonth } from '../../cost/read-usage.ts';
import type { Database } from '../../store/database.ts';
import { evaluateEnrolment } from '../evaluate-enrolment.ts';
import { findServed } from '../find-served.ts';
import type { Rollout } from '../rollout-store.ts';
import {
  type ArmEvidence,
  type GuardEvidence,
  NO_OUTCOMES,
  type Outcome,
  type OutcomeCounts,
} from './evidence.ts';

type Arm = 'enrolled' | 'control';
type Span = 'in_window' | 'in_epoch' | 'in_phase' | 'in_phase_before';

interface CountRow extends Record<Span, number> {
  arm: Arm;
  outcome: Outcome;
}

/** How many of the newest jobs are looked at for blocked ones in a row. */
const NEWEST = 10;

/** Reads what the guard goes by; a store that can't be read throws, and is never taken for one without errors. */
export async function readEvidence(db: Database, rollout: Rollout, now: Date): Promise<GuardEvidence> {
  const since = latest(rollout.epochStartedAt, rollout.evidenceSince);
  const counts = await countOutcomes(db, rollout, now);
  const errors = await countRepositoryErrors(db, rollout, since);
  const of = (arm: Arm, span: Span): OutcomeCounts => ({
    ...NO_OUTCOMES,
    ...Object.fromEntries(
      counts.filter((row) => row.arm === arm).map((row) => [row.outcome, Number(row[span])]),
    ),
  });
  const arm = (name: Arm): ArmEvidence => ({
    window: of(name, 'in_window'),
    epoch: of(name, 'in_epoch'),
    repositoryErrors: errors
      .filter((row) => row.arm === name)
      .map((row) => ({ repositoryId: row.repository_id, errors: Number(row.errors) })),
  });
  const served = await findServed(db);
  return {
    at: now,
    enrolled: arm('enrolled'),
    control: arm('control'),
    phase: {
      counts: of('enrolled', 'in_phase'),
      underWay: await countUnderWay(db, rollout),
      lastEndedAt: await findLastEnd(db, rollout),
    },
    before: rollout.phase === 0 ? of('control', 'in_epoch') : of('enrolled', 'in_phase_before'),
    blockedInARow: await findBlockedInARow(db, rollout, since),
    repositories: {
      served,
      enrolled: served.filter((one) => evaluateEnrolment(one, rollout).eligible).length,
    },
    actionsMinutes: await countMonth(db, 'github_actions', now),
  };
}

async function countOutcomes(db: Database, rollout: Rollout, now: Date): Promise<CountRow[]> {
  const windowStart = new Date(now.getTime() - rollout.monitoringWindowHours * 3_600_000);
  // What counts may only be older than the rest in the phases, whose own start is kept.
  const evidenceSince = rollout.evidenceSince ?? new Date(0);
  const { rows } = await sql<CountRow>`
    SELECT arm, outcome,
      count(*) FILTER (WHERE created_at > ${windowStart} AND created_at >= ${evidenceSince}) AS in_window,
      count(*) FILTER (WHERE created_at >= ${evidenceSince}) AS in_epoch,
      count(*) FILTER (WHERE phase = ${rollout.phase} AND created_at >= ${rollout.phaseStartedAt}) AS in_phase,
      count(*) FILTER (WHERE phase = ${rollout.phase - 1}) AS in_phase_before
    FROM rollout_metrics WHERE exposed AND epoch = ${rollout.epoch}
    GROUP BY arm, outcome`.execute(db);
  return rows;
}

async function countRepositoryErrors(db: Database, rollout: Rollout, since: Date) {
  const windowSeconds = rollout.monitoringWindowHours * 3_600;
  const { rows } = await sql<{ arm: Arm; repository_id: number; errors: number }>`
    SELECT arm, repository_id, count(*) AS errors
    FROM rollout_metrics
    WHERE exposed AND epoch = ${rollout.epoch} AND error_count = 1
      AND (${rollout.evidenceSince}::timestamptz IS NULL OR created_at >= ${rollout.evidenceSince})
    GROUP BY arm, repository_id, floor(extract(epoch FROM created_at - ${since}::timestamptz) / ${windowSeconds})`.execute(
    db,
  );
  return rows;
}

async function countUnderWay(db: Database, rollout: Rollout): Promise<number> {
  const { count } = await db
    .selectFrom('progressive_capture_jobs')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('is_exposed', '=', true)
    .where('arm', '=', 'enrolled')
    .where('rollout_epoch', '=', rollout.epoch)
    .where('rollout_phase', '=', rollout.phase)
    .where('status', 'in', ['dispatched', 'running'])
    .executeTakeFirstOrThrow();
  return Number(count);
}

async function findLastEnd(db: Database, rollout: Rollout): Promise<Date | null> {
  const { last } = await db
    .selectFrom('rollout_metrics')
    .select((eb) => eb.fn.max('created_at').as('last'))
    .where('exposed', '=', true)
    .where('arm', '=', 'enrolled')
    .where('epoch', '=', rollout.epoch)
    .where('phase', '=', rollout.phase)
    .where('created_at', '>=', rollout.phaseStartedAt)
    .executeTakeFirstOrThrow();
  return last;
}

async function findBlockedInARow(
  db: Database,
  rollout: Rollout,
  since: Date,
): Promise<GuardEvidence['blockedInARow']> {
  let query = db
    .selectFrom('rollout_metrics as metric')
    .innerJoin('progressive_capture_jobs as job', 'job.id', 'metric.job_id')
    .select(['metric.outcome', 'job.error'])
    .where('metric.exposed', '=', true)
    .where('metric.arm', '=', 'enrolled')
    .where('metric.epoch', '=', rollout.epoch)
    .where('metric.outcome', 'not in', ['cancelled', 'skipped'])
    .orderBy('metric.id', 'desc')
    .limit(NEWEST);
  if (rollout.evidenceSince) query = query.where('metric.created_at', '>=', since);
  const newest = await query.execute();
  const other = newest.findIndex(({ outcome }) => outcome !== 'blocked');
  const blocked = other < 0 ? newest : newest.slice(0, other);
  return { count: blocked.length, cure: blocked[0]?.error ?? null };
}

function latest(a: Date, b: Date | null): Date {
  return b !== null && b > a ? b : a;
}
