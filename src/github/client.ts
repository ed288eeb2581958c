import { graphql } from '@octokit/graphql';
import { GitHubError, type GraphqlErrorEntry } from './errors.ts';
import { type Exchange, type Judgement, judgeGraphqlErrors, judgeStatus } from './judge-answer.ts';
import { field, readGraphqlFailure } from './read-graphql-failure.ts';
import { refusal } from './refusal.ts';
import { createResponseTimeWindow } from './response-time-window.ts';
import { type Fetch, sendRecorded } from './send-recorded.ts';
import { sleepFor } from './sleep.ts';

export interface GitHubClient {
  /**
   * Carries out a query; repeats it where that is safe and useful, and waits as GitHub asks.
   * @throws GitHubError
   */
  graphql<T>(
    query: string,
    variables: Record<string, unknown>,
    options?: AskOptions,
  ): Promise<GraphqlAnswer<T>>;
  usage(): Usage;
}

export interface AskOptions {
  signal?: AbortSignal;
  /** The longest single wait for GitHub's limits, milliseconds; a longer one throws `rate_limited`. Default 300,000. */
  maxWaitMs?: number;
  /** The caller has a smaller query to try: tell at once when this one is too heavy. Default: try again some times. */
  canShrink?: boolean;
}

export interface GraphqlAnswer<T> {
  data: T;
  /** Errors about single items, such as `NOT_FOUND` with the item's path. */
  errors: GraphqlErrorEntry[];
  receivedAt: Date;
  durationMs: number;
}

export interface Usage {
  /** GraphQL points, as GitHub told their cost. */
  points: number;
  /** Requests sent, refused ones too. */
  requests: number;
  /** Sum of GraphQL response times, seconds. */
  seconds: number;
  /** Points left in GitHub's window, and when the next one begins; null while not known. */
  pointsLeft: number | null;
  resetAt: Date | null;
  /** Requests that GitHub refused for a primary or secondary limit. */
  refused: number;
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
  /** Resolves after `ms`, or at once when the signal is aborted. */
  sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** A request that isn't complete by then is given up. Default 30,000: GitHub itself ends a request after 10 s. */
  timeoutMs?: number;
}

const MAX_WAIT_MS = 300_000;
const TIMEOUT_MS = 30_000;
/** Failures of one request that are tried again, by kind; waits for rate limits have their own bound. */
const TRANSIENT_RETRIES = 5;
const HEAVY_RETRIES = 4;
const RATE_LIMIT_WAITS = 20;
/** After a secondary limit without `retry-after`: at least a minute, then exponentially more (docs.github.com). */
const SECONDARY_WAIT_MS = 60_000;

