import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { isDatabaseAway } from '../database-away.ts';
import { drain } from '../http.ts';
import { batches } from './batches.ts';
import { claim } from './claim.ts';
import { type Call, createContext, type JobsApiOptions } from './context.ts';
import { finish } from './finish.ts';
import { gaps } from './gaps.ts';
import { heartbeat } from './heartbeat.ts';
import { nextJob } from './next-job.ts';
import { RefusedError } from './refused-error.ts';
import { renewToken } from './renew-token.ts';
import { requestJob } from './request-job.ts';

const CALLS_OF_A_JOB = new Map<string, Call>([
  ['claim', claim],
  ['token', renewToken],
  ['batches', batches],
  ['heartbeat', heartbeat],
  ['gaps', gaps],
  ['finish', finish],
]);

/**
 * The Jobs API for `node:http`: answers every request below `/api/jobs` and resolves to true, or to false for other
 * paths. Never rejects: what goes wrong is answered as a JSON refusal and logged.
 */
export function createJobsApi(
  options: JobsApiOptions,
): (req: IncomingMessage, res: ServerResponse) => Promise<boolean> {
  const context = createContext(options);
  return async (req, res) => {
    const path = (req.url ?? '').split('?', 1)[0] ?? '';
    if (path !== '/api/jobs' && !path.startsWith('/api/jobs/')) return false;

    const started = performance.now();
    const line: Record<string, unknown> = { stage: 'jobs-api', processor: 'github_actions' };
    let refusal: RefusedError | null = null;
    try {
      const { call, name, jobId } = findCall(req, path);
      line.call = name;
      if (jobId !== '') line.job = jobId;
      const answer = await call(context, { req, bearer: requireBearer(req), jobId, line });
      send(res, 200, answer);
    } catch (error) {
      refusal = toRefusal(error);
      send(res, refusal.status, { error: { code: refusal.code, message: refusal.message } }, refusal.headers);
      if (!req.complete) drain(req, () => req.destroy());
    }
    line.duration_ms = Math.round(performance.now() - started);
    if (refusal === null) options.log.info(line, `jobs api: ${line.call}`);
    else logRefusal(options.log, line, refusal);
    return true;
  };
}

function findCall(req: IncomingMessage, path: string): { call: Call; name: string; jobId: string } {
  const [jobId = '', name = '', ...more] = path.slice('/api/jobs/'.length).split('/');
  const found =
    path === '/api/jobs'
      ? { call: requestJob, name: 'request', jobId: '' }
      : path === '/api/jobs/next'
        ? { call: nextJob, name: 'next', jobId: '' }
        : { call: more.length === 0 ? CALLS_OF_A_JOB.get(name) : undefined, name, jobId };
  const { call } = found;
  if (call === undefined) {
    throw new RefusedError('not_found', 'There is no such call. The calls are listed in docs/jobs-api.md.');
  }
  if (req.method !== 'POST') {
    throw new RefusedError('method_not_allowed', 'Every call of the Jobs API is a POST.', {
      headers: { allow: 'POST' },
    });
  }
  if (found.jobId !== '' && !z.uuid().safeParse(found.jobId).success) {
    throw new RefusedError(
      'job_not_found',
      'The path holds no job id. Set job-id to the id of a job (a UUID).',
    );
  }
  return { ...found, call, jobId: found.jobId.toLowerCase() };
}

function requireBearer(req: IncomingMessage): string {
  const match = /^Bearer +([\w.~+/=-]{1,16384})$/i.exec(req.headers.authorization ?? '');
  if (match?.[1] !== undefined) return match[1];
  throw new RefusedError('token_missing', 'Send Authorization: Bearer with a token.');
}

function toRefusal(error: unknown): RefusedError {
  if (error instanceof RefusedError) return error;
  if (isDatabaseAway(error)) {
    return new RefusedError('database_unavailable', 'The database is away. Try again; nothing is lost.', {
      cause: error,
      headers: { 'retry-after': '5' },
    });
  }
  return new RefusedError(
    'internal_error',
    "The app failed on this call. Try again; the app's log says more.",
    {
      cause: error,
    },
  );
}

function send(
  res: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  res
    .writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      ...headers,
    })
    .end(JSON.stringify(body));
}

function logRefusal(log: JobsApiOptions['log'], line: Record<string, unknown>, refusal: RefusedError): void {
  const fields = { ...line, code: refusal.code, status: refusal.status };
  if (refusal.status < 500) log.warn(fields, `jobs api: refused: ${refusal.message}`);
  else log.error({ ...fields, err: refusal.cause }, `jobs api: ${refusal.message}`);
}
