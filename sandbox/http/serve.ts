import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Grant } from '../access/grant.ts';
import type { Refusal, Resource } from '../access/limits.ts';
import { etagOf } from '../rest/represent-discussion.ts';
import { HttpError, type Route } from '../rest/router.ts';
import type { Sandbox } from '../sandbox.ts';
import type { RequestRecord } from '../stats.ts';
import type { Fault } from './faults.ts';
import { answerGraphql } from './graphql-endpoint.ts';
import { type Answer, INVALID_JSON, type RequestInfo, readRequest } from './request.ts';

const DOCS = 'https://docs.github.com/rest';
export const SECONDARY_MESSAGE =
  'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';

/** The answer to a request that a limit refuses, as REST and GraphQL give it. */
export function refusalAnswer(refusal: Refusal, kind: RequestInfo['kind'], bucket: string): Answer {
  if (refusal.limit === 'secondary') {
    return {
      status: 403,
      headers: { 'retry-after': String(refusal.retryAfterSeconds) },
      body: {
        documentation_url:
          'https://docs.github.com/free-pro-team@latest/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits',
        message: SECONDARY_MESSAGE,
      },
    };
  }
  const message = `API rate limit exceeded for ${bucket.replace(':', ' ID ')}.`;
  return kind === 'graphql'
    ? { status: 200, body: { errors: [{ type: 'RATE_LIMIT', code: 'graphql_rate_limit', message }] } }
    : { status: 403, body: { message, documentation_url: `${DOCS}/overview/rate-limits-for-the-rest-api` } };
}

const unauthorized = (message: string): Answer => ({
  status: message === 'Integration not found' ? 404 : 401,
  body: { message, documentation_url: DOCS, status: '401' },
});

/** What answers every request: authentication, limits, faults, routing, headers. */
export function createRequestListener(sandbox: Sandbox, routes: readonly Route[]): RequestListener {
  let count = 0;
  return (message, response) => {
    count++;
    const arrival = { number: count, arrivedAt: sandbox.clock.now() };
    handle(sandbox, routes, message, response, arrival).catch((error: unknown) => {
      // A defect of the sandbox itself: said loudly, never made to look like GitHub.
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ message: `sandbox: ${(error as Error).stack}` }));
    });
  };
}

async function handle(
  sandbox: Sandbox,
  routes: readonly Route[],
  message: IncomingMessage,
  response: ServerResponse,
  arrival: Pick<RequestInfo, 'number' | 'arrivedAt'>,
): Promise<void> {
  const request = await readRequest(message, arrival);
  const { kind, method, path } = request;
  const record: RequestRecord = {
    ...{ ...arrival, kind, method, path, answeredAt: null, status: null, bucket: null },
    ...{ serviceMs: 0, points: 0, isRefused: false, isFault: false },
  };
  sandbox.requests.push(record);
  const fault = sandbox.faults.next(request);
  const { answer, bucket } = await answerTo(sandbox, routes, request, fault);
  if (fault) sandbox.statistics.add(bucket, { faults: 1 });
  const answeredAt = sandbox.clock.now();
  Object.assign(record, { ...answer.spent, answeredAt, bucket, isFault: fault !== null });
  if (fault?.kind === 'reset' || fault?.kind === 'lost_answer') {
    message.socket.destroy();
    return;
  }
  record.status = answer.status;
  send(sandbox, request, response, answer, bucket, fault?.kind === 'truncate');
}

async function answerTo(
  sandbox: Sandbox,
  routes: readonly Route[],
  request: RequestInfo,
  fault: Fault | null,
): Promise<{ answer: Answer; bucket: string }> {
  const open = routes.find((candidate) => candidate.isOpen && matches(candidate, request));
  if (open) return { answer: await callRoute(sandbox, open, request, null), bucket: 'nobody' };
  const who = await sandbox.tokens.authenticate(request.headers.authorization);
  if ('refusal' in who) return { answer: unauthorized(who.refusal), bucket: 'nobody' };
  const { grant } = who;
  const { bucket } = grant;
  const faulty = fault && faultAnswer(sandbox, fault, request, bucket);
  if (faulty) return { answer: faulty, bucket };
  if (request.body === INVALID_JSON) {
    return { answer: { status: 400, body: { message: 'Problems parsing JSON' } }, bucket };
  }
  if (request.kind === 'graphql') {
    const budgetMs = fault?.kind === 'resource_limits' ? fault.budgetMs : null;
    return { answer: await answerGraphql(sandbox, request, grant, budgetMs), bucket };
  }
  return { answer: await answerRest(sandbox, routes, request, grant), bucket };
}

function faultAnswer(sandbox: Sandbox, fault: Fault, request: RequestInfo, bucket: string): Answer | null {
  switch (fault.kind) {
    case 'status':
      return { status: fault.status, body: fault.body ?? { message: 'Server Error' } };
    case 'timeout':
      return timeoutAnswer(502);
    case 'secondary': {
      const refusal = {
        limit: 'secondary',
        retryAfterSeconds: fault.retryAfterSeconds ?? 60,
        rule: 'fault',
      } as const;
      return { ...refusalAnswer(refusal, request.kind, bucket), status: fault.status ?? 403 };
    }
    case 'primary':
      sandbox.limiter.exhaust(bucket, request.kind === 'graphql' ? 'graphql' : 'core');
      return refusalAnswer({ limit: 'primary' }, request.kind, bucket);
    case 'errors':
      return { status: 200, body: { data: null, errors: fault.errors } };
    case 'unauthorized':
      return unauthorized('Bad credentials');
    default:
      return null;
  }
}

