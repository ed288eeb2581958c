import { sql } from 'kysely';
import type { Database } from '../store/database.ts';
import type { ParsedEvent } from '../work-item/parsed-event.ts';
import type { InstalledRepository } from '../work-item/payloads.ts';
import type { Actor, CaptureInclude, WorkItem, WorkRepository } from '../work-item/work-item.ts';
import { findCapturedUntil, rangeAfter } from './captured-until.ts';
import { cancelJobs } from './runs.ts';

export type InstallationEvent = Extract<ParsedEvent, { kind: 'installation_change' }>;

/**
 * Brings installations and their repositories up to an event, and says what work it asks for: each repository that
 * comes in is classified first (its history follows from its size). Removed ones lose their jobs and keep their
 * rows; `removed_at` starts RETAIN_REMOVED_DAYS.
 */
export async function changeInstallation(
  trx: Database,
  event: InstallationEvent,
  context: { now: Date; deliveryId?: string; include: readonly CaptureInclude[] },
): Promise<{ items: WorkItem[] }> {
  const { now } = context;
  const { installationId } = event.origin;
  const suspendedAt = await findSuspension(trx, installationId);
  await upsertInstallation(trx, event, now);
  switch (event.change) {
    case 'installed':
    case 'repositories': {
      await removeRepositories(trx, event.removedIds, installationId, now);
      await upsertRepositories(trx, event.added, installationId);
      return {
        items: event.added.map((repository) =>
          classifyItem(
            {
              id: repository.id,
              fullName: repository.full_name,
              installationId,
              isPrivate: repository.private,
            },
            event.actor,
            context.deliveryId,
          ),
        ),
      };
    }
    case 'uninstalled':
      await cancelJobs(trx, { installationId }, 'uninstalled', now);
      await trx
        .updateTable('repositories')
        .set({ removed_at: now })
        .where('installation_id', '=', installationId)
        .where('removed_at', 'is', null)
        .execute();
      return { items: [] };
    case 'suspended':
      await cancelJobs(trx, { installationId }, 'installation_suspended', now);
      return { items: [] };
    case 'unsuspended': {
      const repositories = await trx
        .selectFrom('repositories')
        .select(['id', 'full_name', 'is_private'])
        .where('installation_id', '=', installationId)
        .where('removed_at', 'is', null)
        .orderBy('id')
        .execute();
      const { include } = context;
      const ids = repositories.map(({ id }) => id);
      const capturedUntil = await findCapturedUntil(trx, ids, include);
      return {
        items: repositories.flatMap(({ id, full_name: fullName, is_private: isPrivate }) => {
          const classify = classifyItem(
            { id, fullName, installationId, isPrivate },
            event.actor,
            context.deliveryId,
          );
          const history = (range: { since: Date }): WorkItem => ({
            ...classify,
            type: 'history',
            range,
            include,
          });
          // GitHub sent nothing in the meantime, and the suspension cancelled what had not been captured before.
          const until = capturedUntil.get(id);
          if (until) return [history(rangeAfter(until))];
          return suspendedAt ? [classify, history(rangeAfter(suspendedAt))] : [classify];
        }),
      };
    }
  }
}

async function findSuspension(trx: Database, installationId: number): Promise<Date | null> {
  const row = await trx
    .selectFrom('installations')
    .select('suspended_at')
    .where('id', '=', installationId)
    .executeTakeFirst();
  return row?.suspended_at ?? null;
}

function classifyItem(
  repository: WorkRepository,
  actor: Actor | null,
  deliveryId: string | undefined,
): WorkItem {
  return {
    repository,
    type: 'classify',
    items: [],
    range: {},
    include: [],
    reason: 'installation',
    ...(actor ? { actor } : {}),
    isCritical: false,
    ...(deliveryId === undefined ? {} : { deliveryId }),
  };
}

async function upsertInstallation(trx: Database, event: InstallationEvent, now: Date): Promise<void> {
  const { account, installationId: id } = event.origin;
  const state = {
    account_id: account.id,
    account_login: account.login,
    account_type: account.type,
    deleted_at: event.change === 'uninstalled' ? now : null,
    updated_at: now,
    ...(event.change === 'suspended' ? { suspended_at: now } : {}),
    ...(event.change === 'unsuspended' || event.change === 'installed' ? { suspended_at: null } : {}),
  };
  await trx
    .insertInto('installations')
    .values({ id, ...state })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(state))
    .execute();
}

async function upsertRepositories(
  trx: Database,
  repositories: InstalledRepository[],
  installationId: number,
): Promise<void> {
  if (repositories.length === 0) return;
  const rows = repositories.map((repository) => ({
    id: repository.id,
    node_id: repository.node_id ?? null,
    full_name: repository.full_name,
    is_private: repository.private,
    installation_id: installationId,
  }));
  // Never captured: the first answer of GitHub about a repository counts in full.
  await sql`
    INSERT INTO repositories (id, node_id, full_name, is_private, installation_id, captured_at)
    SELECT id, node_id, full_name, is_private, installation_id, to_timestamp(0)
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      AS r(id bigint, node_id text, full_name text, is_private boolean, installation_id bigint)
    -- One order for all, so that two events about the same repositories don't lock each other out.
    ORDER BY id
    ON CONFLICT (id) DO UPDATE SET full_name = excluded.full_name, is_private = excluded.is_private,
      installation_id = excluded.installation_id, removed_at = NULL
  `.execute(trx);
}

/** Cancels the jobs that repositories have at this installation, and notes that it sees them no more; rows are kept. */
export async function removeRepositories(
  trx: Database,
  repositoryIds: readonly number[],
  installationId: number,
  now: Date,
): Promise<void> {
  if (repositoryIds.length === 0) return;
  // One that moved to another installation in the meantime keeps the jobs that it has there.
  await cancelJobs(trx, { installationId, repositoryIds }, 'repository_removed', now);
  await trx
    .updateTable('repositories')
    .set({ removed_at: now })
    .where('id', '=', sql<number>`ANY(${[...repositoryIds]}::bigint[])`)
    .where('installation_id', '=', installationId)
    .execute();
}
