import { graphql } from '@octokit/graphql';
import { GitHubError, type GraphqlErrorEntry } from './errors.ts';
import { GRAPHQL_LIMITS, type LaneLimits, REST_LIMITS } from './governor.ts';
import {
  type Exchange,
  type Judgement,
  judgeGraphqlErrors,
  judgeStatus,
  SECONDARY_WAIT_MS,
} from './judge-answer.ts';
import { createLane, type Lane } from './lane.ts';
import { field, isErrorEntry, readGraphqlFailure } from './read-graphql-failure.ts';
import { refusal } from './refusal.ts';
import { type Fetch, type SendOptions, sendRecorded } from './send-recorded.ts';
import { sleepFor } from './sleep.ts';

/**
 * Speaks GitHub's two APIs, each in a lane of its own under a governor, classifies every failure, repeats what is safe and
 * useful to repeat, and waits as GitHub asks.
 */
export interface GitHubClient {
  /** @throws GitHubError */
  graphql<T>(
    query: string,
    variables: Record<string, unknown>,
    options?: AskOptions,
  ): Promise<GraphqlAnswer<T>>;
  /**
   * Reads from the REST API.
   * @param path from the API's root on, with its query, such as `/repos/octo/repo/pulls?per_page=100`
   * @throws GitHubError
   */
  rest<T>(path: string, options?: RestOptions): Promise<RestAnswer<T>>;
  usage(): Usage;
  /** What the lanes may use from now on: less than GitHub allows, where others share the installation's budget. */
  limit(limits: { graphqlMsPerMinute: number; restMsPerMinute: number }): void;
}

export interface AskOptions {
  signal?: AbortSignal;
  /** The longest single wait for GitHub's limits, milliseconds; a longer one throws `rate_limited`. Default 300,000. */
  maxWaitMs?: number;
  /**
   * The longest wait for a lane's turn, milliseconds; a longer one throws LaneBusyError, so that the caller can look whether its
   * share of the budget still holds. Default: as long as `maxWaitMs`.
   */
  maxLaneWaitMs?: number;
  /** The caller has a smaller query to try: tell at once when this one is too heavy. Default: try again some times. */
  canShrink?: boolean;
}

export interface RestOptions extends AskOptions {
  /** Of the last answer to the same path: when nothing has changed, the new one is `null` and free. */
  etag?: string | null;
}

export interface GraphqlAnswer<T> {
  data: T;
  /** Errors about single items, such as `NOT_FOUND` with the item's path. */
  errors: GraphqlErrorEntry[];
  receivedAt: Date;
  durationMs: number;
}

export interface RestAnswer<T> {
  /** Null: not changed since the answer that `etag` came with. */
  data: T | null;
  etag: string | null;
  /** Path and query of the next page, by the `Link` header; null at the end. */
  next: string | null;
  receivedAt: Date;
}

export interface Usage {
  /** GraphQL points, as GitHub told their cost. */
  points: number;
  /** Requests sent in both lanes, refused ones too; of those, the ones of the REST API. */
  requests: number;
  restRequests: number;
  /** Sums of response times of the two APIs, seconds. */
  seconds: number;
  restSeconds: number;
  /** Points and REST requests left of those in GitHub's windows, and when the next ones begin; null while not known. */
  pointsLeft: number | null;
  pointsLimit: number | null;
  resetAt: Date | null;
  restLeft: number | null;
  restLimit: number | null;
  restResetAt: Date | null;
  /** Requests that GitHub refused for a primary or secondary limit. */
  refused: number;
  /** Until when it does so, as it said last; null: it has refused none. */
  silentUntil: Date | null;
}

export type ClientLog = (level: 'info' | 'warn', message: string, fields: Record<string, unknown>) => void;

export interface ClientOptions {
  /** Such as `https://api.github.com`. */
  apiUrl: string;
  /** Such as `https://api.github.com/graphql`. */
  graphqlUrl: string;
  /** The token to send. Called before each request; `rejected` is the token that GitHub just refused. */
  token: (rejected?: string) => Promise<string>;
  userAgent: string;
  log?: ClientLog;
  fetch?: Fetch;
  /** Milliseconds since 1970, with fractions: what response times and waits are measured by. Default: this machine's clock. */
  now?: () => number;
  /** Resolves after `ms`, or at once when the signal is aborted. */
  sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** A request that isn't complete by then is given up. Default 30,000: GitHub itself ends a request after 10 s. */
  timeoutMs?: number;
}

