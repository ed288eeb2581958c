import { sql, type Transaction } from 'kysely';
import type { Config } from '../config/config.ts';
import {
  changeInstallation,
  type InstallationEvent,
  removeRepositories,
} from '../jobs/change-installation.ts';
import type { QueuedJob } from '../jobs/insert-jobs.ts';
import type { JobLog } from '../jobs/job-log.ts';
import { type PlanContext, planWork } from '../jobs/plan-work.ts';
import { readRollout } from '../rollout/rollout-store.ts';
import type { DB } from '../store/database.generated.ts';
import type { InstalledRepository } from '../work-item/payloads.ts';
import type { WorkItem } from '../work-item/work-item.ts';
import { compareInstallation, keepUnchanged, type StoredRepository } from './compare-installation.ts';
import { logPlanned } from './log-planned.ts';
import type { Loop } from './loop.ts';

export interface ListedInstallation {
  id: number;
  account: { id: number; login: string; type: string };
  suspendedAt: Date | null;
}

/** Where the App is installed, as GitHub says it now. */
export interface InstallationDirectory {
  installations(): Promise<ListedInstallation[]>;
  /** Whether GitHub knows an installation that it did not list. */
  exists(installationId: number): Promise<boolean>;
  /** Null: it has been removed or suspended since. */
  repositories(installationId: number): Promise<InstalledRepository[] | null>;
}

export interface HealOptions {
  directory: InstallationDirectory;
  config: PlanContext['config'] & Pick<Config, 'rollout' | 'include'>;
  servedAccounts: () => Promise<number[]>;
  bulkFor: PlanContext['bulkFor'];
  log: JobLog;
  onJobs: (jobs: QueuedJob[]) => void;
  /** The App sees other repositories than was thought. */
  onInstallations: () => void;
}

/** A request for the list, and one for each hundred repositories of each installation. */
const INTERVAL_MS = 3_600_000;

type StoredInstallation = {
  id: number;
  deleted_at: Date | null;
  suspended_at: Date | null;
  account: ListedInstallation['account'] | null;
};

/**
 * Makes good what events about installations were lost, or came before there was this app: installations and
 * repositories that GitHub lists and the database lacks are treated as if they were installed now, those that GitHub does
 * not know any more as if they were removed now.
 */
export function createHealLoop(options: HealOptions): Loop {
  const { directory, config, log } = options;

  async function plan(trx: Transaction<DB>, items: WorkItem[], now: Date) {
    if (items.length === 0) return [];
    const rollout = await readRollout(trx, { environmentStop: config.rollout.environmentStop });
    return planWork(trx, items, { now, config, rollout, bulkFor: options.bulkFor });
  }

  return {
    name: 'heal-installations',
    intervalMs: INTERVAL_MS,
    async pass({ now, signal, write }) {
      const counts = {
        installed: 0,
        uninstalled: 0,
        suspended: 0,
        unsuspended: 0,
        added: 0,
        removed: 0,
        renamed: 0,
      };

      const apply = async (work: (trx: Transaction<DB>) => Promise<WorkItem[]>): Promise<void> => {
        const begunMs = performance.now();
        const planned = await write(async (trx) => plan(trx, await work(trx), now));
        logPlanned(log, planned, Math.round(performance.now() - begunMs));
        const jobs = planned.flatMap((made) => (made.outcome === 'skipped' ? [] : [made.job]));
        if (jobs.length > 0) options.onJobs(jobs);
      };
      const change = (trx: Transaction<DB>, event: InstallationEvent) =>
        changeInstallation(trx, event, { now, include: config.include }).then(({ items }) => items);

      const served = await options.servedAccounts();
      // Before GitHub is asked: what changes in between is left to the event that tells of it.
      const stored = await write(readInstallations);
      const listed = (await directory.installations()).filter(({ account }) => served.includes(account.id));
      const listedIds = new Set(listed.map(({ id }) => id));

      for (const { id, account, deleted_at: deletedAt } of stored) {
        signal.throwIfAborted();
        const isKnownAsGone = deletedAt !== null || listedIds.has(id);
        if (isKnownAsGone || (account && !served.includes(account.id)) || (await directory.exists(id)))
          continue;
        counts.uninstalled += 1;
        await apply(async (trx) => {
          if (account) return change(trx, eventOf({ id, account }, 'uninstalled'));
          // Of an installation older than this app nothing is stored but its repositories.
          await removeRepositories(trx, await liveRepositoriesOf(trx, id), id, now);
          return [];
        });
      }

      for (const installation of listed) {
        signal.throwIfAborted();
        const known = stored.find(({ id }) => id === installation.id);
        const isStored = known !== undefined && known.account !== null && known.deleted_at === null;
        if (installation.suspendedAt !== null) {
          if (isStored && known.suspended_at !== null) continue;
          counts.suspended += 1;
          await apply((trx) => change(trx, eventOf(installation, 'suspended')));
          continue;
        }
        if (!isStored) counts.installed += 1;
        else if (known.suspended_at !== null) counts.unsuspended += 1;
        const pending = isStored
          ? known.suspended_at === null
            ? 'repositories'
            : 'unsuspended'
          : 'installed';
        await healOne(installation, pending);
      }
      const changed = Object.values(counts).some((count) => count > 0);
      if (changed) options.onInstallations();
      return counts;

      async function healOne(
        installation: ListedInstallation,
        pending: InstallationEvent['change'],
      ): Promise<void> {
        const { id } = installation;
        const before = await write((trx) => readRepositories(trx, id, []));
        const repositories = await directory.repositories(id);
        if (repositories === null) return;
        const ids = repositories.map((repository) => repository.id);
        // Those of other installations, or removed ones, that GitHub lists here.
        const all = merge(before, await write((trx) => readRepositories(trx, null, ids)));
        const found = compareInstallation(id, repositories, all);
        const isSame = found.added.length + found.removedIds.length + found.renamed.length === 0;
        if (isSame && pending === 'repositories') return;
        await apply(async (trx) => {
          const after = await readRepositories(trx, id, ids);
          const { added, removedIds, renamed } = keepUnchanged(found, all, after);
          counts.added += added.length;
          counts.removed += removedIds.length;
          counts.renamed += renamed.length;
          await rename(trx, renamed);
          const items = pending === 'unsuspended' ? await change(trx, eventOf(installation, pending)) : [];
          const which = pending === 'installed' ? pending : 'repositories';
          return [...items, ...(await change(trx, { ...eventOf(installation, which), added, removedIds }))];
        });
      }
    },
  };
}

