import { sql } from 'kysely';
import type { OpenDatabase } from '../src/store/database.ts';
import { migrate } from '../src/store/migrate.ts';
import { openPostgres } from '../src/store/open-postgres.ts';
import { findPostgresBinaries, startPostgres } from '../test/support/postgres-server.ts';

export interface ThrowAwayPostgres {
  /** A new database with the product's tables, or an empty one: its URL. */
  create(options?: { isMigrated?: boolean }): Promise<string>;
  drop(url: string): Promise<void>;
  stop(): Promise<void>;
}

const TEMPLATE = 'migrated';

/** @throws Error on a machine without PostgreSQL 15 or newer */
export async function startThrowAwayPostgres(): Promise<ThrowAwayPostgres> {
  const binaries = findPostgresBinaries();
  if (binaries === null) {
    throw new Error(
      'this figure needs a PostgreSQL server on this machine (initdb and postgres): install one',
    );
  }
  const server = await startPostgres(binaries);
  const urlOf = (name: string) => new URL(`/${name}`, server.url).href;
  const execute = async (statement: ReturnType<typeof sql>) => {
    const { db, close } = await openPostgres({ url: server.url, max: 1 });
    await statement.execute(db).finally(close);
  };
  let count = 0;
  try {
    await execute(sql`create database ${sql.id(TEMPLATE)}`);
    const { db, close } = await openPostgres({ url: urlOf(TEMPLATE), max: 1 });
    await migrate(db).finally(close);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    async create({ isMigrated = true } = {}) {
      count += 1;
      const name = `bench_${count}`;
      const template = isMigrated ? TEMPLATE : 'template0';
      await execute(sql`create database ${sql.id(name)} template ${sql.id(template)}`);
      return urlOf(name);
    },
    async drop(url) {
      const name = new URL(url).pathname.slice(1);
      await execute(sql`drop database ${sql.id(name)} with (force)`);
    },
    stop: () => server.stop(),
  };
}

/** Opens a database for as long as `work` takes. */
export async function withOpenDatabase<T>(
  url: string,
  work: (database: OpenDatabase) => Promise<T>,
): Promise<T> {
  const database = await openPostgres({ url });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