const MAX_WAIT_MS = 300_000;
const TIMEOUT_MS = 30_000;
/**
 * Requests under way at once. Two of GraphQL keep GitHub at work while an answer travels and is read; more would only
 * wait, since 60 s of its time in 60 s amount to one.
 */
const GRAPHQL_AT_ONCE = 2;
const REST_AT_ONCE = 2;
/** Failures of one request that are tried again, by kind; waits for rate limits have their own bound. */
const TRANSIENT_RETRIES = 5;
const HEAVY_RETRIES = 4;
const RATE_LIMIT_WAITS = 20;
/** https://docs.github.com/rest/about-the-rest-api/api-versions */
const REST_HEADERS = { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' };

/** One try: what came, and what it means. */
interface Attempt<T> {
  exchange: Exchange;
  data: T;
  errors: GraphqlErrorEntry[];
  judgement: Judgement | null;
}

export function createGitHubClient(options: ClientOptions): GitHubClient {
  const { log = () => {}, sleep = sleepFor, timeoutMs = TIMEOUT_MS } = options;
  const now = options.now ?? (() => performance.timeOrigin + performance.now());
  const usage: Usage = {
    points: 0,
    requests: 0,
    restRequests: 0,
    seconds: 0,
    restSeconds: 0,
    pointsLeft: null,
    pointsLimit: null,
    resetAt: null,
    restLeft: null,
    restLimit: null,
    restResetAt: null,
    refused: 0,
    silentUntil: null,
  };
  const octokit = graphql.defaults({
    url: options.graphqlUrl,
    headers: { 'user-agent': options.userAgent },
  });
  const lanes = {
    graphql: createLane(GRAPHQL_LIMITS, { now, sleep, atOnce: GRAPHQL_AT_ONCE }),
    rest: createLane(REST_LIMITS, { now, sleep, atOnce: REST_AT_ONCE }),
  };

  function send(url: string, init: RequestInit, { signal }: AskOptions) {
    const sending: SendOptions = { timeoutMs, now };
    if (options.fetch) sending.fetch = options.fetch;
    if (signal) sending.signal = signal;
    return sendRecorded(url, init, sending);
  }

  async function askGraphql<T>(
    query: string,
    variables: Record<string, unknown>,
    token: string,
    asked: AskOptions,
  ): Promise<Attempt<T>> {
    let exchange: Exchange | undefined;
    let data: unknown;
    let errors: GraphqlErrorEntry[] = [];
    try {
      data = await octokit(query, {
        ...variables,
        headers: { authorization: `bearer ${token}` },
        request: {
          log: SILENT,
          fetch: async (url: string, init: RequestInit) => {
            const recorded = await send(url, init, asked);
            exchange = recorded.exchange;
            return recorded.response;
          },
        },
      });
    } catch (error) {
      // What matters of Octokit's errors is in the exchange; only GraphQL's own errors come from here.
      if (exchange === undefined) throw error;
      ({ data, errors } = readGraphqlFailure(error));
    }
    if (exchange === undefined) throw new Error('the request was not sent');
    countGraphql(usage, exchange, data);
    return { exchange, data: data as T, errors, judgement: judgeGraphql(exchange, data, errors) };
  }

  async function askRest<T>(path: string, token: string, asked: RestOptions): Promise<Attempt<T | null>> {
    const headers: Record<string, string> = {
      ...REST_HEADERS,
      authorization: `bearer ${token}`,
      'user-agent': options.userAgent,
    };
    if (asked.etag) headers['if-none-match'] = asked.etag;
    const { exchange } = await send(`${options.apiUrl}${path}`, { headers }, asked);
    countRest(usage, exchange);
    const { data, judgement } = readRest<T>(exchange);
    return { exchange, data, errors: [], judgement };
  }

  /** Tries until an answer can be read, or nothing is left to try. */
  async function persist<T>(
    lane: Lane,
    url: string,
    asked: AskOptions,
    attempt: (token: string) => Promise<Attempt<T>>,
  ): Promise<Attempt<T>> {
    const maxWaitMs = asked.maxWaitMs ?? MAX_WAIT_MS;
    const tries = { transient: 0, heavy: 0, waits: 0, unauthorized: 0 };
    let token = await options.token();
    for (;;) {
      const tried = await lane.run(
        async () => {
          const result = await attempt(token);
          return { result, durationMs: result.exchange.durationMs };
        },
        {
          maxWaitMs,
          ...(asked.signal && { signal: asked.signal }),
          ...(asked.maxLaneWaitMs !== undefined && { maxLaneWaitMs: asked.maxLaneWaitMs }),
        },
      );
      asked.signal?.throwIfAborted();
      const { exchange, judgement } = tried;
      if (judgement === null) return tried;
      log('warn', 'GitHub did not answer as asked', { kind: judgement.kind, reason: judgement.message });
      switch (judgement.kind) {
        case 'rate_limited': {
          usage.refused += 1;
          const at = retryTime(judgement, exchange, tries.waits);
          const waitMs = at.getTime() - exchange.receivedAt.getTime();
          tries.waits += 1;
          // By this machine's clock, which is what whoever waits goes by.
          usage.silentUntil = new Date(Math.ceil(now() + waitMs));
          // A secondary limit is about the account's whole traffic, a primary one about one API.
          const silenced = judgement.isSecondary ? Object.values(lanes) : [lane];
          for (const one of silenced) one.silence(now() + waitMs);
          if (waitMs > maxWaitMs || tries.waits > RATE_LIMIT_WAITS) {
            const retryAt = usage.silentUntil;
            const message = `GitHub's ${judgement.isSecondary ? 'secondary' : 'primary'} rate limit is reached until ${retryAt.toISOString()}; try again then (${judgement.message})`;
            throw new GitHubError('rate_limited', message, { retryAt });
          }
          log('info', 'waiting for GitHub’s rate limit', { seconds: Math.ceil(waitMs / 1000) });
          break;
        }
        case 'too_heavy': {
          // A 502 that came at once may be a passing fault: the same query gets a second chance.
          const allowed = asked.canShrink === true ? (judgement.isCertain ? 0 : 1) : HEAVY_RETRIES;
          if (tries.heavy >= allowed) {
            throw new GitHubError('too_heavy', `GitHub could not carry out a query (${judgement.message})`);
          }
          await sleep(backOffMs(tries.heavy), asked.signal);
          tries.heavy += 1;
          break;
        }
        case 'transient': {
          if (tries.transient >= TRANSIENT_RETRIES) {
            const code = judgement.isNetwork ? 'unreachable' : 'unexpected_answer';
            const cure = judgement.isNetwork ? 'check the address and the network' : 'try again later';
            const problem = `${url} failed ${tries.transient + 1} times in a row: ${judgement.message}`;
            throw new GitHubError(code, `${problem}; ${cure}`);
          }
          const asksMs = (judgement.retryAt?.getTime() ?? 0) - exchange.receivedAt.getTime();
          await sleep(Math.min(maxWaitMs, Math.max(asksMs, backOffMs(tries.transient))), asked.signal);
          tries.transient += 1;
          break;
        }
        case 'unauthorized':
          // An installation token lives an hour: one that was good may be refused in the middle of a capture.
          if (tries.unauthorized > 0) throw refusal(judgement, url, exchange);
          tries.unauthorized += 1;
          token = await options.token(token);
          continue;
        default:
          throw refusal(judgement, url, exchange);
      }
      asked.signal?.throwIfAborted();
      token = await options.token();
    }
  }

  return {
    async graphql<T>(query: string, variables: Record<string, unknown>, asked: AskOptions = {}) {
      const { data, errors, exchange } = await persist(lanes.graphql, options.graphqlUrl, asked, (token) =>
        askGraphql<T>(query, variables, token, asked),
      );
      return { data, errors, receivedAt: exchange.receivedAt, durationMs: exchange.durationMs };
    },
    async rest<T>(path: string, asked: RestOptions = {}) {
      const { data, exchange } = await persist(lanes.rest, `${options.apiUrl}${path}`, asked, (token) =>
        askRest<T>(path, token, asked),
      );
      const { etag = null, link } = exchange.headers;
      return { data, etag, next: nextOf(link, options.apiUrl), receivedAt: exchange.receivedAt };
    },
    usage: () => ({ ...usage }),
    limit({ graphqlMsPerMinute, restMsPerMinute }) {
      lanes.graphql.limit(atMost(GRAPHQL_LIMITS, graphqlMsPerMinute));
      lanes.rest.limit(atMost(REST_LIMITS, restMsPerMinute));
    },
  };
}

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** A lane's limits for a part of GitHub's time: as many of its requests go with it. */
function atMost(limits: LaneLimits, msPerMinute: number): LaneLimits {
  const part = Math.min(1, msPerMinute / limits.msPerMinute);
  return {
    msPerMinute: Math.floor(limits.msPerMinute * part),
    requestsPerMinute: Math.max(1, Math.floor(limits.requestsPerMinute * part)),
  };
}

function judgeGraphql(
  exchange: Exchange,
  data: unknown,
  errors: readonly GraphqlErrorEntry[],
): Judgement | null {
  const byStatus = judgeStatus(exchange);
  // GitHub sends its time-out errors in a 502 too, and rate limits in any status.
  if (errors.length > 0) {
    const byErrors = judgeGraphqlErrors(errors, exchange);
    if (byErrors !== null || byStatus === null) return byErrors;
  }
  if (byStatus !== null) return byStatus;
  return typeof data === 'object' && data !== null ? null : notAnAnswer(exchange, 'a GraphQL result');
}

function readRest<T>(exchange: Exchange): { data: T | null; judgement: Judgement | null } {
  const judgement = judgeStatus(exchange);
  if (judgement !== null || exchange.status === 304) return { data: null, judgement };
  try {
    const data: unknown = JSON.parse(exchange.text);
    // A limit may be told in any status, and in the shape of the other API.
    const errors = [data, ...asList(field(data, 'errors'))].filter(isErrorEntry);
    const limit = errors.length > 0 ? judgeGraphqlErrors(errors, exchange) : null;
    return { data: data as T, judgement: limit?.kind === 'rate_limited' ? limit : null };
  } catch {
    return { data: null, judgement: notAnAnswer(exchange, 'JSON') };
  }
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function notAnAnswer({ text }: Exchange, wanted: string): Judgement {
  const message = `the answer is not ${wanted}: ${JSON.stringify(text.slice(0, 80))}`;
  return { kind: 'transient', isNetwork: false, retryAt: null, message };
}

function countGraphql(usage: Usage, exchange: Exchange, data: unknown): void {
  usage.requests += 1;
  usage.seconds += exchange.durationMs / 1000;
  const rateLimit = field(data, 'rateLimit');
  const cost = field(rateLimit, 'cost');
  usage.points += typeof cost === 'number' ? cost : 0;
  const { remaining, limit, resetAt } = windowOf(exchange);
  const left = remaining ?? Number(field(rateLimit, 'remaining') ?? Number.NaN);
  if (Number.isFinite(left)) usage.pointsLeft = left;
  usage.pointsLimit = limit ?? usage.pointsLimit;
  usage.resetAt = resetAt ?? usage.resetAt;
}

function countRest(usage: Usage, exchange: Exchange): void {
  usage.requests += 1;
  usage.restRequests += 1;
  usage.restSeconds += exchange.durationMs / 1000;
  const { remaining, limit, resetAt } = windowOf(exchange);
  usage.restLeft = remaining ?? usage.restLeft;
  usage.restLimit = limit ?? usage.restLimit;
  usage.restResetAt = resetAt ?? usage.restResetAt;
}

/** GitHub's window of the hour, as the headers tell it. */
function windowOf({ headers }: Exchange): {
  remaining: number | null;
  limit: number | null;
  resetAt: Date | null;
} {
  const numberOf = (name: string): number | null => {
    const value = Number(headers[name] ?? Number.NaN);
    return Number.isFinite(value) ? value : null;
  };
  const reset = numberOf('x-ratelimit-reset');
  return {
    remaining: numberOf('x-ratelimit-remaining'),
    limit: numberOf('x-ratelimit-limit'),
    resetAt: reset === null ? null : new Date(reset * 1000),
  };
}

/**
 * The next page of a list. GitHub's documentation asks to follow its links, since the parameters in them change; they lead
 * nowhere but to the API.
 */
function nextOf(link: string | undefined, apiUrl: string): string | null {
  const [, target = ''] = /<([^>]+)>;\s*rel="next"/.exec(link ?? '') ?? [];
  const [url, base] = [URL.parse(target), new URL(apiUrl)];
  if (url?.origin !== base.origin) return null;
  const root = base.pathname.replace(/\/+$/, '');
  return url.pathname.startsWith(`${root}/`) ? url.pathname.slice(root.length) + url.search : null;
}

function retryTime(
  limit: Extract<Judgement, { kind: 'rate_limited' }>,
  exchange: Exchange,
  waits: number,
): Date {
  // A second more than asked: the clocks' seconds need not begin together.
  if (limit.retryAt !== null)
    return new Date(Math.max(limit.retryAt.getTime(), exchange.receivedAt.getTime()) + 1_000);
  return new Date(exchange.receivedAt.getTime() + SECONDARY_WAIT_MS * 2 ** (limit.isSecondary ? waits : 0));
}

/** 0.5 s, doubled each time, and up to a quarter more so that several clients don't come back together. */
function backOffMs(tries: number): number {
  return 500 * 2 ** tries * (1 + Math.random() / 4);
}
