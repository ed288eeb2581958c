import {
  CompiledQuery,
  type DatabaseConnection,
  PostgresDialect,
  type PostgresDialectConfig,
  PostgresDriver,
  type QueryResult,
  type TransactionSettings,
} from 'kysely';

export interface PoolerSafeDialectConfig extends PostgresDialectConfig {
  /** Where unqualified names are looked up and created; null: as the role's search_path says. */
  schema: string | null;
  /** What is thrown in place of an error of the driver. */
  translateError: (error: unknown) => unknown;
}

/**
 * Kysely's Postgres dialect, made fit for a transaction pooler: between transactions such a pooler gives a client's
 * statements to any server connection, so a `SET search_path` would be lost to us and would reach others, and as a
 * start-up option it is refused or ignored (PgBouncer's `ignore_startup_parameters`). Therefore, where a schema is
 * given, it is set for each transaction, and a single statement becomes a transaction of its own.
 *
 * What opens a transaction (BEGIN, SET LOCAL) has no answer that anybody reads, so it is not waited for: it goes to the server
 * in one flight with the first statement, which fails with it. `pg` must be in pipeline mode.
 */
export class PoolerSafeDialect extends PostgresDialect {
  readonly #config: PoolerSafeDialectConfig;

  constructor(config: PoolerSafeDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createDriver(): PostgresDriver {
    return new PoolerSafeDriver(this.#config);
  }
}

class PoolerSafeDriver extends PostgresDriver {
  readonly #setSchema: CompiledQuery | null;
  readonly #translateError: (error: unknown) => unknown;
  readonly #prepared = new WeakSet<DatabaseConnection>();
  readonly #inTransaction = new WeakSet<DatabaseConnection>();
  readonly #sentAhead = new WeakMap<DatabaseConnection, Promise<unknown>>();

  constructor(config: PoolerSafeDialectConfig) {
    super(config);
    this.#setSchema =
      config.schema === null
        ? null
        : CompiledQuery.raw(`set local search_path to ${quoteName(config.schema)}`);
    this.#translateError = config.translateError;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    try {
      const connection = await super.acquireConnection();
      if (!this.#prepared.has(connection)) this.#prepare(connection);
      return connection;
    } catch (error) {
      throw this.#translateError(error);
    }
  }

  override async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings) {
    this.#inTransaction.add(connection);
    await super.beginTransaction(connection, settings);
    if (this.#setSchema !== null) await connection.executeQuery(this.#setSchema);
  }

  override async releaseConnection(connection: Parameters<PostgresDriver['releaseConnection']>[0]) {
    this.#inTransaction.delete(connection);
    await super.releaseConnection(connection);
  }

  #prepare(connection: DatabaseConnection): void {
    const execute = connection.executeQuery.bind(connection);
    const setSchema = this.#setSchema;
    connection.executeQuery = async <R>(query: CompiledQuery): Promise<QueryResult<R>> => {
      try {
        if (!this.#inTransaction.has(connection)) {
          return setSchema === null
            ? await execute<R>(query)
            : await executeAlone<R>(execute, setSchema, query);
        }
        const answer = afterwards(this.#sentAhead.get(connection), execute<R>(query));
        if (OPENING.test(query.sql)) {
          this.#sentAhead.set(connection, answer);
          // Whoever comes next is told.
          answer.catch(() => {});
          return { rows: [] };
        }
        this.#sentAhead.delete(connection);
        return await answer;
      } catch (error) {
        throw this.#translateError(error);
      }
    };
    this.#prepared.add(connection);
  }
}

/** One statement, of which nothing is read: what opens a transaction, and its settings. */
const OPENING = /^(begin|start transaction[\w ,]*|set local [^;]*)$/i;

/** What went wrong first is the reason of the rest. */
async function afterwards<R>(before: Promise<unknown> | undefined, answer: Promise<R>): Promise<R> {
  answer.catch(() => {});
  await before;
  return answer;
}

async function executeAlone<R>(
  execute: DatabaseConnection['executeQuery'],
  setSchema: CompiledQuery,
  query: CompiledQuery,
): Promise<QueryResult<R>> {
  const opened = execute(CompiledQuery.raw(`begin; ${setSchema.sql}`));
  const answer = afterwards(opened, execute<R>(query));
  // After an error the server makes a rollback of it.
  await afterwards(answer, execute(CompiledQuery.raw('commit')));
  return answer;
}

/** A name as SQL writes it, whatever characters it has. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
