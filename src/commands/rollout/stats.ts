import { sql } from 'kysely';
import { describeCost } from '../../cost/describe-cost.ts';
import { readCost } from '../../cost/read-cost.ts';
import { formatPercent } from '../../rollout/describe-rollout.ts';
import { readRollout } from '../../rollout/rollout-store.ts';
import { countOf } from '../../text/count-of.ts';
import type { RolloutVerb } from '../command.ts';

interface StatsRow {
  processor: string;
  /** Exposed jobs, by arm; null: all others. */
  arm: string | null;
  successes: number;
  errors: number;
  other: number;
  seconds: number | null;
  repositories: number;
}

export const statsVerb: RolloutVerb = {
  verb: 'stats',
  usage: 'stats [--window 24h]',
  summary: 'Shows how jobs ended, by where they ran and by arm, and what the month costs.',
  needs: 'triage',
  isWrite: false,
  flags: ['window'],
  examples: ['stats', 'stats --window 7d'],
  run: async ({ db, flags, environmentStop, now, costing }) => {
    const rollout = await readRollout(db, { environmentStop });
    const hours = flags.windowHours ?? rollout.monitoringWindowHours;
    const since = new Date(now().getTime() - hours * 3_600_000);
    const { rows } = await sql<StatsRow>`
      SELECT processor_type AS processor, CASE WHEN exposed THEN arm END AS arm,
        sum(success_count)::integer AS successes, sum(error_count)::integer AS errors,
        count(*) FILTER (WHERE success_count + error_count = 0)::integer AS other,
        avg(average_processing_time) FILTER (WHERE success_count = 1) AS seconds,
        count(DISTINCT repository_id)::integer AS repositories
      FROM rollout_metrics WHERE created_at > ${since}
      GROUP BY 1, 2 ORDER BY 1, 2 NULLS LAST`.execute(db);
    const cost = await readCost(db, costing, { now: now() });
    const total = rows.reduce((sum, row) => sum + row.successes + row.errors + row.other, 0);
    return {
      ok: true,
      reasonCode: 'stats',
      headline: `${countOf(total, 'job')} ended in the last ${hours} h`,
      table: [
        ...rows.map((row) => [`${row.processor}, ${armOf(row)}`, describe(row)] as const),
        ...describeCost(cost).map(([label, text]) => [`${cost.month.name}: ${label}`, text] as const),
      ],
      body: [
        total === 0
          ? 'No data: that is neither good nor bad.'
          : 'Only exposed jobs, those that the rollout makes a difference for, count for the guard and the gates.',
      ],
    };
  },
};

function armOf({ arm }: StatsRow): string {
  if (arm === null) return 'not exposed';
  return arm === 'enrolled' ? 'exposed, in the rollout' : 'exposed, outside (control)';
}

function describe({ successes, errors, other, seconds, repositories }: StatsRow): string {
  const judged = successes + errors;
  const rate = judged === 0 ? 'no rate' : `error rate ${formatPercent((errors / judged) * 100)}`;
  const time = seconds === null ? '' : `, ${Number(seconds).toFixed(1)} s each`;
  const rest = other === 0 ? '' : `, ${other} cancelled, skipped or blocked`;
  const counts = `${countOf(successes, 'success')}, ${countOf(errors, 'error')} (${rate})`;
  return `${counts}${rest}${time}, ${countOf(repositories, 'repository')}`;
}
