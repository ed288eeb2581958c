import type { BudgetShare } from '../jobs-api/protocol.ts';
import type { Database } from '../store/database.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { decideGrant } from './decide-grant.ts';
import { type HourlyBudget, judgeHour, mergeHourly } from './hourly-budget.ts';
import { forgottenBefore, fromGrant, type Ledger, lockLedger, updateBudget } from './ledger.ts';
import type { HolderKind, ResponseTimes } from './limits.ts';
import type { BudgetReport } from './report-usage.ts';

export interface ShareRequest {
  installationId: number;
  /** One execution of a run: a process that begins anew, and so knows nothing of the last minute, is another holder. */
  holder: string;
  kind: HolderKind;
  /** As the holder tells it; null: nothing is known. */
  report: BudgetReport | null;
  /** Percent of the installation's budget that bulk work leaves alone for live work. */
  reservePercent: number;
  /** The clocks of the app's instances may differ by a second. */
  now: Date;
}

/**
 * Gives a holder its share of an installation's budget, or renews it, so that whoever asks, and whenever, all holders
 * together stay inside what GitHub allows. The holder may use it for BUDGET_SHARE_HOLDS_MS. Runs in the caller's transaction,
 * as its last statements, or in one of its own.
 */
export async function grantShare(db: Database, request: ShareRequest): Promise<BudgetShare> {
  const { installationId, report, now } = request;
  return inTransaction(db, async (trx) => {
    const ledger = await lockLedger(trx, installationId, now);
    const { points, rest } = mergeReport(ledger, report, now);
    const { share, grant, demand } = decideGrant(
      {
        grants: ledger.grants,
        demand: ledger.demand,
        points: judgeHour(points, now),
        rest: judgeHour(rest, now),
      },
      { ...request, used: report && usedBy(report) },
    );
    await updateBudget(trx, installationId, { points, rest, demand });
    await trx
      .with('forgotten', (query) =>
        query
          .deleteFrom('budget_grants')
          .where('installation_id', '=', installationId)
          .where('usable_until', '<=', forgottenBefore(now)),
      )
      .insertInto('budget_grants')
      .values(fromGrant(installationId, grant))
      .execute();
    return share;
  });
}

function mergeReport({ points, rest }: Ledger, report: BudgetReport | null, now: Date) {
  const toldPoints = toldHour(report?.pointsLeft, report?.pointsResetAt, now);
  const toldRest = toldHour(report?.restLeft, report?.restResetAt, now);
  return {
    points: toldPoints === null ? points : mergeHourly(points, toldPoints),
    rest: toldRest === null ? rest : mergeHourly(rest, toldRest),
  };
}

function toldHour(
  left: number | null | undefined,
  resetAt: string | null | undefined,
  now: Date,
): HourlyBudget | null {
  if (left === null || left === undefined) return null;
  return { left, toldAt: now, resetAt: resetAt ? new Date(resetAt) : null };
}

function usedBy({ graphqlMs, restMs }: BudgetReport): ResponseTimes | null {
  return graphqlMs === undefined || restMs === undefined ? null : { graphqlMs, restMs };
}
