import type { IncomingMessage, ServerResponse } from 'node:http';
import { within } from '../src/time/within.ts';
import { type HttpHandler, pathOf, refuseBody, sendJson } from './http.ts';
import type { AppLog } from './log.ts';
import { ANSWER_WITHIN_MS, type Delivery, type DeliveryResult, TOO_SLOW } from './receive-delivery.ts';

export const WEBHOOK_PATH = '/api/github/webhooks';

/**
 * GitHub sends no payload above 25 MB.
 * Source: https://docs.github.com/webhooks/webhook-events-and-payloads#payload-cap
 */
export const MAX_WEBHOOK_BYTES = 25 * 1024 * 1024;

/**
 * The front of the webhook endpoint. Probot holds the secret and checks the signature (`verify`), and its Octokit
 * speaks with GitHub; its own middleware is not used, because it reads bodies without limit before it verifies
 * them, answers 202 after 9 s whatever becomes of the event afterwards, turns every error of a handler into 500,
 * and hangs the payload on the errors that it logs. Here a status says what happened:
 *
 * - 200 done, also for a redelivery; 202 understood, and nothing to do (unknown event, account that is not served);
 * - 400 bad signature or malformed, 413 above 25 MB, both without a trace in the database;
 * - 503 the database or GitHub is away, nothing is stored: GitHub's delivery log keeps it.
 */
export function createWebhookHandler(options: {
  /** Probot's check of `X-Hub-Signature-256`. */
  verify: (body: string, signature: string) => Promise<boolean>;
  receive: (delivery: Delivery) => Promise<DeliveryResult>;
  log: AppLog;
  /** Told of every answer: `X-GitHub-Event` as it came, and what was answered. */
  onAnswer?: (answer: { event: string | undefined; status: number; seconds: number }) => void;
  now?: () => Date;
}): HttpHandler {
  const { log, now = () => new Date() } = options;

  return async (request, response) => {
    if (pathOf(request) !== WEBHOOK_PATH) return false;
    const startedAt = performance.now();
    const delivery = headerOf(request, 'x-github-delivery');
    const read = await readDelivery(request, response);
    answer(
      'status' in read ? read : await withinTime(options.receive({ ...read, now: now() }), delivery, log),
    );
    return true;

    function answer({ status, code, message, line }: DeliveryResult): void {
      const level = status >= 500 ? 'error' : status >= 400 ? 'warn' : 'info';
      const tookMs = performance.now() - startedAt;
      const duration_ms = Math.round(tookMs);
      options.onAnswer?.({ event: headerOf(request, 'x-github-event'), status, seconds: tookMs / 1_000 });
      log[level]({ delivery, stage: 'webhook', ...line, status, outcome: code, duration_ms }, message);
      const body = status < 400 ? { outcome: code, message } : { error: { code, message } };
      if (status === 413) refuseBody(request, response, status, body);
      else sendJson(response, status, body);
    }
  };

  async function readDelivery(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<Omit<Delivery, 'now'> | DeliveryResult> {
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      return refused(405, 'method_not_allowed', 'Webhooks are sent by POST.');
    }
    if (Number(request.headers['content-length'] ?? 0) > MAX_WEBHOOK_BYTES) return tooLarge();
    const name = headerOf(request, 'x-github-event');
    const id = headerOf(request, 'x-github-delivery');
    const signature = headerOf(request, 'x-hub-signature-256');
    if (!name || !id || !signature) {
      return refused(
        400,
        'missing_headers',
        'X-GitHub-Event, X-GitHub-Delivery and X-Hub-Signature-256 are needed. Has the App a webhook secret?',
      );
    }
    if (!/^[\w-]{1,100}$/.test(id))
      return refused(400, 'bad_delivery_id', 'X-GitHub-Delivery is not a GUID.');
    const body = await readBody(request, MAX_WEBHOOK_BYTES).catch(() => undefined);
    if (body === undefined)
      return refused(400, 'body_cut_off', 'The sender went away in the middle of the body.');
    if (body === null) return tooLarge();
    if (!(await options.verify(body, signature))) {
      return refused(
        400,
        'bad_signature',
        "The signature does not fit: WEBHOOK_SECRET and the secret on the App's settings page must be the same.",
      );
    }
    try {
      return { name, id, payload: JSON.parse(body) as unknown };
    } catch {
      return refused(
        400,
        'malformed_json',
        "The body is not JSON; the webhook's content type must be application/json.",
      );
    }
  }
}

/** An answer after GitHub's patience would be lost: the work goes on, and a redelivery finds it done. */
async function withinTime(
  work: Promise<DeliveryResult>,
  delivery: string | undefined,
  log: AppLog,
): Promise<DeliveryResult> {
  try {
    return await within(ANSWER_WITHIN_MS, work, () => {
      work.catch((err: unknown) => log.error({ delivery, stage: 'webhook', err }, 'A late delivery failed.'));
      return refused(503, 'too_slow', TOO_SLOW);
    });
  } catch (err) {
    log.error({ delivery, stage: 'webhook', err }, 'A delivery could not be received.');
    return refused(500, 'internal_error', 'The delivery could not be received; GitHub keeps it.');
  }
}

/** The whole body as text; null where it is longer than `limit` bytes: the rest is then not read. */
async function readBody(request: IncomingMessage, limit: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limit) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function tooLarge(): DeliveryResult {
  return refused(413, 'too_large', 'The body is above 25 MB; GitHub sends none of that size.');
}

function refused(status: DeliveryResult['status'], code: string, message: string): DeliveryResult {
  return { status, code, message, line: {} };
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}
