import { createHmac, randomUUID } from 'node:crypto';
import { isoSeconds } from '../clock.ts';
import type { SandboxCore } from '../sandbox.ts';
import { eventPayload, type Happening, installationOfEvent } from './payloads.ts';

/** One attempt to deliver a webhook, as `GET /app/hook/deliveries` shows it. */
export interface Delivery {
  readonly id: number;
  /** `X-GitHub-Delivery`; the same for every attempt. */
  readonly guid: string;
  readonly deliveredAt: string;
  readonly isRedelivery: boolean;
  readonly durationSeconds: number;
  /** 'OK', or what went wrong. */
  readonly status: string;
  /** 0 where there was no answer. */
  readonly statusCode: number;
  readonly event: string;
  readonly action: string | null;
  readonly installationId: number | null;
  readonly repositoryId: number | null;
  readonly payload: unknown;
  readonly responseBody: string;
}

export type Announce = (
  event: string,
  action: string | null,
  happening: Happening,
) => Promise<Delivery | null>;

export interface Webhooks {
  readonly announce: Announce;
  /** Sends a payload as it is, signed; `secret` and `guid` may be given to try what must be refused. */
  deliver(
    event: string,
    payload: unknown,
    options?: { guid?: string; secret?: string; signature?: string },
  ): Promise<Delivery>;
  /** Sends a delivery again, with the same GUID. */
  redeliver(id: number): Promise<Delivery>;
  /** Every attempt, oldest first. */
  readonly deliveries: readonly Delivery[];
  /** Resolves when no delivery is under way. */
  delivered(): Promise<void>;
}

/** GitHub waits this long for an answer. */
const TIMEOUT_MS = 10_000;
/** Sent to every App, subscribed or not. */
const ALWAYS = ['installation', 'installation_repositories', 'ping'];

export function createWebhooks(sandbox: SandboxCore): Webhooks {
  const deliveries: Delivery[] = [];
  const underWay = new Set<Promise<Delivery>>();

  function attempt(...args: Parameters<typeof send>): Promise<Delivery> {
    const work = send(...args);
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
    return work;
  }

  async function send(
    event: string,
    payload: unknown,
    {
      guid,
      isRedelivery,
      secret,
      signature,
    }: { guid: string; isRedelivery: boolean; secret: string; signature?: string },
  ): Promise<Delivery> {
    const { app, clock } = sandbox;
    if (!app.webhookUrl) throw new Error('sandbox: the App has no webhook URL');
    const body = JSON.stringify(payload);
    const started = Date.now();
    let [status, statusCode, responseBody] = ['', 0, ''];
    try {
      const response = await fetch(app.webhookUrl, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          accept: '*/*',
          'user-agent': 'GitHub-Hookshot/044aadd',
          'x-github-event': event,
          'x-github-delivery': guid,
          'x-github-hook-id': '1',
          'x-github-hook-installation-target-type': 'integration',
          'x-github-hook-installation-target-id': String(app.id),
          'x-hub-signature-256':
            signature ?? `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
        },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      responseBody = await response.text();
      statusCode = response.status;
      status = response.ok ? 'OK' : response.statusText || `Invalid HTTP Response: ${statusCode}`;
    } catch (error) {
      status = (error as Error).name === 'TimeoutError' ? 'timed out' : 'failed to connect to host';
    }
    const ids = payload as { action?: string; installation?: { id?: number }; repository?: { id?: number } };
    const delivery: Delivery = {
      id: deliveries.length + 1,
      guid,
      deliveredAt: isoSeconds(clock.now()),
      isRedelivery,
      durationSeconds: (Date.now() - started) / 1000,
      status,
      statusCode,
      event,
      action: ids.action ?? null,
      installationId: ids.installation?.id ?? null,
      repositoryId: ids.repository?.id ?? null,
      payload,
      responseBody,
    };
    deliveries.push(delivery);
    return delivery;
  }

  const deliver: Webhooks['deliver'] = (event, payload, options = {}) =>
    attempt(event, payload, {
      guid: options.guid ?? randomUUID(),
      isRedelivery: false,
      secret: options.secret ?? sandbox.app.webhookSecret,
      ...(options.signature === undefined ? {} : { signature: options.signature }),
    });

  return {
    deliveries,
    deliver,
    async delivered() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    async redeliver(id) {
      const delivery = deliveries[id - 1];
      if (!delivery) throw new Error(`sandbox: there is no delivery ${id}`);
      const { event, payload, guid } = delivery;
      return attempt(event, payload, { guid, isRedelivery: true, secret: sandbox.app.webhookSecret });
    },
    async announce(event, action, happening) {
      const { app } = sandbox;
      const isWanted = ALWAYS.includes(event) || app.events.includes(event);
      const installation = installationOfEvent(sandbox, happening);
      if (!app.webhookUrl || !isWanted || !installation || installation.suspendedAt) return null;
      return deliver(event, eventPayload(sandbox, event, action, happening, installation));
    },
  };
}
