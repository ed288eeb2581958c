import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Inngest, RetryAfterError } from 'inngest';
import { serve } from 'inngest/node';
import type { Config } from '../../src/config/config.ts';
import type { Dispatcher } from '../../src/dispatch/dispatcher.ts';
import { createInngestDispatcher } from '../../src/dispatch/inngest-dispatcher.ts';
import { INNGEST_EVENTS } from '../../src/dispatch/job-events.ts';
import { checkConsumers } from './check-consumers.ts';
import { createFunctions, type FunctionContext } from './job-functions.ts';

export interface InngestApp {
  client: Inngest;
  /** Serves /api/inngest. Reads the request itself, so it goes before anything that reads bodies; answers every path. */
  handler: RequestListener;
  dispatcher: Dispatcher;
  /** Ends the runs that are under way at their next batch; they go on later, perhaps in another process. */
  stop(): void;
}

export const INNGEST_PATH = '/api/inngest';
/** In the SDK's words (inngest 4), what anybody can send, as the doctor does: it is refused, and no fault of ours. */
const UNSIGNED = 'No x-inngest-signature provided';

/**
 * Inngest as configured: the client, its functions over HTTP, and the dispatcher that sends it runs of jobs.
 * @throws UnconsumedEventError when an event that can be sent has no function.
 */
export function createInngest(
  options: Omit<FunctionContext, 'config' | 'onSettled' | 'signal'> & {
    config: Config;
    onSettled?: () => void;
  },
): InngestApp {
  const { config, log, onSettled = () => {} } = options;
  const { mode, eventKey, signingKey, baseUrl } = config.inngest;
  const write =
    (level: 'info' | 'warn' | 'error') =>
    (...line: unknown[]) => {
      const err = findError(line);
      // A wait is told of by the run that waits, and is no error.
      if (err instanceof RetryAfterError) return;
      if (err instanceof Error && err.message === UNSIGNED) {
        log.warn({ stage: 'inngest' }, `${textOf(line)}: ${UNSIGNED}`);
        return;
      }
      log[level]({ stage: 'inngest', ...(err ? { err } : {}) }, textOf(line));
    };
  const logger = { debug: () => {}, info: write('info'), warn: write('warn'), error: write('error') };
  const client = new Inngest({
    id: 'hybrid-capture',
    isDev: mode === 'dev',
    logger,
    ...(eventKey !== null ? { eventKey } : {}),
    ...(signingKey !== null ? { signingKey } : {}),
    ...(baseUrl !== null ? { baseUrl } : {}),
  });
  const stopping = new AbortController();
  const functions = createFunctions(client, { ...options, onSettled, signal: stopping.signal });
  checkConsumers(Object.values(INNGEST_EVENTS), functions);
  const listener = serve({
    client,
    functions,
    servePath: INNGEST_PATH,
    ...(config.http.publicUrl ? { serveOrigin: config.http.publicUrl.origin } : {}),
    // Otherwise anybody could make this app register itself anew.
    enableUnauthedSync: false,
  });
  return {
    client,
    handler: (request: IncomingMessage, response: ServerResponse) => listener(request, response as never),
    dispatcher: createInngestDispatcher({ db: options.db, send: (event) => client.send(event) }),
    stop: () => stopping.abort(),
  };
}

/** Inngest's own log lines are a text, with an error or fields before or after it. */
function textOf(line: readonly unknown[]): string {
  return line
    .map((part) => (part instanceof Error ? part.message : typeof part === 'string' ? part : ''))
    .join(' ')
    .trim();
}

function findError(line: readonly unknown[]): unknown {
  for (const part of line) {
    if (part instanceof Error) return part;
    if (typeof part === 'object' && part !== null && 'err' in part) return part.err;
  }
  return undefined;
}
