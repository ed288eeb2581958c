import { sql } from 'kysely';
import type { Config } from '../../src/config/config.ts';
import { NEVER_CAPTURED } from '../../src/jobs/repository-facts.ts';
import type { Database } from '../../src/store/database.ts';
import { readMigrationState } from '../../src/store/read-migration-state.ts';
import { countOf } from '../../src/text/count-of.ts';
import { formatDuration } from '../../src/text/format-progress.ts';
import type { Check } from './context.ts';
import { type Finding, failed, ok, skipped, warning } from './finding.ts';
import { checkClock } from './judge-clock.ts';

const GIB = 1024 ** 3;
/** Parts of DATABASE_SIZE_LIMIT_GB. */
const NEAR = 0.8;
const FULL = 0.95;
/** Work that has been due for this long is carried out by nobody. */
const STUCK_MS = 30 * 60_000;
/** Reconciliation captures every repository once in its period, so two of them without one is too long. */
const STALE_PERIODS = 2;
const STALE_WITHOUT_RECONCILIATION_MS = 48 * 3_600_000;

export const databaseChecks: Check = {
  name: 'database',
  async run({ db, config, now }) {
    if (db === null) return [];
    const askedAt = now();
    const { rows } = await sql<{ now: Date }>`SELECT clock_timestamp() AS now`.execute(db);
    const state = await readMigrationState(db);
    const findings = [
      ok('database', 'It answers.'),
      checkClock('database clock', rows[0]?.now ?? askedAt, now(), now().getTime() - askedAt.getTime()),
      judgeMigrations(state),
    ];
    if (state.state === 'none') return findings;
    return [
      ...findings,
      await checkGrants(db),
      await checkSize(db, config),
      ...(state.state === 'behind'
        ? []
        : [await checkQueue(db, now()), await checkFreshness(db, config, now())]),
    ];
  },
};

function judgeMigrations({
  state,
  pending,
  unknown,
}: Awaited<ReturnType<typeof readMigrationState>>): Finding {
  switch (state) {
    case 'ok':
      return ok('migrations', 'The tables are those of this version.');
    case 'none':
      return failed(
        'migrations',
        'migrations_none',
        'The database has no tables of this app.',
        'Start the app, or run "hybrid-capture migrate".',
      );
    case 'behind':
      return failed(
        'migrations',
        'migrations_behind',
        `The tables are of an older version; not applied: ${pending.join(', ')}.`,
        'Start the app of this version, or run "hybrid-capture migrate".',
      );
    case 'newer':
      return warning(
        'migrations',
        'migrations_newer',
        `The tables are of a newer version, with ${unknown.join(', ')}.`,
        'Run that version here too: an older one works on only while it is replaced.',
      );
  }
}

/**
 * Supabase's API serves what `anon` may read to everybody who has the address of the project. What PUBLIC may, they may too, and
 * taking it from them changes nothing; a grant of one column is none of the table.
 */
async function checkGrants(db: Database): Promise<Finding> {
  const mayUse = (role: ReturnType<typeof sql>) => sql<boolean>`(
    has_table_privilege(${role}, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
    OR has_any_column_privilege(${role}, c.oid, 'SELECT, INSERT, UPDATE'))`;
  const { rows } = await sql<{ schema: string; role: string; name: string; isPublic: boolean }>`
    SELECT n.nspname AS schema, r.rolname AS role, c.relname AS name, ${mayUse(sql`'public'`)} AS "isPublic"
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN pg_roles r
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm') AND r.rolname IN ('anon', 'authenticated')
      AND ${mayUse(sql`r.rolname`)}
    ORDER BY r.rolname, c.relname`.execute(db);
  const open = await sql<{ name: string }>`
    SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
    ORDER BY c.relname`.execute(db);
  const [first] = rows;
  if (first) {
    const roles = [...new Set(rows.map(({ role }) => role))];
    const names = [...new Set(rows.map(({ name }) => name))];
    const holders = rows.some(({ isPublic }) => isPublic) ? [...roles, 'PUBLIC'] : roles;
    return failed(
      'database grants',
      'grants_to_the_public',
      `${roles.join(' and ')} may use ${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}.`,
      `REVOKE ALL ON ALL TABLES IN SCHEMA "${first.schema}" FROM ${holders.join(', ')};`,
    );
  }
  if (open.rows.length > 0) {
    return warning(
      'database grants',
      'row_security_off',
      `Row-level security is off for ${open.rows.map(({ name }) => name).join(', ')}.`,
      open.rows.map(({ name }) => `ALTER TABLE "${name}" ENABLE ROW LEVEL SECURITY;`).join(' '),
    );
  }
  return ok('database grants', 'Nothing is open to anon or authenticated.');
}