export const timeoutAnswer = (status: 502 | 504): Answer => ({
  status,
  body: {
    data: null,
    errors: [
      {
        message:
          'Something went wrong while executing your query. This may be the result of a timeout, or it could be a GitHub bug. Please include `0000:0000:0:0:0` when reporting this issue.',
      },
    ],
  },
});

const matches = (candidate: Route, { method, path }: RequestInfo) =>
  candidate.method === method && candidate.pattern.test(path);

async function answerRest(
  sandbox: Sandbox,
  routes: readonly Route[],
  request: RequestInfo,
  grant: Grant,
): Promise<Answer> {
  const found = routes.find((candidate) => matches(candidate, request));
  if (!found) {
    sandbox.unknownRequests.push(request);
    return { status: 404, body: { message: 'Not Found', documentation_url: DOCS, status: '404' } };
  }
  const { limiter, statistics, clock } = sandbox;
  const { bucket } = grant;
  const isFree = request.path === '/rate_limit' || bucket === 'app';
  const refusal = isFree ? null : limiter.enter(bucket, 'core', 1);
  if (refusal) {
    statistics.add(bucket, { refused: 1 });
    return { ...refusalAnswer(refusal, 'rest', bucket), spent: { isRefused: true } };
  }
  let serviceMs = 0;
  let isUnchanged = false;
  try {
    const answer = withEtag(request, await callRoute(sandbox, found, request, grant));
    isUnchanged = answer.status === 304;
    if (!limiter.options.enforce) return answer;
    const { service } = limiter.options;
    serviceMs = isUnchanged ? service.notModifiedMs : service.restMs;
    await clock.sleepUntil(request.arrivedAt + serviceMs);
    return { ...answer, spent: { serviceMs } };
  } finally {
    if (!isFree) {
      const isWrite = request.method !== 'GET';
      limiter.leave(bucket, 'core', { points: isUnchanged ? 0 : 1, ms: serviceMs, isWrite });
      statistics.add(bucket, { restRequests: 1, notModified: isUnchanged ? 1 : 0, serviceMs });
    }
  }
}

/** Every 200 of a GET carries an ETag; asked for with it again, GitHub answers 304 without a body. */
function withEtag(request: RequestInfo, answer: Answer): Answer {
  if (request.method !== 'GET' || answer.status !== 200) return answer;
  const json = JSON.stringify(answer.body);
  const etag = etagOf(json + request.query.toString());
  const headers = { ...answer.headers, etag };
  const isSame = request.headers['if-none-match'] === etag;
  return isSame ? { status: 304, headers } : { ...answer, json, headers };
}

async function callRoute(
  sandbox: Sandbox,
  found: Route,
  request: RequestInfo,
  grant: Grant | null,
): Promise<Answer> {
  const values = found.pattern.exec(request.path)?.slice(1).map(decodeURIComponent) ?? [];
  const params = Object.fromEntries(found.names.map((name, index) => [name, values[index] ?? '']));
  try {
    return await found.handler({ sandbox, request, grant: grant ?? NOBODY, params });
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    const { status, message, headers, extra } = error;
    const body = { message, ...extra, documentation_url: DOCS, status: String(status) };
    return { status, headers, body };
  }
}

/** For routes that anybody may call; they look at no grant. */
const NOBODY: Grant = {
  kind: 'app',
  installationId: null,
  repositoryIds: new Set(),
  permissions: {},
  expiresAt: null,
  bucket: 'nobody',
  actor: { kind: 'User', id: 0, login: 'nobody', name: null },
};

function send(
  sandbox: Sandbox,
  request: RequestInfo,
  response: ServerResponse,
  answer: Answer,
  bucket: string,
  isTruncated: boolean,
): void {
  const { limiter, clock } = sandbox;
  const resource: Resource = request.kind === 'graphql' ? 'graphql' : 'core';
  const rate = limiter.rate(bucket, resource);
  const isText = typeof answer.body === 'string';
  const body =
    answer.status === 304 || answer.body === undefined
      ? Buffer.alloc(0)
      : Buffer.from(isText ? (answer.body as string) : (answer.json ?? JSON.stringify(answer.body)));
  response.writeHead(answer.status, {
    date: new Date(clock.now()).toUTCString(),
    server: 'github.com',
    'content-type': isText ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8',
    'x-github-request-id': `0000:${request.number.toString(16)}`,
    'x-github-media-type': 'github.v3; format=json',
    ...(request.kind === 'oidc' || bucket === 'nobody'
      ? {}
      : {
          'x-ratelimit-limit': String(rate.limit),
          'x-ratelimit-remaining': String(rate.remaining),
          'x-ratelimit-used': String(rate.used),
          'x-ratelimit-reset': String(Math.ceil(rate.resetAt / 1000)),
          'x-ratelimit-resource': resource,
        }),
    ...answer.headers,
    ...(answer.status === 204 || answer.status === 304 ? {} : { 'content-length': String(body.length) }),
  });
  if (isTruncated) {
    response.write(body.subarray(0, body.length >> 1), () => response.socket?.destroy());
    return;
  }
  response.end(body);
}
