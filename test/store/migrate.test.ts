import { readFile } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { generateDatabaseTypes } from '../../scripts/generate-database-types.ts';
import type { Database } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrate.ts';
import { MIGRATIONS } from '../../src/store/migrations/index.ts';
import { fromPglite, PGLITE_PARSERS } from '../../src/store/open-pglite.ts';
import { openPostgres } from '../../src/store/open-postgres.ts';
import {
  createOnPostgres,
  describeEachDatabase,
  describePostgres,
  withDatabase,
} from '../support/databases.ts';

const tablesOf = async (db: Database, schema = 'public') => {
  const { rows } = await sql<{ name: string; secured: boolean }>`
    select relname as name, relrowsecurity as secured from pg_class
    where relnamespace = ${schema}::regnamespace and relkind = 'r' order by 1`.execute(db);
  return rows;
};

describeEachDatabase('a migrated database', (database) => {
  test('has nothing left to do', async () => {
    await expect(migrate(database().db)).resolves.toEqual({ applied: [] });
    const { rows } = await sql`select name from hybrid_capture_migrations`.execute(database().db);
    expect(rows).toEqual(MIGRATIONS.map(({ name }) => ({ name })));
  });

  test('has row-level security on every table', async () => {
    const tables = await tablesOf(database().db);
    expect(tables.length).toBeGreaterThan(25);
    expect(tables.filter(({ secured }) => !secured)).toEqual([]);
  });

  test('is refused when a newer version has migrated it, and is left as it is', async () => {
    const newer = [...MIGRATIONS, { name: '9999-later', sql: 'CREATE TABLE later (id bigint)' }];
    await expect(migrate(database().db, { migrations: newer })).resolves.toEqual({ applied: ['9999-later'] });
    expect(await tablesOf(database().db)).toContainEqual({ name: 'later', secured: true });
    await expect(migrate(database().db)).rejects.toMatchObject({
      name: 'MigrationRefusedError',
      code: 'newer_database',
      message: expect.stringContaining(`9999-later; the newest known here is ${MIGRATIONS.at(-1)?.name}`),
    });
  });
});

describe('an embedded database', () => {
  const database = withDatabase();

  test('the generated types are those of the migrated schema (node scripts/generate-database-types.ts)', async () => {
    const written = await readFile(new URL('../../src/store/database.generated.ts', import.meta.url), 'utf8');
    expect(await generateDatabaseTypes(database().db)).toBe(written);
  });

  test('a migration that fails leaves nothing behind', async () => {
    const { db, close } = fromPglite(await PGlite.create({ parsers: PGLITE_PARSERS }));
    const broken = [
      ...MIGRATIONS,
      { name: '0002-broken', sql: 'CREATE TABLE later (id bigint); SELECT 1/0' },
    ];
    await expect(migrate(db, { migrations: broken })).rejects.toThrow('division by zero');
    expect(await tablesOf(db)).toEqual([]);
    await sql`create table customers (id bigint)`.execute(db);
    await sql`create view every_customer as select * from customers`.execute(db);
    await expect(migrate(db)).rejects.toMatchObject({
      code: 'tables_in_the_way',
      message: expect.stringMatching(
        /"public" holds tables that are not ours: customers, every_customer\. .*DATABASE_SCHEMA/,
      ),
    });
    expect(await tablesOf(db)).toEqual([{ name: 'customers', secured: false }]);
    await close();
  });
});

describePostgres('migrating on a server', () => {
  test('two at once: one migrates, the other waits', async () => {
    const { db, url, close } = await createOnPostgres({ isMigrated: false });
    const others = await Promise.all([1, 2, 3].map(() => openPostgres({ url: url ?? '' })));
    const results = await Promise.all([db, ...others.map((other) => other.db)].map((each) => migrate(each)));
    expect(results.filter(({ applied }) => applied.length === MIGRATIONS.length)).toHaveLength(1);
    expect(results.filter(({ applied }) => applied.length === 0)).toHaveLength(3);
    for (const other of others) await other.close();
    await close();
  });

  test('in a schema of its own, beside tables of others', async () => {
    const { db, url, close } = await createOnPostgres({ isMigrated: false });
    await sql`create table customers (id bigint)`.execute(db);
    const schema = 'team "A"';
    const ours = await openPostgres({ url: url ?? '', schema, max: 2 });
    await expect(migrate(ours.db, { schema })).resolves.toEqual({
      applied: MIGRATIONS.map(({ name }) => name),
    });
    await expect(migrate(ours.db, { schema })).resolves.toEqual({ applied: [] });
    expect(await tablesOf(db)).toEqual([{ name: 'customers', secured: false }]);

    // Alone, in a transaction, and after an error: always in the schema.
    await ours.db.insertInto('repositories').values({ id: 1, full_name: 'acme/widgets' }).execute();
    await expect(sql`select 1/0`.execute(ours.db)).rejects.toThrow('division by zero');
    const read = () => ours.db.selectFrom('repositories').select('full_name').execute();
    expect(await Promise.all([read(), read(), read()])).toEqual(
      Array(3).fill([{ full_name: 'acme/widgets' }]),
    );
    await ours.db.transaction().execute((trx) => trx.deleteFrom('repositories').execute());
    expect(await read()).toEqual([]);
    // Nothing of it is left on the connection, which a pooler may give to somebody else.
    const { rows } = await sql<{ path: string }>`select current_setting('search_path') as path`.execute(db);
    expect(rows[0]?.path).toBe('"$user", public');

    // Also a change from a session that knows nothing of the schema is in the history.
    await ours.db.insertInto('rollout_configuration').values({ feature_name: 'f' }).execute();
    await sql`update "team ""A""".rollout_configuration set emergency_stop = true`.execute(db);
    expect(await ours.db.selectFrom('rollout_history').select('action').orderBy('seq').execute()).toEqual([
      { action: 'create' },
      { action: 'emergency_stop' },
    ]);
    await ours.close();
    await close();
  });

  test('anon and authenticated get nothing, whatever the defaults grant them', async () => {
    const { db, close } = await createOnPostgres({ isMigrated: false });
    for (const role of ['anon', 'authenticated']) {
      await sql`do ${sql.lit(`begin create role ${role}; exception when duplicate_object then null; end`)}`.execute(
        db,
      );
    }
    for (const kind of ['tables', 'sequences']) {
      await sql`alter default privileges grant all on ${sql.raw(kind)} to anon, authenticated`.execute(db);
    }
    await migrate(db);
    const { rows } = await sql`
      select c.relname, r.rolname from pg_class c cross join pg_roles r
      where c.relnamespace = 'public'::regnamespace and r.rolname in ('anon', 'authenticated')
        and case when c.relkind = 'S' then has_sequence_privilege(r.oid, c.oid, 'usage, select, update')
          when c.relkind in ('r', 'v') then has_table_privilege(r.oid, c.oid,
            'select, insert, update, delete, truncate, references, trigger') end`.execute(db);
    expect(rows).toEqual([]);
    await sql`create table later (id bigint)`.execute(db);
    const granted = await sql<{
      may: boolean;
    }>`select has_table_privilege('anon', 'later', 'select') as may`.execute(db);
    expect(granted.rows).toEqual([{ may: true }]);
    await sql`drop owned by anon, authenticated`.execute(db);
    await close();
  });
});
