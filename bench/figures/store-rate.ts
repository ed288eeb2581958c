import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { capture } from '../../src/capture/capture.ts';
import { createDatabaseDestination } from '../../src/destination/database.ts';
import type { CaptureBatch, CaptureDestination } from '../../src/destination/destination.ts';
import { createGitHubClient } from '../../src/github/client.ts';
import { BYTES_PER_PULL_REQUEST } from '../../src/jobs/estimate-history.ts';
import { CAPTURE_TABLES } from '../../src/store/capture-tables.ts';
import type { Database } from '../../src/store/database.ts';
import type { Figure } from '../figure.ts';
import { readable } from '../render-table.ts';
import { type History, REPOSITORY, startGithub } from '../start-github.ts';
import { median, ratios, sum } from '../statistics.ts';
import { startThrowAwayPostgres, withOpenDatabase } from '../throw-away-postgres.ts';

/** In an order in which rows that refer to others can be stored. */
const TABLES = Object.keys(CAPTURE_TABLES);
const ROUNDS = 5;

/**
 * How fast the database destination stores a capture's batches, against the fastest that Postgres has: its own server
 * copying the same rows from files of its own machine, table by table, into the same tables with the same indexes.
 */
export const storeRate: Figure = {
  name: 'store-rate',
  about: 'rows stored per second against COPY of the same rows',
  async measure({ sizes, captures, folder, say }) {
    const history = captures.history(sizes.stored);
    const batches = await collectBatches(history);
    const files = await folder('copy');
    // The server runs as another user.
    await chmod(files, 0o777);
    const fileOf = (table: string) => join(files, `${table}.copy`);
    const postgres = await startThrowAwayPostgres();
    const seconds = { stored: [] as number[], copied: [] as number[] };
    let rows = 0;
    let bytes = 0;
    try {
      for (let round = 0; round < ROUNDS; round++) {
        say(`storing and copying, round ${round + 1} of ${ROUNDS}`);
        const stored = await postgres.create();
        await withOpenDatabase(stored, async ({ db }) => {
          seconds.stored.push(await measureSeconds(db, () => store(db, history, batches)));
          if (round === 0) {
            rows = await dump(db, fileOf);
            bytes = await countBytes(db);
          }
        });
        await postgres.drop(stored);
        const copied = await postgres.create();
        await withOpenDatabase(copied, async ({ db }) => {
          seconds.copied.push(await measureSeconds(db, () => copy(db, fileOf)));
          const found = await countRows(db);
          if (found !== rows) throw new Error(`COPY brought ${found} rows of ${rows}`);
        });
        await postgres.drop(copied);
      }
    } finally {
      await postgres.stop();
    }
    const ratio = median(ratios(seconds.copied, seconds.stored));
    const rate = (of: readonly number[]) => readable(rows / median(of));
    return [
      {
        figure: `rows stored per second ÷ COPY's, ${readable(rows)} rows, median of ${ROUNDS} pairs`,
        measured: `${readable(ratio, 2)} (${rate(seconds.stored)} to ${rate(seconds.copied)})`,
        target: 'at least 0.5',
        isReached: ratio >= 0.5,
      },
      {
        figure: `bytes in the database per pull request, with indexes, ${readable(sizes.stored)} pull requests`,
        measured: readable(bytes / sizes.stored),
        target: `at most ${readable(BYTES_PER_PULL_REQUEST)} (what plans count with)`,
        isReached: bytes / sizes.stored <= BYTES_PER_PULL_REQUEST,
      },
    ];
  },
};

/** The batches that a capture hands to its destination. */
async function collectBatches(history: History): Promise<CaptureBatch[]> {
  const { github, token } = await startGithub(history, { limits: { enforce: false } });
  const batches: CaptureBatch[] = [];
  const destination: CaptureDestination = {
    open: async () => ({ checkpoint: null, sequence: 0 }),
    write: async (batch) => {
      batches.push(batch);
      return { next: 'continue' };
    },
    findGaps: async () => ({ numbers: [], gaps: [] }),
    close: async () => {},
  };
  try {
    const { apiUrl, graphqlUrl } = github;
    const { status } = await capture({
      target: {
        repository: { ...REPOSITORY, id: history.repository.id },
        ...{ type: 'history', items: [], since: null, until: null, include: ['pull-requests'] },
      },
      github: createGitHubClient({ apiUrl, graphqlUrl, token: async () => token, userAgent: 'bench' }),
      destination,
      log: () => {},
    });
    if (status !== 'complete') throw new Error(`the capture ended as ${status}`);
    return batches;
  } finally {
    await github.close();
  }
}

/** What was written before is on disk when it begins. */
async function measureSeconds(db: Database, work: () => Promise<void>): Promise<number> {
  await sql`checkpoint`.execute(db);
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}

async function store(db: Database, history: History, batches: readonly CaptureBatch[]): Promise<void> {
  const repositoryId = history.repository.id;
  const destination = createDatabaseDestination({ db, repositoryId, checkpointKey: 'bench' });
  await destination.open();
  for (const batch of batches) await destination.write(batch);
  await destination.close();
}

/** Tables with their indexes and what is stored apart from them. */
async function countBytes(db: Database): Promise<number> {
  const sizes: number[] = [];
  for (const table of TABLES) {
    const { rows } = await sql<{ bytes: number }>`
      select pg_total_relation_size(${table}::regclass) as bytes`.execute(db);
    sizes.push(Number(rows[0]?.bytes));
  }
  return sum(sizes);
}

/** Writes each table to a file; returns the number of rows. */
async function dump(db: Database, fileOf: (table: string) => string): Promise<number> {
  for (const table of TABLES) {
    await sql`copy ${sql.table(table)} to ${sql.lit(fileOf(table))}`.execute(db);
  }
  return countRows(db);
}

async function copy(db: Database, fileOf: (table: string) => string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    for (const table of TABLES) {
      await sql`copy ${sql.table(table)} from ${sql.lit(fileOf(table))}`.execute(trx);
    }
  });
}

async function countRows(db: Database): Promise<number> {
  const counts: number[] = [];
  for (const table of TABLES) {
    const { rows } = await sql<{ count: number }>`select count(*) from ${sql.table(table)}`.execute(db);
    counts.push(Number(rows[0]?.count));
  }
  return sum(counts);
}
