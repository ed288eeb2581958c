import type { ServerResponse } from 'node:http';
import type { LoopRunner } from '../src/loops/loop-runner.ts';
import { carriesToken } from './bearer-token.ts';
import { isDatabaseAway } from './database-away.ts';
import { GitHubAwayError } from './github-app.ts';
import { type HttpHandler, pathOf, sendJson } from './http.ts';
import type { AppLog } from './log.ts';

const PREFIX = '/api/loops/';

/**
 * `POST /api/loops/{name}`: makes one pass of a loop and answers what it did, for hosts on which no process lives long
 * enough to run loops. Closed (404) while no token is configured.
 */
export function createLoopsEndpoint(options: {
  runner: Pick<LoopRunner, 'names' | 'run'>;
  /** LOOPS_TOKEN. */
  token: string | null;
  log: AppLog;
}): HttpHandler {
  const { runner, token, log } = options;
  return async (request, response) => {
    const path = pathOf(request);
    if (!path?.startsWith(PREFIX)) return false;
    if (token === null) {
      refuse(response, 404, 'closed', 'Loops are not run from outside here. LOOPS_TOKEN opens this.');
    } else if (!carriesToken(request, token)) {
      response.setHeader('www-authenticate', 'Bearer');
      refuse(response, 401, 'wrong_token', 'Send Authorization: Bearer with the value of LOOPS_TOKEN.');
    } else if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      refuse(response, 405, 'method_not_allowed', 'Send a POST.');
    } else {
      await runPass(runner, path.slice(PREFIX.length), response, log);
    }
    return true;
  };
}

async function runPass(
  runner: Pick<LoopRunner, 'names' | 'run'>,
  name: string,
  response: ServerResponse,
  log: AppLog,
): Promise<void> {
  if (!runner.names.includes(name)) {
    const all = runner.names.length > 0 ? `The loops are: ${runner.names.join(', ')}.` : 'No loop is on.';
    refuse(response, 404, 'no_such_loop', all);
    return;
  }
  try {
    const pass = await runner.run(name);
    if (pass.outcome === 'held') sendJson(response, 200, { loop: name, outcome: 'held' });
    else {
      const { outcome, durationMs, report } = pass;
      sendJson(response, 200, { loop: name, outcome, duration_ms: durationMs, report });
    }
  } catch (err) {
    log.warn({ err, stage: 'loop', loop: name }, 'A pass of a loop failed; call it again.');
    if (isDatabaseAway(err)) {
      refuse(response, 503, 'database_unavailable', 'The database is away. Call again.');
    } else if (err instanceof GitHubAwayError) {
      refuse(response, 503, 'github_unavailable', 'GitHub did not answer the app. Call again.');
    } else {
      refuse(response, 500, 'pass_failed', 'The pass failed. Call again; the log of the app says more.');
    }
  }
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  if (status === 503) response.setHeader('retry-after', '30');
  sendJson(response, status, { error: { code, message } });
}
