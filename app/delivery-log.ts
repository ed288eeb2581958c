import { statusOf } from '../src/github/status-of.ts';
import type { DeliveryAttempt, DeliveryLog } from '../src/loops/redeliver.ts';
import { askOnce, type GitHubApp, GitHubAwayError } from './github-app.ts';

/** Of one request; nobody waits for it but a loop. */
const TIMEOUT_MS = 30_000;

/**
 * GitHub's log of the App's webhook deliveries, asked as the App itself. What it answers otherwise than documented, or
 * not at all, is a GitHubAwayError.
 * Source: https://docs.github.com/rest/apps/webhooks#list-deliveries-for-an-app-webhook
 */
export function createDeliveryLog(app: GitHubApp): DeliveryLog {
  return {
    async *pages() {
      const octokit = await app.app();
      let next: string | null = '/app/hook/deliveries?per_page=100';
      while (next !== null) {
        const page: ListedPage = await ask(octokit.request(`GET ${next}`, { request: askOnce(TIMEOUT_MS) }));
        yield page.data.map(attemptOf);
        next = /<([^>]+)>;\s*rel="next"/.exec(page.headers.link ?? '')?.[1] ?? null;
      }
    },
    async redeliver(id) {
      const octokit = await app.app();
      try {
        await octokit.request('POST /app/hook/deliveries/{delivery_id}/attempts', {
          delivery_id: id,
          request: askOnce(TIMEOUT_MS),
        });
        return 'asked';
      } catch (error) {
        const status = statusOf(error);
        if (status === 404) return 'unknown';
        // One that GitHub does not take must not keep the others waiting.
        if (status === 400 || status === 422) return 'refused';
        throw away(error);
      }
    },
  };
}

interface ListedPage {
  data: ListedDelivery[];
  headers: { link?: string | undefined };
}

interface ListedDelivery {
  id: number;
  guid: string;
  delivered_at: string;
  redelivery: boolean;
  event: string;
  status: string;
  status_code: number;
}

function attemptOf(listed: ListedDelivery): DeliveryAttempt {
  return {
    id: listed.id,
    guid: listed.guid,
    deliveredAt: new Date(listed.delivered_at),
    isRedelivery: listed.redelivery,
    event: listed.event,
    status: listed.status,
    statusCode: listed.status_code,
  };
}

async function ask<Answer>(request: Promise<Answer>): Promise<Answer> {
  try {
    return await request;
  } catch (error) {
    throw away(error);
  }
}

function away(cause: unknown): GitHubAwayError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new GitHubAwayError(`GitHub's log of webhook deliveries could not be used: ${reason}`, { cause });
}
