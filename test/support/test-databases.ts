/** What the global set-up hands to the test files. */
export interface TestDatabases {
  /** A data folder of PGlite as a tar file, migrated. */
  pgliteTemplate: string;
  postgres: PostgresForTests | { skipped: string };
}

export interface PostgresForTests {
  /** Of a database from which others can be created. */
  url: string;
  /** Name of a migrated database to copy. */
  template: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    databases: TestDatabases;
  }
}
