import { setTimeout as wait } from 'node:timers/promises';
import type { z } from 'zod';
import {
  BatchResponse,
  ClaimResponse,
  type FinishRequest,
  FinishResponse,
  type GapsRequest,
  GapsResponse,
  type HeartbeatRequest,
  HeartbeatResponse,
  JobOffer,
  PROTOCOL_VERSION,
  Refusal,
  type SelfServiceRequest,
  TokenResponse,
} from '../jobs-api/protocol.ts';

/** The app refused, and will refuse again: `code` is stable, the message says what to do. */
export class JobsApiRefusal extends Error {
  override name = 'JobsApiRefusal';
  readonly code: string;
  /** HTTP status. */
  readonly status: number;

  constructor(code: string, status: number, message: string) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** The app could not be reached, or answered nothing that it could have meant, however often it was tried. */
export class JobsApiUnreachable extends Error {
  override name = 'JobsApiUnreachable';
}

/**
 * Waits before each further try, in ms. A claim gives up after half a minute, so that a wrong address is told soon; a
 * run that has work in hand sits out a restart of the app, up to 5 minutes.
 */
const WAITS_MS = {
  claim: [1_000, 2_000, 4_000, 8_000, 15_000],
  session: [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000],
  none: [],
} as const;

/** Longest time for one call, in ms; a full batch on a slow line takes the longest. */
const CALL_TIMEOUT_MS = 120_000;
/** What is left of a cancelled run's last seconds: GitHub kills it 10 s after the first signal. */
const URGENT_TIMEOUT_MS = 5_000;

export interface JobsApiClientOptions {
  /** Where the app is; a path in it is kept. */
  appUrl: URL;
  /** A new OIDC token for this audience. */
  getIdToken: (audience: string) => Promise<string>;
  actionVersion: string;
  /** Once it is aborted, a call is tried once and no more: what is on its way may still arrive. */
  signal?: AbortSignal;
  /** Told before each further try. */
  onRetry?: (message: string) => void;
  fetch?: typeof globalThis.fetch;
  /** Waits this many ms, or less when the signal is aborted. */
  sleep?: (ms: number, signal?: AbortSignal) => Promise<unknown>;
}

/** The calls of a run that has claimed a job. */
export interface JobsApiSession {
  renewToken(): Promise<z.infer<typeof TokenResponse>>;
  /** @param gzip a header line and row lines, see protocol.ts */
  sendBatch(gzip: Uint8Array<ArrayBuffer>): Promise<z.infer<typeof BatchResponse>>;
  heartbeat(request: z.infer<typeof HeartbeatRequest>): Promise<z.infer<typeof HeartbeatResponse>>;
  findGaps(request: z.infer<typeof GapsRequest>): Promise<GapsResponse>;
  /** @param urgent one try of 5 s, for a run that is being cancelled */
  finish(request: FinishRequest, urgent?: boolean): Promise<z.infer<typeof FinishResponse>>;
}

export interface JobsApiClient {
  /** Binds this run to the job. */
  claim(jobId: string): Promise<ClaimResponse>;
  /** Asks for a job for the repository that this run belongs to. */
  requestJob(
    request: Omit<z.infer<typeof SelfServiceRequest>, 'protocol' | 'actionVersion'>,
  ): Promise<JobOffer>;
  /** The next due job of the same installation, once this run has finished its own. */
  requestNextJob(finishedJobId: string): Promise<JobOffer>;
  session(jobId: string, sessionToken: string): JobsApiSession;
}

interface Call {
  path: string;
  token: string;
  body: string | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
  waitsMs: readonly number[];
  timeoutMs: number;
}

/**
 * A client of the app's Jobs API. Failed connections, 5xx, 408 and 429 are tried again with growing waits; every call is
 * safe to repeat.
 *
 * @throws {JobsApiRefusal} when the app says no
 * @throws {JobsApiUnreachable} when no try was answered
 */
export function createJobsApiClient(options: JobsApiClientOptions): JobsApiClient {
  const { appUrl, getIdToken, actionVersion, signal, onRetry } = options;
  const send = options.fetch ?? globalThis.fetch;
  const sleep = options.sleep ?? waitFor;
  const base = `${appUrl.origin}${appUrl.pathname.replace(/\/+$/, '')}/api/jobs`;
  const identity = { protocol: PROTOCOL_VERSION, actionVersion };

  async function call<T extends z.ZodType>(answer: T, request: Call): Promise<z.infer<T>> {
    const url = `${base}${request.path}`;
    for (let attempt = 0; ; attempt += 1) {
      const outcome = await tryOnce(send, url, request);
      if (outcome.kind === 'answer') return parseAnswer(answer, url, outcome.body);
      const waitMs = request.waitsMs[attempt];
      if (waitMs === undefined || signal?.aborted === true) {
        const tries = attempt === 0 ? '' : ` (tried ${attempt + 1} times)`;
        throw new JobsApiUnreachable(`${outcome.problem}${tries}. Is app-url right, and is the app up?`);
      }
      const delayMs = Math.max(waitMs, outcome.retryAfterMs);
      onRetry?.(`${outcome.problem}; trying again in ${Math.ceil(delayMs / 1000)} s`);
      await sleep(delayMs, signal);
    }
  }

  async function callWithIdToken<T extends z.ZodType>(answer: T, path: string, body: object) {
    // One token for all tries: to the app the same token from the same run is the same question.
    const token = await getIdToken(appUrl.origin);
    const json = JSON.stringify({ ...identity, ...body });
    return call(answer, { path, token, body: json, waitsMs: WAITS_MS.claim, timeoutMs: 30_000 });
  }

  return {
    claim: (jobId) => callWithIdToken(ClaimResponse, `/${encodeURIComponent(jobId)}/claim`, {}),
    requestJob: (request) => callWithIdToken(JobOffer, '', request),
    requestNextJob: (finishedJobId) => callWithIdToken(JobOffer, '/next', { finishedJobId }),
    session(jobId, token) {
      const ask = <T extends z.ZodType>(answer: T, name: string, body: object, more: Partial<Call> = {}) =>
        call(answer, {
          path: `/${encodeURIComponent(jobId)}/${name}`,
          token,
          body: JSON.stringify(body),
          waitsMs: WAITS_MS.session,
          timeoutMs: CALL_TIMEOUT_MS,
          ...more,
        });
      return {
        renewToken: () => ask(TokenResponse, 'token', {}),
        sendBatch: (gzip) =>
          ask(
            BatchResponse,
            'batches',
            {},
            {
              body: gzip,
              headers: { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' },
            },
          ),
        // The next heartbeat is a minute away: no need to insist.
        heartbeat: (request) =>
          ask(HeartbeatResponse, 'heartbeat', request, { waitsMs: WAITS_MS.none, timeoutMs: 30_000 }),
        findGaps: (request) => ask(GapsResponse, 'gaps', request),
        finish: (request, urgent = false) =>
          ask(
            FinishResponse,
            'finish',
            request,
            urgent ? { waitsMs: WAITS_MS.none, timeoutMs: URGENT_TIMEOUT_MS } : {},
          ),
      };
    },
  };
}

type Outcome = { kind: 'answer'; body: unknown } | { kind: 'again'; problem: string; retryAfterMs: number };

async function tryOnce(send: typeof globalThis.fetch, url: string, request: Call): Promise<Outcome> {
  let response: Response;
  let text: string;
  try {
    response = await send(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${request.token}`,
        'content-type': 'application/json',
        accept: 'application/json',
        ...request.headers,
      },
      body: request.body,
      // A redirect would carry the token to another address.
      redirect: 'manual',
      signal: AbortSignal.timeout(request.timeoutMs),
    });
    text = await response.text();
  } catch (error) {
    return { kind: 'again', problem: `POST ${url} failed: ${describeCause(error)}`, retryAfterMs: 0 };
  }
  if (response.status >= 500 || response.status === 408 || response.status === 429) {
    return {
      kind: 'again',
      problem: `POST ${url} answered ${response.status}`,
      retryAfterMs: Math.min(300, Number(response.headers.get('retry-after')) || 0) * 1000,
    };
  }
  if (response.status >= 300 && response.status < 400) {
    throw new JobsApiUnreachable(
      `POST ${url} is redirected to ${response.headers.get('location') ?? 'nowhere'}: set app-url to the address that the app answers at.`,
    );
  }
  const body = parseJson(text);
  if (response.ok) return { kind: 'answer', body };
  const refusal = Refusal.safeParse(body);
  if (refusal.success)
    throw new JobsApiRefusal(refusal.data.error.code, response.status, refusal.data.error.message);
  throw new JobsApiUnreachable(
    `POST ${url} answered ${response.status}, but not as the Jobs API does: is app-url the address of Hybrid Capture?`,
  );
}

function parseAnswer<T extends z.ZodType>(answer: T, url: string, body: unknown): z.infer<T> {
  const parsed = answer.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new JobsApiUnreachable(
    `POST ${url} answered something else than the Jobs API does (${issue?.path.join('.') || 'body'}: ${issue?.message}): is app-url the address of Hybrid Capture, and of this version?`,
  );
}

async function waitFor(ms: number, signal?: AbortSignal): Promise<void> {
  await wait(ms, undefined, { ...(signal && { signal }) }).catch(() => {});
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** fetch says "fetch failed" and hides the reason (ECONNREFUSED and its kin) in `cause`. */
function describeCause(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : error;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return cause.message || code || error.message;
}
