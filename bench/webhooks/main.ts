import { generateKeyPairSync } from 'node:crypto';
import process from 'node:process';
import { Command, InvalidArgumentError } from 'commander';
import { sql } from 'kysely';
import { readStoredMetrics } from '../../app/metrics/read-stored-metrics.ts';
import { openPostgres } from '../../src/store/open-postgres.ts';
import type { Measurement } from '../figure.ts';
import { readable, renderTable } from '../render-table.ts';
import { median } from '../statistics.ts';
import { startThrowAwayPostgres } from '../throw-away-postgres.ts';
import { ACCOUNT_ID, createDeliveries, firstRepositoryId, WEBHOOK_SECRET } from './make-delivery.ts';
import { type Load, percentile, sendLoad } from './send-load.ts';
import { type MeasuredServer, startProcess } from './start-process.ts';

/** Webhooks under way at a time. GitHub waits for none before it sends the next, so a burst comes all at once. */
const CONNECTIONS = 128;
const ROUNDS = 3;
/** The heap may breathe; what grows with every webhook is far above it. */
const MAX_GROWTH = 0.1;
const MIB = 1024 ** 2;

interface Options {
  seconds: number;
  soakMinutes: number;
  repositories: number;
}

/**
 * `npm run bench:webhooks`: signed webhooks through the real endpoint into Postgres, in turns with a Probot app whose handler
 * is empty. Servers, database and sender share the machine's cores, so the ratio is the figure and not the rates.
 */
async function main(): Promise<void> {
  const options = readOptions();
  const { repositories } = options;
  const startedAt = Date.now();
  const say = (text: string) =>
    process.stderr.write(`${Math.round((Date.now() - startedAt) / 1_000)} s  ${text}\n`);
  const postgres = await startThrowAwayPostgres();
  const servers: MeasuredServer[] = [];
  try {
    const databaseUrl = await postgres.create();
    await addRepositories(databaseUrl, repositories);
    const env = environment(databaseUrl);
    const app = await startProcess('run-app.ts', env);
    servers.push(app);
    const probot = await startProcess('run-probot.ts', env);
    servers.push(probot);
    const next = createDeliveries(repositories);
    const full = (server: MeasuredServer, seconds: number) =>
      sendLoad({ url: server.url, next, seconds, connections: CONNECTIONS, rate: null });
    say('warming up');
    for (const server of [probot, app]) await full(server, Math.min(5, options.seconds));
    const rates = { app: [] as number[], probot: [] as number[] };
    for (let round = 1; round <= ROUNDS; round++) {
      say(`round ${round} of ${ROUNDS}`);
      rates.probot.push(rateOf(await full(probot, options.seconds)));
      rates.app.push(rateOf(await full(app, options.seconds)));
    }
    const rate = median(rates.app);
    const half = rate / 2;
    say(`${options.soakMinutes} min at ${readable(half)} a second`);
    const soak = await measureSoak(app, next, half, options.soakMinutes, say);
    const stored = await countStored(databaseUrl);
    process.stdout.write(
      renderTable(judge(rates, half, soak, options, stored), [
        `Made by \`npm run bench:webhooks -- --seconds ${options.seconds} --soak-minutes ${options.soakMinutes} --repositories ${repositories}\` in ${Math.round((Date.now() - startedAt) / 1_000)} s: ${CONNECTIONS} connections; app, Probot, PostgreSQL and sender on one machine.`,
      ]),
    );
  } finally {
    for (const server of servers) await server.stop();
    await postgres.stop();
  }
}

interface Soak {
  load: Load;
  before: number;
  after: number;
  rss: number;
}

async function measureSoak(
  app: MeasuredServer,
  next: ReturnType<typeof createDeliveries>,
  rate: number,
  minutes: number,
  say: (text: string) => void,
): Promise<Soak> {
  const slices = Math.max(2, Math.round(minutes * 2));
  const seconds = (minutes * 60) / slices;
  const latencies: number[] = [];
  const statuses: Record<string, number> = {};
  const heaps: number[] = [];
  let rss = 0;
  for (let slice = 0; slice < slices; slice++) {
    const load = await sendLoad({ url: app.url, next, seconds, connections: CONNECTIONS, rate });
    latencies.push(...load.latencies);
    for (const [status, count] of Object.entries(load.statuses)) {
      statuses[status] = (statuses[status] ?? 0) + count;
    }
    const memory = await app.memory();
    heaps.push(memory.heap);
    rss = Math.max(rss, memory.rss);
    say(`heap ${readable(memory.heap / MIB, 1)} MiB, resident ${readable(memory.rss / MIB)} MiB`);
  }
  const third = Math.max(1, Math.floor(slices / 3));
  return {
    load: { latencies: latencies.sort((a, b) => a - b), statuses, seconds: minutes * 60 },
    before: median(heaps.slice(0, third)),
    after: median(heaps.slice(-third)),
    rss,
  };
}

