import type { Config } from '../../src/config/config.ts';
import { type Health, judgeOverview } from '../../src/monitor/judge-overview.ts';
import { type ListedJob, listJobs } from '../../src/monitor/list-jobs.ts';
import { readIncidents } from '../../src/monitor/read-incidents.ts';
import { type Overview, readOverview } from '../../src/monitor/read-overview.ts';
import { EVERYTHING } from '../../src/monitor/scope.ts';
import { describeState, formatPercent } from '../../src/rollout/describe-rollout.ts';
import { type RolloutPicture, readPicture } from '../../src/rollout/read-picture.ts';
import type { Database } from '../../src/store/database.ts';

/** What `watch` shows of one moment. */
export interface Watched {
  overview: Overview;
  picture: RolloutPicture;
  health: Health;
  /** Jobs that were under way at the look before, and are no more. */
  ended: ListedJob[];
}

/** Reads what the first page of the monitor shows. @param before the look before, if there was one */
export async function readWatched(
  db: Database,
  { rollout, budgets }: Pick<Config, 'rollout' | 'budgets'>,
  before: Watched | null,
  now = new Date(),
): Promise<Watched> {
  const [overview, picture, incidents] = await Promise.all([
    readOverview(db, EVERYTHING, now),
    readPicture(db, {
      environmentStop: rollout.environmentStop,
      maxActionsMinutes: budgets.actionsMinutesPerMonth,
      now,
    }),
    readIncidents(db),
  ]);
  const stays = new Set(overview.underWay.map(({ id }) => id));
  const gone = (before?.overview.underWay ?? []).filter(({ id }) => !stays.has(id));
  const found = await Promise.all(gone.map(({ id }) => listJobs(db, { limit: 1, id })));
  return {
    overview,
    picture,
    health: judgeOverview(overview, { picture, incidents }),
    // One that newer ones have pushed off the list goes on.
    ended: found.flat().filter(({ status }) => status !== 'running' && status !== 'dispatched'),
  };
}

/** The rollout in a line. */
export function describeRollout({ picture: { rollout, evidence } }: Watched): string {
  const { phases, phase, percentage, strategy } = rollout;
  const { enrolled, served } = evidence.repositories;
  const place = percentage < (phases[0] ?? 0) ? 'before phase 1' : `phase ${phase + 1} of ${phases.length}`;
  return `${describeState(rollout)} at ${formatPercent(percentage)}, ${place}, ${strategy}, ${enrolled} of ${served.length} repositories in`;
}

/** What waits and runs, in a line. */
export function describeQueue({ overview: { counts } }: Watched): string {
  const { queued, deferred, dispatched, running } = counts;
  return `${queued} queued${deferred > 0 ? ` (${deferred} for tomorrow)` : ''}, ${dispatched} sent, ${running} running`;
}
