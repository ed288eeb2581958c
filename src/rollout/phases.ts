import type { Rollout } from './rollout-store.ts';

/** How many phases a percentage has reached: 0 below the first, 2 from the second on. */
export function phasesReached(phases: readonly number[], percentage: number): number {
  return phases.filter((phase) => phase <= percentage).length;
}

/** The percentage of the next phase; null at 100 %. */
export function nextPhase({ phases, percentage }: Pick<Rollout, 'phases' | 'percentage'>): number | null {
  return phases.find((phase) => phase > percentage) ?? null;
}

/** Hours that the present percentage must have stood before the next one: longer before the first half of everybody. */
export function soakHoursBefore(
  target: number | null,
  rollout: Pick<Rollout, 'percentage' | 'soakHours' | 'soakHoursBeforeHalf'>,
): number {
  const isTowardsHalf = target !== null && target >= 50 && rollout.percentage < 50;
  return isTowardsHalf ? rollout.soakHoursBeforeHalf : rollout.soakHours;
}
