import { type Selectable, sql, type Updateable } from 'kysely';
import type { Config, RolloutStrategy } from '../config/config.ts';
import type { DB } from '../store/database.generated.ts';
import type { Database } from '../store/database.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { FEATURE_NAME, type RolloutMachineState, type RolloutState } from './evaluate-enrolment.ts';

/** The rollout's row, with what people are shown beside what enrolment needs. */
export interface Rollout extends RolloutState {
  /** Which sides have stopped it; both may. */
  stoppedBy: { database: boolean; environment: boolean };
  autoRollback: boolean;
  /** Percent. */
  maxErrorRate: number;
  monitoringWindowHours: number;
}

/** Who changed it: a person with GitHub's numeric id, or the system. Goes into `rollout_history.actor`. */
export type RolloutActor =
  | { type: 'user'; id: number; login: string; permission?: string }
  | { type: 'system'; login: string }
  | { type: 'operator'; login: string };

/** Where the change came from; goes into `rollout_history.source`. */
export type RolloutSource =
  | {
      type: 'comment';
      repository: string;
      issue: number;
      commentId: number;
      commentSha256: string;
      deliveryId?: string;
    }
  | { type: 'cli' | 'environment' | 'automation' };

/** What may be changed; the trigger adds version and history. */
export type RolloutPatch = Partial<
  Pick<
    Rollout,
    | 'percentage'
    | 'strategy'
    | 'isActive'
    | 'state'
    | 'include'
    | 'exclude'
    | 'epoch'
    | 'phase'
    | 'autoRollback'
    | 'maxErrorRate'
  >
> & {
  /** The database's own flag; the environment's can't be changed here. */
  emergencyStop?: boolean;
};

export interface RolloutChange {
  environmentStop: boolean;
  /** The version that the person saw; another one in the database changes nothing. */
  ifVersion?: number;
  /**
   * Decides on the locked row what to change; null or nothing that differs leaves it alone.
   * What must still hold at the moment of the write (permissions) is checked here.
   */
  change: (current: Rollout) => Promise<RolloutPatch | null> | RolloutPatch | null;
  actor: RolloutActor;
  source: RolloutSource;
  /** `rollout_history.action`, such as `include`. */
  action: string;
  reason: string | null;
}

export type RolloutChangeResult =
  | { status: 'changed'; before: Rollout; after: Rollout }
  | { status: 'unchanged'; current: Rollout }
  | { status: 'version_conflict'; current: Rollout };

/**
 * Creates the rollout's row where the database has none, with the environment's values; an existing row is left as
 * it is. The environment's stop is no default: `readRollout` adds it at every read.
 */
export async function ensureRollout(db: Database, defaults: Config['rollout']): Promise<void> {
  await inTransaction(db, async (trx) => {
    await describeChange(trx, {
      actor: { type: 'system', login: 'hybrid-capture' },
      source: { type: 'environment' },
      action: 'create',
      reason: 'first start on this database',
    });
    await trx
      .insertInto('rollout_configuration')
      .values({
        feature_name: FEATURE_NAME,
        rollout_percentage: defaults.percentage,
        rollout_strategy: defaults.strategy,
        auto_rollback_enabled: defaults.autoRollback,
        max_error_rate: defaults.maxErrorRate,
      })
      .onConflict((conflict) => conflict.column('feature_name').doNothing())
      .execute();
  });
}

/**
 * Reads the rollout; inside a transaction, as that transaction sees it.
 * Throws where there is no row: an unknown rollout is never taken for "off" or "on".
 */
export async function readRollout(
  db: Database,
  { environmentStop }: { environmentStop: boolean },
): Promise<Rollout> {
  const row = await db
    .selectFrom('rollout_configuration')
    .selectAll()
    .where('feature_name', '=', FEATURE_NAME)
    .executeTakeFirst();
  return toRollout(row, environmentStop);
}

/**
 * Changes the rollout in one transaction, under the lock of its row; the history row is written by the trigger with
 * this actor, source, action and reason. Changes that are made at the same time follow each other, none is lost.
 */
