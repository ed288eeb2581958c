import type { Config } from '../config/config.ts';
import { createGuardLoop, type GuardLoopOptions } from './guard.ts';
import type { Loop } from './loop.ts';
import { createReconcileLoop, type ReconcileOptions } from './reconcile.ts';

/** What loops are made of. */
export interface LoopParts
  extends Omit<ReconcileOptions, 'config' | 'periodMs'>,
    Pick<GuardLoopOptions, 'db' | 'sendNotices' | 'onChanged'> {
  config: Config;
}

/** Every loop that the configuration wants. `docs/loops.md` tells what each does. */
export function createLoops(parts: LoopParts): Loop[] {
  const { reconcilePeriodMs, rollout, budgets } = parts.config;
  return [
    createGuardLoop({
      ...parts,
      environmentStop: rollout.environmentStop,
      maxActionsMinutes: budgets.actionsMinutesPerMonth,
    }),
    ...(reconcilePeriodMs > 0 ? [createReconcileLoop({ ...parts, periodMs: reconcilePeriodMs })] : []),
  ];
}
