import { sql } from 'kysely';
import type { TestProject } from 'vitest/node';
import { migrate } from '../../src/store/migrate.ts';
import { openPostgres } from '../../src/store/open-postgres.ts';
import { preparePgliteTemplate } from './pglite-template.ts';
import { findPostgresBinaries, type PostgresServer, startPostgres } from './postgres-server.ts';
import { makeTemporaryRoot } from './temporary-root.ts';
import type { PostgresForTests } from './test-databases.ts';

/** Prepares the databases of all test files: PGlite always, Postgres when one is at hand. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  makeTemporaryRoot('hybrid-capture-tests-');
  const pgliteTemplate = await preparePgliteTemplate();
  const server = await postgresAtHand();
  if (server === null) {
    const skipped = 'no DATABASE_URL, and no PostgreSQL server on this machine';
    project.provide('databases', { pgliteTemplate, postgres: { skipped } });
    return async () => {};
  }
  const postgres = await prepareTemplate(server.url).catch(async (error) => {
    await server.stop();
    throw error;
  });
  project.provide('databases', { pgliteTemplate, postgres });
  return async () => {
    await dropTemplate(postgres);
    await server.stop();
  };
}

async function postgresAtHand(): Promise<PostgresServer | null> {
  const url = process.env.DATABASE_URL;
  if (url) return { url, stop: async () => {} };
  const binaries = findPostgresBinaries();
  return binaries === null ? null : startPostgres(binaries);
}

async function prepareTemplate(url: string): Promise<PostgresForTests> {
  const template = `hybrid_capture_test_${process.pid}_${Date.now().toString(36)}`;
  const server = await openPostgres({ url, max: 1 });
  await sql`create database ${sql.id(template)}`.execute(server.db).finally(server.close);
  const copy = new URL(url);
  copy.pathname = template;
  const { db, close } = await openPostgres({ url: copy.href, max: 1 });
  await migrate(db).finally(close);
  return { url, template };
}

async function dropTemplate({ url, template }: PostgresForTests): Promise<void> {
  const { db, close } = await openPostgres({ url, max: 1 });
  await sql`drop database ${sql.id(template)} with (force)`.execute(db).finally(close);
}
