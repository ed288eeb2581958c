import type { Database } from '../../src/store/database.ts';
import type { RunClaims } from './oidc.ts';
import { RefusedError } from './refused-error.ts';

/**
 * Refuses an OIDC token that was used by another run, or for another job. `jobId` is null for calls that name none.
 */
export async function requireOwnToken(db: Database, claims: RunClaims, jobId: string | null): Promise<void> {
  const used = await db
    .selectFrom('oidc_tokens')
    .select(['workflow_run_id', 'run_attempt', 'job_id'])
    .where('jti', '=', claims.jti)
    .executeTakeFirst();
  if (!used) return;
  const isSame =
    used.workflow_run_id === claims.runId && used.run_attempt === claims.runAttempt && used.job_id === jobId;
  if (isSame) return;
  throw new RefusedError(
    'token_replayed',
    'This OIDC token was used before, by another run or for another job. Ask GitHub for a new one (core.getIDToken) for each call.',
  );
}

/** Remembers the token in the transaction of what it allows; two runs that use one token at once can't both pass. */
export async function rememberToken(trx: Database, claims: RunClaims, jobId: string | null): Promise<void> {
  await trx
    .insertInto('oidc_tokens')
    .values({
      jti: claims.jti,
      workflow_run_id: claims.runId,
      run_attempt: claims.runAttempt,
      job_id: jobId,
      expires_at: claims.expiresAt,
    })
    .onConflict((conflict) => conflict.column('jti').doNothing())
    .execute();
  await requireOwnToken(trx, claims, jobId);
}