export async function changeRollout(
  db: Database,
  { environmentStop, ifVersion, change, ...description }: RolloutChange,
): Promise<RolloutChangeResult> {
  return inTransaction(db, async (trx) => {
    const row = await trx
      .selectFrom('rollout_configuration')
      .selectAll()
      .where('feature_name', '=', FEATURE_NAME)
      .forUpdate()
      .executeTakeFirst();
    const before = toRollout(row, environmentStop);
    if (ifVersion !== undefined && ifVersion !== before.version) {
      return { status: 'version_conflict', current: before };
    }
    const patch = await change(before);
    const update = patch === null ? {} : toUpdate(patch, before);
    if (Object.keys(update).length === 0) return { status: 'unchanged', current: before };
    await describeChange(trx, description);
    const after = await trx
      .updateTable('rollout_configuration')
      .set(update)
      .where('feature_name', '=', FEATURE_NAME)
      .returningAll()
      .executeTakeFirst();
    return { status: 'changed', before, after: toRollout(after, environmentStop) };
  });
}

/** The lists with a repository put on one of them: never twice, never on both. */
export function putOnList(
  { include, exclude }: { include: number[]; exclude: number[] },
  list: 'include' | 'exclude',
  repositoryId: number,
): { include: number[]; exclude: number[] } {
  const without = (ids: number[]) => ids.filter((id) => id !== repositoryId);
  const added = (ids: number[]) => (ids.includes(repositoryId) ? ids : [...ids, repositoryId]);
  return list === 'include'
    ? { include: added(include), exclude: without(exclude) }
    : { include: without(include), exclude: added(exclude) };
}

/** Tells the history's trigger about the change; the settings end with the transaction. */
async function describeChange(
  trx: Database,
  { actor, source, action, reason }: Pick<RolloutChange, 'actor' | 'source' | 'action' | 'reason'>,
): Promise<void> {
  await sql`SELECT set_config('hybrid.actor', ${JSON.stringify(actor)}, true),
                   set_config('hybrid.source', ${JSON.stringify(source)}, true),
                   set_config('hybrid.action', ${action}, true),
                   set_config('hybrid.reason', ${reason ?? ''}, true)`.execute(trx);
}

type Row = Selectable<DB['rollout_configuration']>;

function toRollout(row: Row | undefined, environmentStop: boolean): Rollout {
  if (row === undefined) {
    throw new Error(`rollout_configuration has no row for ${FEATURE_NAME}: start the app once to create it.`);
  }
  return {
    featureName: row.feature_name,
    salt: row.salt,
    percentage: Number(row.rollout_percentage),
    strategy: row.rollout_strategy as RolloutStrategy,
    isActive: row.is_active,
    emergencyStop: row.emergency_stop || environmentStop,
    stoppedBy: { database: row.emergency_stop, environment: environmentStop },
    state: row.state as RolloutMachineState,
    include: row.target_repositories.map(Number),
    exclude: row.excluded_repositories.map(Number),
    epoch: row.epoch,
    phase: row.phase,
    version: row.version,
    autoRollback: row.auto_rollback_enabled,
    maxErrorRate: Number(row.max_error_rate),
    monitoringWindowHours: row.monitoring_window_hours,
  };
}

/** The columns that differ. */
function toUpdate(patch: RolloutPatch, before: Rollout): Updateable<DB['rollout_configuration']> {
  const columns: Updateable<DB['rollout_configuration']> = {
    rollout_percentage: differing(patch.percentage, before.percentage),
    rollout_strategy: differing(patch.strategy, before.strategy),
    is_active: differing(patch.isActive, before.isActive),
    emergency_stop: differing(patch.emergencyStop, before.stoppedBy.database),
    state: differing(patch.state, before.state),
    target_repositories: differing(patch.include, before.include),
    excluded_repositories: differing(patch.exclude, before.exclude),
    epoch: differing(patch.epoch, before.epoch),
    phase: differing(patch.phase, before.phase),
    auto_rollback_enabled: differing(patch.autoRollback, before.autoRollback),
    max_error_rate: differing(patch.maxErrorRate, before.maxErrorRate),
  };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
}

function differing<T>(after: T | undefined, before: T): T | undefined {
  return JSON.stringify(after) === JSON.stringify(before) ? undefined : after;
}
