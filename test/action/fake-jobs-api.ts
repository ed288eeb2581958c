import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import {
  BatchHeader,
  BatchLine,
  type BudgetShare,
  type Checkpoint,
  ClaimRequest,
  FinishRequest,
  GapsRequest,
  HeartbeatRequest,
  type JobSpecification,
  NextRequest,
  SelfServiceRequest,
} from '../../src/jobs-api/protocol.ts';

export interface FakeCall {
  path: string;
  /** `Authorization` without its scheme. */
  token: string;
  body: unknown;
  headers: IncomingMessage['headers'];
}

export interface StoredBatch {
  header: BatchHeader;
  rows: { table: string; row: Record<string, unknown> }[];
  compressedBytes: number;
}

/** What the fake answers instead of doing its work: a status with a body, or a broken connection. */
export type Fault = { status: number; body?: unknown; headers?: Record<string, string> } | 'reset';

/**
 * The app's side of the Jobs API, as protocol.ts has it: checks every request against the schemas, keeps batches in
 * memory, and answers faults in the order in which they were put in.
 */
export interface FakeJobsApi {
  url: string;
  calls: FakeCall[];
  batches: StoredBatch[];
  finishes: FinishRequest[];
  faults: { path: RegExp; fault: Fault }[];
  jobs: Map<string, JobSpecification>;
  /** Ids that `POST /api/jobs/next` gives out. */
  queue: string[];
  /** Answer of `POST /api/jobs`. */
  offer: object;
  next: 'continue' | 'stop';
  heartbeat: 'continue' | 'stop';
  /** What heartbeats bring; null: nothing, as from an app that sends shares with batches only. */
  share: BudgetShare | null;
  gapNumbers: number[];
  checkpoint: Checkpoint | null;
  sequence: number;
  /** Installation tokens that were given out. */
  tokens: string[];
  issueToken: () => string;
  tokenSeconds: number;
  /** Audiences that OIDC tokens were asked for. */
  audiences: string[];
  /** Called with each batch before it is answered. */
  onBatch: ((batch: StoredBatch) => void | Promise<void>) | null;
  close(): Promise<void>;
}

export async function startFakeJobsApi(): Promise<FakeJobsApi> {
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const fake: FakeJobsApi = {
    url: `http://127.0.0.1:${port}`,
    calls: [],
    batches: [],
    finishes: [],
    faults: [],
    jobs: new Map(),
    queue: [],
    offer: { job: null, reason: 'not_enrolled', message: 'Not yet.' },
    next: 'continue',
    heartbeat: 'continue',
    share: null,
    gapNumbers: [],
    checkpoint: null,
    sequence: 0,
    tokens: [],
    issueToken: () => `ghs_installation${fake.tokens.length + 1}`,
    tokenSeconds: 3_600,
    audiences: [],
    onBatch: null,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };

  const newToken = (): object => {
    const token = fake.issueToken();
    fake.tokens.push(token);
    return {
      installationToken: token,
      installationTokenExpiresAt: new Date(Date.now() + fake.tokenSeconds * 1_000).toISOString(),
    };
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const raw = Buffer.concat(chunks);
    const path = request.url ?? '';
    if (path.startsWith('/oidc?')) {
      fake.audiences.push(new URL(path, fake.url).searchParams.get('audience') ?? '');
      return reply(200, { value: `oidc-${fake.audiences.length}` });
    }
    const isBatch = path.endsWith('/batches');
    const text = isBatch ? gunzipSync(raw).toString() : raw.toString();
    fake.calls.push({
      path,
      token: (request.headers.authorization ?? '').replace(/^Bearer /, ''),
      body: isBatch ? undefined : JSON.parse(text),
      headers: request.headers,
    });

    const index = fake.faults.findIndex((entry) => entry.path.test(path));
    if (index >= 0) {
      const [entry] = fake.faults.splice(index, 1);
      if (entry?.fault === 'reset') return void request.socket.destroy();
      if (entry) return reply(entry.fault.status, entry.fault.body ?? '', entry.fault.headers);
    }

    const [, , , jobId = '', call] = path.split('/');
    if (path === '/api/jobs') {
      SelfServiceRequest.parse(JSON.parse(text));
      return reply(200, fake.offer);
    }
    if (path === '/api/jobs/next') {
      NextRequest.parse(JSON.parse(text));
      const id = fake.queue.shift();
      return reply(
        200,
        id ? { job: { id } } : { job: null, reason: 'no_job_due', message: 'Nothing is due.' },
      );
    }
    const job = fake.jobs.get(jobId);
    if (!job) return refuse(404, 'unknown_job', `There is no job ${jobId}.`);
    if (call === 'claim') {
      ClaimRequest.parse(JSON.parse(text));
      return reply(200, {
        protocol: 1,
        job,
        run: 1,
        sessionToken: `session-${jobId}`,
        ...newToken(),
        checkpoint: fake.checkpoint,
        sequence: fake.sequence,
        budget: { points: 5_000, reserve: 500 },
      });
    }
    if (fake.calls.at(-1)?.token !== `session-${jobId}`)
      return refuse(401, 'bad_session', 'Claim the job again.');
    switch (call) {
      case 'token':
        return reply(200, newToken());
      case 'batches': {
        const [first = '', ...lines] = text.trimEnd().split('\n');
        const batch: StoredBatch = {
          header: BatchHeader.parse(JSON.parse(first)),
          rows: lines.map((line) => BatchLine.parse(JSON.parse(line))),
          compressedBytes: raw.length,
        };
        const isNew = batch.header.sequence === fake.sequence + 1;
        if (!isNew && batch.header.sequence > fake.sequence)
          return refuse(409, 'out_of_order', 'A batch is missing.');
        if (isNew) {
          fake.batches.push(batch);
          fake.sequence = batch.header.sequence;
          fake.checkpoint = batch.header.checkpoint;
        }
        await fake.onBatch?.(batch);
        return reply(200, {
          stored: isNew,
          sequence: fake.sequence,
          next: fake.next,
          budget: { points: 4_000, reserve: 500 },
        });
      }
      case 'heartbeat':
        HeartbeatRequest.parse(JSON.parse(text));
        return reply(200, { next: fake.heartbeat, ...(fake.share && { budget: fake.share }) });
      case 'gaps': {
        GapsRequest.parse(JSON.parse(text));
        const numbers = fake.gapNumbers;
        fake.gapNumbers = [];
        return reply(200, {
          numbers,
          gaps: numbers.map((number) => ({ number, connection: 'reviews', expected: 2, stored: 1 })),
        });
      }
      case 'finish':
        fake.finishes.push(FinishRequest.parse(JSON.parse(text)));
        fake.checkpoint = null;
        fake.sequence = 0;
        return reply(200, { status: 'completed' });
      default:
        return refuse(404, 'unknown_call', `There is no ${call}.`);
    }

    function refuse(status: number, code: string, message: string): void {
      reply(status, { error: { code, message } });
    }
    function reply(status: number, body: unknown, headers: Record<string, string> = {}): void {
      const isText = typeof body === 'string';
      response
        .writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json', ...headers })
        .end(isText ? body : JSON.stringify(body));
    }
  }

  return fake;
}