/** A client that speaks GitHub's GraphQL API one request at a time and classifies every failure. */
export function createGitHubClient(options: ClientOptions): GitHubClient {
  const { log = () => {}, sleep = sleepFor, timeoutMs = TIMEOUT_MS } = options;
  const window = createResponseTimeWindow();
  const usage: Usage = { points: 0, requests: 0, seconds: 0, pointsLeft: null, resetAt: null, refused: 0 };
  const octokit = graphql.defaults({
    url: options.graphqlUrl,
    headers: { 'user-agent': options.userAgent },
  });
  let lane: Promise<unknown> = Promise.resolve();
  let lastMs = 0;

  async function attempt<T>(
    query: string,
    variables: Record<string, unknown>,
    token: string,
    ask: AskOptions,
  ) {
    const pause = window.waitMs(Date.now(), lastMs);
    if (pause > 0) await sleep(pause, ask.signal);
    ask.signal?.throwIfAborted();
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
            const recorded = await sendRecorded(url, init, {
              timeoutMs,
              ...(options.fetch && { fetch: options.fetch }),
              ...(ask.signal && { signal: ask.signal }),
            });
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
    ask.signal?.throwIfAborted();
    window.add(Date.now(), exchange.durationMs);
    lastMs = exchange.durationMs;
    count(usage, exchange, data);
    return { exchange, data: data as T, errors, judgement: judge(exchange, data, errors) };
  }

  async function ask<T>(query: string, variables: Record<string, unknown>, asked: AskOptions) {
    const maxWaitMs = asked.maxWaitMs ?? MAX_WAIT_MS;
    const tries = { transient: 0, heavy: 0, waits: 0, unauthorized: 0 };
    let token = await options.token();
    for (;;) {
      const { exchange, data, errors, judgement } = await attempt<T>(query, variables, token, asked);
      if (judgement === null) {
        return { data, errors, receivedAt: exchange.receivedAt, durationMs: exchange.durationMs };
      }
      log('warn', 'GitHub did not answer as asked', { kind: judgement.kind, reason: judgement.message });
      switch (judgement.kind) {
        case 'rate_limited': {
          usage.refused += 1;
          const at = retryTime(judgement, exchange, tries.waits);
          const waitMs = at.getTime() - exchange.receivedAt.getTime();
          tries.waits += 1;
          if (waitMs > maxWaitMs || tries.waits > RATE_LIMIT_WAITS) {
            const message = `GitHub's ${judgement.isSecondary ? 'secondary' : 'primary'} rate limit is reached until ${at.toISOString()}; try again then (${judgement.message})`;
            throw new GitHubError('rate_limited', message, { retryAt: at });
          }
          log('info', 'waiting for GitHub’s rate limit', { seconds: Math.ceil(waitMs / 1000) });
          await sleep(waitMs, asked.signal);
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
            const problem = `${options.graphqlUrl} failed ${tries.transient + 1} times in a row: ${judgement.message}`;
            throw new GitHubError(code, `${problem}; ${cure}`);
          }
          const asksMs = (judgement.retryAt?.getTime() ?? 0) - exchange.receivedAt.getTime();
          await sleep(Math.min(maxWaitMs, Math.max(asksMs, backOffMs(tries.transient))), asked.signal);
          tries.transient += 1;
          break;
        }
        case 'unauthorized':
          // An installation token lives an hour: one that was good may be refused in the middle of a capture.
          if (tries.unauthorized > 0) throw refusal(judgement, options.graphqlUrl, exchange);
          tries.unauthorized += 1;
          token = await options.token(token);
          continue;
        default:
          throw refusal(judgement, options.graphqlUrl, exchange);
      }
      asked.signal?.throwIfAborted();
      token = await options.token();
    }
  }

  return {
    graphql<T>(query: string, variables: Record<string, unknown>, asked: AskOptions = {}) {
      // One request at a time: 60 s of GraphQL time in 60 s, which GitHub allows, amounts to that.
      const answer = lane.then(() => ask<T>(query, variables, asked));
      lane = answer.catch(() => {});
      return answer;
    },
    usage: () => ({ ...usage }),
  };
}

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

function judge(exchange: Exchange, data: unknown, errors: readonly GraphqlErrorEntry[]): Judgement | null {
  const byStatus = judgeStatus(exchange);
  // GitHub sends its time-out errors in a 502 too, and rate limits in any status.
  if (errors.length > 0) {
    const byErrors = judgeGraphqlErrors(errors, exchange);
    if (byErrors !== null || byStatus === null) return byErrors;
  }
  if (byStatus !== null) return byStatus;
  if (typeof data !== 'object' || data === null) {
    const message = `the answer is not a GraphQL result: ${JSON.stringify(exchange.text.slice(0, 80))}`;
    return { kind: 'transient', isNetwork: false, retryAt: null, message };
  }
  return null;
}

function count(usage: Usage, exchange: Exchange, data: unknown): void {
  usage.requests += 1;
  usage.seconds += exchange.durationMs / 1000;
  const rateLimit = field(data, 'rateLimit');
  const cost = field(rateLimit, 'cost');
  usage.points += typeof cost === 'number' ? cost : 0;
  const remaining = Number(
    exchange.headers['x-ratelimit-remaining'] ?? field(rateLimit, 'remaining') ?? Number.NaN,
  );
  if (Number.isFinite(remaining)) usage.pointsLeft = remaining;
  const reset = Number(exchange.headers['x-ratelimit-reset'] ?? Number.NaN);
  if (Number.isFinite(reset)) usage.resetAt = new Date(reset * 1000);
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
