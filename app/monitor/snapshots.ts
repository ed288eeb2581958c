import type { Config } from '../../src/config/config.ts';
import { readCost } from '../../src/cost/read-cost.ts';
import { readUsageByRepository } from '../../src/cost/read-usage.ts';
import type { OperatorView } from '../../src/monitor/judge-overview.ts';
import { readIncidents } from '../../src/monitor/read-incidents.ts';
import { type Overview, readOverview } from '../../src/monitor/read-overview.ts';
import { EVERYTHING, type Scope } from '../../src/monitor/scope.ts';
import { type HistoryEntry, readHistory } from '../../src/rollout/history.ts';
import { readPicture } from '../../src/rollout/read-picture.ts';
import type { Database } from '../../src/store/database.ts';
import type { Viewer } from './access.ts';
import type { CostSnapshot } from './render-cost.ts';

export interface RolloutSnapshot extends OperatorView {
  history: HistoryEntry[];
}

/** All who look share what was read; so many open pages cost no more than one. */
const FRESH_MS = 2_000;
/** A read that takes long is repeated the less often: the database is for the captures first. */
const REST_FACTOR = 10;
const KEPT = 200;
const SHOWN_HISTORY = 10;
const SHOWN_REPOSITORIES = 5;

/** Reads what the pages show, at most once in 2 s for all that see the same. */
export function createSnapshots(db: Database, config: Pick<Config, 'rollout' | 'budgets' | 'prices'>) {
  const readRolloutState = async (): Promise<RolloutSnapshot> => ({
    picture: await readPicture(db, {
      environmentStop: config.rollout.environmentStop,
      maxActionsMinutes: config.budgets.actionsMinutesPerMonth,
      now: new Date(),
    }),
    history: await readHistory(db, SHOWN_HISTORY),
    incidents: await readIncidents(db),
  });
  /** Who may see the rollout sees the cost of everything; names of repositories follow the person's own scope. */
  const readCostState = async ({ scope, maySeeRollout }: Seer): Promise<CostSnapshot> => {
    const now = new Date();
    const cost = await readCost(db, config, { now, scope: maySeeRollout ? EVERYTHING : scope });
    const usage = { month: cost.month, now, scope, limit: SHOWN_REPOSITORIES };
    return { cost, repositories: await readUsageByRepository(db, usage) };
  };
  const rollout = remember<RolloutSnapshot>();
  const overviews = remember<Overview>();
  const costs = remember<CostSnapshot>();
  const others = remember<unknown>();
  return {
    rollout: () => rollout('', readRolloutState),
    overview: (scope: Scope) => overviews(keyOf(scope), () => readOverview(db, scope, new Date())),
    cost: (viewer: Seer) =>
      costs(`${viewer.maySeeRollout} ${keyOf(viewer.scope)}`, () => readCostState(viewer)),
    /** What any other page shows, kept by its address and by what the viewer may see. */
    other: <Value>(address: string, { scope, maySeeRollout }: Seer, read: () => Promise<Value>) =>
      others(`${address} ${maySeeRollout} ${keyOf(scope)}`, read) as Promise<Value>,
    /** Something was changed here: the next look reads anew. */
    forgetRollout: (): void => {
      rollout.forget();
      others.forget();
    },
  };
}

/** What decides what a viewer is shown. */
type Seer = Pick<Viewer, 'scope' | 'maySeeRollout'>;

export type Snapshots = ReturnType<typeof createSnapshots>;

function remember<Value>() {
  const kept = new Map<string, { freshUntil: number; value: Promise<Value> }>();
  const get = (key: string, read: () => Promise<Value>): Promise<Value> => {
    const known = kept.get(key);
    if (known && Date.now() < known.freshUntil) return known.value;
    const startedMs = Date.now();
    const entry = { freshUntil: Number.POSITIVE_INFINITY, value: read() };
    entry.value.then(
      () => {
        const now = Date.now();
        entry.freshUntil = now + Math.max(FRESH_MS, REST_FACTOR * (now - startedMs));
      },
      () => kept.delete(key),
    );
    kept.delete(key);
    kept.set(key, entry);
    const oldest = kept.keys().next().value;
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
    return entry.value;
  };
  return Object.assign(get, { forget: () => kept.clear() });
}

function keyOf(scope: Scope): string {
  return scope.kind === 'all' ? '' : scope.repositoryIds.toSorted((a, b) => a - b).join();
}
