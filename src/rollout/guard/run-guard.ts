import { sql, type Transaction } from 'kysely';
import type { DB } from '../../store/database.generated.ts';
import type { Database } from '../../store/database.ts';
import { inTransaction } from '../../store/in-transaction.ts';
import { FEATURE_NAME } from '../evaluate-enrolment.ts';
import {
  changeRollout,
  type Rollout,
  type RolloutActor,
  type RolloutPatch,
  readRollout,
} from '../rollout-store.ts';
import { decideTick, type GuardDecision, type Health, type Tick } from './decide-tick.ts';
import type { GuardEvidence } from './evidence.ts';
import type { Gate } from './judge-gates.ts';
import { metricsOf } from './metrics-of.ts';
import { insertNotice } from './notices.ts';
import { readEvidence } from './read-evidence.ts';
import { renderNotice } from './render-notice.ts';
import { type GuardWrite, verifyRollbacks } from './verify-rollback.ts';

export interface GuardOptions {
  environmentStop: boolean;
  /** Actions minutes that a month may cost; null: as many as it takes. */
  maxActionsMinutes: number | null;
  now?: Date;
  /** How it writes: in transactions that hold the lease that it runs under. Absent: in its own. */
  write?: GuardWrite;
}

/** What one look of the guard found and did. */
export interface GuardReport {
  checkedAt: Date;
  health: Health;
  decision: GuardDecision;
  /** Whether the decision has changed the rollout. */
  isApplied: boolean;
  version: number | null;
  tick: Tick | null;
  /** What kept the data from being read. */
  error: unknown;
}

/** The rollout may be changed under the guard's eyes; it looks again so often, and then at its next run. */
const MAX_LOOKS = 3;
/** The cool-down doubles with each rollback up to this. */
const MAX_COOLDOWN_HOURS = 30 * 24;

/**
 * Looks at the rollout once and does what follows: rolls back, holds, advances one phase, or waits. Safe to run by
 * several processes at once: each change is a compare-and-set on the version that was judged. A store that can't be
 * read is reported as `unknown` and changes nothing.
 */
export async function runGuard(db: Database, options: GuardOptions): Promise<GuardReport> {
  const now = options.now ?? new Date();
  const write: GuardWrite = options.write ?? ((work) => inTransaction(db, work));
  try {
    await verifyRollbacks(db, write, { environmentStop: options.environmentStop, now });
    for (let look = 1; ; look++) {
      const rollout = await readRollout(db, options);
      const evidence = await readEvidence(db, rollout, now);
      const tick = decideTick(rollout, evidence, {
        now,
        isAutomatic: true,
        maxActionsMinutes: options.maxActionsMinutes,
      });
      const version = await write((trx) =>
        apply(trx, { rollout, evidence, tick, now, environmentStop: options.environmentStop }),
      );
      if (version === 'changed_meanwhile' && look < MAX_LOOKS) continue;
      const report: GuardReport = {
        checkedAt: now,
        health: tick.health,
        decision: tick.decision,
        isApplied: typeof version === 'number',
        version: typeof version === 'number' ? version : rollout.version,
        tick,
        error: null,
      };
      if (report.isApplied && tick.decision.kind === 'rollback')
        await verifyRollbacks(db, write, { environmentStop: options.environmentStop, now });
      await write((trx) => keepReport(trx, report));
      return report;
    }
  } catch (error) {
    return {
      checkedAt: now,
      health: 'unknown',
      decision: {
        kind: 'hold',
        code: 'data_unreadable',
        text: 'What the guard goes by could not be read, so nothing goes on.',
        isLasting: false,
        percentage: null,
      },
      isApplied: false,
      version: null,
      tick: null,
      error,
    };
  }
}

/** Who the history names for what the guard does. */
const ACTORS = {
  rollback: { type: 'system', login: 'auto_rollback' },
  hold: { type: 'system', login: 'auto_hold' },
  advance: { type: 'system', login: 'auto_advance' },
  complete: { type: 'system', login: 'auto_advance' },
} as const satisfies Partial<Record<GuardDecision['kind'], RolloutActor>>;

/** The new version; `nothing` where the decision changes nothing. */
async function apply(
  trx: Transaction<DB>,
  judged: { rollout: Rollout; evidence: GuardEvidence; tick: Tick; now: Date; environmentStop: boolean },
): Promise<number | 'nothing' | 'changed_meanwhile'> {
  const { rollout, evidence, tick, now, environmentStop } = judged;
  const { decision } = tick;
  const { kind } = decision;
  if (kind === 'none' || (kind === 'hold' && !decision.isLasting)) return 'nothing';
  const result = await changeRollout(trx, {
    environmentStop,
    ifVersion: rollout.version,
    change: (current) => ({
      patch: patchOf(decision, current, now),
      reasonCode: decision.code,
      metrics: metricsOf(tick),
    }),
    actor: ACTORS[kind],
    source: { type: 'automation' },
    action: decision.kind,
    reason: decision.text,
    settle: async (_, change) => {
      const content = renderNotice(decision, { ...change, tick, evidence });
      await insertNotice(trx, { kind, version: change.after.version, content });
    },
  });
  if (result.status === 'version_conflict') return 'changed_meanwhile';
  return result.status === 'changed' ? result.after.version : 'nothing';
}

function patchOf(decision: GuardDecision, current: Rollout, now: Date): RolloutPatch {
  switch (decision.kind) {
    case 'rollback':
      return {
        percentage: 0,
        state: 'rolled_back',
        cooldownUntil: new Date(now.getTime() + cooldownHours(current) * 3_600_000),
        rollbacks: current.rollbacks + 1,
        autoAdvance: false,
        rearmOnResume: current.autoAdvance || current.rearmOnResume,
      };
    case 'hold':
      return { state: 'held', hold: { by: 'guard', code: decision.code, reason: decision.text } };
    case 'advance':
      return { percentage: decision.percentage ?? current.percentage, rollbacks: 0 };
    case 'complete':
      return { state: 'completed', rollbacks: 0 };
    default:
      return {};
  }
}

/** Hours, doubled for each rollback before this one. */
export function cooldownHours({
  cooldownHours: hours,
  rollbacks,
}: Pick<Rollout, 'cooldownHours' | 'rollbacks'>): number {
  return Math.min(hours * 2 ** rollbacks, Math.max(hours, MAX_COOLDOWN_HOURS));
}

async function keepReport(trx: Transaction<DB>, report: GuardReport): Promise<void> {
  const { tick, decision, health, checkedAt, isApplied, version } = report;
  const row = {
    checked_at: checkedAt,
    health,
    decision: decision.kind,
    reason_code: decision.code,
    report: JSON.stringify({
      text: decision.text,
      is_applied: isApplied,
      version,
      ...(tick ? metricsOf(tick) : {}),
      gates: tick?.gates.map(gateOf) ?? [],
    }),
  };
  await trx
    .insertInto('rollout_guard')
    .values({ feature_name: FEATURE_NAME, ...row })
    .onConflict((conflict) =>
      conflict
        .column('feature_name')
        .doUpdateSet(row)
        // Two that look at the same time: the later look stays.
        .where(sql<boolean>`rollout_guard.checked_at <= excluded.checked_at`),
    )
    .execute();
}

function gateOf({ code, isOpen, text }: Gate): object {
  return { code, open: isOpen, text };
}
