import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A signed webhook as it was sent. */
export interface Sent {
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Mailbox {
  url: string;
  /** Oldest first; a drill takes them out. */
  sent: Sent[];
  close(): Promise<void>;
}

/** Takes webhooks for the app and keeps them, so that the drill says when and how often each arrives. */
export async function startMailbox(): Promise<Mailbox> {
  const sent: Sent[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      sent.push({ headers: request.headers, body });
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    sent,
    url: `http://127.0.0.1:${port}/`,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

const PASSED_ON = ['content-type', 'x-github-event', 'x-github-delivery', 'x-hub-signature-256'];

/** Posts a webhook to an app; resolves to the status of its answer, 0 where there was none. */
export async function passOn({ headers, body }: Sent, appUrl: string): Promise<number> {
  const kept = Object.fromEntries(PASSED_ON.map((name) => [name, String(headers[name])]));
  const url = `${appUrl}/api/github/webhooks`;
  return fetch(url, { method: 'POST', body, headers: kept }).then(
    async (response) => {
      await response.arrayBuffer();
      return response.status;
    },
    () => 0,
  );
}

/** The same for every attempt at a delivery. */
export const guidOf = ({ headers }: Sent): string => String(headers['x-github-delivery']);
