import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import type { WorkflowRun } from '../../../app/jobs-api/context.ts';
import { createJobsApi } from '../../../app/jobs-api/router.ts';
import { type Config, loadConfig } from '../../../src/config/config.ts';
import type { CaptureRow } from '../../../src/destination/destination.ts';
import { planWork } from '../../../src/jobs/plan-work.ts';
import { markSent, reserveRun } from '../../../src/jobs/runs.ts';
import { type ClaimResponse, PROTOCOL_VERSION } from '../../../src/jobs-api/protocol.ts';
import { ensureRollout, readRollout } from '../../../src/rollout/rollout-store.ts';
import type { Database } from '../../../src/store/database.ts';
import type { JobType, WorkItem } from '../../../src/work-item/work-item.ts';
import { startIssuer, type TestIssuer } from './issuer.ts';

export const ORIGIN = 'https://capture.example.com';
export const JOBS_REPOSITORY = 900;
export const INSTALLATION = 50;
/** Two captured repositories of one installation. */
export const SHOP = { id: 1, fullName: 'acme/shop', installationId: INSTALLATION, isPrivate: true };
export const DOCS = { id: 2, fullName: 'acme/docs', installationId: INSTALLATION, isPrivate: false };

export interface Answer {
  status: number;
  /** Parsed JSON; its shape is what the tests are about. */
  // biome-ignore lint/suspicious/noExplicitAny: an answer from outside, judged by the assertions
  body: any;
  headers: Headers;
}

export interface TestApi {
  db: Database;
  config: Config;
  issuer: TestIssuer;
  url: string;
  /** An OIDC token of run 77001 of the pinned workflow, each with a jti of its own; `overrides` replace claims. */
  idToken(overrides?: Record<string, unknown>): Promise<string>;
  post(path: string, token: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  postBatch(jobId: string, token: string, batch: TestBatch): Promise<Answer>;
  claim(jobId: string, overrides?: Record<string, unknown>): Promise<Answer>;
  /** A job that was sent to GitHub Actions as this run; null is a run whose id is not known. */
  sentJob(workflowRunId: number | null, options?: SeedOptions): Promise<string>;
  /** Sends a job and claims it. */
  claimedJob(workflowRunId?: number, options?: SeedOptions): Promise<{ jobId: string } & ClaimResponse>;
  /** What GitHub says of runs. */
  workflowRuns: Map<number, WorkflowRun>;
  /** Makes every question to GitHub fail with this error; null lets them through again. */
  failGitHub(error: Error | null): void;
  /** The tokens that GitHub was asked for. */
  tokenRequests: { installationId: number; repositoryId: number; permissions: object }[];
  /** What the dispatch loop was told. */
  changes: (Date | undefined)[];
  logged: Record<string, unknown>[];
  setNow(now: Date): void;
  close(): Promise<void>;
}

export interface SeedOptions {
  repository?: WorkItem['repository'];
  type?: JobType;
  include?: WorkItem['include'];
}

export interface TestBatch {
  sequence: number;
  rows?: CaptureRow[];
  checkpoint?: Record<string, unknown>;
  pointsLeft?: number | null;
}

export const BATCH_HEADERS = { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' };
export const IDENTITY = { protocol: PROTOCOL_VERSION, actionVersion: '1.0.0' };
export const progress = (rows: number, pointsLeft: number | null = null) => ({
  done: 1,
  total: 10,
  points: 5,
  requests: 2,
  rows,
  pointsLeft,
  restLeft: null,
});
export const report = (overrides: Record<string, unknown> = {}) => ({
  outcome: 'success',
  continueAt: null,
  complete: true,
  pullRequests: 3,
  rows: 12,
  points: 40,
  requests: 7,
  seconds: 2.5,
  gaps: 0,
  error: null,
  ...overrides,
});

/** The Jobs API behind real HTTP, on a migrated database that it empties, with an OIDC issuer of its own. */
export async function startApi(db: Database, environment: Record<string, string> = {}): Promise<TestApi> {
  const issuer = await startIssuer();
  const loaded = loadConfig({
    PUBLIC_URL: ORIGIN,
    OIDC_ISSUER: issuer.url,
    CAPTURE_WORKFLOW: 'acme/jobs/.github/workflows/bulk-capture.yml@main',
    SESSION_SECRET: 'a-session-secret-of-the-tests-long-enough',
    BULK_PER_INSTALLATION: '5',
    ...environment,
  });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  const { config } = loaded;
  await emptyDatabase(db);
  await seedInstallation(db, config);

  const workflowRuns: TestApi['workflowRuns'] = new Map();
  const tokenRequests: TestApi['tokenRequests'] = [];
  const changes: TestApi['changes'] = [];
  const logged: TestApi['logged'] = [];
  const log = (fields: object, message?: string) => void logged.push({ ...fields, message });
  let fixedNow: Date | null = null;
  let failure: Error | null = null;
  const answer = async <T>(value: () => T): Promise<T> => {
    if (failure) throw failure;
    return value();
  };
  const now = () => fixedNow ?? new Date();
  const handle = createJobsApi({
    db,
    config,
    tokenFor: (installationId, repositoryId, permissions) =>
      answer(() => {
        tokenRequests.push({ installationId, repositoryId, permissions });
        return { token: `ghs_${tokenRequests.length}`, expiresAt: new Date('2100-01-01T00:00:00Z') };
      }),
    workflowRun: (runId) => answer(() => workflowRuns.get(runId) ?? null),
    jobsRepositoryId: async () => JOBS_REPOSITORY,
    log: { info: log, warn: log, error: log },
    onChange: (at) => void changes.push(at),
    now,
  });
  const server = createServer(async (req, res) => {
    if (!(await handle(req, res))) res.writeHead(404).end('"elsewhere"');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  let tokens = 0;
  const idToken: TestApi['idToken'] = (overrides = {}) => {
    const seconds = Math.floor(Date.now() / 1_000);
    return issuer.sign({
      iss: issuer.url,
      aud: ORIGIN,
      sub: 'repo:acme@1/jobs@900:ref:refs/heads/main',
      iat: seconds,
      nbf: seconds - 600,
      exp: seconds + 300,
      jti: `jti-${++tokens}`,
      repository: 'acme/jobs',
      repository_id: `${JOBS_REPOSITORY}`,
      workflow_ref: 'acme/jobs/.github/workflows/bulk-capture.yml@refs/heads/main',
      ref: 'refs/heads/main',
      event_name: 'workflow_dispatch',
      run_id: '77001',
      run_attempt: '1',
      actor: 'hybrid-capture[bot]',
      actor_id: '55',
      ...overrides,
    });
  };
  const post: TestApi['post'] = async (path, token, body = {}, headers = {}) => {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      body: body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body),
    });
    return { status: response.status, body: await response.json(), headers: response.headers };
  };
  const claim: TestApi['claim'] = async (jobId, overrides) =>
    post(`/api/jobs/${jobId}/claim`, await idToken(overrides), IDENTITY);
  const sentJob: TestApi['sentJob'] = (workflowRunId, options) =>
    sendJob(db, config, now(), workflowRunId, options);

  return {
    db,
    config,
    issuer,
    url,
    idToken,
    post,
    postBatch: (jobId, token, batch) =>
      post(`/api/jobs/${jobId}/batches`, token, encodeBatch(batch), BATCH_HEADERS),
    claim,
    sentJob,
    async claimedJob(workflowRunId = 77001, options) {
      const jobId = await sentJob(workflowRunId, options);
      const answer = await claim(jobId, { run_id: `${workflowRunId}` });
      if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
      return { jobId, ...answer.body };
    },
    workflowRuns,
    failGitHub(error) {
      failure = error;
    },
    tokenRequests,
    changes,
    logged,
    setNow(value) {
      fixedNow = value;
    },
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await issuer.close();
    },
  };
}

