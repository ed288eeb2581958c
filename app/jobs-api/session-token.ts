import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** What a session token is bound to. */
export interface SessionBinding {
  jobId: string;
  /** Number of the job's `job_runs` row. */
  run: number;
  workflowRunId: number;
  workflowRunAttempt: number;
}

/** Key for session tokens. Domain-separated, so that the secret may serve other ends as well. */
export function deriveSessionKey(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'hybrid-capture/jobs-api/session/1', 32));
}

/**
 * The session token of a claim. The same claim (same OIDC token) gives the same one, so that a lost answer can be
 * given again without the token being stored; `jti` makes it as unguessable as new for each other claim.
 */
export function deriveSessionToken(key: Buffer, binding: SessionBinding, jti: string): string {
  const nonce = createHmac('sha256', key).update(`jti:${jti}`).digest('base64url').slice(0, 22);
  return tokenOf(key, binding, nonce);
}

/**
 * What a token that this server once gave says of itself, or null when it is not one of ours or of another job.
 * A genuine token is not yet a valid one: the job's row says which token counts now.
 */
export function readSessionToken(key: Buffer, jobId: string, token: string): SessionBinding | null {
  const match = /^hcs_(\d{1,9})\.(\d{1,15})\.(\d{1,9})\.([\w-]{22})\.[\w-]{43}$/.exec(token);
  if (!match) return null;
  const [, run, workflowRunId, workflowRunAttempt, nonce = ''] = match;
  const binding = {
    jobId,
    run: Number(run),
    workflowRunId: Number(workflowRunId),
    workflowRunAttempt: Number(workflowRunAttempt),
  };
  return isEqual(token, tokenOf(key, binding, nonce)) ? binding : null;
}

/** What is stored of a session token. */
export function hashSessionToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** True when the token is the one whose hash is stored; takes the same time wherever they differ. */
export function matchesSessionHash(token: string, storedHash: string | null): boolean {
  return storedHash !== null && isEqual(hashSessionToken(token), storedHash);
}

function tokenOf(key: Buffer, binding: SessionBinding, nonce: string): string {
  const { jobId, run, workflowRunId, workflowRunAttempt } = binding;
  const body = `${run}.${workflowRunId}.${workflowRunAttempt}.${nonce}`;
  return `hcs_${body}.${createHmac('sha256', key).update(`session:${jobId}:${body}`).digest('base64url')}`;
}

function isEqual(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
