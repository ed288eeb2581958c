import { judgeStatus, SECONDARY_WAIT_MS } from './judge-answer.ts';

/**
 * HTTP status of an error of Octokit, which has 500 too where no answer came; null: the error is of another kind. A rate
 * limit is 429, as which GitHub tells it only now and then: its 403 would be taken for a missing permission.
 */
export function statusOf(error: unknown): number | null {
  const status = error instanceof Error && 'status' in error ? Number(error.status) : null;
  return status === 403 && rateLimitOf(error) ? 429 : status;
}

/** When GitHub may be asked again, where an error of Octokit tells of a rate limit; null: it does not. */
export function rateLimitOf(error: unknown): Date | null {
  if (!(error instanceof Error) || !('status' in error)) return null;
  const { response } = error as { response?: { headers?: Record<string, unknown> } };
  return judgeRateLimit({
    status: Number(error.status),
    headers: Object.entries(response?.headers ?? {}).map(([name, value]) => [name, String(value)]),
    text: error.message,
  });
}

/** The same of an answer of the REST API. */
export function judgeRateLimit(answer: {
  status: number;
  headers: Iterable<readonly [string, string]>;
  text: string;
}): Date | null {
  if (answer.status !== 403 && answer.status !== 429) return null;
  const receivedAt = new Date();
  const headers = Object.fromEntries(
    [...answer.headers].map(([name, value]) => [name.toLowerCase(), value] as const),
  );
  const judgement = judgeStatus({ ...answer, headers, durationMs: 0, failure: null, receivedAt });
  if (judgement?.kind !== 'rate_limited') return null;
  return judgement.retryAt ?? new Date(receivedAt.getTime() + SECONDARY_WAIT_MS);
}