function judge(
  rates: { app: number[]; probot: number[] },
  half: number,
  { load, before, after, rss }: Soak,
  { soakMinutes, repositories }: Options,
  stored: { deliveries: number; jobs: number; metricsMs: number },
): Measurement[] {
  const ratios = rates.app.map((rate, round) => rate / (rates.probot[round] ?? Number.NaN));
  const ratio = median(ratios);
  const p99 = percentile(load.latencies, 0.99);
  const growth = after / before - 1;
  const refused = Object.entries(load.statuses).filter(([status]) => status !== '200');
  return [
    {
      figure: `webhooks a second into Postgres ÷ an empty Probot app, median of ${ROUNDS} pairs`,
      measured: `${readable(ratio, 2)} (${readable(median(rates.app))} to ${readable(median(rates.probot))})`,
      target: 'at least 0.5',
      isReached: ratio >= 0.5,
    },
    {
      figure: `p99 of the answer at half of that load (${readable(half)} a second, ${soakMinutes} min)`,
      measured: `${readable(p99, 1)} ms (p50 ${readable(percentile(load.latencies, 0.5), 1)} ms)`,
      target: 'below 250 ms',
      isReached: p99 < 250,
    },
    {
      figure: `growth of the heap over these ${soakMinutes} min, first third to last third`,
      measured: `${readable(growth * 100, 1)} % (${readable(before / MIB, 1)} to ${readable(after / MIB, 1)} MiB; resident at most ${readable(rss / MIB)} MiB)`,
      target: `at most ${readable(MAX_GROWTH * 100)} %`,
      isReached: growth <= MAX_GROWTH,
    },
    {
      figure: 'answers other than 200 at that load',
      measured: refused.map(([status, count]) => `${count} × ${status}`).join(', ') || '0',
      target: '0',
      isReached: refused.length === 0,
    },
    {
      figure: `jobs stored of ${readable(stored.deliveries)} deliveries, over ${readable(repositories)} repositories`,
      measured: readable(stored.jobs),
      target: 'every one',
      isReached: stored.jobs === stored.deliveries,
    },
    {
      figure: `what /metrics reads, with ${readable(stored.jobs)} jobs waiting`,
      measured: `${readable(stored.metricsMs)} ms`,
      target: 'below 1,000 ms',
      isReached: stored.metricsMs < 1_000,
    },
  ];
}

function rateOf({ statuses, seconds }: Load): number {
  const others = Object.keys(statuses).filter((status) => status !== '200');
  if (others.length > 0) throw new Error(`webhooks were answered ${JSON.stringify(statuses)}`);
  return (statuses['200'] ?? 0) / seconds;
}

function environment(databaseUrl: string): Record<string, string> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    APP_ID: '1',
    PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    WEBHOOK_SECRET,
    // Nobody is there: nothing is asked of GitHub while webhooks are received.
    GHE_HOST: '127.0.0.1:9',
    GHE_PROTOCOL: 'http',
    DATABASE_URL: databaseUrl,
    ALLOWED_ACCOUNTS: String(ACCOUNT_ID),
    HOST: '127.0.0.1',
    PORT: '0',
    // What is stored waits, so that receiving alone is measured.
    COALESCE_SECONDS: '600',
    RECONCILE_HOURS: '0',
  };
}

async function addRepositories(url: string, count: number): Promise<void> {
  const { db, close } = await openPostgres({ url, max: 1 });
  await sql`INSERT INTO repositories (id, full_name, installation_id, pull_requests_count)
    SELECT ${firstRepositoryId}::bigint + i, 'acme/repository-' || i, 4711, 400
    FROM generate_series(0, ${count}::integer - 1) AS i`
    .execute(db)
    .finally(close);
}

async function countStored(url: string): Promise<{ deliveries: number; jobs: number; metricsMs: number }> {
  const { db, close } = await openPostgres({ url, max: 1 });
  try {
    const { rows } = await sql<{ deliveries: number; jobs: number }>`
      SELECT (SELECT count(*) FROM deliveries)::integer AS deliveries,
        (SELECT count(*) FROM progressive_capture_jobs WHERE reason = 'webhook')::integer AS jobs`.execute(
      db,
    );
    const startedAt = performance.now();
    await readStoredMetrics(db);
    return { deliveries: 0, jobs: 0, ...rows[0], metricsMs: performance.now() - startedAt };
  } finally {
    await close();
  }
}

function readOptions(): Options {
  const whole = (min: number, max: number) => (text: string) => {
    const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`a whole number from ${min} to ${max}`);
  };
  return new Command('npm run bench:webhooks --')
    .description('Signed webhooks through the real endpoint into Postgres, against an empty Probot app.')
    .option('--seconds <n>', 'of each round at full load', whole(1, 600), 20)
    .option('--soak-minutes <n>', 'at half of the load', whole(1, 600), 10)
    .option('--repositories <n>', 'that the webhooks are of', whole(1, 100_000), 10_000)
    .parse()
    .opts<Options>();
}

await main();
