import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/store/open-database.ts';
import { openPostgres } from '../../src/store/open-postgres.ts';
import { startLine } from '../drills/database-line.ts';
import { createOnPostgres, describePostgres } from '../support/databases.ts';

describe('the folder of an embedded database', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hybrid-capture-test-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const openInOtherProcess = async (dataDir: string) => {
    const script = fileURLToPath(new URL('hold-folder.ts', import.meta.url));
    const child = spawn(process.execPath, [script, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(createInterface(child.stdout), 'line');
    const kill = async () => {
      if (child.exitCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    };
    return { line: String(line), pid: child.pid, kill };
  };

  test('belongs to one process; one that was killed leaves nothing to clean up', async () => {
    const dataDir = join(folder, 'deep', 'data');
    const choice = { url: null, ca: null, schema: null, dataDir };
    const first = await openInOtherProcess(dataDir);
    expect(first.line).toBe('open');
    await expect(openDatabase(choice)).rejects.toMatchObject({
      name: 'DataFolderLockedError',
      code: 'data_folder_locked',
      message: expect.stringContaining(
        `The data folder ${dataDir} is in use by another process (process ${first.pid}).`,
      ),
    });
    await first.kill();

    const { db, kind, close } = await openDatabase(choice);
    expect(kind).toBe('pglite');
    await sql`create table kept (id bigint)`.execute(db);
    await expect(openDatabase(choice)).rejects.toMatchObject({ code: 'data_folder_locked' });
    const second = await openInOtherProcess(dataDir);
    expect(second.line).toMatch(/^DataFolderLockedError: .*(DATABASE_URL)/);
    await second.kill();
    await close();
    await close();

    const again = await openDatabase(choice);
    expect((await sql`select count(*) from kept`.execute(again.db)).rows).toEqual([{ count: 0 }]);
    await again.close();
  });
});

describe('a server that can not be used', () => {
  test('is named with its reason, without the password', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    server.close();
    await once(server, 'close');
    const opening = openPostgres({ url: `postgres://ada:s3cret@127.0.0.1:${port}/activity` });
    await expect(opening).rejects.toMatchObject({
      name: 'DatabaseUnreachableError',
      message: `The database can't be used: connection refused (host 127.0.0.1, port ${port}, database activity, user ada). Check DATABASE_URL, and that the server is up.`,
    });
  });

  test('or that hangs up at once', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await expect(openPostgres({ url: `postgres://ada:s3cret@127.0.0.1:${port}/activity` })).rejects.toThrow(
      /^The database can't be used: connection lost \(host 127/,
    );
    server.close();
  });

  test.each(['mysql://ada:s3cret@localhost/x', 'postgres://ada:s3cret@:bad/x', 'activity'])(
    '%s is no address',
    async (url) => {
      const opening = openPostgres({ url });
      await expect(opening).rejects.toThrow(/^DATABASE_URL is not a URL of the form/);
      await expect(opening).rejects.not.toThrow(/s3cret/);
    },
  );
});

