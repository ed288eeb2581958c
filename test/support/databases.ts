import { randomUUID } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import type { OpenDatabase } from '../../src/store/database.ts';
import { fromPglite, PGLITE_PARSERS } from '../../src/store/open-pglite.ts';
import { openPostgres } from '../../src/store/open-postgres.ts';

/** Answers the database of the tests around it; only to be called while a test or a hook runs. */
export type GetDatabase = () => OpenDatabase & {
  /** Of a database on Postgres, to open it again; null for PGlite, which is in memory. */
  url: string | null;
};

/**
 * Runs the same tests on a new, migrated PGlite and on a new, migrated Postgres database, where a server is at hand;
 * else the tests on Postgres are skipped, and counted as such.
 */
export function describeEachDatabase(name: string, tests: (database: GetDatabase) => void): void {
  describe(`${name} (PGlite)`, () => tests(withDatabase()));
  describePostgres(name, tests);
}

/** Tests that only a server can show: several connections, for instance. */
export function describePostgres(name: string, tests: (database: GetDatabase) => void): void {
  const { postgres } = inject('databases');
  if ('skipped' in postgres) describe.skip(`${name} (Postgres: ${postgres.skipped})`, () => tests(getNone));
  else describe(`${name} (Postgres)`, () => tests(useDatabase(createOnPostgres)));
}

/** A new, migrated PGlite in memory for the tests of the file or the `describe` that calls it. */
export function withDatabase(): GetDatabase {
  return useDatabase(createInPglite);
}

/** A new database on the Postgres server, migrated or empty; the caller drops it by closing. */
export async function createOnPostgres({ isMigrated = true } = {}): Promise<ReturnType<GetDatabase>> {
  const { postgres } = inject('databases');
  if ('skipped' in postgres) throw new Error(postgres.skipped);
  const name = `hybrid_capture_test_${randomUUID().replaceAll('-', '')}`;
  const url = new URL(postgres.url);
  const onServer = async (statement: ReturnType<typeof sql>) => {
    const server = await openPostgres({ url: postgres.url, max: 1 });
    await statement.execute(server.db).finally(server.close);
  };
  await onServer(
    sql`create database ${sql.id(name)} template ${sql.id(isMigrated ? postgres.template : 'template0')}`,
  );
  url.pathname = name;
  const database = await openPostgres({ url: url.href });
  return {
    ...database,
    url: url.href,
    close: async () => {
      await database.close();
      await onServer(sql`drop database if exists ${sql.id(name)} with (force)`);
    },
  };
}

/** A new PGlite in memory, migrated. */
export async function createInPglite(): Promise<ReturnType<GetDatabase>> {
  const loadDataDir = await openAsBlob(inject('databases').pgliteTemplate);
  const pglite = await PGlite.create({ loadDataDir, parsers: PGLITE_PARSERS });
  return { ...fromPglite(pglite), url: null };
}

function useDatabase(create: () => Promise<ReturnType<GetDatabase>>): GetDatabase {
  let current: ReturnType<GetDatabase> | undefined;
  beforeAll(async () => {
    current = await create();
  });
  afterAll(() => current?.close());
  return () => current ?? getNone();
}

function getNone(): never {
  throw new Error('The database is there while tests and hooks run, not while they are collected.');
}
