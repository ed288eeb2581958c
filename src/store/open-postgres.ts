import { Kysely, sql } from 'kysely';
import pg from 'pg';
import type { DB } from './database.generated.ts';
import type { OpenDatabase } from './database.ts';
import { DatabaseUnreachableError, unreachableReason } from './database-unreachable-error.ts';
import { PoolerSafeDialect } from './postgres-dialect.ts';

/** The schema needs `security_invoker` views, which PostgreSQL 15 brought. */
const MINIMUM_VERSION = 15;
const CONNECT_TIMEOUT_MS = 10_000;
/**
 * A connection whose server has vanished without a word (a failover, a NAT that forgot it) says so after this and ten
 * probes of a second each; the system's default is two hours.
 */
const KEEP_ALIVE_AFTER_MS = 10_000;

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`. */
  url: string;
  /** PEM text of the certificate authority that signed the server's certificate; TLS is required then. */
  ca?: string | null;
  /** Schema of our tables; absent: the first one of the role's search_path, `public` as a rule. */
  schema?: string | null;
  /** Most connections at a time. */
  max?: number;
}

/**
 * Opens a pool of connections and sees that the server answers and is new enough.
 * @throws DatabaseUnreachableError naming host, port and database, never the password; later also by any query, when
 * the connection is lost
 */
export async function openPostgres({ url, ca, schema, max = 10 }: PostgresOptions): Promise<OpenDatabase> {
  const settings: pg.PoolConfig = {
    ...connectionOf(url, ca ?? null),
    application_name: 'hybrid-capture',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    max,
    // What opens a transaction is sent ahead of its first statement; see PoolerSafeDialect.
    pipeline: true,
    types: { getTypeParser },
  };
  const place = describePlace(settings);
  const pool = new pg.Pool(settings);
  // A connection that breaks leaves the pool by itself, and a query under way on it rejects; but without these listeners
  // it would end the process as well, whether it is idle (the pool's event) or in use (the client's).
  pool.on('error', () => {});
  let answerWithinMs: number | null = null;
  pool.on('connect', (client) => {
    client.on('error', () => {});
    giveUpWithoutAnswer(client, () => answerWithinMs);
  });
  const translateError = (error: unknown): unknown => {
    const reason = unreachableReason(error);
    if (reason === null) return error;
    return new DatabaseUnreachableError(
      `The database can't be used: ${reason} (${place}). Check DATABASE_URL, and that the server is up.`,
      { cause: error },
    );
  };
  const db = new Kysely<DB>({
    dialect: new PoolerSafeDialect({ pool, schema: schema ?? null, translateError }),
  });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= db.destroy();
    return closing;
  };
  try {
    await checkVersion(db, place);
  } catch (error) {
    await close();
    throw error;
  }
  const expectAnswersWithin = (ms: number) => {
    answerWithinMs = ms;
  };
  return { db, kind: 'postgres', expectAnswersWithin, close };
}

/** `pg` has a time limit of its own, after which the pool gives the connection to the next one before it is closed. */
function giveUpWithoutAnswer(client: pg.PoolClient, limitMs: () => number | null): void {
  const query = client.query.bind(client) as (...given: unknown[]) => unknown;
  client.query = ((...given: unknown[]) => {
    const answer = query(...given);
    const ms = limitMs();
    if (ms !== null && answer instanceof Promise) {
      // Not `end()`, which waits for the answers of what was sent.
      const timer = setTimeout(() => (client as unknown as pg.Client).connection.stream.destroy(), ms);
      const stop = () => clearTimeout(timer);
      answer.then(stop, stop);
    }
    return answer;
  }) as typeof client.query;
}

async function checkVersion(db: Kysely<DB>, place: string): Promise<void> {
  const { rows } = await sql<{
    version: number;
  }>`select current_setting('server_version_num')::integer / 10000 as version`.execute(db);
  const version = rows[0]?.version ?? 0;
  if (version >= MINIMUM_VERSION) return;
  throw new Error(
    `PostgreSQL ${MINIMUM_VERSION} or newer is needed; the server is version ${version} (${place}). Upgrade it, or set DATABASE_URL to another one.`,
  );
}

function connectionOf(url: string, ca: string | null): pg.PoolConfig {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    throw new Error('DATABASE_URL is not a URL of the form postgres://user:password@host:port/database.');
  }
  if (ca === null) return { connectionString: withCheckedTls(url) };
  const withoutTls = new URL(url);
  // What `pg` reads of TLS from the URL would replace the certificate authority.
  for (const name of ['ssl', 'sslmode', 'sslrootcert']) withoutTls.searchParams.delete(name);
  return { connectionString: withoutTls.href, ssl: { ca, rejectUnauthorized: true } };
}

/** `pg` checks the certificate in these modes, too, but warns at each start that its next version will not. */
function withCheckedTls(url: string): string {
  if (url.includes('uselibpqcompat=true')) return url;
  return url.replace(/([?&]sslmode=)(prefer|require|verify-ca)(?=&|$)/, '$1verify-full');
}

function describePlace(settings: pg.PoolConfig): string {
  // A client resolves what the URL leaves out; it connects only when told to.
  const { host, port, database, user } = new pg.Client(settings);
  return `host ${host}, port ${port}, database ${database ?? user}, user ${user}`;
}

const { builtins } = pg.types;
/** OID of `bigint[]`, which pg-types has no name for (pg_type.dat). */
const INT8_ARRAY = 1016;

/** Ids and amounts come as numbers: GitHub's ids are far below 2^53. All else is parsed as `pg` does. */
const getTypeParser: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') => {
  if (oid === builtins.INT8 || oid === builtins.NUMERIC) return Number;
  const parse = pg.types.getTypeParser(oid, format as 'text');
  if (oid === INT8_ARRAY) return (text: string) => (parse(text) as (string | null)[]).map(toNumber);
  return parse;
};

function toNumber(text: string | null): number | null {
  return text === null ? null : Number(text);
}
