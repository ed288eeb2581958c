import type { Grant } from '../access/grant.ts';
import { planQuery, runQuery } from '../graphql/execute.ts';
import { createMeter } from '../graphql/meter.ts';
import type { Sandbox } from '../sandbox.ts';
import type { Answer, RequestInfo } from './request.ts';
import { refusalAnswer, timeoutAnswer } from './serve.ts';

interface GraphqlBody {
  query?: unknown;
  variables?: Record<string, unknown> | null;
  operationName?: string | null;
}

/**
 * `POST /graphql`: validated and costed first (a refusal there is free), then run against the budget and
 * the service time model. `budgetMs` overrides the compute budget of this query (a fault on request).
 */
export async function answerGraphql(
  sandbox: Sandbox,
  request: RequestInfo,
  grant: Grant,
  budgetMs: number | null,
): Promise<Answer> {
  if (request.method !== 'POST') return { status: 404, body: { message: 'Not Found' } };
  const body = (request.body ?? {}) as GraphqlBody;
  if (typeof body.query !== 'string') {
    return { status: 400, body: { message: 'A query attribute must be specified and must be a string.' } };
  }
  const planned = planQuery({
    query: body.query,
    variables: body.variables,
    operationName: body.operationName,
  });
  const { limiter, statistics, clock } = sandbox;
  const { bucket } = grant;
  if ('errors' in planned) return { status: 200, body: { errors: planned.errors } };
  const { plan } = planned;
  const refusal = limiter.enter(bucket, 'graphql', plan.points);
  if (refusal) {
    statistics.add(bucket, { refused: 1 });
    return { ...refusalAnswer(refusal, 'graphql', bucket), spent: { isRefused: true } };
  }
  const { options } = limiter;
  const meter = createMeter(
    options.service,
    budgetMs ?? (options.enforce ? options.resourceLimitMs : null) ?? Infinity,
  );
  const before = limiter.rate(bucket, 'graphql');
  const rate = {
    ...before,
    used: before.used + plan.points,
    remaining: Math.max(0, before.remaining - plan.points),
  };
  let points = plan.points;
  let ms = 0;
  try {
    const { webUrl, world } = sandbox;
    const { points: cost, declaredNodes } = plan;
    const answer = await runQuery(plan, {
      world,
      grant,
      meter,
      clock,
      webUrl,
      points: cost,
      declaredNodes,
      rate,
      timelineCommits: options.timelineCommits,
    });
    if (!options.enforce) return { status: 200, body: answer, spent: { points } };
    ms = Math.min(meter.serviceMs, options.timeoutMs);
    const json = JSON.stringify(answer);
    // What carrying it out took here is part of the time that GitHub is taken to need.
    await clock.sleepUntil(request.arrivedAt + ms);
    if (meter.serviceMs > options.timeoutMs) {
      points += options.timeoutPoints;
      return { ...timeoutAnswer(request.number % 2 === 0 ? 502 : 504), spent: { points, serviceMs: ms } };
    }
    return { status: 200, body: answer, json, spent: { points, serviceMs: ms } };
  } finally {
    limiter.leave(bucket, 'graphql', { points, ms, isWrite: false });
    statistics.add(bucket, { graphqlRequests: 1, points, serviceMs: ms });
  }
}
