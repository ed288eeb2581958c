import { sql, type Transaction } from 'kysely';
import type { Config } from '../config/config.ts';
import type { DB } from '../store/database.generated.ts';
import type { Database } from '../store/database.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { FEATURE_NAME, type RolloutMachineState, type RolloutState } from './evaluate-enrolment.ts';
import type { FreezeWindow } from './freeze-windows.ts';
import type { Hold } from './hold.ts';
import { toRollout, toUpdate } from './rollout-row.ts';

export const GUARD_MODES = ['threshold', 'sequential', 'both'] as const;
export type GuardMode = (typeof GUARD_MODES)[number];

/** The rollout's row, with what people are shown and what the guard goes by beside what enrolment needs. */
export interface Rollout extends RolloutState {
  /** Which sides have stopped it; both may. */
  stoppedBy: { database: boolean; environment: boolean };
  /** The state that a stop interrupted. */
  stoppedFrom: RolloutMachineState | null;
  /** While stopped: bulk runs that are going on are cancelled. */
  cancelRuns: boolean;
  hold: Hold | null;
  guardMode: GuardMode;
  autoRollback: boolean;
  autoAdvance: boolean;
  /** A rollback has disarmed the automatic advance; the next resume arms it again. */
  rearmOnResume: boolean;
  /** Percent. */
  maxErrorRate: number;
  /** A verdict needs more jobs than this. */
  minJobs: number;
  sequentialAlpha: number;
  monitoringWindowHours: number;
  /** Percentages, rising, the last is 100. */
  phases: number[];
  soakHours: number;
  /** Before the first phase of 50 % or more. */
  soakHoursBeforeHalf: number;
  /** Percent. */
  minSuccessRate: number;
  /** Percent. */
  minMaturedShare: number;
  cooldownHours: number;
  cooldownUntil: Date | null;
  /** Automatic rollbacks since a phase has passed its gates. */
  rollbacks: number;
  epochStartedAt: Date;
  phaseStartedAt: Date;
  /** What ended before does not count for the guard; null: the whole epoch counts. */
  evidenceSince: Date | null;
  freezeWindows: FreezeWindow[];
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
  | { type: 'cli' | 'page' | 'environment' | 'automation' };

/** What may be changed; the trigger adds version, epoch, phase and history. */
export type RolloutPatch = Partial<
  Omit<
    Rollout,
    | 'featureName'
    | 'salt'
    | 'version'
    | 'epoch'
    | 'phase'
    | 'emergencyStop'
    | 'stoppedBy'
    | 'stoppedFrom'
    | 'epochStartedAt'
    | 'phaseStartedAt'
  >
> & {
  /** The database's own flag; the environment's can't be changed here. */
  emergencyStop?: boolean;
};

export interface RolloutDecision {
  patch: RolloutPatch;
  /** Stable; `rollout_history.reason_code`. */
  reasonCode: string;
  /** What the decision went by; kept with the history row. */
  metrics?: object;
}

export interface RolloutChange {
  environmentStop: boolean;
  /** The version that the person saw; another one in the database changes nothing. */
  ifVersion?: number;
  /**
   * Decides on the locked row what to change; null or nothing that differs leaves it alone.
   * What must still hold at the moment of the write (permissions) is checked here.
   */
  change: (
    current: Rollout,
    trx: Transaction<DB>,
  ) => Promise<RolloutDecision | null> | RolloutDecision | null;
  actor: RolloutActor;
  source: RolloutSource;
  /** `rollout_history.action`, such as `include`. */
  action: string;
  reason: string | null;
  /** What must be stored together with the change: both are, or neither is. */
  settle?: (trx: Transaction<DB>, change: { before: Rollout; after: Rollout }) => Promise<void>;
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
      reasonCode: 'created',
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
  { environmentStop, ifVersion, change, settle, ...description }: RolloutChange,
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
    const decision = await change(before, trx);
    const update = decision === null ? {} : toUpdate(decision.patch, before);
    if (decision === null || Object.keys(update).length === 0)
      return { status: 'unchanged', current: before };
    await describeChange(trx, { ...description, ...decision });
    const changed = await trx
      .updateTable('rollout_configuration')
      .set(update)
      .where('feature_name', '=', FEATURE_NAME)
      .returningAll()
      .executeTakeFirst();
    const after = toRollout(changed, environmentStop);
    await forgetDescription(trx);
    await settle?.(trx, { before, after });
    return { status: 'changed', before, after };
  });
}

/** The lists with a repository on one of them, or on none (null): never twice, never on both. */
export function placeOnLists(
  { include, exclude }: { include: number[]; exclude: number[] },
  list: 'include' | 'exclude' | null,
  repositoryId: number,
): { include: number[]; exclude: number[] } {
  const without = (ids: number[]) => ids.filter((id) => id !== repositoryId);
  const added = (ids: number[]) => (ids.includes(repositoryId) ? ids : [...ids, repositoryId]);
  return {
    include: list === 'include' ? added(include) : without(include),
    exclude: list === 'exclude' ? added(exclude) : without(exclude),
  };
}

type Description = Pick<RolloutChange, 'actor' | 'source' | 'action' | 'reason'> &
  Pick<RolloutDecision, 'reasonCode' | 'metrics'>;

/** Tells the history's trigger about the change; the settings end with the transaction. */
async function describeChange(
  trx: Database,
  { actor, source, action, reasonCode, reason, metrics }: Description,
): Promise<void> {
  await sql`SELECT set_config('hybrid.actor', ${JSON.stringify(actor)}, true),
                   set_config('hybrid.source', ${JSON.stringify(source)}, true),
                   set_config('hybrid.action', ${action}, true),
                   set_config('hybrid.reason_code', ${reasonCode}, true),
                   set_config('hybrid.reason', ${reason ?? ''}, true),
                   set_config('hybrid.metrics', ${metrics ? JSON.stringify(metrics) : ''}, true)`.execute(
    trx,
  );
}

/** The caller's transaction may go on, and what it changes next is another change. */
async function forgetDescription(trx: Database): Promise<void> {
  await sql`SELECT set_config('hybrid.' || name, '', true)
    FROM unnest(ARRAY['actor', 'source', 'action', 'reason_code', 'reason', 'metrics']) AS name`.execute(trx);
}
