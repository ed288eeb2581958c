import { BatchOutOfOrderError, storeBatch } from '../../src/destination/database.ts';
import { heartbeat } from '../../src/jobs/runs.ts';
import type { BatchResponse } from '../../src/jobs-api/protocol.ts';
import { ForeignRowError, InvalidRowError } from '../../src/store/row-errors.ts';
import type { Call } from './context.ts';
import { readBatch } from './read-batch.ts';
import { RefusedError } from './refused-error.ts';
import { grantRunShare } from './run-share.ts';
import { leaseOf, requireRunningSession } from './session.ts';

/**
 * `…/batches`: rows, checkpoint, number and progress, stored together or not at all. The repository is the job's, whatever
 * the rows say.
 */
export const batches: Call = async (context, request): Promise<BatchResponse> => {
  const { db, now } = context;
  // Before the body is read: a run that is over is told so at once.
  await requireRunningSession(context, db, request);
  const { header, rows } = await readBatch(request.req);
  request.line.sequence = header.sequence;
  request.line.rows = rows.length;

  return db.transaction().execute(async (trx) => {
    const session = await requireRunningSession(context, trx, request, { isLocked: true });
    const { id: key, repository_id: repositoryId } = session.job;
    const { stored } = await storeBatch(trx, { key, repositoryId, header, rows }).catch(refuseBatch);
    const next = await heartbeat(trx, { ...leaseOf(session, now()), progress: header.progress });
    const budget = await grantRunShare(trx, context, session, header.progress);
    return { stored, sequence: header.sequence, next, budget };
  });
};

function refuseBatch(error: unknown): never {
  const isAboutBatch =
    error instanceof BatchOutOfOrderError ||
    error instanceof InvalidRowError ||
    error instanceof ForeignRowError;
  throw isAboutBatch ? new RefusedError(error.code, error.message, { cause: error }) : error;
}
