import { createHash } from 'node:crypto';
import type { Config } from '../../src/config/config.ts';
import { ASK_WITHIN_MS } from './context.ts';

/** Sources: the SDK's own defaults (inngest 4, `helpers/consts`). */
const DEV_SERVER = 'http://localhost:8288';
const CLOUD_API = 'https://api.inngest.com';
const CLOUD_EVENTS = 'https://inn.gs';

export interface InngestApi {
  /** Where events go to, for messages. */
  eventUrl: string;
  /** Sends one event with the event key. */
  send(event: { id: string; name: string; v: string; data: object }): Promise<Response>;
  /** Status of sending no event at all with the event key: the key is checked, and nothing is started. */
  sendNothing(): Promise<number>;
  /** GET with the signing key as Inngest's REST API wants it. */
  get(path: string): Promise<Response>;
}

export function createInngestApi({ mode, baseUrl, eventKey, signingKey }: Config['inngest']): InngestApi {
  const eventUrl = baseUrl ?? (mode === 'dev' ? DEV_SERVER : CLOUD_EVENTS);
  const apiUrl = baseUrl ?? (mode === 'dev' ? DEV_SERVER : CLOUD_API);
  const signal = () => AbortSignal.timeout(ASK_WITHIN_MS);
  const post = (events: object[]) =>
    fetch(`${eventUrl}/e/${encodeURIComponent(eventKey ?? 'dev')}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(events),
      signal: signal(),
    });
  return {
    eventUrl,
    send: (event) => post([event]),
    async sendNothing() {
      const response = await post([]);
      await response.arrayBuffer();
      return response.status;
    },
    get: (path) =>
      fetch(`${apiUrl}${path}`, {
        headers: signingKey === null ? {} : { authorization: `Bearer ${hashSigningKey(signingKey)}` },
        signal: signal(),
      }),
  };
}

/** As the SDK does it: the prefix stays, the hexadecimal key is replaced by its SHA-256. */
export function hashSigningKey(key: string): string {
  const prefix = /^signkey-\w+-/.exec(key)?.[0] ?? '';
  const digest = createHash('sha256')
    .update(Buffer.from(key.slice(prefix.length), 'hex'))
    .digest('hex');
  return `${prefix}${digest}`;
}
