import type { Selectable, Updateable } from 'kysely';
import type { DB } from '../store/database.generated.ts';
import { FEATURE_NAME, type RolloutMachineState } from './evaluate-enrolment.ts';
import { readFreezeWindows } from './freeze-windows.ts';
import { readHold } from './hold.ts';
import type { Rollout, RolloutPatch } from './rollout-store.ts';

type Row = Selectable<DB['rollout_configuration']>;

/** The row as the rest of the program knows it. Throws where there is none. */
export function toRollout(row: Row | undefined, environmentStop: boolean): Rollout {
  if (row === undefined) {
    throw new Error(`rollout_configuration has no row for ${FEATURE_NAME}: start the app once to create it.`);
  }
  return {
    featureName: row.feature_name,
    salt: row.salt,
    percentage: Number(row.rollout_percentage),
    strategy: row.rollout_strategy,
    isActive: row.is_active,
    emergencyStop: row.emergency_stop || environmentStop,
    stoppedBy: { database: row.emergency_stop, environment: environmentStop },
    stoppedFrom: row.stopped_from as RolloutMachineState | null,
    cancelRuns: row.cancel_runs,
    state: row.state,
    hold: row.hold === null ? null : readHold(row.hold),
    include: row.target_repositories.map(Number),
    exclude: row.excluded_repositories.map(Number),
    epoch: row.epoch,
    phase: row.phase,
    version: row.version,
    guardMode: row.guard_mode,
    autoRollback: row.auto_rollback_enabled,
    autoAdvance: row.auto_advance,
    rearmOnResume: row.rearm_on_resume,
    maxErrorRate: Number(row.max_error_rate),
    minJobs: row.min_jobs,
    sequentialAlpha: Number(row.sequential_alpha),
    monitoringWindowHours: row.monitoring_window_hours,
    phases: row.phases.map(Number),
    soakHours: row.soak_hours,
    soakHoursBeforeHalf: row.soak_hours_before_half,
    minSuccessRate: Number(row.min_success_rate),
    minMaturedShare: Number(row.min_matured_share),
    cooldownHours: row.cooldown_hours,
    cooldownUntil: row.cooldown_until,
    rollbacks: row.rollbacks,
    epochStartedAt: row.epoch_started_at,
    phaseStartedAt: row.phase_started_at,
    evidenceSince: row.evidence_since,
    freezeWindows: readFreezeWindows(row.freeze_windows),
  };
}

/** The columns that differ. */
export function toUpdate(patch: RolloutPatch, before: Rollout): Updateable<DB['rollout_configuration']> {
  const columns: Updateable<DB['rollout_configuration']> = {
    rollout_percentage: differing(patch.percentage, before.percentage),
    rollout_strategy: differing(patch.strategy, before.strategy),
    is_active: differing(patch.isActive, before.isActive),
    emergency_stop: differing(patch.emergencyStop, before.stoppedBy.database),
    state: differing(patch.state, before.state),
    target_repositories: differing(patch.include, before.include),
    excluded_repositories: differing(patch.exclude, before.exclude),
    cancel_runs: differing(patch.cancelRuns, before.cancelRuns),
    hold: json(differing(patch.hold, before.hold)),
    guard_mode: differing(patch.guardMode, before.guardMode),
    auto_rollback_enabled: differing(patch.autoRollback, before.autoRollback),
    auto_advance: differing(patch.autoAdvance, before.autoAdvance),
    rearm_on_resume: differing(patch.rearmOnResume, before.rearmOnResume),
    max_error_rate: differing(patch.maxErrorRate, before.maxErrorRate),
    min_jobs: differing(patch.minJobs, before.minJobs),
    sequential_alpha: differing(patch.sequentialAlpha, before.sequentialAlpha),
    monitoring_window_hours: differing(patch.monitoringWindowHours, before.monitoringWindowHours),
    phases: differing(patch.phases, before.phases),
    soak_hours: differing(patch.soakHours, before.soakHours),
    soak_hours_before_half: differing(patch.soakHoursBeforeHalf, before.soakHoursBeforeHalf),
    min_success_rate: differing(patch.minSuccessRate, before.minSuccessRate),
    min_matured_share: differing(patch.minMaturedShare, before.minMaturedShare),
    cooldown_hours: differing(patch.cooldownHours, before.cooldownHours),
    cooldown_until: differing(patch.cooldownUntil, before.cooldownUntil),
    rollbacks: differing(patch.rollbacks, before.rollbacks),
    evidence_since: differing(patch.evidenceSince, before.evidenceSince),
    freeze_windows: json(differing(patch.freezeWindows, before.freezeWindows)) ?? undefined,
  };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
}

function differing<T>(after: T | undefined, before: T): T | undefined {
  return JSON.stringify(after) === JSON.stringify(before) ? undefined : after;
}

/** `pg` would send an array as a Postgres array. */
function json(value: object | null | undefined): string | null | undefined {
  return value ? JSON.stringify(value) : value;
}