/** gzip NDJSON as the Action sends it. */
export function encodeBatch({
  sequence,
  rows = [],
  checkpoint = { at: sequence },
  pointsLeft = null,
}: TestBatch) {
  const header = { sequence, checkpoint, progress: progress(rows.length, pointsLeft) };
  return gzipSync(`${[header, ...rows].map((line) => JSON.stringify(line)).join('\n')}\n`);
}

/** The test before may have left anything; what hangs on a repository goes with it. `rollout_history` only ever grows. */
async function emptyDatabase(db: Database): Promise<void> {
  for (const table of [
    'repositories',
    'installations',
    'contributors',
    'capture_checkpoints',
    'oidc_tokens',
    'leases',
    'installation_budgets',
  ] as const) {
    await db.deleteFrom(table).execute();
  }
}

async function seedInstallation(db: Database, config: Config): Promise<void> {
  await ensureRollout(db, config.rollout);
  await db
    .insertInto('installations')
    .values({ id: INSTALLATION, account_id: 5, account_login: 'acme', account_type: 'Organization' })
    .execute();
  await db
    .insertInto('repositories')
    .values(
      [SHOP, DOCS].map(({ id, fullName, isPrivate }) => ({
        id,
        full_name: fullName,
        installation_id: INSTALLATION,
        is_private: isPrivate,
        default_branch: 'trunk',
      })),
    )
    .execute();
  await sql`UPDATE rollout_configuration SET target_repositories = '{1,2}', excluded_repositories = '{}',
    emergency_stop = false`.execute(db);
}

async function sendJob(
  db: Database,
  config: Config,
  now: Date,
  workflowRunId: number | null,
  { repository = SHOP, type = 'history', include = ['pull-requests'] }: SeedOptions = {},
): Promise<string> {
  const rollout = await readRollout(db, { environmentStop: false });
  const item: WorkItem = {
    repository,
    type,
    items: [],
    range: {},
    include,
    reason: 'scheduled',
    isCritical: false,
  };
  const [planned] = await db
    .transaction()
    .execute((trx) => planWork(trx, [item], { now, config, rollout, bulkFor: () => ({ available: true }) }));
  if (planned?.outcome !== 'created') throw new Error(`no new job: ${planned?.message}`);
  const { id: jobId } = planned.job;
  const reserved = await reserveRun(db, jobId, 'test', { now, bulkPerInstallation: 5 });
  if (!reserved) throw new Error('not reserved');
  await markSent(db, {
    jobId,
    run: reserved.run,
    worker: 'workflow',
    ...(workflowRunId === null ? {} : { workflowRunId }),
    leaseMs: 600_000,
    now,
  });
  return jobId;
}