async function checkSize(db: Database, { database }: Pick<Config, 'database'>): Promise<Finding> {
  const { rows } = await sql<{ bytes: number }>`
    SELECT pg_database_size(current_database()) AS bytes`.execute(db);
  return judgeSize(Number(rows[0]?.bytes ?? 0), database.sizeLimitGb);
}

/** @param limitGb DATABASE_SIZE_LIMIT_GB, in GiB; null: not known */
export function judgeSize(bytes: number, limitGb: number | null): Finding {
  const check = 'database size';
  const size = `${(bytes / GIB).toFixed(2)} GiB`;
  if (limitGb === null) return ok(check, `${size}. DATABASE_SIZE_LIMIT_GB would say how much it may hold.`);
  const share = bytes / GIB / limitGb;
  const said = `${size} of ${limitGb} GiB (${Math.round(share * 100)} %).`;
  const cure =
    'Raise the limit of the database (and DATABASE_SIZE_LIMIT_GB), or lower RETAIN_REMOVED_DAYS; "hybrid-capture plan" tells what is still to come.';
  if (share >= FULL) return failed(check, 'database_full', said, cure);
  if (share >= NEAR) return warning(check, 'database_nearly_full', said, cure);
  return ok(check, said);
}

async function checkQueue(db: Database, now: Date): Promise<Finding> {
  const due = await db
    .selectFrom('progressive_capture_jobs')
    .select((eb) => [
      eb.fn.countAll<number>().as('count'),
      sql<Date | null>`min(greatest(not_before, created_at))`.as('oldest'),
    ])
    .where('status', '=', 'queued')
    .where('not_before', '<', new Date(now.getTime() - STUCK_MS))
    .where('created_at', '<', new Date(now.getTime() - STUCK_MS))
    // Those wait for the daily cap, or for the one bulk run of their installation.
    .where('is_bulk', '=', false)
    .executeTakeFirstOrThrow();
  if (due.count === 0 || due.oldest === null) return ok('queue', 'No job waits longer than it should.');
  const seconds = (now.getTime() - due.oldest.getTime()) / 1_000;
  return failed(
    'queue',
    'queue_stuck',
    `Nobody carries out ${countOf(due.count, 'due job')}, for up to ${formatDuration(seconds)}.`,
    'See that the app runs (or that something calls POST /api/loops/sweep), and that Inngest answers; "hybrid-capture jobs" lists them.',
  );
}

async function checkFreshness(db: Database, config: Config, now: Date): Promise<Finding> {
  const { repositories, oldest } = await db
    .selectFrom('repositories')
    .select((eb) => [
      eb.fn.countAll<number>().as('repositories'),
      // One that was only just taken in has the time of `NEVER_CAPTURED`: that there is no capture yet is no fault.
      eb.fn.min('captured_at').filterWhere('captured_at', '>', NEVER_CAPTURED).as('oldest'),
    ])
    .where('removed_at', 'is', null)
    .where('installation_id', 'is not', null)
    .executeTakeFirstOrThrow();
  if (repositories === 0) return skipped('data', 'no_repositories', 'No repository is captured yet.');
  const { last } = await db
    .selectFrom('rollout_metrics')
    .select((eb) => eb.fn.max('created_at').as('last'))
    .where('outcome', '=', 'success')
    .executeTakeFirstOrThrow();
  const limitMs =
    config.reconcilePeriodMs > 0 ? config.reconcilePeriodMs * STALE_PERIODS : STALE_WITHOUT_RECONCILIATION_MS;
  const since = (last ?? oldest) as Date | null;
  const ageMs = since === null ? 0 : now.getTime() - since.getTime();
  const age = formatDuration(ageMs / 1_000);
  if (ageMs > limitMs) {
    // Without reconciliation a capture is made only where something happens, and a weekend may be quiet.
    const judge = config.reconcilePeriodMs > 0 ? failed : warning;
    return judge(
      'data',
      'stale_data',
      `No capture has ended well for ${age}, in ${countOf(repositories, 'captured repository')}.`,
      'See that the app runs, that webhooks arrive (the check "webhook") and how the last jobs ended ("hybrid-capture jobs").',
    );
  }
  return ok('data', last === null ? 'Nothing is captured yet.' : `The last capture ended well ${age} ago.`);
}
