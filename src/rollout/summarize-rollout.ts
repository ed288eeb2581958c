import { sql } from 'kysely';
import type { Database } from '../store/database.ts';
import type { Category } from './category.ts';
import { evaluateEnrolment, ROLLOUT_PHASES } from './evaluate-enrolment.ts';
import type { Rollout } from './rollout-store.ts';

export interface RolloutSummary {
  /** Repositories that the App serves. */
  repositories: { in: number; of: number };
  /** Jobs that ended within the window, by outcome, most frequent first. */
  jobs: { outcome: string; count: number }[];
  /** Those of them that say something about the bulk path: exposed, enrolled, of this epoch. */
  exposed: { finished: number; errors: number };
}

/** Counts who is in, by the same function that enrols, and how the jobs of the monitoring window ended. */
export async function summarizeRollout(db: Database, rollout: Rollout): Promise<RolloutSummary> {
  const repositories = await db
    .selectFrom('repositories')
    .leftJoin('repository_categories', 'repository_categories.repository_id', 'repositories.id')
    .where('repositories.removed_at', 'is', null)
    .where('repositories.installation_id', 'is not', null)
    .select(['repositories.id', 'repository_categories.category'])
    .execute();
  const enrolled = repositories.filter(
    ({ id, category }) => evaluateEnrolment({ id, category: category as Category | null }, rollout).eligible,
  );

  const ended = await db
    .selectFrom('rollout_metrics')
    .where('created_at', '>', sql<Date>`now() - make_interval(hours => ${rollout.monitoringWindowHours})`)
    .select((eb) => [
      'outcome',
      eb.fn.countAll<number>().as('count'),
      sql<number>`count(*) FILTER (WHERE exposed AND arm = 'enrolled' AND epoch = ${rollout.epoch})`.as(
        'exposed',
      ),
    ])
    .groupBy('outcome')
    .execute();
  const exposedWith = (outcomes: readonly string[]) =>
    ended
      .filter(({ outcome }) => outcomes.includes(outcome))
      .reduce((sum, { exposed }) => sum + Number(exposed), 0);
  const errors = exposedWith(['failure', 'timed_out', 'lost']);
  return {
    repositories: { in: enrolled.length, of: repositories.length },
    jobs: ended
      .map(({ outcome, count }) => ({ outcome, count: Number(count) }))
      .sort((a, b) => b.count - a.count || a.outcome.localeCompare(b.outcome)),
    exposed: { finished: errors + exposedWith(['success']), errors },
  };
}

/** The state in one word and, when it is stopped, by which side. */
export function describeState(rollout: Rollout): string {
  const { database, environment } = rollout.stoppedBy;
  if (environment) return database ? 'stopped (database and environment)' : 'stopped (environment)';
  if (database) return 'stopped';
  return rollout.isActive ? rollout.state : `${rollout.state}, inactive`;
}

/** The rows of `status`. */
export function statusTable(
  rollout: Rollout,
  summary: RolloutSummary,
): readonly (readonly [label: string, value: string])[] {
  const { finished, errors } = summary.exposed;
  const total = summary.jobs.reduce((sum, { count }) => sum + count, 0);
  const byOutcome = summary.jobs.map(({ outcome, count }) => `${count} ${outcome}`).join(', ');
  const phase = ROLLOUT_PHASES[rollout.phase];
  return [
    ['State', describeState(rollout)],
    ['Percentage', formatPercent(rollout.percentage)],
    [
      'Phase',
      `${rollout.phase + 1} of ${ROLLOUT_PHASES.length}${phase === undefined ? '' : ` (${phase} %)`}`,
    ],
    ['Strategy', rollout.strategy],
    ['Repositories in', `${summary.repositories.in} of ${summary.repositories.of}`],
    ['Lists', `${rollout.include.length} included, ${rollout.exclude.length} excluded`],
    [`Jobs ended in ${rollout.monitoringWindowHours} h`, total === 0 ? '0' : `${total} (${byOutcome})`],
    ['Jobs that count for the guard', String(finished)],
    [
      'Error rate',
      finished === 0 ? 'no data' : `${formatPercent((errors / finished) * 100)} (${errors} of ${finished})`,
    ],
    [
      'Error limit',
      `${formatPercent(rollout.maxErrorRate)}, automatic rollback ${rollout.autoRollback ? 'on' : 'off'}`,
    ],
    ['Version', `v${rollout.version}, epoch ${rollout.epoch}`],
  ];
}

/** A percentage, 0 to 100, with at most two decimals: `12.5 %`. */
export function formatPercent(percent: number): string {
  return `${Math.round(percent * 100) / 100} %`;
}