function eventOf(
  { id, account }: Pick<ListedInstallation, 'id' | 'account'>,
  change: InstallationEvent['change'],
): InstallationEvent {
  return {
    kind: 'installation_change',
    origin: { event: 'installation', action: null, installationId: id, account, repository: null },
    change,
    added: [],
    removedIds: [],
    actor: null,
  };
}

/** Also those of which nothing is stored but repositories. */
async function readInstallations(trx: Transaction<DB>): Promise<StoredInstallation[]> {
  const rows = await trx.selectFrom('installations').selectAll().orderBy('id').execute();
  const known = rows.map((row) => ({
    id: row.id,
    deleted_at: row.deleted_at,
    suspended_at: row.suspended_at,
    account: { id: row.account_id, login: row.account_login, type: row.account_type },
  }));
  const { rows: older } = await sql<{ id: number }>`
    SELECT DISTINCT installation_id AS id FROM repositories
    WHERE installation_id IS NOT NULL AND removed_at IS NULL
      AND NOT EXISTS (SELECT FROM installations WHERE installations.id = repositories.installation_id)
    ORDER BY id`.execute(trx);
  return [...known, ...older.map(({ id }) => ({ id, deleted_at: null, suspended_at: null, account: null }))];
}

async function liveRepositoriesOf(trx: Transaction<DB>, installationId: number): Promise<number[]> {
  const rows = await readRepositories(trx, installationId, []);
  return rows.filter((row) => row.removed_at === null).map(({ id }) => id);
}

async function readRepositories(
  trx: Transaction<DB>,
  installationId: number | null,
  ids: readonly number[],
): Promise<StoredRepository[]> {
  return trx
    .selectFrom('repositories')
    .select(['id', 'full_name', 'is_private', 'installation_id', 'removed_at'])
    .where((eb) =>
      eb.or([
        eb('installation_id', '=', installationId),
        eb('id', '=', sql<number>`ANY(${[...ids]}::bigint[])`),
      ]),
    )
    .orderBy('id')
    .execute();
}

/** The first one's row counts. */
function merge(first: StoredRepository[], second: StoredRepository[]): StoredRepository[] {
  const ids = new Set(first.map(({ id }) => id));
  return [...first, ...second.filter(({ id }) => !ids.has(id))];
}

async function rename(trx: Transaction<DB>, repositories: readonly InstalledRepository[]): Promise<void> {
  await sql`
    UPDATE repositories SET full_name = listed.full_name, is_private = listed.private
    FROM jsonb_to_recordset(${JSON.stringify(repositories)}::text::jsonb)
      AS listed (id bigint, full_name text, private boolean)
    WHERE repositories.id = listed.id`.execute(trx);
}
