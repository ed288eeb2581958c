import type { BudgetShare } from '../jobs-api/protocol.ts';
import type { Database } from '../store/database.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { decideGrant } from './decide-grant.ts';
import { type HourlyBudget, judgeLeft, mergeHourly } from './hourly-budget.ts';
import { forgottenBefore, fromGrant, type Ledger, lockLedger, updateHours } from './ledger.ts';
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
    const hours = report === null ? ledger : mergeReport(ledger, report, now);
    if (hours !== ledger) await updateHours(trx, installationId, hours);

    const { share, grant } = decideGrant(
      {
        grants: ledger.grants,
        pointsLeft: judgeLeft(hours.points, now),
        restLeft: judgeLeft(hours.rest, now),
      },
      { ...request, used: report && usedBy(report) },
    );
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

/** The same ledger when nothing new was told. */
function mergeReport(ledger: Ledger, report: BudgetReport, now: Date): Pick<Ledger, 'points' | 'rest'> {
  const points = toldHour(report.pointsLeft, report.pointsResetAt, now);
  const rest = toldHour(report.restLeft, report.restResetAt, now);
  if (points === null && rest === null) return ledger;
  return {
    points: points === null ? ledger.points : mergeHourly(ledger.points, points),
    rest: rest === null ? ledger.rest : mergeHourly(ledger.rest, rest),
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
