import { Agent, request } from 'node:http';
import type { SignedDelivery } from './make-delivery.ts';

export interface Load {
  /** Answers of each status. */
  statuses: Record<string, number>;
  /** Milliseconds, ascending. */
  latencies: number[];
  seconds: number;
}

export interface LoadOptions {
  url: string;
  next: () => SignedDelivery;
  seconds: number;
  /** Requests under way at a time. */
  connections: number;
  /** A second, evenly; null: the next one as soon as one is answered. */
  rate: number | null;
}

/**
 * Sends webhooks and measures their answers. At a rate, the time of each counts from when it was due, so that a server which
 * falls behind can't hide it.
 */
export async function sendLoad(options: LoadOptions): Promise<Load> {
  const { url, next, connections, rate } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const statuses: Record<string, number> = {};
  const latencies: number[] = [];
  const startedAt = performance.now();
  const endsAt = startedAt + options.seconds * 1_000;
  let sent = 0;
  const sendOne = async (dueAt: number): Promise<void> => {
    const status = await post(agent, url, next());
    statuses[status] = (statuses[status] ?? 0) + 1;
    latencies.push(performance.now() - dueAt);
  };
  const work = async (): Promise<void> => {
    for (;;) {
      const dueAt = rate === null ? performance.now() : startedAt + (sent * 1_000) / rate;
      if (dueAt >= endsAt) return;
      sent += 1;
      const waitMs = dueAt - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      await sendOne(dueAt);
    }
  };
  await Promise.all(Array.from({ length: connections }, work));
  const seconds = (performance.now() - startedAt) / 1_000;
  agent.destroy();
  return { statuses, latencies: latencies.sort((a, b) => a - b), seconds };
}

function post(agent: Agent, url: string, { body, headers }: SignedDelivery): Promise<string> {
  return new Promise((resolve) => {
    const sending = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.once('end', () => resolve(String(response.statusCode)));
    });
    sending.once('error', (error) => resolve('code' in error ? String(error.code) : error.name));
    sending.end(body);
  });
}

/** @param sorted ascending; @param share 0 to 1 */
export function percentile(sorted: readonly number[], share: number): number {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (value === undefined) throw new Error('there is no percentile of nothing');
  return value;
}
