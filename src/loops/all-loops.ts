import type { Config } from '../config/config.ts';
import { createBudgetsLoop } from './budgets.ts';
import { createClassifyAgainLoop } from './classify-again.ts';
import { createFreshnessLoop } from './freshness.ts';
import { createGuardLoop, type GuardLoopOptions } from './guard.ts';
import { createHealLoop, type HealOptions } from './heal-installations.ts';
import type { Loop } from './loop.ts';
import { createPruneLoop } from './prune.ts';
import { createReconcileLoop, type ReconcileOptions } from './reconcile.ts';
import { createRedeliverLoop, type RedeliverOptions } from './redeliver.ts';
import { createSweepLoop, type SweepOptions } from './sweep.ts';

/** What loops are made of. */
export interface LoopParts
  extends Omit<ReconcileOptions, 'config' | 'periodMs'>,
    Pick<GuardLoopOptions, 'db' | 'sendNotices' | 'onChanged'>,
    Pick<RedeliverOptions, 'deliveryLog'>,
    Pick<HealOptions, 'directory' | 'onInstallations'>,
    Pick<SweepOptions, 'dispatchDue' | 'workflowRun'> {
  config: Config;
}

/** Every loop that the configuration wants. `docs/loops.md` tells what each does. */
export function createLoops(parts: LoopParts): Loop[] {
  const { reconcilePeriodMs, rollout, budgets, retention, freshnessMs, bulk } = parts.config;
  return [
    createSweepLoop({ ...parts, workflow: bulk.workflow }),
    createRedeliverLoop(parts),
    createGuardLoop({
      ...parts,
      environmentStop: rollout.environmentStop,
      maxActionsMinutes: budgets.actionsMinutesPerMonth,
    }),
    ...(reconcilePeriodMs > 0 ? [createReconcileLoop({ ...parts, periodMs: reconcilePeriodMs })] : []),
    createClassifyAgainLoop(parts),
    createHealLoop(parts),
    createBudgetsLoop({ budgets, log: parts.log }),
    ...(freshnessMs > 0 ? [createFreshnessLoop({ staleMs: freshnessMs, log: parts.log })] : []),
    createPruneLoop({ retention }),
  ];
}
