import { carriesToken } from '../bearer-token.ts';
import { isDatabaseAway } from '../database-away.ts';
import { type HttpHandler, pathOf, sendJson } from '../http.ts';
import type { AppLog } from '../log.ts';
import type { Metrics } from './create-metrics.ts';

const METRICS_PATH = '/metrics';

/** `GET /metrics`, for who sends METRICS_TOKEN as bearer. Closed (404) while no token is configured. */
export function createMetricsEndpoint(options: {
  metrics: Pick<Metrics, 'render' | 'contentType'>;
  /** METRICS_TOKEN. */
  token: string | null;
  log: AppLog;
}): HttpHandler {
  const { metrics, token, log } = options;
  return async (request, response) => {
    if (pathOf(request) !== METRICS_PATH) return false;
    const refuse = (status: number, code: string, message: string): true => {
      sendJson(response, status, { error: { code, message } });
      return true;
    };
    if (token === null) return refuse(404, 'closed', 'METRICS_TOKEN opens this.');
    if (!carriesToken(request, token)) {
      response.setHeader('www-authenticate', 'Bearer');
      return refuse(401, 'wrong_token', 'Send Authorization: Bearer with the value of METRICS_TOKEN.');
    }
    if (request.method !== 'GET') {
      response.setHeader('allow', 'GET');
      return refuse(405, 'method_not_allowed', 'Send a GET.');
    }
    try {
      const text = Buffer.from(await metrics.render());
      response.writeHead(200, {
        'content-type': metrics.contentType,
        'content-length': text.length,
        'cache-control': 'no-store',
      });
      response.end(text);
      return true;
    } catch (err) {
      log.error({ err, path: METRICS_PATH }, 'The metrics could not be read.');
      return isDatabaseAway(err)
        ? refuse(503, 'database_unavailable', 'The database is away.')
        : refuse(500, 'internal_error', 'The log says more.');
    }
  };
}