describePostgres('a server', (database) => {
  test('says what it does not have', async () => {
    const url = new URL(database().url ?? '');
    url.pathname = 'no_such_database';
    await expect(openPostgres({ url: url.href })).rejects.toMatchObject({
      name: 'DatabaseUnreachableError',
      message: expect.stringContaining('the database does not exist'),
    });
  });

  test('refuses a certificate authority where it has no TLS', async () => {
    const opening = openPostgres({
      url: `${database().url}?sslmode=disable`,
      ca: '-----BEGIN CERTIFICATE-----',
    });
    await expect(opening).rejects.toThrow('the server does not offer TLS');
  });

  test('may end our connections: queries under way say so, and later ones work', async () => {
    const { db, close, url } = await createOnPostgres();
    const other = await openPostgres({ url: url ?? '', max: 1 });
    const answers = () =>
      sql`select 1 as one`.execute(other.db).then(
        ({ rows }) => rows,
        () => 'lost',
      );
    await expect(answers()).resolves.toEqual([{ one: 1 }]);
    const endOthers = sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`;
    // An idle one first: its end is no uncaught error.
    await endOthers.execute(db);
    await expect.poll(answers).toEqual([{ one: 1 }]);
    const underWay = expect(sql`select pg_sleep(30)`.execute(other.db)).rejects.toMatchObject({
      name: 'DatabaseUnreachableError',
    });
    await expect
      .poll(async () => {
        const { rows } =
          await sql`select 1 from pg_stat_activity where query = 'select pg_sleep(30)'`.execute(db);
        return rows.length;
      })
      .toBe(1);
    await endOthers.execute(db);
    await underWay;
    await expect.poll(answers).toEqual([{ one: 1 }]);
    await other.close();
    await close();
  });

  test('may vanish without a word: the statement is given up, and later ones have a new connection', async () => {
    const line = await startLine(new URL(database().url ?? ''));
    const other = await openPostgres({ url: line.url, max: 1 });
    const ask = () => sql`select 1 as one`.execute(other.db).then(({ rows }) => rows);
    expect(await ask()).toEqual([{ one: 1 }]);
    other.expectAnswersWithin(200);
    line.freeze();
    await expect(ask()).rejects.toMatchObject({ name: 'DatabaseUnreachableError' });
    expect(await ask()).toEqual([{ one: 1 }]);
    // In a transaction too, whose rollback has no answer either.
    const inTransaction = other.db.transaction().execute(async (trx) => {
      line.freeze();
      await sql`select 1`.execute(trx);
    });
    await expect(inTransaction).rejects.toMatchObject({ name: 'DatabaseUnreachableError' });
    expect(await ask()).toEqual([{ one: 1 }]);
    await other.close();
    await line.close();
  });

  test('is not waited for when a transaction is opened: BEGIN, settings and first statement are one flight', async () => {
    const line = await startLine(new URL(database().url ?? ''));
    const opened = await openPostgres({ url: line.url, max: 1 });
    const inSchema = await openPostgres({ url: line.url, max: 1, schema: 'public' });
    const flightsOf = async (work: Promise<unknown>) => {
      const before = line.flights();
      await work;
      return line.flights() - before;
    };
    const lockTimeout = sql<{ lock_timeout: string }>`show lock_timeout`;
    for (const { db } of [opened, inSchema]) {
      const work = db.transaction().execute(async (trx) => {
        await sql`set local lock_timeout = 2000`.execute(trx);
        const { rows } = await lockTimeout.execute(trx);
        expect(rows).toEqual([{ lock_timeout: '2s' }]);
      });
      // The second is that of the commit.
      expect(await flightsOf(work)).toBe(2);
      const alone = lockTimeout.execute(db);
      expect(await flightsOf(alone)).toBe(1);
      expect((await alone).rows).toEqual([{ lock_timeout: '0' }]);
    }
    await Promise.all([opened.close(), inSchema.close()]);
    await line.close();
  });

  test('tells the first statement what went wrong before it, and forgets it with the transaction', async () => {
    const { db, close } = await openPostgres({ url: database().url ?? '', max: 1 });
    const failing = db.transaction().execute(async (trx) => {
      await sql`set local lock_timeout = 'for ever'`.execute(trx);
      await sql`create table never_made (id bigint)`.execute(trx);
    });
    await expect(failing).rejects.toThrow('invalid value for parameter "lock_timeout": "for ever"');
    const empty = db.transaction().execute(async (trx) => {
      await sql`set local lock_timeout = 'nor this'`.execute(trx);
    });
    await expect(empty).rejects.toThrow('invalid value for parameter "lock_timeout": "nor this"');
    const { rows } = await sql`select to_regclass('never_made') as name`.execute(db);
    expect(rows).toEqual([{ name: null }]);
    await close();
  });

  test('refuses a single statement in a schema without keeping its transaction open', async () => {
    const { db, close } = await openPostgres({ url: database().url ?? '', max: 1, schema: 'public' });
    await expect(sql`select 1 / 0`.execute(db)).rejects.toThrow('division by zero');
    // The next transaction of the connection is a new one, which a lone statement would not begin inside of another.
    const inTransaction = db.transaction().execute((trx) => sql`select 1 as one`.execute(trx));
    expect((await inTransaction).rows).toEqual([{ one: 1 }]);
    const open = sql`select count(*) as open from pg_stat_activity where state like 'idle in transaction%' and datname = current_database()`;
    expect((await open.execute(db)).rows).toEqual([{ open: 0 }]);
    await close();
  });

  test('prepares no statements by name, which a pooler would not know', async () => {
    const { db } = database();
    await db.transaction().execute(async (trx) => {
      await trx.selectFrom('repositories').selectAll().where('id', '=', 1).execute();
      const { rows } = await sql`select name from pg_prepared_statements`.execute(trx);
      expect(rows).toEqual([]);
    });
  });
});
