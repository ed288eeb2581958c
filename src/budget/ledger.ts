import type { Insertable, Selectable, Transaction } from 'kysely';
import type { DB } from '../store/database.generated.ts';
import type { Grant } from './grant.ts';
import type { HourlyBudget } from './hourly-budget.ts';
import { WINDOW_MS } from './limits.ts';
import type { LiveDemand } from './live-demand.ts';

/** The budget of one installation as it is stored. */
export interface Ledger {
  /** In the order in which they were given. */
  grants: Grant[];
  points: HourlyBudget | null;
  rest: HourlyBudget | null;
  demand: LiveDemand | null;
}

/**
 * Reads the ledger of an installation and keeps it locked until the transaction ends. Lock it last: who holds it waits for
 * nothing else, so nobody waits long and nobody for each other.
 */
export async function lockLedger(trx: Transaction<DB>, installationId: number, now: Date): Promise<Ledger> {
  const budget = await trx
    .insertInto('installation_budgets')
    .values({ installation_id: installationId })
    // Changes nothing, but locks and answers the row that is there.
    .onConflict((conflict) =>
      conflict
        .column('installation_id')
        .doUpdateSet((eb) => ({ installation_id: eb.ref('excluded.installation_id') })),
    )
    .returningAll()
    .executeTakeFirstOrThrow();
  // A statement of its own, after the lock: it sees what the holder of the lock before has committed.
  const rows = await trx
    .selectFrom('budget_grants')
    .selectAll()
    .where('installation_id', '=', installationId)
    .where('usable_until', '>', forgottenBefore(now))
    .orderBy('id')
    .execute();
  return {
    grants: rows.map(toGrant),
    points: toHourly(budget.points_left, budget.points_told_at, budget.points_reset_at),
    rest: toHourly(budget.rest_left, budget.rest_told_at, budget.rest_reset_at),
    demand: budget.live_seen_at && {
      graphqlMs: budget.live_graphql_ms,
      restMs: budget.live_rest_ms,
      seenAt: budget.live_seen_at,
    },
  };
}

/** What became usable to nobody before this counts in no window of GitHub's any more. */
export function forgottenBefore(now: Date): Date {
  return new Date(now.getTime() - WINDOW_MS);
}

export function fromGrant(installationId: number, grant: Grant): Insertable<DB['budget_grants']> {
  return {
    installation_id: installationId,
    holder: grant.holder,
    kind: grant.kind,
    graphql_ms: grant.graphqlMs,
    rest_ms: grant.restMs,
    granted_at: grant.grantedAt,
    usable_until: grant.usableUntil,
    used_graphql_ms: grant.usedBefore?.graphqlMs ?? null,
    used_rest_ms: grant.usedBefore?.restMs ?? null,
    is_released: grant.isReleased,
  };
}

/** Writes what is known besides the grants. */
export async function updateBudget(
  trx: Transaction<DB>,
  installationId: number,
  { points, rest, demand }: Omit<Ledger, 'grants'>,
): Promise<void> {
  await trx
    .updateTable('installation_budgets')
    .set({
      points_left: points?.left ?? null,
      points_told_at: points?.toldAt ?? null,
      points_reset_at: points?.resetAt ?? null,
      rest_left: rest?.left ?? null,
      rest_told_at: rest?.toldAt ?? null,
      rest_reset_at: rest?.resetAt ?? null,
      live_graphql_ms: demand?.graphqlMs ?? 0,
      live_rest_ms: demand?.restMs ?? 0,
      live_seen_at: demand?.seenAt ?? null,
    })
    .where('installation_id', '=', installationId)
    .execute();
}

function toGrant(row: Selectable<DB['budget_grants']>): Grant {
  const { used_graphql_ms: graphqlMs, used_rest_ms: restMs } = row;
  return {
    holder: row.holder,
    kind: row.kind,
    graphqlMs: row.graphql_ms,
    restMs: row.rest_ms,
    grantedAt: row.granted_at,
    usableUntil: row.usable_until,
    usedBefore: graphqlMs === null || restMs === null ? null : { graphqlMs, restMs },
    isReleased: row.is_released,
  };
}

function toHourly(left: number | null, toldAt: Date | null, resetAt: Date | null): HourlyBudget | null {
  return left === null || toldAt === null ? null : { left, toldAt, resetAt };
}
