import { type Kysely, sql } from 'kysely';
import type { Database } from './database.ts';
import { MIGRATIONS, type Migration } from './migrations/index.ts';
import { quoteName } from './postgres-dialect.ts';

/** The database can't be migrated as it is; the message says what to do. */
export class MigrationRefusedError extends Error {
  override name = 'MigrationRefusedError';
  readonly code: 'tables_in_the_way' | 'newer_database' | 'no_schema';

  constructor(code: MigrationRefusedError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export interface MigrateOptions {
  /** The schema that the database was opened with; created if need be. Absent: the first one of the search_path. */
  schema?: string | null;
  /** Other migrations than the product's own, for its tests. */
  migrations?: readonly Migration[];
}

/** Tables and views that the migrations made are ours; the names of the applied ones are kept here. */
export const LEDGER = 'hybrid_capture_migrations';
/** "hyca" as a number: the key of our lock, which is no secret but must be nobody else's. */
const LOCK_KEY = 0x68_79_63_61;

type Transaction = Kysely<unknown>;

/**
 * Brings the schema up to date, all in one transaction: two processes that start at once wait for each other, and what
 * fails leaves nothing behind. The lock belongs to the transaction, so it works through a transaction pooler.
 * @throws MigrationRefusedError when the schema holds tables of others, or was migrated by a newer version
 */
export async function migrate(
  db: Database,
  { schema, migrations = MIGRATIONS }: MigrateOptions = {},
): Promise<{ applied: string[] }> {
  return db.transaction().execute(async (transaction) => {
    const trx: Transaction = transaction.withoutPlugins() as unknown as Transaction;
    await sql`select pg_advisory_xact_lock(${LOCK_KEY})`.execute(trx);
    const target = await enterSchema(trx, schema ?? null);
    const applied = await readLedger(trx, target);
    refuseNewer(applied, migrations);
    const pending = migrations.filter(({ name }) => !applied.includes(name));
    if (pending.length === 0) return { applied: [] };

    const before = await listRelations(trx, target);
    for (const migration of pending) {
      // As one string for EXECUTE, since the extended protocol, which PGlite uses, takes single statements only.
      await sql
        .raw(`DO $migrate$ BEGIN EXECUTE $migration$${migration.sql}$migration$; END $migrate$`)
        .execute(trx);
      await sql`insert into ${sql.table(LEDGER)} (name) values (${migration.name})`.execute(trx);
    }
    await closeToOthers(trx, target, before);
    return { applied: pending.map(({ name }) => name) };
  });
}

/** Makes the schema the only one that names are looked up in, and answers its name. */
async function enterSchema(trx: Transaction, schema: string | null): Promise<string> {
  if (schema !== null) {
    const { rows } = await sql`select 1 from pg_namespace where nspname = ${schema}`.execute(trx);
    // Only then, since it needs a right on the database that the role may lack.
    if (rows.length === 0) await sql`create schema ${sql.id(schema)}`.execute(trx);
  }
  const { rows } = await sql<{ name: string | null }>`select current_schema() as name`.execute(trx);
  const target = schema ?? rows[0]?.name ?? null;
  if (target === null) {
    throw new MigrationRefusedError(
      'no_schema',
      'No schema of the search_path exists. Set DATABASE_SCHEMA to the schema that the tables shall be in.',
    );
  }
  await sql.raw(`set local search_path to ${quoteName(target)}`).execute(trx);
  return target;
}

/** The migrations that were applied; creates the table of them in an empty schema. */
async function readLedger(trx: Transaction, schema: string): Promise<string[]> {
  const relations = await listRelations(trx, schema);
  if (!relations.has(LEDGER)) {
    refuseForeignTables([...relations.keys()], schema);
    await sql`create table ${sql.table(LEDGER)} (
      name text primary key, applied_at timestamptz not null default now())`.execute(trx);
    await closeToOthers(trx, schema, relations);
    return [];
  }
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(LEDGER)} order by name`.execute(
    trx,
  );
  return rows.map(({ name }) => name);
}

function refuseForeignTables(names: string[], schema: string): void {
  if (names.length === 0) return;
  const shown = names.slice(0, 10).join(', ');
  const more = names.length > 10 ? ` and ${names.length - 10} more` : '';
  throw new MigrationRefusedError(
    'tables_in_the_way',
    `The schema "${schema}" holds tables that are not ours: ${shown}${more}. They were left as they are. Set DATABASE_SCHEMA to a schema of its own (such as hybrid_capture; it is created), or DATABASE_URL to an empty database.`,
  );
}

function refuseNewer(applied: readonly string[], migrations: readonly Migration[]): void {
  const known = new Set(migrations.map(({ name }) => name));
  const unknown = applied.filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new MigrationRefusedError(
    'newer_database',
    `The database was migrated by a newer version of this program (${unknown.join(', ')}; the newest known here is ${migrations.at(-1)?.name ?? 'none'}). Run that version or a later one.`,
  );
}

/** Name to kind (pg_class.relkind) of what holds data in the schema, but for what an extension brought. */
async function listRelations(trx: Transaction, schema: string): Promise<Map<string, string>> {
  const { rows } = await sql<{ name: string; kind: string }>`
    select c.relname as name, c.relkind::text as kind
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${schema} and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
      and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
    order by c.relname`.execute(trx);
  return new Map(rows.map(({ name, kind }) => [name, kind]));
}

/**
 * Row-level security on every new table, and no right on anything new for the roles through which Supabase's API serves
 * a `public` schema to browsers (its default privileges grant them everything). The owner, this program, is not bound.
 */
async function closeToOthers(
  trx: Transaction,
  schema: string,
  before: ReadonlyMap<string, string>,
): Promise<void> {
  const { rows: roles } = await sql<{ name: string }>`
    select rolname as name from pg_roles where rolname in ('anon', 'authenticated')`.execute(trx);
  for (const [name, kind] of await listRelations(trx, schema)) {
    if (before.has(name)) continue;
    const relation = `${quoteName(schema)}.${quoteName(name)}`;
    if (kind === 'r' || kind === 'p')
      await sql.raw(`alter table ${relation} enable row level security`).execute(trx);
    for (const role of roles) {
      const type = kind === 'S' ? 'sequence' : 'table';
      await sql.raw(`revoke all on ${type} ${relation} from ${quoteName(role.name)}`).execute(trx);
    }
  }
}
